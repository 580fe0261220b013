// Runs a scenario in a page and judges it: it answers all the time, and memory levels off.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { lack } from '../browsers.js'
import { file } from '../site.js'
import { byNumbers, MiB, seconds } from './report.js'

/** What the site has to serve for it. */
export const routes = Object.fromEntries(
  readdirSync(import.meta.dirname).map((name) => [
    `/watch/${name}`,
    file(join(import.meta.dirname, name), 'text/javascript'),
  ]),
)

/** For how many milliseconds nobody may be without an answer. */
const silence = 5000
/** How long one call may take while the worker answers, and how long the page may not. */
const patience = 120_000

/**
 * How much the WebAssembly memory may grow in the second half of a scenario. It takes some time to reach
 * what it needs: garbage piles up to some 16 MiB before it is collected, and memory grows by arenas of 4 MiB.
 */
export const mayGrow = 24 * MiB
/** The same for the JavaScript heap, after a collection each time: what lives then is much the same. */
export const heapMayGrow = 24 * MiB

/**
 * Runs a scenario in a page of the `browser` of that name, for its calls or for `milliseconds`, and resolves to its
 * numbers. Rejects with an error that has them too, as `numbers`.
 */
export async function runScenario(page, scenario, { browser, milliseconds, seed = 1 }) {
  const { name, calls, rounds } = scenario
  const heap = lack(browser, 'heap') ? untold : heapOf(page)
  const numbers = { name, calls: 0, wasm: {}, heap: {} }
  await page.evaluate(
    async (what, limits) => {
      const { watch } = await import('/watch/page.js')
      globalThis.watched = watch(what, limits)
    },
    { name, calls, rounds, milliseconds, seed },
    { silence, patience },
  )
  for (;;) {
    const told = await answered(page, name)
    numbers.calls = told.calls
    numbers.longestSilence = told.longestSilence
    numbers.series = told.wasm
    if (['begin', 'half', 'end'].includes(told.state)) {
      numbers.wasm[told.state] = told.wasmBytes
      numbers.heap[told.state] = await heap.live()
      await page.evaluate(() => watched.goOn())
    } else if (told.state === 'running') await wait(50)
    else {
      if (told.state === 'done') return judged(Object.assign(numbers, told.result))
      const { longestGap, longestGapIn, longestCall, longestCallIn } = told
      Object.assign(numbers, { longestGap, longestGapIn, longestCall, longestCallIn })
      numbers.wasm.end = told.wasmBytes
      throw failure(numbers, why(told))
    }
  }
}

async function answered(page, name) {
  const late = new AbortController()
  const limit = wait(2 * silence, undefined, { signal: late.signal }).then(
    () => {
      throw new Error(`${name}: the page itself did not answer for ${seconds(2 * silence)}`)
    },
    () => {},
  )
  try {
    return await Promise.race([page.evaluate(() => watched.look()), limit])
  } finally {
    late.abort()
  }
}

function why({ state, calls, silentFor, inCall, error, doing }) {
  const call = `call ${calls + 1}${doing ? ` (${doing})` : ''}`
  if (state === 'failed') return `${call} failed: ${error}`
  if (state === 'stuck') return `${call} was not through after ${seconds(inCall)}`
  return `no answer for ${seconds(silentFor)}, in ${call} or the task after it`
}

function judged(numbers) {
  const { wasm, heap } = numbers
  if (wasm.end > wasm.half + mayGrow)
    throw failure(numbers, 'the WebAssembly memory does not level off in the second half')
  if (heap.end > heap.half + heapMayGrow)
    throw failure(numbers, 'the JavaScript heap does not level off in the second half')
  return numbers
}

function failure(numbers, what) {
  const error = new Error(`${numbers.name}: ${what}. Up to then: ${byNumbers(numbers)}`)
  error.numbers = numbers
  return error
}

const untold = { async live() {} }

/** The JavaScript heap of the worker, what its arrays hold included. */
const heapOf = (page) => ({
  /** What is left after a collection. The worker waits, and so it answers. */
  async live() {
    const { client } = page.workers().find((worker) => worker.url().endsWith('/watch/worker.js'))
    await client.send('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize } = await client.send('Runtime.getHeapUsage')
    return usedSize + backingStorageSize
  },
})
