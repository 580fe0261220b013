// What the cache tells about itself: statistics, the list of allocations, events, leaks.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage(
  'statistics has the shape of its type, all of it numbers but for where the disk is',
  async ({ load, assert }) => {
    const cache = await load()
    const shape = {
      memory: ['allocations', 'allocatedBytes', 'peakBytes', 'occupiedBytes', 'freeBytes'],
      disk: [
        'allocations',
        'allocatedBytes',
        'peakBytes',
        'waitingBytes',
        'readBytes',
        'writtenBytes',
        'transactions',
        'retries',
        'failures',
      ],
      collector: ['collections', 'loosened'],
    }
    const statistics = cache.statistics()
    assert.sameMembers(Object.keys(statistics), [
      'memory',
      'disk',
      'queuedBytes',
      'copiedBytes',
      'wasmBytes',
      'spills',
      'reallocations',
      'collector',
      'quota',
    ])
    for (const [tier, names] of Object.entries(shape)) {
      const words = tier === 'disk' ? ['store', 'thread'] : []
      assert.sameMembers(Object.keys(statistics[tier]), [...names, ...words])
      for (const name of names) assert.isTrue(Number.isSafeInteger(statistics[tier][name]), `${tier}.${name}`)
    }
    for (const name of ['queuedBytes', 'copiedBytes', 'wasmBytes', 'spills', 'reallocations'])
      assert.isTrue(Number.isSafeInteger(statistics[name]), name)
    assert.isAbove(statistics.wasmBytes, 1 << 20)
  },
)

inPage('statistics follows what happens', async ({ load, assert, noise, PAGE }) => {
  const cache = await load({ settings: { maxMemoryForCache: 1_000_000, exactReallocateOnly: true } })
  const a = await cache.allocate(600_000)
  const b = await cache.allocate(300_000)
  const c = await cache.allocate(500_000)
  const { memory, disk } = cache.statistics()
  assert.deepInclude(memory, { allocations: 2, allocatedBytes: 900_000, peakBytes: 900_000 })
  assert.isAtLeast(memory.occupiedBytes, 900_000)
  assert.deepInclude(disk, { allocations: 1, allocatedBytes: 500_000, peakBytes: 500_000, waitingBytes: 0 })
  assert.deepInclude(disk, { readBytes: 0, writtenBytes: 0, retries: 0, failures: 0 })
  await c.write(noise(500_000))
  await cache.flush()
  const written = cache.statistics().disk
  assert.equal(written.waitingBytes, 0)
  assert.equal(written.writtenBytes, 500_000)
  assert.isAtLeast(written.transactions, 1)
  await c.read()
  assert.equal(cache.statistics().disk.readBytes, 500_000)
  await b.dispose()
  await a.reallocate(1_000_001)
  const moved = cache.statistics()
  assert.deepInclude(moved, { spills: 1, reallocations: 1 })
  assert.deepInclude(moved.memory, {
    allocations: 0,
    allocatedBytes: 0,
    peakBytes: 900_000,
    occupiedBytes: 0,
  })
  assert.isAtLeast(moved.memory.freeBytes, 900_000)
  assert.deepInclude(moved.disk, { allocations: 2, allocatedBytes: 1_500_001, peakBytes: 1_500_001 })
  await cache.allocate(2 * PAGE)
  const { memory: again } = cache.statistics()
  assert.equal(again.occupiedBytes, 2 * PAGE)
  assert.equal(again.freeBytes, moved.memory.freeBytes - 2 * PAGE, 'what is free is used again')
  await a.reallocate(5)
  assert.equal(cache.statistics().reallocations, 2)
  assert.equal(cache.statistics().spills, 1)
})

inPage('statistics is a snapshot', async ({ load, assert }) => {
  const cache = await load()
  const before = cache.statistics()
  await cache.allocate(10)
  assert.equal(before.memory.allocatedBytes, 0)
  assert.equal(cache.statistics().memory.allocatedBytes, 10)
})

inPage("the browser's estimate becomes part of the statistics", async ({ load, assert }) => {
  const cache = await load()
  assert.isNull(cache.statistics().quota)
  if (!navigator.storage?.estimate) {
    // Where the browser has none there is never anything to tell.
    await new Promise((resolve) => setTimeout(resolve))
    assert.isNull(cache.statistics().quota)
    return
  }
  while (cache.statistics().quota === null) await navigator.storage.estimate()
  assert.isAbove(cache.statistics().quota.quota, 0)
  assert.isAtLeast(cache.statistics().quota.usage, 0)
})

inPage('allocations() lists what is there, oldest first', async ({ load, assert }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100 } })
  assert.deepEqual(cache.allocations(), [])
  const start = Date.now()
  const a = await cache.allocate(80, { label: 'a' })
  const b = await cache.allocate(50, { label: 'b' })
  const c = await cache.allocate(20)
  const list = cache.allocations()
  assert.deepEqual(
    list.map(({ createdAt, ...rest }) => rest),
    [
      { id: a.id, label: 'a', size: 80, medium: 'memory', memoryBytes: 80, diskBytes: 0, role: 'working' },
      { id: b.id, label: 'b', size: 50, medium: 'disk', memoryBytes: 0, diskBytes: 50, role: 'working' },
      { id: c.id, label: '', size: 20, medium: 'memory', memoryBytes: 20, diskBytes: 0, role: 'working' },
    ],
  )
  for (const { createdAt } of list) {
    assert.isAtLeast(createdAt, start)
    assert.isAtMost(createdAt, Date.now())
  }
  await a.dispose()
  assert.deepEqual(
    cache.allocations().map(({ id }) => id),
    [b.id, c.id],
  )
  await cache.close()
  assert.deepEqual(cache.allocations(), [])
})

inPage('with captureStacks each allocation knows who made it', async ({ load, assert }) => {
  const cache = await load({ captureStacks: true })
  async function thatMakesOne() {
    return await cache.allocate(10)
  }
  await thatMakesOne()
  assert.include(cache.allocations()[0].stack, 'thatMakesOne')
  const without = await load()
  await without.allocate(10)
  assert.notProperty(without.allocations()[0], 'stack')
})

inPage('the event full tells every refusal, once', async ({ load, assert, collect, rejection }) => {
  const settings = { maxMemoryForCache: 10, maxDiskSpaceForCache: 10, exactReallocateOnly: true }
  const cache = await load({ settings })
  const events = collect(cache, 'full')
  const a = await cache.allocate(10)
  await cache.allocate(10)
  const errors = [
    await rejection(cache.allocate(1)),
    await rejection(a.reallocate(11)),
    await rejection(cache.allocateFrom(new Uint8Array(1))),
  ]
  await new Promise((resolve) => setTimeout(resolve))
  assert.lengthOf(events, 3)
  for (const [i, { error }] of events.entries()) {
    assert.equal(error.code, 'CACHE_FULL')
    assert.instanceOf(error, errors[i].constructor)
    assert.equal(error.message, errors[i].message)
    assert.equal(error.requested, errors[i].requested)
  }
})

inPage('the event spill tells what moved', async ({ load, assert, next, collect }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100, exactReallocateOnly: true } })
  const all = collect(cache, 'spill')
  const a = await cache.allocate(100, { label: 'layer' })
  await cache.allocate(50) // placed on disk: nothing moved
  const event = next(cache, 'spill')
  await a.reallocate(101)
  assert.deepEqual(await event, { id: a.id, label: 'layer', bytes: 100, reason: 'reallocate' })
  assert.lengthOf(all, 1)
})

inPage(
  'events are CustomEvents of an EventTarget, and can be taken off',
  async ({ load, assert, rejection }) => {
    const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 1 } })
    assert.instanceOf(cache, EventTarget)
    const seen = []
    const listener = (event) => seen.push(event)
    cache.addEventListener('full', listener)
    await rejection(cache.allocate(2))
    await new Promise((resolve) => setTimeout(resolve))
    cache.removeEventListener('full', listener)
    await rejection(cache.allocate(2))
    await new Promise((resolve) => setTimeout(resolve))
    assert.lengthOf(seen, 1)
    assert.instanceOf(seen[0], CustomEvent)
    assert.strictEqual(seen[0].target, cache)
  },
)

inPage('calls can be made from an event', async ({ load, assert, next, counters }) => {
  const settings = { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 10 }
  const cache = await load({ settings })
  const kept = await cache.allocate(10)
  const retried = next(cache, 'full').then(async () => {
    await kept.dispose()
    return cache.allocate(5)
  })
  await cache.allocate(6).catch(() => {})
  assert.equal((await retried).size, 5)
  assert.deepEqual(counters(cache), [5, 0])
})

inPage('an allocation that is garbage is freed, and reported as a leak', { needs: ['gc'] }, async (kit) => {
  const { load, assert, counters, next } = kit
  const cache = await load({ captureStacks: true, settings: { maxMemoryForCache: 1000 } })
  async function careless() {
    const one = await cache.allocate(1000, { label: 'forgotten' })
    await one.write(new Uint8Array(1000))
    return one.id
  }
  const event = next(cache, 'leak')
  let told = false
  event.then(() => {
    told = true
  })
  const id = await careless()
  while (!told) {
    await kit.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve))
  }
  const { stack, ...rest } = await event
  assert.deepEqual(rest, { id, label: 'forgotten', size: 1000 })
  assert.include(stack, 'careless')
  assert.deepEqual(counters(cache), [0, 0])
  assert.deepEqual(cache.allocations(), [])
  assert.equal((await cache.allocate(1000)).medium, 'memory')
})

inPage('what was disposed of is no leak, and what is referred to neither', { needs: ['gc'] }, async (kit) => {
  const { load, assert, collect, counters } = kit
  const cache = await load({ settings: { maxMemoryForCache: 10_000 } })
  const leaks = collect(cache, 'leak')
  const kept = await cache.allocate(100)
  await (async () => {
    for (let i = 0; i < 20; i++) (await cache.allocate(600)).dispose()
  })()
  let collected = false
  const registry = new FinalizationRegistry(() => {
    collected = true
  })
  registry.register({}, 0)
  while (!collected) {
    await kit.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve))
  }
  registry.unregister({})
  assert.lengthOf(leaks, 0)
  assert.deepEqual(counters(cache), [100, 0])
  assert.equal(kept.size, 100)
})

inPage('calls that wait, and streams, keep an allocation alive', { needs: ['gc'] }, async (kit) => {
  const { load, assert, collect, noise, assertBytes, MiB } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const leaks = collect(cache, 'leak')
  const size = 4 * MiB
  const start = async () => {
    const allocation = await cache.allocate(size)
    const written = allocation.write(noise(size))
    return { written, read: allocation.read(), stream: allocation.readable() }
  }
  const { written, read, stream } = await start()
  const collector = setInterval(kit.collectGarbage, 1)
  await written
  assertBytes(await read, noise(size))
  for (let i = 0; i < 20; i++) {
    await kit.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve))
  }
  // When the stream has come to its end nothing keeps the allocation any more.
  assert.lengthOf(leaks, 0)
  assertBytes(new Uint8Array(await new Response(stream).arrayBuffer()), noise(size))
  clearInterval(collector)
})
