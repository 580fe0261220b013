// Runs the suites in one browser and collects what their contestants answer.
import { setTimeout } from 'node:timers/promises'
import { withBrowser } from './browsers.js'
import { suites } from './suites.js'
import { sweep } from './sweep.js'

/**
 * @typedef {object} Measured
 * @property {string} browser
 * @property {string} version
 * @property {Record<string, number[]>} samples by the name of their number, see rows.js
 * @property {{ suite: string, contestant?: string, error: string }[]} failures
 * @property {Awaited<ReturnType<typeof sweep>>} [sweep]
 */

/** A task that takes longer hangs. */
const patience = 15 * 60_000

/**
 * Round by round, and in each all suites: the rounds of a number are then spread over the whole run, so that a
 * machine that becomes slower or faster meanwhile shows in the noise.
 *
 * @param {string} name of the browser
 * @param {{ site, scale, wanted: Set<string>, note: (text: string) => void, open?: typeof withBrowser }} options
 * @returns the samples of each number, the sweep, the browser's version, and what failed
 */
export async function measure(name, { site, scale, wanted, note, open = withBrowser }) {
  /** @type {Measured} */
  const result = { browser: name, version: '', samples: {}, failures: [] }
  const failed = { suites: new Set(), contestants: new Set() }
  const withRun = (use) =>
    open(name, async (browser) => {
      result.version = await browser.version()
      await warmUp(browser, site)
      await setTimeout(scale.settle)
      return use(async (task, arg, what, script = '/main.js') => {
        await setTimeout(scale.pause)
        note(`${name}: ${what}`)
        return inFreshPage(browser, site, { script, task, arg })
      })
    })
  const due = (suite, round) =>
    contestantsIn(suite, result.sweep).filter(
      ({ name: one, rounds = suite.rounds ?? scale.rounds }) =>
        wanted.has(one) && !failed.contestants.has(one) && spreadOver(scale.rounds, rounds).includes(round),
    )
  const take = async (suite, round) => {
    if (due(suite, round).length === 0) return
    if (suite.needsSweep) result.sweep ??= await withRun((run) => sweep(scale.sweep, run))
    const label = `round ${round + 1} of ${scale.rounds}`
    await withRun((run) =>
      turns(suite, due(suite, round), { label, result, run, failed: failed.contestants }),
    )
  }
  const all = suites(scale)
  for (let round = 0; round < scale.rounds; round++)
    for (const suite of all) {
      if (failed.suites.has(suite)) continue
      await take(suite, round).catch((error) => {
        failed.suites.add(suite)
        result.failures.push({ suite: suite.name, error: String(error?.stack ?? error) })
      })
    }
  return result
}

/**
 * What a browser does when it has just started, or is first asked for a database, would else be counted in each
 * round for the first contestant and for no other.
 */
const warmUp = (browser, site) => inFreshPage(browser, site, { script: '/start.js', task: 'asposecache' })

/** Before the sweep is made, those that depend on it have only their names. */
function contestantsIn({ contestants, needsSweep }, swept) {
  return needsSweep ? contestants(swept?.best ?? { write: {}, read: {}, both: {} }) : contestants
}

/** In which of all rounds something is measured that has only a few: the first, the last, and evenly between. */
export function spreadOver(rounds, few) {
  if (few === 1) return [0]
  return Array.from({ length: few }, (_, i) => Math.round((i * (rounds - 1)) / (few - 1)))
}

/** A B C, or where a suite is so quick that it has several times in each round, A B C, A B C, ... */
async function turns({ name: suite, times = 1, script }, contestants, { label, result, run, failed }) {
  const fail = (contestant, error) => {
    failed.add(contestant)
    result.failures.push({ suite, contestant, error })
  }
  for (let time = 0; time < times; time++)
    for (const { name, task, arg } of contestants) {
      if (failed.has(name)) continue
      try {
        const { failure, ...numbers } = await run(task, arg, `${name}, ${label}`, script)
        collect(result.samples, name, numbers)
        if (failure) fail(name, failure)
      } catch (error) {
        fail(name, String(error?.message ?? error))
      }
    }
}

function collect(samples, contestant, answer) {
  for (const [number, value] of Object.entries(answer)) {
    const key = `${contestant}:${number}`
    samples[key] ??= []
    samples[key].push(...[value].flat())
  }
}

async function inFreshPage(
  browser,
  site,
  /** @type {{ script: string, task: string, arg?: object }} */ { script, task, arg },
) {
  const page = await browser.newPage()
  const over = new AbortController()
  try {
    await page.goto(site.origin())
    await page.bringToFront()
    const answer = page.evaluate(
      async (script, task, arg) => {
        const { tasks } = await import(script)
        return tasks[task](arg)
      },
      script,
      task,
      arg,
    )
    answer.catch(() => {})
    const hung = setTimeout(patience, undefined, { signal: over.signal }).then(() => {
      throw new Error('it took too long')
    })
    hung.catch(() => {})
    const crashed = new Promise((_, reject) => page.on('error', reject))
    return await Promise.race([answer, hung, crashed])
  } finally {
    over.abort()
    await page.close().catch(() => {})
  }
}
