// Runs the tests in one browser after the other, and ends with a table of what was seen in each.
//
//   node test/support/run.js [--only=FILE]... [--brief=BROWSER]... [--disk=STORE] [--inside=worker] [BROWSER]...
//
// Without a browser it takes all three; without files, all of them. A brief run takes some of the files, in which every
// public method is called, and leaves out tests that take long.
// With --disk=opfs the disk of every cache lies on files, where a test does not say what it lies on. With --inside=worker
// what runs in a page runs in a worker there, as a user has one.
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { spec } from 'node:test/reporters'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { capabilities, known, lack } from './browsers.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true },
    brief: { type: 'string', multiple: true, default: [] },
    disk: { type: 'string', default: '' },
    inside: { type: 'string', default: '' },
  },
})
const wanted = positionals.length > 0 ? positionals : known
for (const name of [...wanted, ...values.brief])
  if (!known.includes(name)) throw new Error(`${name} is none of ${known.join(', ')}`)

/** The files of a brief run. */
const essential = [
  'baseline',
  'bytes',
  'disk-worker',
  'dropping',
  'faults',
  'files',
  'global',
  'history',
  'killed',
  'lifecycle',
  'loading',
  'placement',
  'readme',
  'reallocate',
  'settings',
  'snapshots',
  'spilling',
  'statistics',
  'streams',
  'surfaces',
  'sync',
  'watched',
]

const folder = join(import.meta.dirname, '..')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => basename(name, '.test.js'))
for (const name of [...essential, ...(values.only ?? [])])
  if (!names.includes(name)) throw new Error(`there is no ${name}.test.js`)

const columns = []
const failures = []
for (const name of wanted) {
  console.log(`\n${name}${values.brief.includes(name) ? ', in brief' : ''}`)
  columns.push(await runIn(name))
}
console.log(`\n${table(wanted, columns)}\n`)
for (const name of wanted)
  for (const [capability, what] of Object.entries(capabilities)) {
    const why = lack(name, capability)
    if (why) console.log(`${name} lacks ${capability}, ${what}: ${why}`)
  }
for (const failure of failures) console.log(`failed in ${failure}`)

/** Runs the files in a browser and counts what becomes of their tests. */
async function runIn(browser) {
  // the processes of the files have these from here
  process.env.ASPOSECACHE_BROWSER = browser
  process.env.ASPOSECACHE_DISK_STORE = values.disk
  process.env.ASPOSECACHE_INSIDE = values.inside
  const brief = values.brief.includes(browser)
  process.env.ASPOSECACHE_BRIEF = brief ? 'yes' : ''
  const files = (values.only ?? (brief ? essential : names)).map((name) => join(folder, `${name}.test.js`))
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const start = Date.now()
  const events = run({ files, concurrency: 2, timeout: 1_200_000 })
  events.on('test:pass', ({ details, skip }) => {
    if (details.type === 'suite') return
    counts[skip === undefined ? 'passed' : 'skipped']++
    const reason = /^(needs \w+|long)/.exec(String(skip))?.[0]
    if (reason) counts[reason] = (counts[reason] ?? 0) + 1
  })
  events.on('test:fail', ({ name, details }) => {
    process.exitCode = 1
    if (details.type === 'suite') return
    counts.failed++
    failures.push(`${browser}: ${name}: ${reasonOf(details.error)}`)
  })
  for await (const text of events.compose(new spec())) process.stdout.write(text)
  return { ...counts, minutes: ((Date.now() - start) / 60_000).toFixed(1) }
}

/** What a test has failed with, without the text around it. The runner wraps what was thrown. */
function reasonOf(error) {
  return String(error?.cause?.message ?? error?.message ?? error).slice(0, 600)
}

/** One column for each browser. */
function table(names, columns) {
  const reasons = [...Object.keys(capabilities).map((name) => `needs ${name}`), 'long'].filter((reason) =>
    columns.some((column) => column[reason]),
  )
  const rows = ['passed', 'failed', 'skipped', ...reasons, 'minutes'].map((row) => [
    reasons.includes(row) ? `  ${row}` : row,
    ...columns.map((column) => String(column[row] ?? '-')),
  ])
  return [['', ...names], ...rows]
    .map(([first, ...others]) => first.padEnd(20) + others.map((cell) => cell.padStart(10)).join(''))
    .join('\n')
}
