// Runs one scenario in a dedicated worker, call after call with a task between, and answers whoever asks
// whether it is still there.
import * as helpers from '/helpers.js'
import { prepared } from './scenarios.js'

/**
 * The memory of the newest program. It is taken where the program is started, and not asked for by
 * `statistics()`, since every call of the cache makes garbage and could move what is looked for.
 */
let memory
const { instantiate } = WebAssembly
WebAssembly.instantiate = async (...program) => {
  const started = await instantiate.apply(WebAssembly, program)
  memory = started.exports?.mem ?? memory
  return started
}
const wasmBytes = () => memory?.buffer.byteLength ?? 0

const caches = new Set()
const kit = {
  ...helpers,
  async load(options) {
    const cache = await helpers.asposecache.loadAsposeCache(options)
    caches.add(cache)
    return cache
  },
  async unload(cache) {
    await cache.close()
    helpers.assert.deepEqual(helpers.counters(cache), [0, 0], 'the counters after closing')
    caches.delete(cache)
  },
}

const seen = { calls: 0, since: 0, longestCall: 0, longestGap: 0 }
let goOn

/** The event loop has its turn at every tick: what lies between two of them kept it. */
let tick = 0
function beat() {
  const now = performance.now()
  if (tick) seen.longestGap = Math.max(seen.longestGap, now - tick)
  tick = now
}

const { port1, port2 } = new MessageChannel()
const between = {
  message: () =>
    new Promise((resolve) => {
      port1.onmessage = resolve
      port2.postMessage(null)
    }),
  timer: () => new Promise((resolve) => setTimeout(resolve)),
}

async function run({ name, calls, milliseconds, seed }) {
  const { step, end, pace = 'message' } = await prepared(name, kit, seed)
  setInterval(beat, 4)
  const begun = performance.now()
  const past = (part) =>
    milliseconds ? performance.now() - begun >= milliseconds * part : seen.calls >= calls * part
  let half
  // At least two calls in each half, however long they take.
  while (seen.calls < 4 || !past(1)) {
    if (!half && seen.calls >= 2 && past(1 / 2)) {
      half = wasmBytes()
      await new Promise((resolve) => {
        goOn = resolve
        postMessage({ state: 'half', wasmBytes: half })
      })
      tick = performance.now()
    }
    seen.since = performance.now()
    await step(seen.calls)
    seen.longestCall = Math.max(seen.longestCall, performance.now() - seen.since)
    seen.calls++
    await between[pace]()
  }
  const took = performance.now() - begun
  seen.since = performance.now()
  const wasm = { half, end: wasmBytes() }
  const [runtime] = [...caches].map((cache) => cache.statistics().runtime)
  await new Promise((resolve) => {
    goOn = resolve
    postMessage({ state: 'end', wasmBytes: wasm.end })
  })
  await end?.()
  for (const cache of caches) await kit.unload(cache)
  helpers.assert.deepEqual(await helpers.databases(), [], 'databases left after closing')
  const { calls: done, longestCall, longestGap } = seen
  return { calls: done, longestCall, longestGap, milliseconds: took, wasm, runtime }
}

const commands = {
  ping: () => {
    const inCall = seen.since ? performance.now() - seen.since : 0
    postMessage({ pong: { ...seen, inCall, wasmBytes: wasmBytes() } })
  },
  goOn: () => goOn(),
  start: (what) =>
    run(what).then(
      (result) => postMessage({ state: 'done', result }),
      (error) => postMessage({ state: 'failed', error: String(error?.stack ?? error) }),
    ),
}
addEventListener('message', ({ data: [command, what] }) => commands[command](what))
