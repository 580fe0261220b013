// The browser fails: no quota, failing transactions, data that somebody removed, connections that die.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()
const devtools = ['devtools']

inPage(
  'quota used up: nothing is lost, it is told once, and tried again',
  { store: 'indexedDB', needs: devtools },
  async (kit) => {
    const { load, assert, noise, assertBytes, assertFull, rejection, counters, collect, next, stored, MiB } =
      kit
    const { origin } = location
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2 * MiB })
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const events = collect(cache, 'storeerror')
    const size = 6 * MiB
    const allocation = await cache.allocate(size)
    const told = next(cache, 'storeerror')
    await allocation.write(noise(size))
    const { error } = await told
    assertFull(error, { medium: 'disk', allocated: size, reason: 'quota' })
    assertBytes(await allocation.read(), noise(size))
    assert.deepEqual(counters(cache), [0, size])
    const { waitingBytes, failures } = cache.statistics().disk
    assert.isAbove(waitingBytes, 0)
    assert.isAbove(failures, 0)
    assertFull(await rejection(allocation.flush(), 'the first flush'), { medium: 'disk', reason: 'quota' })
    assertBytes(await allocation.read(), noise(size))
    assertFull(await rejection(cache.flush(), 'another try'), { medium: 'disk', reason: 'quota' })
    assert.isAbove(events.length, 0)
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin })
    await cache.flush().catch((error) => assertFull(error, { reason: 'quota' })) // one that was not told yet
    await cache.flush()
    await allocation.flush()
    assert.equal(cache.statistics().disk.waitingBytes, 0)
    assert.equal((await stored()).bytes, size)
    assertBytes(await allocation.read(), noise(size))
    await allocation.write(noise(size, 2))
    await allocation.flush()
    assertBytes(await allocation.read(), noise(size, 2))
    assert.isAbove(cache.statistics().disk.retries, 0)
  },
)

inPage(
  'quota used up: past the bound writes reject rather than wait',
  { needs: devtools, timeout: 120_000 },
  async (kit) => {
    const { load, assert, noise, assertBytes, assertFull, rejection, counters, next, MiB } = kit
    const { origin } = location
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin, quotaSize: MiB })
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const size = 8 * MiB
    const written = []
    let refused
    for (let i = 0; i < 40 && !refused; i++) {
      const allocation = await cache.allocate(size)
      const data = noise(size, i + 1)
      await allocation.write(data).then(
        () => written.push([allocation, data]),
        (error) => {
          refused = [allocation, error]
        },
      )
    }
    assert.exists(refused, 'a write must be refused at some point')
    assertFull(refused[1], { medium: 'disk', reason: 'quota' })
    assertBytes(await refused[0].read(), new Uint8Array(size), 'a write that was refused is not applied')
    assert.isAtLeast(written.length, 1)
    for (const [allocation, data] of written) assertBytes(await allocation.read(), data)
    assert.isAtMost(cache.statistics().disk.waitingBytes, 64 * MiB)
    assert.deepEqual(counters(cache), [0, (written.length + 1) * size])
    cache.cacheType = 'cacheInMemoryOnly'
    const inMemory = await cache.allocateFrom(noise(MiB, 99))
    assertBytes(await inMemory.read(), noise(MiB, 99), 'memory works meanwhile')
    // Disposing makes room.
    const event = next(cache, 'storeerror')
    const [kept, data] = written[0]
    for (const [allocation] of written.slice(1)) await allocation.dispose()
    await refused[0].dispose()
    await event
    assertBytes(await kept.read(), data)
    assert.instanceOf(await rejection(kept.flush()), Error)
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin })
    await kept.flush().catch((error) => assertFull(error, { reason: 'quota' }))
    await kept.flush()
    assertBytes(await kept.read(), data)
  },
)

/** A test for each thread that the disk can be written on. */
const onEach = (name, options, body) => {
  for (const thread of ['worker', 'page'])
    inPage(
      `${name}, written on the ${thread}`,
      { store: 'indexedDB', ...options, arg: [thread, options.arg] },
      body,
    )
}

onEach(
  'a failure is told once for each allocation, by its next write or flush',
  {},
  async (kit, [thread]) => {
    const { loadOn, assert, noise, assertBytes, assertFull, rejection, next, MiB } = kit
    const { cache, everywhere } = await loadOn(thread, { settings: { cacheType: 'cacheOnDiskOnly' } })
    const [a, b] = [await cache.allocate(MiB), await cache.allocate(MiB)]
    await a.flush()
    everywhere(() => {
      const { put } = IDBObjectStore.prototype
      globalThis.mend = () => (IDBObjectStore.prototype.put = put)
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError')
      }
    })
    const told = next(cache, 'storeerror')
    await Promise.all([a.write(noise(MiB, 1)), b.write(noise(MiB, 2))])
    await told
    everywhere(() => globalThis.mend())
    const refused = await rejection(a.write(noise(MiB, 3)), 'the write that tells it')
    assertFull(refused, { medium: 'disk', reason: 'quota' })
    assertBytes(await a.read(), noise(MiB, 1), 'a write that rejects was not applied')
    assertFull(await rejection(b.flush()), { reason: 'quota' })
    await a.write(noise(MiB, 4))
    await Promise.all([a.flush(), b.flush()])
    assertBytes(await a.read(), noise(MiB, 4))
    assertBytes(await b.read(), noise(MiB, 2))
    assert.equal(cache.statistics().disk.waitingBytes, 0)
  },
)

const broken = {
  'put throws a DOMException': () => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('no', 'DataCloneError')
    }
  },
  'put throws something odd': () => {
    IDBObjectStore.prototype.put = () => {
      throw null
    }
  },
  'put is gone': () => {
    IDBObjectStore.prototype.put = undefined
  },
  'every request fails': () => {
    const { add } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (value) {
      add.call(this, 1, 'taken')
      return add.call(this, value, 'taken')
    }
  },
  'transaction throws': () => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException('lost', 'InvalidStateError')
    }
  },
  'transaction throws something else': () => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException('An internal error was encountered', 'UnknownError')
    }
  },
}
for (const [name, breakIt] of Object.entries(broken)) {
  onEach(`storing fails for a while: ${name}`, { arg: String(breakIt) }, async (kit, [thread, breakIt]) => {
    const { loadOn, assert, noise, assertBytes, rejection, counters, next, asposecache, MiB } = kit
    const { cache, everywhere } = await loadOn(thread, { settings: { cacheType: 'cacheOnDiskOnly' } })
    const size = 2 * MiB
    const allocation = await cache.allocateFrom(noise(size, 1))
    await allocation.flush()
    everywhere(() => {
      const { put } = IDBObjectStore.prototype
      const { transaction } = IDBDatabase.prototype
      globalThis.mend = () => {
        IDBObjectStore.prototype.put = put
        IDBDatabase.prototype.transaction = transaction
      }
    })
    everywhere(breakIt)
    const told = next(cache, 'storeerror')
    await allocation.write(noise(size, 2))
    const { error } = await told
    assert.instanceOf(error, asposecache.CacheError, String(error))
    assertBytes(await allocation.read(), noise(size, 2), 'what waits stays readable')
    const failure = await rejection(allocation.flush())
    assert.instanceOf(failure, asposecache.CacheError, String(failure))
    assertBytes(await allocation.read(), noise(size, 2))
    assert.deepEqual(counters(cache), [0, size])
    cache.cacheType = 'cacheInMemoryOnly'
    assertBytes(await (await cache.allocateFrom(noise(1000, 3))).read(), noise(1000, 3), 'memory works')
    everywhere(() => globalThis.mend())
    // Where connection after connection died the cache rests for a while; the bytes must still be there.
    if (/transaction throws/.test(String(error)) || breakIt.includes('transaction = () =>')) {
      assertBytes(await allocation.read(), noise(size, 2))
      return
    }
    await allocation.flush().catch(() => {})
    await allocation.flush()
    assertBytes(await allocation.read(), noise(size, 2))
    assert.equal(cache.statistics().disk.waitingBytes, 0)
  })
}

inPage(
  'a connection that is lost once is replaced, and nobody notices',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, noise, assertBytes, assert, collect, MiB } = kit
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const events = [collect(cache, 'storeerror'), collect(cache, 'lost')]
    const allocation = await cache.allocateFrom(noise(2 * MiB, 1))
    await allocation.flush()
    const { transaction } = IDBDatabase.prototype
    let dead
    IDBDatabase.prototype.transaction = function (...args) {
      dead ??= this
      if (this === dead)
        throw new DOMException('Connection to Indexed Database server lost', 'InvalidStateError')
      return transaction.apply(this, args)
    }
    assertBytes(await allocation.read(), noise(2 * MiB, 1))
    await allocation.write(noise(1000, 2), 77)
    await allocation.flush()
    assertBytes(await allocation.read(77, 1000), noise(1000, 2))
    assert.exists(dead)
    assert.deepEqual(events, [[], []])
  },
)

inPage(
  'connections that are lost for ever: what is stored is out of reach, everything else works',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, assert, noise, assertBytes, rejection, counters, next, asposecache, MiB } = kit
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' }, diskWorker: false })
    const stored = await cache.allocateFrom(noise(MiB, 1))
    await stored.flush()
    let calls = 0
    IDBDatabase.prototype.transaction = () => {
      calls++
      throw new DOMException('Connection to Indexed Database server lost', 'UnknownError')
    }
    const told = next(cache, 'storeerror')
    const fresh = await cache.allocate(MiB)
    await fresh.write(noise(MiB, 2))
    await told
    assertBytes(await fresh.read(), noise(MiB, 2))
    for (let i = 0; i < 10; i++) {
      const error = await rejection(stored.read())
      assert.instanceOf(error, asposecache.CacheError, String(error))
      assert.equal(error.code, 'CACHE_UNAVAILABLE')
      assert.instanceOf(await rejection(fresh.flush()), asposecache.CacheError)
    }
    assert.isBelow(calls, 20, 'it stops trying')
    await stored.write(noise(MiB, 3)) // all of it is new: nothing has to be fetched
    assertBytes(await stored.read(), noise(MiB, 3))
    assert.deepEqual(counters(cache), [0, 2 * MiB])
    cache.cacheType = 'auto'
    const inMemory = await cache.allocateFrom(noise(1000, 4))
    assertBytes(await inMemory.read(), noise(1000, 4))
    await Promise.all([stored, fresh, inMemory].map((allocation) => allocation.dispose()))
    assert.deepEqual(counters(cache), [0, 0])
  },
)

inPage(
  'site data cleared: what was stored is lost, overwriting heals, the rest lives',
  { store: 'indexedDB', needs: devtools },
  async (kit) => {
    const { load, assert, noise, assertBytes, rejectsWith, counters, collect, databases, PAGE } = kit
    const cache = await load({ settings: { maxMemoryForCache: PAGE } })
    const lost = collect(cache, 'lost')
    const inMemory = await cache.allocateFrom(noise(PAGE, 1))
    const stored = await cache.allocateFrom(noise(3 * PAGE, 2), { label: 'a picture' })
    const untouched = await cache.allocate(3 * PAGE) // never written: there is nothing to lose
    await cache.flush()
    assert.lengthOf(await databases(), 1)
    await globalThis.devtools('Storage.clearDataForOrigin', {
      origin: location.origin,
      storageTypes: 'indexeddb',
    })
    await rejectsWith('CACHE_LOST', stored.read(), 'all of it')
    await rejectsWith('CACHE_LOST', stored.read(PAGE + 5, 10), 'a part of it')
    await rejectsWith('CACHE_LOST', stored.readInto(new Uint8Array(5)), 'into')
    assert.isAtLeast(lost.length, 1)
    for (const { id, label, offset, length } of lost) {
      assert.deepEqual([id, label], [stored.id, 'a picture'])
      assert.isAbove(length, 0)
      assert.isAtMost(offset + length, 3 * PAGE)
    }
    const told = lost.length
    await rejectsWith('CACHE_LOST', stored.read(0, 1))
    await new Promise((resolve) => setTimeout(resolve))
    assert.isAtMost(lost.length - told, 1, 'a page is told once')
    assert.deepEqual(counters(cache), [PAGE, 6 * PAGE], 'it counts until it is disposed of')
    assertBytes(await inMemory.read(), noise(PAGE, 1))
    assertBytes(await untouched.read(), new Uint8Array(3 * PAGE))
    // Overwriting the middle heals exactly that.
    await stored.write(noise(1000, 3), PAGE + 100)
    assertBytes(await stored.read(PAGE + 100, 1000), noise(1000, 3))
    await rejectsWith('CACHE_LOST', stored.read(PAGE + 99, 2), 'one byte before')
    await rejectsWith('CACHE_LOST', stored.read(PAGE + 1099, 2), 'one byte after')
    await stored.write(noise(3 * PAGE, 4))
    assertBytes(await stored.read(), noise(3 * PAGE, 4))
    await stored.flush()
    assertBytes(await stored.read(), noise(3 * PAGE, 4))
    const another = await cache.allocateFrom(noise(PAGE, 5))
    await another.flush()
    assertBytes(await another.read(), noise(PAGE, 5))
    assert.equal(another.medium, 'disk')
    await stored.dispose()
    assert.deepEqual(counters(cache), [PAGE, 4 * PAGE])
  },
)

inPage(
  'site data cleared: what was lost can be cut off, grown and disposed of',
  { store: 'indexedDB', needs: devtools },
  async (kit) => {
    const { load, assert, noise, assertBytes, rejectsWith, counters, PAGE } = kit
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const a = await cache.allocateFrom(noise(2 * PAGE, 1))
    const b = await cache.allocateFrom(noise(2 * PAGE, 2))
    await cache.flush()
    await globalThis.devtools('Storage.clearDataForOrigin', {
      origin: location.origin,
      storageTypes: 'indexeddb',
    })
    await rejectsWith('CACHE_LOST', a.read())
    await a.reallocate(PAGE)
    await a.reallocate(3 * PAGE)
    assertBytes(await a.read(PAGE), new Uint8Array(2 * PAGE), 'what was cut off and grown again is new')
    await rejectsWith('CACHE_LOST', a.read(0, 10))
    await a.reallocate(0)
    await a.reallocate(10)
    assertBytes(await a.read(), new Uint8Array(10))
    await b.dispose()
    assert.deepEqual(counters(cache), [0, 10])
  },
)

onEach(
  'site data cleared while writes wait: nothing that waits is lost',
  { needs: devtools },
  async (kit, [thread]) => {
    const { loadOn, assert, asposecache, noise, assertBytes, rejection, next, MiB } = kit
    const { cache, everywhere } = await loadOn(thread, { settings: { cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocate(4 * MiB)
    everywhere(() => {
      const { put } = IDBObjectStore.prototype
      globalThis.mend = () => (IDBObjectStore.prototype.put = put)
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('not now', 'UnknownError')
      }
    })
    const told = next(cache, 'storeerror')
    await allocation.write(noise(4 * MiB))
    await told
    await globalThis.devtools('Storage.clearDataForOrigin', {
      origin: location.origin,
      storageTypes: 'indexeddb',
    })
    assertBytes(await allocation.read(), noise(4 * MiB))
    assert.instanceOf(await rejection(allocation.flush()), asposecache.CacheError)
    everywhere(() => globalThis.mend())
    await allocation.flush().catch((error) => assert.instanceOf(error, asposecache.CacheError))
    await allocation.flush()
    assertBytes(await allocation.read(), noise(4 * MiB))
  },
)

inPage(
  'site data cleared: an opening that the clearing aborted is tried again',
  { store: 'indexedDB', needs: devtools },
  async (kit) => {
    const { load, assert, noise, assertBytes, rejectsWith, MiB } = kit
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocateFrom(noise(MiB))
    await allocation.flush()
    await globalThis.devtools('Storage.clearDataForOrigin', {
      origin: location.origin,
      storageTypes: 'indexeddb',
    })
    // The browser closes whatever is opened while it is still clearing: once, here.
    const { open } = IDBFactory.prototype
    let aborted = 0
    IDBFactory.prototype.open = function (...args) {
      const opening = open.apply(this, args)
      if (aborted++ === 0) opening.addEventListener('upgradeneeded', () => opening.transaction.abort())
      return opening
    }
    await rejectsWith('CACHE_LOST', allocation.read())
    assert.isAtLeast(aborted, 2)
    await allocation.write(noise(MiB, 2))
    await allocation.flush()
    assertBytes(await allocation.read(), noise(MiB, 2))
  },
)

inPage('a record that is gone is a page that is lost, and no more', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, noise, assertBytes, rejectsWith, databases, request, collect, PAGE } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const lost = collect(cache, 'lost')
  const allocation = await cache.allocate(4 * PAGE)
  // Stored one by one; otherwise pages that follow each other share a record.
  for (let at = 0; at < 4 * PAGE; at += PAGE) {
    await allocation.write(noise(4 * PAGE).subarray(at, at + PAGE), at)
    await allocation.flush()
  }
  const db = await request(indexedDB.open((await databases())[0]))
  const [name] = db.objectStoreNames
  const store = () => db.transaction(name, 'readwrite').objectStore(name)
  const keys = await request(store().getAllKeys())
  assert.lengthOf(keys, 4)
  await request(store().delete(keys[2]))
  db.close()
  await rejectsWith('CACHE_LOST', allocation.read())
  assert.deepInclude(lost[0], { id: allocation.id, offset: 2 * PAGE, length: PAGE })
  assert.lengthOf(lost, 1)
  assertBytes(await allocation.read(0, 2 * PAGE), noise(4 * PAGE).subarray(0, 2 * PAGE))
  assertBytes(await allocation.read(3 * PAGE), noise(4 * PAGE).subarray(3 * PAGE))
})

inPage('somebody else deletes the database: the cache goes on', { store: 'indexedDB' }, async (kit) => {
  const { load, noise, assertBytes, rejectsWith, databases, request, MiB } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const allocation = await cache.allocateFrom(noise(MiB))
  await allocation.flush()
  await request(indexedDB.deleteDatabase((await databases())[0])) // it would hang if the cache held on to it
  await rejectsWith('CACHE_LOST', allocation.read())
  await allocation.write(noise(MiB, 2))
  await allocation.flush()
  assertBytes(await allocation.read(), noise(MiB, 2))
})
