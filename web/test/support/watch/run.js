// Runs a scenario in a page and judges it: it answers all the time, and memory levels off.
import { readdirSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
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

/**
 * For how many milliseconds nobody may be without an answer. Where more programs want to run than there are cores, all
 * take longer by as much, and so does this.
 */
const silence = () => 5000 * Math.max(1, loadavg()[0] / availableParallelism())
/** How long one call may take while the worker answers, and how long the page may not. */
const patience = 120_000

/**
 * How much the WebAssembly memory may grow in the second half of a scenario. It takes some time to reach
 * what it needs: garbage piles up to some 16 MiB before it is collected, and memory grows by arenas of 4 MiB.
 */
export const mayGrow = 24 * MiB
/**
 * The same for the JavaScript heap, after a collection each time. What the program refers to lives until its own
 * collector has run: small objects as long as garbage piles up there, and arrays until they are 128 MiB, and what one or
 * two calls have added by then.
 */
export const heapMayGrow = 24 * MiB
const arraysMayGrow = 160 * MiB

/**
 * Runs a scenario in a page of the `browser` of that name, for its calls or for `milliseconds`, and resolves to its
 * numbers. Rejects with an error that has them too, as `numbers`.
 */
export async function runScenario(
  page,
  scenario,
  /** @type {{ browser: string, milliseconds?: number, seed?: number, diskStore?: string }} */
  { browser, milliseconds, seed = 1, diskStore },
) {
  const { name, calls, rounds } = scenario
  const heap = lack(browser, 'heap') ? untold : heapOf(page)
  const numbers = { name, calls: 0, wasm: {}, heap: {}, arrays: {} }
  await page.evaluate(
    async (what, limits) => {
      const { watch } = await import('/watch/page.js')
      globalThis.watched = watch(what, limits)
    },
    { name, calls, rounds, milliseconds, seed, diskStore },
    { silence: silence(), patience },
  )
  for (;;) {
    const told = await answered(page, name)
    numbers.calls = told.calls
    numbers.longestSilence = told.longestSilence
    numbers.series = told.wasm
    if (['begin', 'half', 'end'].includes(told.state)) {
      numbers.wasm[told.state] = told.wasmBytes
      const { objects, arrays } = await heap.live()
      numbers.heap[told.state] = objects
      numbers.arrays[told.state] = arrays
      await page.evaluate(() => watched.goOn())
    } else if (told.state === 'running') await wait(50)
    else {
      if (told.state === 'done') return judged(Object.assign(numbers, told.result), scenario)
      const { longestGap, longestGapIn, longestCall, longestCallIn } = told
      Object.assign(numbers, { longestGap, longestGapIn, longestCall, longestCallIn })
      numbers.wasm.end = told.wasmBytes
      throw failure(numbers, why(told))
    }
  }
}

async function answered(page, name) {
  const late = new AbortController()
  const most = 2 * silence()
  const limit = wait(most, undefined, { signal: late.signal }).then(
    () => {
      throw new Error(`${name}: the page itself did not answer for ${seconds(most)}`)
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

function judged(numbers, { largest = 0 }) {
  const { wasm, heap, arrays } = numbers
  if (wasm.end > wasm.half + mayGrow)
    throw failure(numbers, 'the WebAssembly memory does not level off in the second half')
  if (heap.end > heap.half + heapMayGrow)
    throw failure(numbers, 'the JavaScript heap does not level off in the second half')
  if (arrays.end > arrays.half + arraysMayGrow + 2 * largest)
    throw failure(numbers, 'the arrays of JavaScript do not level off in the second half')
  return numbers
}

function failure(numbers, what) {
  const message = `${numbers.name}: ${what}. Up to then: ${byNumbers(numbers)}`
  return Object.assign(new Error(message), { numbers })
}

const untold = { live: async () => ({}) }

/** The JavaScript heap of the worker, and beside it what arrays hold. */
const heapOf = (page) => ({
  /** What is left after a collection. The worker waits, and so it answers. */
  async live() {
    const { client } = page.workers().find((worker) => worker.url().endsWith('/watch/worker.js'))
    await client.send('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize } = await client.send('Runtime.getHeapUsage')
    return { objects: usedSize, arrays: backingStorageSize }
  },
})
