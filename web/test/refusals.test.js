// The event `full`: one for each call that is refused for want of room, and for nothing else.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

/** Ways to be refused, or not, by name: what is done, and how many calls it ends with a refusal. */
const ways = {
  'a write to a shared page, whose old bytes go to disk': [
    0,
    { maxMemoryForCache: 300_000 },
    async ({ cache, PAGE }) => {
      const a = await cache.allocate(PAGE)
      await a.snapshot()
      await a.write(new Uint8Array(10))
    },
  ],
  'the same to a surface': [
    0,
    { maxMemoryForCache: 300_000 },
    async ({ cache }) => {
      const a = await cache.allocateSurface({ width: 256, height: 256 })
      await a.snapshot()
      await a.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4))
    },
  ],
  'the same where there is no disk': [
    2,
    { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 600_000 },
    async ({ cache, PAGE }) => {
      const a = await cache.allocate(PAGE)
      const b = await cache.allocateSurface({ width: 256, height: 256 })
      await a.snapshot()
      await b.snapshot()
      await a.write(new Uint8Array(10)).catch(() => {})
      await b.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4)).catch(() => {})
    },
  ],
  'synchronous writes to shared pages': [
    4,
    { maxMemoryForCache: 600_000 },
    async ({ cache, PAGE, tries }) => {
      const a = await cache.allocate(PAGE)
      const b = await cache.allocateSurface({ width: 256, height: 256 })
      await a.snapshot()
      await b.snapshot()
      const pixel = { x: 0, y: 0, width: 1, height: 1 }
      tries(() => a.writeSync(new Uint8Array(10)))
      tries(() => a.forEachView(0, 1, () => {}, { write: true }))
      tries(() => b.writeRectSync(pixel, new Uint8Array(4)))
      tries(() => b.forEachTile(pixel, () => {}, { write: true }))
    },
  ],
  'an allocation that is placed on disk': [
    0,
    { maxMemoryForCache: 10 },
    async ({ cache }) => {
      await cache.allocate(11)
      await cache.allocateSurface({ width: 2, height: 2 })
      await cache.allocateFrom(new Blob([new Uint8Array(20)]))
    },
  ],
  'an allocation that waits for room': [
    0,
    { maxMemoryForCache: 1_000_000, spillPolicy: 'coldest' },
    async ({ cache }) => {
      for (let i = 0; i < 6; i++) await cache.allocate(600_000)
    },
  ],
  'growing that moves to disk': [
    0,
    { maxMemoryForCache: 100, exactReallocateOnly: true },
    async ({ cache }) => {
      const a = await cache.allocate(100)
      await a.reallocate(101)
      const b = await cache.allocateSurface({ width: 5, height: 5 })
      await b.reallocate({ width: 6, height: 5 })
    },
  ],
  'a stream that outgrows what there is': [
    1,
    { maxMemoryForCache: 10, maxDiskSpaceForCache: 10 },
    async ({ cache }) => {
      const source = new Blob([new Uint8Array(11)]).stream()
      await cache.allocateFrom(source).catch(() => {})
    },
  ],
  'synchronous allocations': [
    2,
    { maxMemoryForCache: 10 },
    async ({ cache, tries }) => {
      tries(() => cache.allocateSync(11))
      tries(() => cache.allocateSurfaceSync({ width: 2, height: 2 }))
    },
  ],
  'a call that is aborted': [
    0,
    { maxMemoryForCache: 10, maxDiskSpaceForCache: 10 },
    async ({ cache }) => {
      await cache.allocate(11, { signal: AbortSignal.abort() }).catch(() => {})
    },
  ],
  'a move to a disk that is full': [
    1,
    { maxDiskSpaceForCache: 10 },
    async ({ cache }) => {
      const a = await cache.allocate(11)
      await a.moveToDisk().catch(() => {})
    },
  ],
  'storing when the quota is used up': [
    2,
    { cacheType: 'cacheOnDiskOnly' },
    async ({ cache, noise }) => {
      const a = await cache.allocate(1000)
      const { put } = IDBObjectStore.prototype
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('used up', 'QuotaExceededError')
      }
      await a.write(noise(1000))
      await a.flush().catch(() => {})
      await cache.flush().catch(() => {})
      IDBObjectStore.prototype.put = put
      await cache.flush()
    },
  ],
}

for (const [name, [refusals, settings, body]] of Object.entries(ways))
  inPage(
    `as many events as refusals: ${name}`,
    { arg: { refusals, settings, body: String(body) } },
    async (kit, { refusals, settings, body }) => {
      const { load, assert, collect, noteRefusals } = kit
      const cache = await load({ settings, diskWorker: false })
      const events = collect(cache, 'full')
      const { watched, refused } = noteRefusals(cache)
      const tries = (call) => assert.throws(call)
      await globalThis.eval(`(${body})`)({ ...kit, cache: watched, tries })
      await new Promise((resolve) => setTimeout(resolve))
      assert.lengthOf(refused, refusals)
      assert.deepEqual(
        events.map(({ error }) => error.message),
        refused.map(({ message }) => message),
      )
    },
  )

for (const settings of [
  { cacheType: 'auto' },
  { cacheType: 'auto', exactReallocateOnly: true },
  { cacheType: 'auto', exactReallocateOnly: true, spillPolicy: 'coldest' },
  { cacheType: 'cacheInMemoryOnly', exactReallocateOnly: true },
  { cacheType: 'cacheOnDiskOnly', exactReallocateOnly: true },
])
  inPage(
    `as many events as refusals: random calls, ${Object.values(settings).join(' ')}`,
    { arg: settings, timeout: 120_000 },
    async ({ load, assert, collect, noteRefusals, random, PAGE, asposecache }, settings) => {
      const limits = { maxMemoryForCache: 5 * PAGE, maxDiskSpaceForCache: 4 * PAGE }
      let sum = 0
      for (let seed = 1; seed <= 4; seed++) {
        const below = random(seed)
        const cache = await load({ settings: { ...limits, ...settings } })
        const events = collect(cache, 'full')
        const { watched, refused, call } = noteRefusals(cache)
        const blocks = []
        const surfaces = []
        const histories = []
        const any = (of) => of[below(of.length)]
        const keep = (of, made) => made.then((one) => of.push(one))
        const size = () => ({ width: 1 + below(400), height: 1 + below(400) })
        const rect = { x: 0, y: 0, width: 1, height: 1 }
        const pixel = new Uint8Array(4)
        const calls = [
          () => keep(blocks, watched.allocate(below(2 * PAGE))),
          () => keep(blocks, watched.allocateFrom(new Blob([new Uint8Array(below(PAGE))]).stream())),
          () => keep(surfaces, watched.allocateSurface(size())),
          () => blocks.push(watched.allocateSync(below(PAGE))),
          () => keep(blocks, any(blocks).snapshot()),
          () => keep(surfaces, any(surfaces).snapshot()),
          () => any(blocks).write(pixel, below(1000)),
          () => any(blocks).writeSync(pixel),
          () => any(blocks).reallocate(below(3 * PAGE)),
          () => any(blocks).moveToDisk(),
          () => any(blocks).flush(),
          () => any(surfaces).writeRect(rect, pixel),
          () => any(surfaces).writeRectSync(rect, pixel),
          () => any(surfaces).reallocate(size()),
          () =>
            keep(
              histories,
              call(() => asposecache.createHistory(any(surfaces).raw)),
            ),
          () => any(histories).commit(),
          () => any(histories).undo(),
          () => blocks.length > 4 && blocks.shift().dispose(),
          () => surfaces.length > 3 && surfaces.shift().dispose(),
        ]
        for (let i = 0; i < 120; i++) {
          // What there is nothing for, or comes too late, fails in another way.
          const ended = (async () => any(calls)())().catch(() => {})
          if (below(3) > 0) await ended
        }
        await cache.flush()
        await new Promise((resolve) => setTimeout(resolve))
        const messages = (errors) => errors.map(({ message }) => message).sort()
        assert.deepEqual(messages(events.map(({ error }) => error)), messages(refused), `seed ${seed}`)
        sum += refused.length
        await cache.close()
      }
      assert.isAbove(sum, 15)
    },
  )
