// Where an allocation goes, and what is counted there.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage("the numbers of the vendor's sample", async ({ load, assert, counters, noise, assertBytes }) => {
  const cache = await load()
  await cache.configure({ cacheType: 'auto', maxMemoryForCache: 0, maxDiskSpaceForCache: 0 })
  const size = 100 * 100 * 4
  const inMemory = await cache.allocate(size, { label: '100 x 100' })
  assert.deepEqual(counters(cache), [40000, 0])
  assert.deepEqual([inMemory.medium, inMemory.memoryBytes, inMemory.diskBytes], ['memory', 40000, 0])
  await inMemory.write(noise(size))
  assertBytes(await inMemory.read(), noise(size))
  await inMemory.dispose()
  assert.deepEqual(counters(cache), [0, 0])

  await cache.configure({ cacheType: 'cacheOnDiskOnly' })
  const onDisk = await cache.allocate(size)
  assert.deepEqual(counters(cache), [0, 40000])
  await onDisk.write(noise(size, 2))
  assertBytes(await onDisk.read(), noise(size, 2))
  await onDisk.dispose()
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('an allocation is described by its properties', async ({ load, assert }) => {
  const cache = await load()
  const inMemory = await cache.allocate(1000, { label: 'one' })
  cache.cacheType = 'cacheOnDiskOnly'
  const onDisk = await cache.allocate(2000)
  const describe = ({ label, size, role, medium, memoryBytes, diskBytes, disposed }) => {
    return { label, size, role, medium, memoryBytes, diskBytes, disposed }
  }
  assert.deepEqual(describe(inMemory), {
    label: 'one',
    size: 1000,
    role: 'working',
    medium: 'memory',
    memoryBytes: 1000,
    diskBytes: 0,
    disposed: false,
  })
  assert.deepEqual(describe(onDisk), {
    label: '',
    size: 2000,
    role: 'working',
    medium: 'disk',
    memoryBytes: 0,
    diskBytes: 2000,
    disposed: false,
  })
  assert.isNumber(inMemory.id)
  assert.notEqual(inMemory.id, onDisk.id)
  await inMemory.dispose()
  assert.isTrue(inMemory.disposed)
  assert.deepEqual([inMemory.memoryBytes, inMemory.diskBytes], [0, 0])
})

// [settings, sizes one after the other, where each goes: m, d, or - for refused, both counters at the end]
const placements = [
  ['auto without limits', {}, [1, 100, 0], 'mmm', [101, 0]],
  ['auto to the byte', { maxMemoryForCache: 100 }, [60, 40, 1], 'mmd', [100, 1]],
  ['auto: one byte too many', { maxMemoryForCache: 100 }, [101, 100], 'dm', [100, 101]],
  ['auto: what is smaller still fits in memory', { maxMemoryForCache: 100 }, [90, 20, 10], 'mdm', [100, 20]],
  [
    'auto: memory, then disk, then nothing',
    { maxMemoryForCache: 10, maxDiskSpaceForCache: 20 },
    [10, 20, 1],
    'md-',
    [10, 20],
  ],
  [
    'auto: disk to the byte',
    { maxMemoryForCache: 1, maxDiskSpaceForCache: 20 },
    [20, 1, 1, 0],
    'dm-m',
    [1, 20],
  ],
  ['auto: size 0 fits when full', { maxMemoryForCache: 10 }, [10, 0], 'mm', [10, 0]],
  ['memory only', { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 10 }, [10, 1, 0], 'm-m', [10, 0]],
  [
    'memory only, no limit',
    { cacheType: 'cacheInMemoryOnly', maxDiskSpaceForCache: 1 },
    [10, 1],
    'mm',
    [11, 0],
  ],
  ['disk only', { cacheType: 'cacheOnDiskOnly', maxDiskSpaceForCache: 10 }, [10, 1, 0], 'd-d', [0, 10]],
  ['disk only, no limit', { cacheType: 'cacheOnDiskOnly', maxMemoryForCache: 1 }, [10, 1], 'dd', [0, 11]],
  [
    'sizes are counted, not pages',
    { maxMemoryForCache: 3 * 262144 + 3 },
    [262145, 262145, 262145, 1],
    'mmmd',
    [786435, 1],
  ],
]

inPage('each allocation goes where the settings say', { arg: placements }, async (kit, table) => {
  const { load, assert, counters } = kit
  const cache = await load()
  for (const [name, settings, sizes, where, end] of table) {
    await cache.setDefaults()
    await cache.configure(settings)
    const made = []
    let got = ''
    for (const size of sizes) {
      const before = counters(cache)
      try {
        const allocation = await cache.allocate(size)
        made.push(allocation)
        assert.equal(allocation.size, size)
        got += allocation.medium[0]
      } catch (error) {
        assert.instanceOf(error, kit.asposecache.CacheFullError, String(error))
        assert.deepEqual(counters(cache), before, name)
        got += '-'
      }
    }
    assert.equal(got, where, name)
    assert.deepEqual(counters(cache), end, name)
    for (const allocation of made) await allocation.dispose()
    assert.deepEqual(counters(cache), [0, 0], name)
  }
})

inPage('size 0 does not fit where more is allocated than the limit', async (kit) => {
  const { load, assert, assertFull, rejection } = kit
  const cache = await load({ settings: { maxMemoryForCache: 100, maxDiskSpaceForCache: 50 } })
  const inMemory = await cache.allocate(100)
  await inMemory.reallocate(101) // not exact: past the limit
  const onDisk = await cache.allocate(0)
  assert.equal(onDisk.medium, 'disk')
  cache.cacheType = 'cacheInMemoryOnly'
  const memory = { medium: 'memory', requested: 0, allocated: 101, limit: 100, reason: 'limit' }
  assertFull(await rejection(cache.allocate(0)), memory)
  await onDisk.reallocate(51)
  cache.cacheType = 'auto'
  const error = await rejection(cache.allocate(0))
  assertFull(error, { medium: 'disk', requested: 0, allocated: 51, limit: 50, reason: 'limit' })
  assertFull(error.cause, memory)
  await inMemory.reallocate(100)
  assert.equal((await cache.allocate(0)).medium, 'memory')
})

inPage('a refusal tells everything', async ({ load, assert, assertFull, rejection, counters }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100, maxDiskSpaceForCache: 200 } })
  // What nobody refers to is freed when it is collected.
  const kept = [await cache.allocate(70), await cache.allocate(150)]
  const memory = { medium: 'memory', requested: 51, allocated: 70, limit: 100, reason: 'limit' }
  const disk = { medium: 'disk', requested: 51, allocated: 150, limit: 200, reason: 'limit' }
  const error = await rejection(cache.allocate(51))
  assertFull(error, disk)
  assertFull(error.cause, memory)
  for (const number of ['51', '150', '200']) assert.include(error.message, number)
  cache.cacheType = 'cacheInMemoryOnly'
  const inMemory = await rejection(cache.allocate(51))
  assertFull(inMemory, memory)
  assert.notExists(inMemory.cause)
  cache.cacheType = 'cacheOnDiskOnly'
  const onDisk = await rejection(cache.allocate(51))
  assertFull(onDisk, disk)
  assert.notExists(onDisk.cause)
  assert.deepEqual(counters(cache), [70, 150])
  await Promise.all(kept.map((allocation) => allocation.dispose()))
})

inPage('room is taken at the call, in the order of calls', async ({ load, assert, counters, rejection }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100, maxDiskSpaceForCache: 100 } })
  const calls = [60, 60, 40, 40].map((size) => cache.allocate(size))
  const refused = rejection(cache.allocate(1))
  assert.deepEqual(counters(cache), [100, 100])
  const made = await Promise.all(calls)
  assert.deepEqual(
    made.map(({ medium }) => medium),
    ['memory', 'disk', 'memory', 'disk'],
  )
  assert.equal((await refused).code, 'CACHE_FULL')
  assert.lengthOf(new Set(made.map(({ id }) => id)), 4)
})

inPage('while a database opens its room is taken; an abort gives it back', async (kit) => {
  const { load, assert, counters, rejection, holdOpen, isPending } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly', maxDiskSpaceForCache: 100 } })
  const opening = holdOpen()
  const controller = new AbortController()
  const aborted = rejection(cache.allocate(60, { signal: controller.signal }))
  const waiting = cache.allocate(40)
  assert.deepEqual(counters(cache), [0, 100])
  assert.isTrue(await isPending(waiting))
  assert.equal((await rejection(cache.allocate(1))).code, 'CACHE_FULL')
  const reason = new Error('changed my mind')
  controller.abort(reason)
  assert.strictEqual(await aborted, reason)
  assert.deepEqual(counters(cache), [0, 40])
  const another = cache.allocate(60)
  assert.deepEqual(counters(cache), [0, 100])
  await opening.release()
  assert.deepEqual([(await waiting).size, (await another).size], [40, 60])
  assert.deepEqual(counters(cache), [0, 100])
  assert.equal(opening.calls, 0)
})

inPage('an aborted signal takes no room', async ({ load, assert, counters, rejection, databases }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const reason = { any: 'thing' }
  assert.strictEqual(await rejection(cache.allocate(10, { signal: AbortSignal.abort(reason) })), reason)
  const plain = await rejection(cache.allocate(10, { signal: AbortSignal.abort() }))
  assert.equal(plain.name, 'AbortError')
  assert.deepEqual(counters(cache), [0, 0])
  assert.deepEqual(await databases(), [])
})

inPage('an abort after the allocation was made does nothing', async ({ load, assert, counters }) => {
  const cache = await load()
  const controller = new AbortController()
  const call = cache.allocate(10, { signal: controller.signal })
  controller.abort()
  assert.equal((await call).size, 10)
  assert.deepEqual(counters(cache), [10, 0])
})

inPage('IndexedDB is left alone until the disk is used', async ({ load, assert, databases }) => {
  let opened = 0
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...args) {
    opened++
    return open.apply(this, args)
  }
  const cache = await load({ settings: { maxMemoryForCache: 100 } })
  await cache.allocate(100)
  await cache.flush()
  assert.equal(opened, 0)
  await Promise.all([cache.allocate(1), cache.allocate(2), cache.allocate(3)])
  assert.equal(opened, 1)
  assert.lengthOf(await databases(), 1)
  assert.match((await databases())[0], /^asposeCache/)
})

const hanging = [
  ['disk only', { cacheType: 'cacheOnDiskOnly' }, 'CACHE_UNAVAILABLE'],
  ['auto with memory full', { maxMemoryForCache: 10 }, 'CACHE_FULL'],
]
for (const [name, settings, code] of hanging) {
  inPage(
    `a database that does not open is waited for 5 seconds: ${name}`,
    { arg: [settings, code] },
    async ({ load, assert, counters, rejectsWith, holdOpen }, [settings, code]) => {
      const cache = await load({ settings })
      const opening = holdOpen()
      const start = performance.now()
      const call = rejectsWith(code, cache.allocate(11))
      assert.deepEqual(counters(cache), [0, 11])
      const error = await call
      const seconds = (performance.now() - start) / 1000
      assert.isAtLeast(seconds, 4.5)
      assert.isAtMost(seconds, 7)
      if (code === 'CACHE_FULL') assert.equal(error.cause?.code, 'CACHE_UNAVAILABLE', String(error.cause))
      assert.deepEqual(counters(cache), [0, 0])
      await cache.configure({ cacheType: 'auto' })
      assert.equal((await cache.allocate(10)).medium, 'memory')
      await opening.release() // it opens too late, and must not stay
      await cache.close()
    },
  )
}

inPage('an opening that failed is tried again', async ({ load, assert, counters, rejectsWith }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = () => {
    throw new DOMException('not now', 'UnknownError')
  }
  const error = await rejectsWith('CACHE_UNAVAILABLE', cache.allocate(10))
  assert.isNotEmpty(error.message)
  assert.deepEqual(counters(cache), [0, 0])
  IDBFactory.prototype.open = open
  const allocation = await cache.allocate(10)
  assert.deepEqual(counters(cache), [0, 10])
  await allocation.write(new Uint8Array(10))
  await allocation.flush()
})

inPage('new bytes are zero, whatever was there before', async ({ load, assert, noise, PAGE, random }) => {
  const cache = await load()
  const isZero = (bytes) => bytes.every((byte) => byte === 0)
  const next = random(7)
  for (const cacheType of /** @type {const} */ (['cacheInMemoryOnly', 'cacheOnDiskOnly'])) {
    cache.cacheType = cacheType
    for (let round = 0; round < 4; round++) {
      const sizes = [1, 63, 100, 4096, 70_000, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 5].map(
        (n) => n + next(50),
      )
      const made = []
      for (const size of sizes) {
        const allocation = await cache.allocate(size)
        assert.isTrue(isZero(await allocation.read()), `${size} bytes, ${cacheType}, round ${round}`)
        await allocation.write(noise(size, size))
        made.push(allocation)
      }
      if (round % 2) await cache.flush()
      for (const allocation of made) await allocation.dispose()
    }
  }
})

inPage('bytes that a disk allocation was never given are zero beside those it was', async (kit) => {
  const { load, PAGE, noise, assertBytes } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const allocation = await cache.allocate(3 * PAGE)
  await allocation.write(noise(10), PAGE + 100)
  await allocation.flush()
  const expected = new Uint8Array(3 * PAGE)
  expected.set(noise(10), PAGE + 100)
  assertBytes(await allocation.read(), expected)
})

inPage('sizes that no machine has go to disk, and are only a number there', async (kit) => {
  const { load, assert, counters, assertFull, rejection, assertBytes } = kit
  const most = Number.MAX_SAFE_INTEGER
  const cache = await load()
  const vast = await cache.allocate(most)
  assert.equal(vast.medium, 'disk')
  assert.deepEqual(counters(cache), [0, most])
  await vast.write(new Uint8Array([1, 2, 3]), most - 3)
  await vast.write(new Uint8Array([4]), 2 ** 40)
  await vast.flush()
  assertBytes(await vast.read(most - 5), new Uint8Array([0, 0, 1, 2, 3]))
  assertBytes(await vast.read(2 ** 40, 2), new Uint8Array([4, 0]))
  const whole = await rejection(vast.read())
  assert.equal(whole.code, 'CACHE_FULL', String(whole))
  assert.equal(whole.reason, 'memory')
  cache.cacheType = 'cacheOnDiskOnly'
  assertFull(await rejection(cache.allocate(1)), { medium: 'disk', requested: 1, allocated: most })
  cache.cacheType = 'cacheInMemoryOnly'
  for (const size of [most, 2 ** 33, 2 ** 32])
    assertFull(await rejection(cache.allocate(size)), { medium: 'memory', requested: size, reason: 'memory' })
  assert.deepEqual(counters(cache), [0, most])
  await vast.reallocate(1)
  assert.deepEqual(counters(cache), [0, 1])
})

inPage('no setting and no call goes past a limit but an inexact reallocation', async (kit) => {
  const { load, assert, counters, random } = kit
  const settings = { maxMemoryForCache: 5000, maxDiskSpaceForCache: 5000, exactReallocateOnly: true }
  const cache = await load({ settings })
  const next = random(3)
  let made = []
  for (let i = 0; i < 40; i++) {
    const calls = [0, 1, 2, 3, 4].map(() => cache.allocate(next(1500)))
    const [memory, disk] = counters(cache)
    assert.isAtMost(memory, 5000)
    assert.isAtMost(disk, 5000)
    for (const { value } of await Promise.allSettled(calls)) if (value) made.push(value)
    await Promise.allSettled(made.map((allocation) => allocation.reallocate(next(1500))))
    assert.isAtMost(cache.allocatedMemoryBytesCount, 5000)
    assert.isAtMost(cache.allocatedDiskBytesCount, 5000)
    const sum = (name) => made.reduce((total, allocation) => total + allocation[name], 0)
    assert.deepEqual(counters(cache), [sum('memoryBytes'), sum('diskBytes')])
    for (const allocation of made) if (next(2)) allocation.dispose()
    made = made.filter(({ disposed }) => !disposed)
  }
})
