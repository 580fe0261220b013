// Runs one scenario in a dedicated worker, call after call with a task between, and answers whoever asks
// whether it is still there.
import * as helpers from '/helpers.js'
import { prepared } from './scenarios.js'

/**
 * The memory of the newest program, and that of the first one that the scenario has started. It is taken where a program
 * is started, and not asked for by `statistics()`, since every call of the cache makes garbage and could move what
 * is looked for.
 */
let newest
let memory
const { instantiate } = WebAssembly
WebAssembly.instantiate = async (...program) => {
  const started = await instantiate.apply(WebAssembly, program)
  newest = started.exports?.mem ?? newest
  return started
}
const wasmBytes = () => memory?.buffer.byteLength ?? 0

/** What the disk of every cache lies on; by default IndexedDB. */
let diskStore

const caches = new Set()
const kit = {
  ...helpers,
  async load(options) {
    const cache = await helpers.asposecache.loadAsposeCache({ ...(diskStore && { diskStore }), ...options })
    memory ??= newest
    caches.add(cache)
    return cache
  },
  /** What the classic script makes. It is for pages, and asks the document who it is. */
  async classic() {
    const src = new URL('/asposecache.global.js', location.href).href
    const text = await (await fetch(src)).text()
    globalThis.document = /** @type {any} */ ({ currentScript: { src, dataset: {} } })
    try {
      globalThis.eval(text)
    } finally {
      delete globalThis.document
    }
    await asposeCache.ready
    caches.add(asposeCache)
    return asposeCache
  },
  async unload(cache) {
    await cache.close()
    helpers.assert.deepEqual(helpers.counters(cache), [0, 0], 'the counters after closing')
    caches.delete(cache)
  },
}

const seen = { calls: 0, since: 0, longestCall: 0, longestGap: 0 }
let goOn
let doing = () => undefined

/** The event loop has its turn at every tick: what lies between two of them kept it. */
let tick = 0
function beat() {
  const now = performance.now()
  if (tick && now - tick > seen.longestGap) {
    seen.longestGap = now - tick
    seen.longestGapIn = doing()
  }
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

/** Nothing is done until the page has looked at memory. */
async function mark(state) {
  const bytes = wasmBytes()
  await new Promise((resolve) => {
    goOn = resolve
    postMessage({ state, wasmBytes: bytes })
  })
  tick = performance.now()
  return bytes
}

/** Makes the calls until there are enough of them, or `milliseconds` are over; at least two rounds in each half. */
async function run({ name, calls = 0, rounds = 4, milliseconds, seed, diskStore: store }) {
  diskStore = store
  const scenario = await prepared(name, kit, seed)
  const { step, roundIsOver = () => true, pace = 'message' } = scenario
  doing = scenario.doing ?? doing
  setInterval(beat, 4)
  const wasm = { begin: await mark('begin') }
  const begun = performance.now()
  let done = 0
  const past = (part) => {
    const enough = milliseconds
      ? performance.now() - begun >= milliseconds * part
      : seen.calls >= calls * part
    return enough && done >= rounds * part
  }
  while (!past(1)) {
    if (wasm.half === undefined && past(1 / 2)) wasm.half = await mark('half')
    do {
      seen.since = performance.now()
      await step(seen.calls)
      const took = performance.now() - seen.since
      if (took > seen.longestCall) Object.assign(seen, { longestCall: took, longestCallIn: doing() })
      seen.calls++
      await between[pace]()
    } while (!roundIsOver())
    done++
  }
  const took = performance.now() - begun
  seen.since = performance.now()
  wasm.end = await mark('end')
  const { collector } = caches.values().next().value.statistics()
  for (const cache of caches) await kit.unload(cache)
  helpers.assert.deepEqual(await helpers.databases(), [], 'databases left after closing')
  helpers.assert.deepEqual(await helpers.files(), [], 'files left after closing')
  const { since, ...numbers } = seen
  return { ...numbers, milliseconds: took, wasm, collector }
}

const commands = {
  ping: () => {
    const inCall = seen.since ? performance.now() - seen.since : 0
    postMessage({ pong: { ...seen, inCall, doing: doing(), wasmBytes: wasmBytes() } })
  },
  goOn: () => goOn(),
  start: (what) =>
    run(what).then(
      (result) => postMessage({ state: 'done', result }),
      (error) => postMessage({ state: 'failed', error: `${error}\n${error?.stack ?? ''}` }),
    ),
}
addEventListener('message', ({ data: [command, what] }) => commands[command](what))
