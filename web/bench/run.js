// The benchmark: what asposeCache costs, beside what people would use instead.
//
//   make bench                     both browsers, all rows, five rounds: about an hour each
//   node web/bench/run.js --quick  everything once with little of it, to see whether it runs; the numbers
//                                  of such a run mean nothing
//
//   --browsers chromium,firefox    which; without it those that are installed
//   --rows 'tiles|random'          only the rows whose name matches
//   --rounds 5                     how often each number is taken
//   --large 4096                   MiB that are on disk when reads at scale are measured
//   --summary file.json,...        measures nothing: prints six rows of each run, as the README has them, and
//                                  the rows with targets side by side, as BENCHMARKS.md has them
//   --compare first.json,second.json
//                                  measures nothing: tells how many rows of two runs agree, and which do not
//   --out file.json                where the results go; without it web/bench/results/
//
// Each flag of a run can also be an environment variable: BENCH_ROUNDS=5. ASPOSECACHE_DIST names another build
// than web/dist, CHROMIUM and FIREFOX other browsers than those on the path.
//
// Each number is taken in a fresh page, on an origin of its own. In each round all suites are run, each in a
// browser of its own that has settled, and those of one suite take turns, A B C. So the rounds of a number
// are spread over the whole run, and a machine whose speed drifts within tens of minutes shows in their
// noise; and ratios are made round by round, so that whatever else the machine does meets all alike. The
// table has medians; the noise is half of the confidence interval of 95 %, of the ratio where there is one: so
// about one row in twenty may be further off by chance. What takes long has three rounds: the first, the last, and one between. Reads at
// scale, for which filling the disk takes longest, take their turns within one page of the first round, and
// how much memory is taken is measured once: their noise tells nothing of drift. Bytes are like those of
// pictures. Every byte range read is checked.
//
// Collections are those of Go's garbage collector, as a build of its own tells them; rows of whole pictures tell also how
// long another task of the page had to wait at most, in which whatever else the machine does shows as well.
//
// Two runs agree in a row if its medians, or ratios where there are any, lie no further apart than the noises of
// both together; numbers without noise, as sizes, if they are the same to within 1 %.
//
// The comparison with raw IndexedDB is with the best of a sweep over sizes of records and transactions, which
// is made once, before its first round, with two transactions under way at a time; its name in the table is the
// record size and how many of them are in a transaction. Missed targets are reported and are no failure of the
// command.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { find, measurable } from '../test/support/browsers.js'
import { file, startSite } from '../test/support/site.js'
import { buildBench } from './build.js'
import { compare, comparison } from './compare.js'
import { load, machine, versions } from './machine.js'
import { measure } from './measure.js'
import { readOptions } from './options.js'
import { evaluate, summary, table } from './report.js'
import { contestantsOf, rowsOf } from './rows.js'
import { makeScratch, removeScratch } from './scratch.js'
import { six } from './six.js'
import { sizes } from './sizes.js'

const options = readOptions()
/** What was measured before, by browser, with all rows. */
function before(file) {
  const { scale, browsers } = JSON.parse(readFileSync(file, 'utf8'))
  return browsers.map((one) => ({ ...one, rows: evaluate(rowsOf(scale), one) }))
}
if (options.summary) {
  const browsers = options.summary.split(',').flatMap(before)
  console.log([...browsers.map(six), summary(browsers)].join('\n\n'))
  process.exit()
}
if (options.compare) {
  const [first, second] = options.compare.map(before)
  console.log(comparison(compare(first, second)))
  process.exit()
}
const rows = rowsOf(options.scale)
const chosen = rows.filter(({ name }) => options.rows.test(name))
if (chosen.length === 0)
  throw new Error(`No row matches. There are: ${rows.map(({ name }) => name).join('; ')}`)
const browsers = options.browsers ?? measurable.filter(find)
if (browsers.length === 0) throw new Error(`There is no browser here: ${measurable.join(' or ')}.`)

const started = new Date()
const report = {
  date: started.toISOString(),
  machine: machine(),
  versions: versions(),
  loadBefore: load(),
  scale: options.scale,
  browsers: [],
}
const out = resolve(
  options.out ?? join(import.meta.dirname, 'results', `${report.date.replace(/[:.]/g, '-')}.json`),
)

const folder = makeScratch()
let site
try {
  const files = await buildBench(folder)
  site = await startSite(
    Object.fromEntries(files.map(({ path, file: from, type }) => [path, file(from, type)])),
  )
  const wanted = contestantsOf(chosen)
  const constant = wanted.has('sizes') ? { sizes: sizes(folder) } : {}
  for (const browser of browsers) {
    const measured = await measure(browser, { site, scale: options.scale, wanted, note })
    for (const [contestant, numbers] of Object.entries(constant))
      for (const [number, value] of Object.entries(numbers))
        measured.samples[`${contestant}:${number}`] = [value]
    report.browsers.push({ ...measured, rows: evaluate(chosen, measured) })
  }
} finally {
  await site?.close()
  removeScratch(folder)
}
report.loadAfter = load()
report.minutes = Number(((Date.now() - started.getTime()) / 60_000).toFixed(1))

note('')
print(report)
mkdirSync(dirname(out), { recursive: true })
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)
console.log(`\nAll numbers: ${relative(process.cwd(), out)}`)
if (report.browsers.some(({ failures }) => failures.length > 0)) process.exitCode = 1

/** Tells on one line what is being done. */
function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text) console.error(text)
}

function print(
  /** @type {any} */ { machine: m, versions: v, loadBefore, loadAfter, minutes, scale, browsers: measured },
) {
  console.log(`${m.processor}, ${m.cores} cores, ${m.memoryGiB} GiB, ${m.system}`)
  console.log(`Go ${v.go}, Node.js ${v.node}, asposeCache ${v.commit}`)
  console.log(
    `${report.date.slice(0, 10)}, ${minutes} minutes, ${scale.rounds} rounds; ` +
      `load average ${loadBefore[0]} before, ${loadAfter[0]} after`,
  )
  console.log('ratio: ours divided by theirs; of times and sizes less is better, of MB/s more')
  for (const { browser, version, rows: lines, failures } of measured) {
    console.log(`\n${version || browser}\n\n${table(lines)}`)
    for (const { suite, contestant, error } of failures)
      console.log(`\nFAILED: ${contestant ?? `suite ${suite}`}: ${error}`)
  }
  const missed = measured.flatMap(({ rows: lines }) => lines).filter(({ met }) => met === false)
  if (missed.length > 0) console.log(`\n${missed.length} targets missed.`)
}
