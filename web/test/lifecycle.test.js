// The end of allocations and of instances.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
  const arg = cacheType

  inPage(`dispose: the counters fall at the call (${cacheType})`, { arg }, async (kit, cacheType) => {
    const { load, assert, counters } = kit
    const cache = await load({ settings: { cacheType } })
    const a = await cache.allocate(1000)
    const b = await cache.allocate(500)
    const promise = a.dispose()
    assert.instanceOf(promise, Promise)
    assert.deepEqual(counters(cache), cacheType === 'cacheOnDiskOnly' ? [0, 500] : [500, 0])
    assert.isTrue(a.disposed)
    assert.strictEqual(await promise, undefined)
    b.dispose()
    b.dispose()
    assert.deepEqual(counters(cache), [0, 0])
    await b.dispose()
    b[Symbol.dispose]?.()
    await b[Symbol.asyncDispose]?.()
    assert.deepEqual(counters(cache), [0, 0])
    assert.deepEqual(cache.allocations(), [])
  })

  inPage(`dispose: every later call rejects (${cacheType})`, { arg }, async (kit, cacheType) => {
    const { load, rejectsWith, assert } = kit
    const cache = await load({ settings: { cacheType } })
    const a = await cache.allocate(1000, { label: 'mine' })
    a.dispose()
    const calls = {
      read: () => a.read(),
      'read of nothing': () => a.read(0, 0),
      readInto: () => a.readInto(new Uint8Array(1)),
      write: () => a.write(new Uint8Array(1)),
      'write of nothing': () => a.write(new Uint8Array(0)),
      reallocate: () => a.reallocate(5),
      'reallocate to the same size': () => a.reallocate(1000),
      flush: () => a.flush(),
      readable: () => a.readable().getReader().read(),
    }
    for (const [name, call] of Object.entries(calls)) await rejectsWith('CACHE_DISPOSED', call(), name)
    assert.equal(a.label, 'mine')
    assert.isNumber(a.id)
    assert.deepEqual([a.memoryBytes, a.diskBytes], [0, 0])
  })

  inPage(`dispose: reads and writes called before finish (${cacheType})`, { arg }, async (kit, cacheType) => {
    const { load, noise, assertBytes, PAGE, counters, assert } = kit
    const cache = await load({ settings: { cacheType } })
    for (const flushed of [false, true]) {
      const size = 5 * PAGE
      const a = await cache.allocateFrom(noise(size, 1))
      if (flushed) await a.flush()
      const before = a.read()
      const into = new Uint8Array(PAGE + 5)
      const filled = a.readInto(into, 77)
      const written = a.write(noise(1000, 2), 10)
      const between = a.read(10, 1000)
      const unaligned = a.write(noise(PAGE, 3), 2 * PAGE + 1)
      const last = a.read(2 * PAGE + 1, PAGE)
      a.dispose()
      assert.deepEqual(counters(cache), [0, 0])
      await Promise.all([written, unaligned, filled])
      assertBytes(await before, noise(size, 1))
      assertBytes(into, noise(size, 1).subarray(77, 77 + into.length))
      assertBytes(await between, noise(1000, 2))
      assertBytes(await last, noise(PAGE, 3))
      assert.deepEqual(counters(cache), [0, 0])
    }
  })
}

inPage('dispose: a reallocation that waits rejects', async (kit) => {
  const { load, rejectsWith, assert, counters, noise, holdOpen, PAGE, assertBytes } = kit
  const cache = await load({ settings: { maxMemoryForCache: PAGE, exactReallocateOnly: true } })
  const a = await cache.allocateFrom(noise(PAGE))
  const opening = holdOpen()
  const moving = rejectsWith('CACHE_DISPOSED', a.reallocate(2 * PAGE))
  const read = a.read()
  const behind = rejectsWith('CACHE_DISPOSED', a.reallocate(5))
  const flushed = rejectsWith('CACHE_DISPOSED', a.flush())
  assert.deepEqual(counters(cache), [PAGE, 2 * PAGE])
  a.dispose()
  assert.equal(cache.allocatedMemoryBytesCount, 0)
  await opening.release()
  await Promise.all([moving, behind, flushed])
  assertBytes(await read, noise(PAGE))
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('dispose while an allocation moves: both counters fall at the call', async (kit) => {
  const { load, rejectsWith, assert, counters, holdOpen } = kit
  const cache = await load({ settings: { maxMemoryForCache: 1000, exactReallocateOnly: true } })
  const a = await cache.allocate(1000)
  const opening = holdOpen()
  const moving = rejectsWith('CACHE_DISPOSED', a.reallocate(2000))
  a.dispose()
  const after = counters(cache)
  await opening.release()
  await moving
  assert.deepEqual(after, [0, 0])
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('using and await using dispose', { needs: ['using'] }, async ({ load, assert, counters }) => {
  const cache = await load()
  const AsyncFunction = /** @type {any} */ (async () => {}).constructor
  // As text: Node.js does not know this syntax yet.
  const source = `
    {
      using a = await cache.allocate(10)
      await using b = await cache.allocate(20)
      await inside()
    }
    {
      await using other = await load()
      await other.allocate(5)
      last(other)
    }`
  let seen
  let other
  await new AsyncFunction('cache', 'load', 'inside', 'last', source)(
    cache,
    load,
    () => {
      seen = counters(cache)
    },
    (value) => {
      other = value
    },
  )
  assert.deepEqual(seen, [30, 0])
  assert.deepEqual(counters(cache), [0, 0])
  assert.deepEqual(counters(other), [0, 0])
})

const usedBefore = {
  'was never used': async () => [],
  'was used in memory': async (cache) => [await cache.allocate(1000)],
  'was used on disk': async (cache) => {
    cache.cacheType = 'cacheOnDiskOnly'
    const allocation = await cache.allocate(300_000)
    await allocation.write(new Uint8Array(300_000).fill(7))
    return [allocation]
  },
  'has stored everything': async (cache) => {
    cache.cacheType = 'cacheOnDiskOnly'
    const allocation = await cache.allocate(300_000)
    await allocation.write(new Uint8Array(300_000).fill(7))
    await cache.flush()
    return [allocation]
  },
}
for (const [name, use] of Object.entries(usedBefore)) {
  inPage(`close of an instance that ${name} ends it`, { arg: String(use) }, async (kit, use) => {
    const { load, assert, rejectsWith, counters, databases, collect } = kit
    const cache = await load()
    const crashes = collect(cache, 'crash')
    // a function that came as text
    const [allocation] = await globalThis.eval(use)(cache)
    const closing = cache.close()
    assert.instanceOf(closing, Promise)
    assert.deepEqual(counters(cache), [0, 0], 'at the call')
    if (allocation) assert.isTrue(allocation.disposed)
    const during = {
      allocate: rejectsWith('CACHE_CLOSED', cache.allocate(1), 'allocate while it closes'),
      flush: rejectsWith('CACHE_CLOSED', cache.flush(), 'flush while it closes'),
      configure: rejectsWith('CACHE_CLOSED', cache.configure({}), 'configure while it closes'),
    }
    assert.strictEqual(await closing, undefined)
    await Promise.all(Object.values(during))
    assert.deepEqual(await databases(), [])
    const calls = {
      allocate: () => cache.allocate(1),
      'allocate 0': () => cache.allocate(0),
      allocateFrom: () => cache.allocateFrom(new Uint8Array(1)),
      'allocateFrom a Blob': () => cache.allocateFrom(new Blob(['x'])),
      'allocateFrom a stream': () => cache.allocateFrom(new Blob(['x']).stream()),
      configure: () => cache.configure({ maxMemoryForCache: 1 }),
      setDefaults: () => cache.setDefaults(),
      flush: () => cache.flush(),
    }
    for (const [name, call] of Object.entries(calls)) await rejectsWith('CACHE_CLOSED', call(), name)
    assert.throws(() => {
      cache.maxMemoryForCache = 1
    }, kit.asposecache.CacheError)
    if (allocation) {
      const { read, write, reallocate, flush } = allocation
      for (const call of [
        () => read.call(allocation),
        () => write.call(allocation, new Uint8Array(1)),
        () => reallocate.call(allocation, 1),
        () => flush.call(allocation),
      ])
        await rejectsWith('CACHE_CLOSED', call(), String(call))
      await allocation.dispose()
      allocation[Symbol.dispose]?.()
    }
    assert.deepEqual(counters(cache), [0, 0])
    assert.deepEqual(cache.allocations(), [])
    assert.equal(cache.statistics().memory.allocatedBytes, 0)
    assert.equal(cache.maxMemoryForCache, 0)
    await cache.close()
    await cache.close()
    await cache[Symbol.asyncDispose]?.()
    assert.lengthOf(crashes, 0)
    const again = await load()
    assert.equal((await again.allocate(10)).size, 10)
  })
}

inPage('close answers calls that wait', async (kit) => {
  const { load, assert, noise, assertBytes, rejectsWith, counters, PAGE } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const a = await cache.allocateFrom(noise(4 * PAGE))
  await a.flush()
  const write = a.write(noise(100, 2), 5)
  const read = a.read(0, 100)
  const flush = a.flush().catch((error) => error.code)
  const closing = cache.close()
  const again = cache.close()
  assert.deepEqual(counters(cache), [0, 0])
  await write
  const expected = noise(4 * PAGE)
    .subarray(0, 100)
    .slice()
  expected.set(noise(95, 2), 5)
  assertBytes((await read).subarray(0, 5), expected.subarray(0, 5))
  assertBytes((await read).subarray(5), noise(100, 2).subarray(0, 95))
  assert.include(['CACHE_CLOSED', 'CACHE_DISPOSED'], await flush)
  await Promise.all([closing, again])
  await rejectsWith('CACHE_CLOSED', a.read())
})

inPage('close while a database opens', async ({ load, assert, rejection, counters, holdOpen, databases }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const opening = holdOpen()
  const waiting = rejection(cache.allocate(100))
  const closing = cache.close()
  assert.deepEqual(counters(cache), [0, 0], 'at the call')
  await opening.release()
  await closing
  assert.equal((await waiting).code, 'CACHE_CLOSED')
  while ((await databases()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
})

inPage('nothing of a closed instance keeps the page busy', async ({ load, assert, databases }) => {
  // Each of these leaves the program with something to do a moment later.
  for (const wait of [0, 1, 5, 15, 25]) {
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocate(1000)
    await allocation.write(new Uint8Array(1000))
    await new Promise((resolve) => setTimeout(resolve, wait))
    await cache.close()
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.deepEqual(await databases(), [])
  }
})

inPage('close right after loading', async ({ load, assert, databases }) => {
  for (let i = 0; i < 5; i++) {
    const cache = await load()
    await cache.close()
  }
  assert.deepEqual(await databases(), [])
})

inPage('close: what is called meanwhile says that the cache is closed', async (kit) => {
  const { load, assert, rejectsWith } = kit
  const cache = await load()
  const surface = await cache.allocateSurface({ width: 2, height: 2 })
  const rect = { x: 0, y: 0, width: 1, height: 1 }
  const closed = cache.close()
  const pixel = new Uint8Array(4)
  await rejectsWith('CACHE_CLOSED', surface.writeRect(rect, pixel))
  await rejectsWith('CACHE_CLOSED', surface.readRect(rect))
  await rejectsWith('CACHE_CLOSED', surface.readImageData())
  await rejectsWith('CACHE_CLOSED', surface.writeImageData(new ImageData(1, 1)))
  assert.throws(() => surface.writeRectSync(rect, pixel), /closed/)
  assert.throws(() => surface.readRectSync(rect), /closed/)
  await closed
})

inPage('close: nothing waits or is copied any more, and no worker has its lock', async (kit) => {
  const { load, assert, MiB } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const a = await cache.allocate(20 * MiB)
  await a.write(new Uint8Array(20 * MiB))
  await cache.close()
  const { memory, disk, queuedBytes, copiedBytes } = cache.statistics()
  assert.deepEqual([disk.waitingBytes, queuedBytes, copiedBytes], [0, 0, 0])
  assert.deepEqual([memory.occupiedBytes, memory.freeBytes], [0, 0])
  const { held, pending } = (await navigator.locks?.query()) ?? { held: [], pending: [] }
  assert.deepEqual([held, pending], [[], []])
})

inPage('close: handles that are kept keep nothing of the memory', { needs: ['gc'] }, async (kit) => {
  const { load, assert, collectGarbage, until, MiB } = kit
  const wasm = /** @type {any} */ (WebAssembly)
  const { instantiate } = wasm
  const memories = []
  wasm.instantiate = async (...args) => {
    const instance = await instantiate(...args)
    memories.push(new WeakRef(instance.exports.mem))
    return instance
  }
  const kept = []
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
    const cache = await load({ settings: { cacheType } })
    const a = await cache.allocate(MiB)
    await a.write(new Uint8Array(MiB))
    await a.read()
    const surface = await cache.allocateSurface({ width: 10, height: 10 })
    await surface.readRect()
    await cache.close()
    kept.push(cache, a, surface)
  }
  wasm.instantiate = instantiate
  assert.isAtLeast(memories.length, 2)
  await until(async () => {
    await collectGarbage()
    return memories.every((memory) => memory.deref() === undefined)
  })
  for (const one of kept.slice(1, 3)) assert.isTrue(one.disposed)
  assert.throws(() => kept[1].readSync(), /closed/)
  assert.equal(kept[0].statistics().wasmBytes, 0)
})
