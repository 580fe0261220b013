// Changing the size.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
  inPage(
    `the bytes up to the smaller size stay, new ones are zero (${cacheType})`,
    { arg: cacheType },
    async ({ load, assert, noise, assertBytes, counters, PAGE }, cacheType) => {
      const cache = await load({ settings: { cacheType } })
      const sizes = [
        1,
        10,
        5,
        0,
        3,
        PAGE,
        PAGE - 1,
        PAGE + 1,
        64,
        65,
        3 * PAGE,
        2 * PAGE + 7,
        2 * PAGE + 9,
        0,
        2 * PAGE,
      ]
      for (const flushed of [false, true]) {
        const allocation = await cache.allocate(0)
        let model = new Uint8Array(0)
        for (const size of sizes) {
          await allocation.reallocate(size)
          const next = new Uint8Array(size)
          next.set(model.subarray(0, size))
          model = next
          assert.equal(allocation.size, size)
          assert.deepEqual(counters(cache), cacheType === 'cacheOnDiskOnly' ? [0, size] : [size, 0])
          assertBytes(await allocation.read(), model, `${size}`)
          model = noise(size, size + 1)
          await allocation.write(model)
          if (flushed) await allocation.flush()
        }
        // What a shrinking cut off does not come back, wherever it was.
        for (const size of [5, 2 * PAGE, PAGE, PAGE + 5]) {
          await allocation.reallocate(size)
          const next = new Uint8Array(size)
          next.set(model.subarray(0, size))
          model = next
          assertBytes(await allocation.read(), model, `again ${size}`)
          await allocation.write(new Uint8Array([9]), size - 1)
          model[size - 1] = 9
          assertBytes(await allocation.read(), model, `written ${size}`)
        }
        await allocation.dispose()
      }
    },
  )

  inPage(
    `shrinking and keeping the size always succeed, in place (${cacheType})`,
    { arg: cacheType },
    async ({ load, assert, noise, assertBytes, counters }, cacheType) => {
      const cache = await load({ settings: { cacheType } })
      const allocation = await cache.allocateFrom(noise(1000))
      for (const exactReallocateOnly of [false, true]) {
        await cache.configure({
          cacheType: 'auto',
          maxMemoryForCache: 1,
          maxDiskSpaceForCache: 1,
          exactReallocateOnly,
        })
        const { size, medium } = allocation
        await allocation.reallocate(size)
        await allocation.reallocate(size - 100)
        assert.equal(allocation.medium, medium)
        assert.equal(allocation.size, size - 100)
        assertBytes(await allocation.read(), noise(1000).subarray(0, size - 100))
      }
      assert.deepEqual(counters(cache), cacheType === 'cacheOnDiskOnly' ? [0, 800] : [800, 0])
    },
  )
}

inPage(
  'not exact: the medium stays, even past its limit',
  async ({ load, assert, noise, assertBytes, counters }) => {
    const cache = await load({ settings: { maxMemoryForCache: 100, maxDiskSpaceForCache: 50 } })
    const inMemory = await cache.allocateFrom(noise(100, 1))
    const onDisk = await cache.allocateFrom(noise(50, 2))
    for (const cacheType of /** @type {const} */ (['auto', 'cacheInMemoryOnly', 'cacheOnDiskOnly'])) {
      cache.cacheType = cacheType
      await inMemory.reallocate(inMemory.size + 1000)
      await onDisk.reallocate(onDisk.size + 1000)
      assert.deepEqual([inMemory.medium, onDisk.medium], ['memory', 'disk'])
    }
    assert.deepEqual(counters(cache), [3100, 3050])
    assertBytes((await inMemory.read()).subarray(0, 100), noise(100, 1))
    assertBytes((await onDisk.read()).subarray(0, 50), noise(50, 2))
  },
)

inPage('not exact: when the machine has no more memory it is refused', async (kit) => {
  const { load, assert, assertFull, rejection, noise, assertBytes, counters } = kit
  const cache = await load()
  const allocation = await cache.allocateFrom(noise(1000))
  for (const size of [2 ** 33, 2 ** 40, Number.MAX_SAFE_INTEGER])
    assertFull(await rejection(allocation.reallocate(size)), { medium: 'memory', reason: 'memory' })
  assert.deepEqual(counters(cache), [1000, 0])
  assertBytes(await allocation.read(), noise(1000))
})

inPage('exact: to the byte it stays, one more and it moves to disk', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, noise, assertBytes, counters, PAGE, stored } = kit
  const limit = 3 * PAGE
  const cache = await load({ settings: { maxMemoryForCache: limit, exactReallocateOnly: true } })
  const allocation = await cache.allocateFrom(noise(2 * PAGE + 5))
  const other = await cache.allocate(10)
  await allocation.reallocate(limit - 10)
  assert.deepEqual([allocation.medium, ...counters(cache)], ['memory', limit, 0])
  await allocation.reallocate(limit - 9)
  assert.deepEqual([allocation.medium, ...counters(cache)], ['disk', 10, limit - 9])
  assert.deepEqual([allocation.memoryBytes, allocation.diskBytes], [0, limit - 9])
  const expected = new Uint8Array(limit - 9)
  expected.set(noise(2 * PAGE + 5))
  assertBytes(await allocation.read(), expected)
  assert.isAtLeast((await stored()).bytes, 2 * PAGE)
  await other.dispose()
  await allocation.reallocate(20)
  assert.equal(allocation.medium, 'disk', 'it never moves back')
  assert.deepEqual(counters(cache), [0, 20])
})

inPage('exact: where it fits nowhere it is refused and is as it was', async (kit) => {
  const { load, assert, assertFull, rejection, noise, assertBytes, counters } = kit
  const settings = { maxMemoryForCache: 100, maxDiskSpaceForCache: 150, exactReallocateOnly: true }
  const cache = await load({ settings })
  const inMemory = await cache.allocateFrom(noise(100, 1))
  const error = await rejection(inMemory.reallocate(151))
  assertFull(error, { medium: 'disk', allocated: 0, limit: 150, reason: 'limit' })
  assertFull(error.cause, { medium: 'memory', allocated: 100, limit: 100, reason: 'limit' })
  assert.deepEqual([inMemory.medium, inMemory.size], ['memory', 100])
  assert.deepEqual(counters(cache), [100, 0])
  assertBytes(await inMemory.read(), noise(100, 1))
  const onDisk = await cache.allocateFrom(noise(150, 2))
  assertFull(await rejection(onDisk.reallocate(151)), {
    medium: 'disk',
    allocated: 150,
    limit: 150,
    reason: 'limit',
  })
  cache.cacheType = 'cacheInMemoryOnly'
  const only = await rejection(inMemory.reallocate(101))
  assertFull(only, { medium: 'memory', allocated: 100, limit: 100, reason: 'limit' })
  assert.deepEqual(counters(cache), [100, 150])
  assertBytes(await inMemory.read(), noise(100, 1))
  assertBytes(await onDisk.read(), noise(150, 2))
})

inPage('exact: memory only does not go to disk though there is room', async (kit) => {
  const { load, assert, assertFull, rejection, counters, databases } = kit
  const settings = { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 100, exactReallocateOnly: true }
  const cache = await load({ settings })
  const allocation = await cache.allocate(60)
  await allocation.reallocate(100)
  assertFull(await rejection(allocation.reallocate(101)), { medium: 'memory', limit: 100, reason: 'limit' })
  assert.deepEqual(counters(cache), [100, 0])
  assert.deepEqual(await databases(), [])
})

inPage('a reallocation goes by the settings of its own moment', async ({ load, assert, PAGE, noise }) => {
  const cache = await load({ settings: { maxMemoryForCache: PAGE } })
  const a = await cache.allocateFrom(noise(PAGE))
  const inexact = a.reallocate(PAGE + 1)
  cache.exactReallocateOnly = true
  const exact = a.reallocate(PAGE + 2)
  cache.exactReallocateOnly = false
  await inexact
  assert.equal(a.size >= PAGE + 1, true)
  await exact
  assert.equal(a.medium, 'disk')
  assert.equal(a.size, PAGE + 2)
})

inPage('calls made while it moves wait, and find everything there', async (kit) => {
  const { load, assert, noise, assertBytes, counters, holdOpen, isPending, MiB } = kit
  const size = 3 * MiB
  const cache = await load({ settings: { maxMemoryForCache: size, exactReallocateOnly: true } })
  const allocation = await cache.allocateFrom(noise(size, 1))
  const opening = holdOpen()
  const moved = allocation.reallocate(size + 5)
  const read = allocation.read()
  const written = allocation.write(noise(1000, 2), size - 995)
  const after = allocation.read(size - 1000)
  assert.isTrue(await isPending(moved))
  assert.isTrue(await isPending(read))
  assert.deepEqual(counters(cache), [size, size + 5], 'the room on disk is reserved meanwhile')
  await opening.release()
  await Promise.all([moved, written])
  assertBytes((await read).subarray(0, size), noise(size, 1))
  assertBytes((await after).subarray(5), noise(1000, 2))
  assert.deepEqual(counters(cache), [0, size + 5])
})

inPage('a move that cannot open the database leaves it in memory', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, noise, assertBytes, counters, rejection } = kit
  const cache = await load({ settings: { maxMemoryForCache: 1000, exactReallocateOnly: true } })
  const allocation = await cache.allocateFrom(noise(1000))
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = () => {
    throw new DOMException('no', 'UnknownError')
  }
  const error = await rejection(allocation.reallocate(2000))
  assert.equal(error.code, 'CACHE_FULL', String(error))
  assert.equal(error.cause?.code, 'CACHE_UNAVAILABLE')
  assert.deepEqual(counters(cache), [1000, 0])
  assertBytes(await allocation.read(), noise(1000))
  IDBFactory.prototype.open = open
  await allocation.reallocate(2000)
  assert.deepEqual(counters(cache), [0, 2000])
})
