// The long form of the watched test: scenarios with fresh seeds, until the minutes are over.
//
//   node test/support/watch/soak.js --minutes=N [--disk=opfs] [BROWSER]...
//
// The browsers, Chromium and Firefox if none is named, share the minutes, and so do the scenarios in each. SEED=n
// begins with that seed, --disk=opfs has the disk of every cache on files, and SCENARIOS='5000 x 5000|history' takes only what has one of these texts in its name.
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launch, measurable } from '../browsers.js'
import { startSite } from '../site.js'
import { byNumbers, table } from './report.js'
import { routes, runScenario } from './run.js'
import { scenarios } from './scenarios.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '30' }, disk: { type: 'string', default: '' } },
})
const minutes = Number(values.minutes)
const browsers = positionals.length > 0 ? positionals : measurable
const texts = (process.env.SCENARIOS ?? '').split('|')
const wanted = scenarios.filter(({ name }) => texts.some((text) => name.includes(text)))
if (!(minutes > 0)) throw new Error(`--minutes=${values.minutes} is no number of minutes`)
if (wanted.length === 0) throw new Error(`SCENARIOS: no name has ${texts.join(' or ')} in it`)

/** Seconds that a scenario gets at least: where there are many, not all have their turn. */
const least = 5

let seed = Number(process.env.SEED ?? randomInt(2 ** 32))
if (!Number.isSafeInteger(seed)) throw new Error(`SEED=${process.env.SEED} is no whole number`)
console.log(`soak-web: ${minutes} minutes, ${wanted.length} scenarios, from SEED=${seed} on`)
for (const browser of browsers) await soak(browser, Date.now() + (minutes * 60_000) / browsers.length)

/** Begins with a scenario that the seed tells, so that each has its turn some time. */
async function soak(browser, end) {
  const results = []
  for (let i = 0; Date.now() < end; i++, seed++) {
    const scenario = wanted[seed % wanted.length]
    const left = wanted.length - (i % wanted.length)
    const milliseconds = Math.max(least * 1000, (end - Date.now()) / left)
    results.push(await one(browser, scenario, milliseconds))
  }
  console.log(`\n${browser}\n${table(results)}`)
  const failed = results.filter((result) => result.failed).length
  const ran = new Set(results.map(({ name }) => name)).size
  console.log(
    `soak-web: ${browser}: ${ran} of ${wanted.length} scenarios ran, ${results.length} runs, ${failed} failed; ` +
      `the next one would be SEED=${seed}\n`,
  )
  if (failed > 0) process.exitCode = 1
}

/** Runs a scenario in a browser of its own. */
async function one(browser, scenario, milliseconds) {
  const { name } = scenario
  const userDataDir = mkdtempSync(join(tmpdir(), 'asposecache-soak-'))
  const site = await startSite(routes)
  let running
  try {
    running = await launch(browser, { userDataDir, protocolTimeout: 240_000 })
    const page = await running.newPage()
    await page.goto(site.origin())
    const numbers = await runScenario(page, scenario, {
      browser,
      milliseconds,
      seed,
      diskStore: values.disk || undefined,
    })
    console.log(`${browser}, SEED=${seed}, ${name}: ${byNumbers(numbers)}`)
    return numbers
  } catch (error) {
    console.log(`${browser}, SEED=${seed}, FAILED ${error.message}`)
    console.log(`To repeat it: ${repeat({ browser, name, milliseconds })}`)
    return { name, calls: 0, wasm: {}, heap: {}, arrays: {}, ...error.numbers, failed: true }
  } finally {
    await running?.close().catch(() => {})
    await site.close()
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function repeat({ browser, name, milliseconds }) {
  const minutes = Math.ceil(milliseconds / 60_000)
  const disk = values.disk && ` DISK=${values.disk}`
  return `make soak-web MINUTES=${minutes} SEED=${seed} BROWSER=${browser}${disk} SCENARIOS='${name}'`
}
