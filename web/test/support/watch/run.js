// Runs a scenario in a page and judges it: it answers all the time, and memory levels off.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
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
export const heapMayGrow = 4 * MiB

/**
 * Runs a scenario for its calls, or for `milliseconds`, and resolves to its numbers. Rejects with an error
 * that has them too, as `numbers`.
 */
export async function runScenario(page, scenario, { milliseconds, seed } = {}) {
  const { name, calls } = scenario
  const heap = heapOf(page)
  const numbers = { name, calls: 0, wasm: {}, heap: {} }
  await page.evaluate(
    async (what, limits) => {
      const { watch } = await import('/watch/page.js')
      globalThis.watched = watch(what, limits)
    },
    { name, calls, milliseconds, seed },
    { silence, patience },
  )
  for (;;) {
    const told = await answered(page, name)
    heap.sample()
    numbers.calls = told.calls
    numbers.longestSilence = told.longestSilence
    numbers.series = told.wasm
    if (told.state === 'half' || told.state === 'end') {
      numbers.heap[told.state] = await heap.live()
      await page.evaluate(() => watched.goOn())
    } else if (told.state === 'running') await wait(50)
    else {
      numbers.heap.most = heap.most
      if (told.state === 'done') return judged(Object.assign(numbers, told.result))
      const { longestGap, longestCall } = told
      numbers.wasm.end = told.wasmBytes
      throw failure(Object.assign(numbers, { longestGap, longestCall }), why(told))
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

function why({ state, calls, silentFor, inCall, error }) {
  if (state === 'failed') return `call ${calls + 1} failed: ${error}`
  if (state === 'stuck') return `call ${calls + 1} was not through after ${seconds(inCall)}`
  return `no answer for ${seconds(silentFor)}, in call ${calls + 1} or the task after it`
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

/** The JavaScript heap of the worker, where the browser tells: through the DevTools protocol alone. */
function heapOf(page) {
  const clientOf = () => {
    try {
      return page.workers().find((worker) => worker.url().endsWith('/watch/worker.js'))?.client
    } catch {
      return undefined // not told by this protocol
    }
  }
  const used = async (client) => (await client.send('Runtime.getHeapUsage')).usedSize
  let asked
  const heap = {
    most: undefined,
    /** Asks, and does not wait: a worker that is busy answers late or never. */
    sample() {
      const client = clientOf()
      if (!client || asked) return
      asked = used(client)
        .then((bytes) => {
          heap.most = Math.max(heap.most ?? 0, bytes)
          asked = undefined
        })
        .catch(() => {})
    },
    /** What is left after a collection. The worker waits, and so it answers. */
    async live() {
      const client = clientOf()
      if (!client) return undefined
      await client.send('HeapProfiler.collectGarbage')
      return used(client)
    },
  }
  return heap
}
