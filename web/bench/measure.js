// Runs the suites in one browser and collects what their contestants answer.
import { setTimeout } from 'node:timers/promises'
import { withBrowser } from './browsers.js'
import { suites } from './suites.js'
import { sweep } from './sweep.js'

/** A task that takes longer hangs. */
const patience = 15 * 60_000

/**
 * @param {string} name of the browser
 * @param {{ site, scale, wanted: Set<string>, note: (text: string) => void }} options
 * @returns the samples of each number, the sweep, the browser's version, and what failed
 */
export async function measure(name, { site, scale, wanted, note }) {
  const result = { browser: name, version: '', samples: {}, failures: [] }
  for (const suite of suites(scale)) {
    const { contestants } = suite
    const all = suite.needsSweep ? contestants({ write: {}, read: {}, both: {} }) : contestants
    const chosen = new Set(all.map((one) => one.name).filter((one) => wanted.has(one)))
    if (chosen.size === 0) continue
    await withBrowser(name, async (browser) => {
      result.version = await browser.version()
      const run = async (task, arg, what, script = '/main.js') => {
        await setTimeout(scale.pause)
        note(`${name}: ${what}`)
        return inFreshPage(browser, site, { script, task, arg })
      }
      let list = all
      if (suite.needsSweep) {
        result.sweep = await sweep(scale.sweep, run)
        list = contestants(result.sweep.best)
      }
      await rounds(
        suite,
        list.filter((one) => chosen.has(one.name)),
        { scale, result, run },
      )
    }).catch((error) => {
      result.failures.push({ suite: suite.name, error: String(error?.stack ?? error) })
    })
  }
  return result
}

/** A B C, A B C, ...: what comes and goes on the machine meets all of them. */
async function rounds(suite, contestants, { scale, result, run }) {
  const failed = new Set()
  const most = suite.rounds ?? scale.rounds
  for (let round = 0; round < most; round++)
    for (const { name, task, arg, rounds: own = most } of contestants) {
      if (round >= own || failed.has(name)) continue
      try {
        const what = `${name}, round ${round + 1} of ${own}`
        const { failure, ...numbers } = await run(task, arg, what, suite.script)
        collect(result.samples, name, numbers)
        if (failure) result.failures.push({ suite: suite.name, contestant: name, error: failure })
      } catch (error) {
        failed.add(name)
        result.failures.push({ suite: suite.name, contestant: name, error: String(error?.message ?? error) })
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

async function inFreshPage(browser, site, { script, task, arg }) {
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
