// What goes to disk to make room, when, and what is told of it.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('never: a new allocation goes to disk, and nothing else moves', async (kit) => {
  const { load, assert, noise, assertBytes, counters, collect, PAGE } = kit
  for (const settings of [{}, { spillPolicy: 'never' }]) {
    const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, ...settings } })
    assert.equal(cache.spillPolicy, 'never')
    const spills = collect(cache, 'spill')
    const a = await cache.allocateFrom(noise(3 * PAGE, 1))
    const s = await a.snapshot()
    const b = await cache.allocateFrom(noise(2 * PAGE, 2))
    assert.deepEqual([a.medium, s.medium, b.medium], ['memory', 'memory', 'disk'])
    assert.deepEqual(counters(cache), [3 * PAGE, 2 * PAGE])
    await cache.flush()
    assertBytes(await b.read(), noise(2 * PAGE, 2))
    assert.deepEqual(spills, [])
    assert.equal(cache.statistics().spills, 0)
  }
})

inPage('coldest: history goes first, oldest first, then what was used least recently', async (kit) => {
  const { load, assert, noise, assertBytes, counters, collect, PAGE } = kit
  const cache = await load({ settings: { maxMemoryForCache: 8 * PAGE, spillPolicy: 'coldest' } })
  const spills = collect(cache, 'spill')
  const working = []
  for (let i = 0; i < 3; i++)
    working.push(await cache.allocateFrom(noise(PAGE, i + 1), { label: `layer ${i}` }))
  const history = []
  for (let i = 0; i < 3; i++) {
    history.push(await working[0].snapshot({ label: `state ${i}` }))
    await working[0].write(noise(PAGE, i + 10))
  }
  // 3 working and 3 of history are in memory; 8 pages is the limit.
  assert.deepEqual(counters(cache), [6 * PAGE, 0])
  await working[1].read(0, 1) // layer 2 is now the one that was used least recently
  const media = () => [...working, ...history].map(({ medium }) => medium[0]).join('')
  const grow = []
  const expected = ['mmmmmm', 'mmmmmm', 'mmmdmm', 'mmmddm', 'mmmddd']
  const seen = []
  for (let i = 0; i < 5; i++) {
    const made = await cache.allocateFrom(noise(PAGE, i + 20), { label: `new ${i}` })
    assert.equal(made.medium, 'memory')
    grow.push(made)
    assert.isAtMost(cache.allocatedMemoryBytesCount, 8 * PAGE)
    seen.push(media())
  }
  // It may go somewhat ahead, but in that order.
  for (const [i, is] of seen.entries())
    for (let k = 3; k < 6; k++) if (expected[i][k] === 'd') assert.equal(is[k], 'd', `${i}: ${is}`)
  assert.equal(seen.at(-1), 'mmmddd')
  const sixth = await cache.allocateFrom(noise(PAGE, 30))
  assert.equal(sixth.medium, 'memory')
  assert.equal(media(), 'mmdddd', 'layer 2 was used least recently')
  const events = new Map()
  for (const { id, label, bytes, reason } of spills) {
    assert.equal(reason, 'allocate')
    events.set(label, [id, bytes + (events.get(label)?.[1] ?? 0)])
  }
  assert.deepEqual(
    [...events],
    [...history, working[2]].map(({ label, id }) => [label, [id, PAGE]]),
  )
  assert.isAtLeast(cache.statistics().spills, spills.length)
  for (const [i, one] of history.entries())
    assertBytes(await one.read(), noise(PAGE, i ? i + 9 : 1), `state ${i}`)
  assertBytes(await working[0].read(), noise(PAGE, 12))
  assertBytes(await working[2].read(), noise(PAGE, 3))
  for (const [i, one] of grow.entries()) assertBytes(await one.read(), noise(PAGE, i + 20))
  assert.deepEqual(media(), 'mmdddd', 'nothing comes back by itself')
  const [memory, disk] = counters(cache)
  assert.equal(memory + disk, 12 * PAGE)
})

for (const kind of ['allocations', 'surfaces'])
  inPage(
    `coldest: memory is never above the limit, ${kind}`,
    { arg: kind, timeout: 120_000 },
    async (kit, kind) => {
      const { load, assert, noise, assertBytes, bytesOf, counters, collect, random, MiB } = kit
      const limit = 12 * MiB
      const cache = await load({ settings: { maxMemoryForCache: limit, spillPolicy: 'coldest' } })
      const spills = collect(cache, 'spill')
      let samples = 0
      let over = 0
      const sample = () => {
        samples++
        over = Math.max(over, cache.allocatedMemoryBytesCount - limit)
      }
      cache.addEventListener('spill', sample)
      let running = true
      const timer = (async () => {
        while (running) {
          sample()
          await new Promise((resolve) => setTimeout(resolve))
        }
      })()
      const next = random(3)
      const surfaces = kind === 'surfaces'
      const make = () => (surfaces ? cache.allocateSurface({ width: 512, height: 512 }) : cache.allocate(MiB))
      const write = (one, data) =>
        surfaces
          ? one.writeRect({ x: 0, y: 0, width: 512, height: 512 }, data, { onProgress: sample })
          : one.write(data, 0, { onProgress: sample })
      const read = async (one) =>
        bytesOf(
          surfaces
            ? await one.readRect(undefined, { onProgress: sample })
            : await one.read(0, MiB, { onProgress: sample }),
        )
      const live = []
      for (let round = 0; round < 25; round++) {
        // Many at once, not awaited.
        const calls = []
        for (let i = next(5) + 1; i > 0; i--) {
          const seed = round * 10 + i
          calls.push(
            make().then(async (one) => {
              sample()
              assert.equal(one.medium, 'memory', 'the new one stays in memory')
              const m = { one, seed }
              live.push(m)
              await write(one, noise(MiB, seed))
            }),
          )
          sample()
        }
        if (live.length) {
          const m = live[next(live.length)]
          const { seed } = m
          calls.push(
            m.one.snapshot().then((one) => {
              live.push({ one, seed })
            }),
          )
          const to = live[next(live.length)]
          to.seed = 1000 + round
          calls.push(write(to.one, noise(MiB, to.seed)))
        }
        await Promise.all(calls)
        sample()
        while (live.length > 40) live.splice(next(live.length), 1)[0].one.dispose()
        const m = live[next(live.length)]
        assertBytes(await read(m.one), noise(MiB, m.seed), `round ${round}`)
      }
      for (const { one, seed } of live) assertBytes(await read(one), noise(MiB, seed), 'at the end')
      running = false
      await timer
      assert.isAbove(samples, 100)
      assert.equal(over, 0, 'bytes above the limit')
      assert.isAbove(spills.length, 5)
      await cache.flush()
      for (const { one } of live) await one.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    },
  )

inPage('coldest: what is larger than the limit goes to disk, and nothing moves for it', async (kit) => {
  const { load, assert, noise, counters, collect, PAGE, assertBytes } = kit
  const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' } })
  const spills = collect(cache, 'spill')
  const a = await cache.allocateFrom(noise(2 * PAGE, 1))
  await a.snapshot()
  const large = await cache.allocate(4 * PAGE + 1)
  const surface = await cache.allocateSurface({ width: 1024, height: 257 })
  assert.deepEqual([a.medium, large.medium, surface.medium], ['memory', 'disk', 'disk'])
  assert.deepEqual(counters(cache), [2 * PAGE, large.size + surface.size])
  const exact = await cache.allocateFrom(noise(4 * PAGE, 2)) // just as large as the limit
  assert.deepEqual([a.medium, exact.medium], ['disk', 'memory'])
  assertBytes(await a.read(), noise(2 * PAGE, 1))
  assert.equal(
    spills.reduce((sum, { bytes }) => sum + bytes, 0),
    2 * PAGE,
  )
  await a.moveToDisk() // there is nothing to do
  // Only in auto.
  cache.cacheType = 'cacheInMemoryOnly'
  assert.equal((await kit.rejection(cache.allocate(1))).code, 'CACHE_FULL')
  cache.cacheType = 'cacheOnDiskOnly'
  assert.equal((await cache.allocate(1)).medium, 'disk')
  assert.deepEqual([exact.medium], ['memory'])
})

inPage(
  'coldest: where the disk is full or not there it goes by the rule of never',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, assert, noise, assertBytes, counters, rejection, assertFull, collect, PAGE } = kit
    {
      const settings = { maxMemoryForCache: 4 * PAGE, maxDiskSpaceForCache: 2 * PAGE, spillPolicy: 'coldest' }
      const cache = await load({ settings })
      const spills = collect(cache, 'spill')
      const a = await cache.allocateFrom(noise(4 * PAGE, 1))
      const error = await rejection(cache.allocate(3 * PAGE))
      assertFull(error, { medium: 'disk', requested: 3 * PAGE, limit: 2 * PAGE, reason: 'limit' })
      assertFull(error.cause, { medium: 'memory', requested: 3 * PAGE, limit: 4 * PAGE, reason: 'limit' })
      assert.deepEqual(counters(cache), [4 * PAGE, 0])
      assert.deepEqual(spills, [])
      assertBytes(await a.read(), noise(4 * PAGE, 1))
      const b = await cache.allocateFrom(noise(2 * PAGE, 2))
      assert.equal(b.medium, 'memory', 'two pages of the first had room on disk')
      assert.deepEqual(counters(cache), [4 * PAGE, 2 * PAGE])
      assertBytes(await a.read(), noise(4 * PAGE, 1))
    }
    const { open } = IDBFactory.prototype
    IDBFactory.prototype.open = () => {
      throw new DOMException('not here', 'SecurityError')
    }
    const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' } })
    const a = await cache.allocateFrom(noise(4 * PAGE, 1))
    const error = await rejection(cache.allocate(1))
    assertFull(error, { medium: 'memory', requested: 1, reason: 'limit' })
    assert.equal(error.cause?.code, 'CACHE_UNAVAILABLE')
    assert.deepEqual(counters(cache), [4 * PAGE, 0])
    assertBytes(await a.read(), noise(4 * PAGE, 1))
    IDBFactory.prototype.open = open
  },
)

inPage(
  'coldest: storing fails, nothing is lost, and room is made when it works again',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, assert, noise, assertBytes, counters, PAGE } = kit
    const cache = await load({
      settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' },
      diskWorker: false,
    })
    const first = await cache.allocateFrom(noise(4 * PAGE, 1))
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    const answer = await cache.allocate(2 * PAGE).catch((error) => error)
    // By the rule of never: on disk, where it has room, or refused.
    if (answer instanceof Error) assert.equal(/** @type {any} */ (answer).code, 'CACHE_FULL')
    else assert.equal(answer.medium, 'disk')
    assert.deepEqual(counters(cache), [4 * PAGE, answer instanceof Error ? 0 : 2 * PAGE])
    assertBytes(await first.read(), noise(4 * PAGE, 1))
    assert.equal(first.medium, 'memory')
    IDBObjectStore.prototype.put = put
    await cache.flush().catch(() => {})
    const second = await cache.allocateFrom(noise(2 * PAGE, 2))
    assert.equal(second.medium, 'memory')
    assertBytes(await first.read(), noise(4 * PAGE, 1))
    assertBytes(await second.read(), noise(2 * PAGE, 2))
  },
)

inPage('coldest: an exact reallocation stays in memory, others make room', async (kit) => {
  const { load, assert, noise, assertBytes, counters, collect, rejection, PAGE } = kit
  const settings = { maxMemoryForCache: 8 * PAGE, spillPolicy: 'coldest', exactReallocateOnly: true }
  const cache = await load({ settings })
  const spills = collect(cache, 'spill')
  const a = await cache.allocateFrom(noise(4 * PAGE, 1), { label: 'a' })
  const b = await cache.allocateFrom(noise(4 * PAGE, 2), { label: 'b' })
  await a.reallocate(6 * PAGE)
  assert.equal(a.medium, 'memory')
  assert.isAtMost(counters(cache)[0], 8 * PAGE)
  assert.equal(counters(cache)[0] + counters(cache)[1], 10 * PAGE)
  assert.isAtLeast(b.diskBytes, 2 * PAGE)
  for (const { label, reason } of spills) assert.deepEqual([label, reason], ['b', 'reallocate'])
  assertBytes(await b.read(), noise(4 * PAGE, 2))
  assertBytes(await a.read(0, 4 * PAGE), noise(4 * PAGE, 1))
  const surface = await cache.allocateSurface({ width: 256, height: 512 })
  await surface.reallocate({ width: 512, height: 512 })
  assert.equal(surface.medium, 'memory')
  assert.isAtMost(counters(cache)[0], 8 * PAGE)
  // Larger than the limit: it goes to disk itself.
  await surface.reallocate({ width: 1024, height: 1024 })
  assert.equal(surface.medium, 'disk')
  assert.equal(counters(cache)[0] + counters(cache)[1], 26 * PAGE)
  cache.cacheType = 'cacheInMemoryOnly'
  const c = await cache.allocate(PAGE).catch((error) => error)
  if (!(c instanceof Error)) assert.equal((await rejection(c.reallocate(9 * PAGE))).code, 'CACHE_FULL')
})

inPage('what is made at once never makes room', async (kit) => {
  const { load, assert, noise, assertFull, counters, collect, PAGE } = kit
  const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' } })
  const spills = collect(cache, 'spill')
  const a = cache.allocateSync(3 * PAGE)
  await a.write(noise(3 * PAGE))
  await a.snapshot()
  for (const call of [
    () => cache.allocateSync(PAGE + 1),
    () => cache.allocateSurfaceSync({ width: 256, height: 257 }),
    () => a.writeSync(new Uint8Array(2 * PAGE)), // two copies
    () => a.forEachView(0, 2 * PAGE, () => {}, { write: true }),
  ]) {
    let error
    try {
      call()
    } catch (thrown) {
      error = thrown
    }
    assertFull(error, { medium: 'memory', limit: 4 * PAGE, reason: 'limit' })
    assert.deepEqual(counters(cache), [3 * PAGE, 0], String(call))
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(spills, [])
})

inPage('coldest: aborting and disposing of what waits for room', async (kit) => {
  const { load, assert, noise, assertBytes, counters, rejection, holdOpen, PAGE } = kit
  const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' } })
  const a = await cache.allocateFrom(noise(4 * PAGE, 1))
  const opening = holdOpen()
  const controller = new AbortController()
  const reason = new Error('mine')
  const aborted = rejection(cache.allocate(PAGE, { signal: controller.signal }))
  const waiting = cache.allocate(2 * PAGE)
  const surface = cache
    .allocateSurface({ width: 256, height: 256, signal: controller.signal })
    .catch((error) => error)
  assert.deepEqual(counters(cache)[0], 4 * PAGE)
  controller.abort(reason)
  assert.equal(await aborted, reason)
  assert.equal(await surface, reason)
  assert.equal(counters(cache)[0], 4 * PAGE)
  await a.dispose() // which makes room
  await opening.release()
  const made = await waiting
  assert.equal(made.medium, 'memory')
  assert.deepEqual(counters(cache), [2 * PAGE, 0])
  assertBytes(await made.read(), new Uint8Array(2 * PAGE))
})

inPage('coldest: a copy makes room too, and history goes for it', async (kit) => {
  const { load, assert, noise, assertBytes, counters, collect, PAGE } = kit
  const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, spillPolicy: 'coldest' } })
  const spills = collect(cache, 'spill')
  const a = await cache.allocateFrom(noise(2 * PAGE, 1), { label: 'layer' })
  const states = []
  for (let i = 0; i < 6; i++) {
    states.push(await a.snapshot({ label: `state ${i}` }))
    await a.write(noise(2 * PAGE, i + 2))
    assert.equal(a.medium, 'memory')
    assert.equal(a.diskBytes, 0)
    assert.isAtMost(counters(cache)[0], 4 * PAGE)
  }
  assertBytes(await a.read(), noise(2 * PAGE, 7))
  for (const [i, state] of states.entries())
    assertBytes(await state.read(), noise(2 * PAGE, i + 1), `state ${i}`)
  assert.deepEqual([...new Set(spills.map(({ reason }) => reason))], ['copy'])
  assert.notInclude(
    spills.map(({ label }) => label),
    'layer',
  )
})

inPage('what was used at once, again and again, is not what is coldest', async ({ load, assert, PAGE }) => {
  const cache = await load({ settings: { maxMemoryForCache: 2 * PAGE, spillPolicy: 'coldest' } })
  const [used, idle] = [cache.allocateSync(PAGE), cache.allocateSync(PAGE)]
  const bytes = new Uint8Array(10)
  for (const allocation of [used, idle, used, idle, used]) allocation.writeSync(bytes)
  await cache.allocate(PAGE)
  assert.deepEqual([used.medium, idle.medium], ['memory', 'disk'])
})
