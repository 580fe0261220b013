// The disk on a file of the origin private file system: when there is one, what it costs, and what can happen to it.
import { useBrowser } from './support/browser.js'

const { inPage, withPage } = useBrowser()

inPage(
  'bytes go to a file, are read as they were written, and nothing is left',
  { needs: ['files'] },
  async (kit) => {
    const { load, assert, noise, assertBytes, files, databases, counters, MiB } = kit
    const cache = await load({ diskStore: 'opfs', settings: { cacheType: 'cacheOnDiskOnly' } })
    assert.deepInclude(cache.statistics().disk, { store: null, thread: null })
    assert.isEmpty(await files())
    const a = await cache.allocate(8 * MiB)
    for (let i = 0; i < 8; i++) await a.write(noise(MiB, i), i * MiB)
    await a.flush()
    await a.write(noise(1000, 9), MiB - 500)
    await a.flush()
    assert.deepInclude(cache.statistics().disk, { store: 'opfs', thread: 'worker', failures: 0 })
    const [name, ...others] = await files()
    assert.match(name, /^asposeCache\/[-0-9a-f]{36}$/)
    assert.isEmpty(others)
    assert.isEmpty(await databases())
    for (let i = 2; i < 8; i++) assertBytes(await a.read(i * MiB, MiB), noise(MiB, i))
    assertBytes(await a.read(MiB - 500, 1000), noise(1000, 9))
    assertBytes(await a.read(0, MiB - 500), noise(MiB, 0).subarray(0, MiB - 500))
    assert.deepEqual(counters(cache), [0, 8 * MiB])
    await a.dispose()
    await cache.close()
    assert.isEmpty(await files())
    const { held } = await navigator.locks.query()
    assert.isEmpty(held.filter((lock) => lock.name.includes(name)))
  },
)

inPage('of a record only what is asked for is read', { needs: ['files'] }, async (kit) => {
  const { load, assert, noise, assertBytes, MiB } = kit
  const cache = await load({ diskStore: 'opfs', settings: { cacheType: 'cacheOnDiskOnly' } })
  const a = await cache.allocateFrom(noise(16 * MiB, 1))
  await a.flush()
  const before = cache.statistics().disk.readBytes
  for (const at of [9, 3, 14, 1, 7])
    assertBytes(
      await a.read(at * MiB + 77, 1000),
      noise(16 * MiB, 1)
        .subarray(at * MiB + 77)
        .slice(0, 1000),
    )
  assert.isAtMost(cache.statistics().disk.readBytes - before, 5 * 4096)
})

inPage("'auto' takes a file where it can be had, and else IndexedDB", { needs: ['files'] }, async (kit) => {
  const { load, assert, noise, assertBytes, files, MiB } = kit
  const settings = { cacheType: 'cacheOnDiskOnly' }
  const use = async (options) => {
    const cache = await load({ diskStore: 'auto', settings, ...options })
    const a = await cache.allocateFrom(noise(MiB, 1))
    await a.flush()
    assertBytes(await a.read(), noise(MiB, 1))
    const { store } = cache.statistics().disk
    await cache.close()
    assert.isEmpty(await files())
    return store
  }
  assert.equal(await use({}), 'opfs')
  assert.equal(await use({ diskWorker: false }), 'indexedDB')
  const { getDirectory } = StorageManager.prototype
  StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('private', 'SecurityError'))
  assert.equal(await use({ diskWorker: false }), 'indexedDB')
  delete StorageManager.prototype.getDirectory
  assert.equal(await use({}), 'indexedDB')
  StorageManager.prototype.getDirectory = getDirectory
  // The worker has files of another kind, or never gets one, or is of another version.
  for (const spoil of [
    `FileSystemFileHandle.prototype.createSyncAccessHandle = () => Promise.reject(new DOMException('private', 'SecurityError'))`,
    `FileSystemFileHandle.prototype.createSyncAccessHandle = () => new Promise(() => {})`,
    `addEventListener('message', (event) => { if (event.data.work) event.data.version = 'old' })`,
  ]) {
    const script = `${spoil}\nimportScripts('${location.origin}/asposecache.worker.js')`
    const diskWorker = () => new Worker(URL.createObjectURL(new Blob([script])))
    assert.equal(await use({ diskWorker }), 'indexedDB', spoil)
  }
})

inPage(
  'where there are no files, the disk is unavailable, and memory is not',
  { needs: ['files'] },
  async (kit) => {
    const { load, assert, rejectsWith, counters } = kit
    const cache = await load({ diskStore: 'opfs', diskWorker: false, settings: { maxMemoryForCache: 1000 } })
    const a = await cache.allocate(1000)
    await rejectsWith('CACHE_FULL', cache.allocate(1000))
    cache.cacheType = 'cacheOnDiskOnly'
    const error = await rejectsWith('CACHE_UNAVAILABLE', cache.allocate(1000))
    assert.match(error.message, /worker/)
    assert.deepEqual(counters(cache), [1000, 0])
    await a.write(new Uint8Array(1000).fill(1))
  },
)

inPage('without files in the browser', {}, async (kit) => {
  const { load, assert, rejectsWith, noise, assertBytes } = kit
  const { getDirectory } = globalThis.StorageManager?.prototype ?? {}
  if (getDirectory) delete StorageManager.prototype.getDirectory
  const settings = { cacheType: 'cacheOnDiskOnly' }
  const cache = await load({ diskStore: 'auto', settings })
  const a = await cache.allocateFrom(noise(1000, 1))
  await a.flush()
  assertBytes(await a.read(), noise(1000, 1))
  assert.equal(cache.statistics().disk.store, 'indexedDB')
  await rejectsWith('CACHE_UNAVAILABLE', (await load({ diskStore: 'opfs', settings })).allocate(1))
  if (getDirectory) StorageManager.prototype.getDirectory = getDirectory
})

inPage('a diskStore of another kind is refused', async ({ load, assert, rejection }) => {
  for (const diskStore of [1, null, true, 'disk', 'OPFS', ['opfs']]) {
    const error = await rejection(load(/** @type {any} */ ({ diskStore })))
    assert.instanceOf(error, TypeError)
    assert.match(error.message, /options\.diskStore.*'indexedDB', 'opfs', or 'auto'/)
  }
})

inPage('a worker that is terminated again and again loses nothing', { needs: ['files'] }, async (kit) => {
  const { loadOn, assert, noise, assertBytes, collect, MiB } = kit
  const { cache, workers } = await loadOn('worker', {
    diskStore: 'opfs',
    settings: { cacheType: 'cacheOnDiskOnly' },
  })
  const events = [collect(cache, 'storeerror'), collect(cache, 'lost')]
  const a = await cache.allocate(16 * MiB)
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 16; i++) {
      await a.write(noise(MiB, 100 * round + i), i * MiB)
      if (i === 7) workers.at(-1).terminate()
    }
    await a.flush()
    workers.at(-1).terminate()
    for (let i = 0; i < 16; i++) assertBytes(await a.read(i * MiB, MiB), noise(MiB, 100 * round + i))
  }
  assert.isAtLeast(workers.length, 20)
  assert.deepEqual(events, [[], []])
  assert.deepInclude(cache.statistics().disk, { store: 'opfs', failures: 0 })
})

const broken = {
  'write throws a quota': [
    () => {
      FileSystemSyncAccessHandle.prototype.write = () => {
        throw new DOMException('full', 'QuotaExceededError')
      }
    },
    { code: 'CACHE_FULL', reason: 'quota' },
  ],
  'write writes nothing more': [
    () => (FileSystemSyncAccessHandle.prototype.write = () => 0),
    { code: 'CACHE_FULL', reason: 'quota' },
  ],
  'write throws something odd': [
    () => {
      FileSystemSyncAccessHandle.prototype.write = () => {
        throw null
      }
    },
    { code: 'CACHE_UNAVAILABLE' },
  ],
  'write is gone': [
    () => (FileSystemSyncAccessHandle.prototype.write = undefined),
    { code: 'CACHE_UNAVAILABLE' },
  ],
}

/**
 * A fault of files, where they are open: in the cache's worker, and in one of the user, in which the cache is loaded.
 * The body's last argument is what `loadOn` is to be given.
 */
function onFiles(name, { arg = undefined, needs = [] }, body) {
  const options = { arg: [arg, 'worker'], needs: ['files', ...needs] }
  inPage(name, options, body)
  inPage(`${name}; in a worker of the user`, { ...options, arg: [arg, 'page'], inside: 'worker' }, body)
}

for (const [name, [breakIt, expected]] of Object.entries(broken))
  onFiles(
    `storing fails for a while: ${name}`,
    { arg: [String(breakIt), expected] },
    async (kit, [[breakIt, expected], thread]) => {
      const { loadOn, assert, noise, assertBytes, rejection, next, MiB } = kit
      const { cache, everywhere } = await loadOn(thread, {
        diskStore: 'opfs',
        settings: { cacheType: 'cacheOnDiskOnly' },
      })
      const kept = await cache.allocateFrom(noise(MiB, 1))
      await kept.flush()
      everywhere(() => {
        const { write } = globalThis.FileSystemSyncAccessHandle?.prototype ?? {}
        globalThis.mend = () =>
          globalThis.FileSystemSyncAccessHandle && (FileSystemSyncAccessHandle.prototype.write = write)
      })
      everywhere(`() => globalThis.FileSystemSyncAccessHandle && (${breakIt})()`)
      const told = next(cache, 'storeerror')
      const a = await cache.allocateFrom(noise(MiB, 2))
      const refused = await rejection(a.flush())
      assert.deepInclude({ code: refused.code, reason: refused.reason }, expected)
      await told
      assertBytes(await a.read(), noise(MiB, 2), 'it stays readable')
      assertBytes(await kept.read(), noise(MiB, 1))
      everywhere(() => globalThis.mend())
      await a.flush().catch(() => {})
      await a.flush()
      assertBytes(await a.read(), noise(MiB, 2))
      assert.equal(cache.statistics().disk.waitingBytes, 0)
    },
  )

onFiles('writes and reads that do less than they were asked for go on', {}, async (kit, [, thread]) => {
  const { loadOn, noise, assertBytes, MiB } = kit
  const { cache, everywhere } = await loadOn(thread, {
    diskStore: 'opfs',
    settings: { cacheType: 'cacheOnDiskOnly' },
  })
  everywhere(() => {
    if (!globalThis.FileSystemSyncAccessHandle) return
    const { read, write } = FileSystemSyncAccessHandle.prototype
    const part = (of) =>
      function (bytes, options) {
        return of.call(this, bytes.subarray(0, 1 + bytes.length / 3), options)
      }
    Object.assign(FileSystemSyncAccessHandle.prototype, { read: part(read), write: part(write) })
  })
  const a = await cache.allocateFrom(noise(MiB, 1))
  await a.flush()
  assertBytes(await a.read(), noise(MiB, 1))
})

onFiles(
  'a file that somebody has cut off, or removed, is told as lost, and another is made',
  {},
  async (kit, [, thread]) => {
    const { loadOn, assert, noise, assertBytes, rejectsWith, until, MiB } = kit
    const { cache, everywhere } = await loadOn(thread, {
      diskStore: 'opfs',
      settings: { cacheType: 'cacheOnDiskOnly' },
    })
    everywhere(() => {
      const handles = globalThis.FileSystemSyncAccessHandle?.prototype
      if (!handles) return
      const { write } = handles
      let last
      handles.write = function (...args) {
        last = this
        return write.apply(this, args)
      }
      addEventListener('message', async ({ data }) => {
        if (data === 'cut') last.truncate(4096)
        if (data !== 'remove') return
        last.close()
        const root = await navigator.storage.getDirectory()
        for await (const name of root.keys()) await root.removeEntry(name)
      })
    })
    const spoil = async (how) => {
      const script = { run: `dispatchEvent(new MessageEvent('message', { data: '${how}' }))` }
      everywhere(`() => { if (typeof document === 'undefined') (0, eval)(${JSON.stringify(script.run)}) }`)
    }
    let at = 0 // somewhere else each time: what was read is kept for a while
    for (const how of ['cut', 'remove']) {
      const a = await cache.allocateFrom(noise(4 * MiB, 1))
      await a.flush()
      await spoil(how)
      await until(async () => {
        try {
          await a.read(2 * MiB + ((at += 300_007) % MiB), 1)
          return false
        } catch {
          return true
        }
      })
      await rejectsWith('CACHE_LOST', a.read(3 * MiB, MiB))
      await a.write(noise(4 * MiB, 2))
      await a.flush().catch(() => {})
      await a.flush()
      assertBytes(await a.read(), noise(4 * MiB, 2), 'overwriting heals it')
      await a.dispose()
    }
    assert.equal(cache.statistics().disk.store, 'opfs')
  },
)

onFiles(
  'site data cleared: what was stored is there or told as lost, and the cache goes on',
  { needs: ['devtools'] },
  async (kit, [, thread]) => {
    const { loadOn, assert, noise, assertBytes, collect, counters, MiB } = kit
    const { cache } = await loadOn(thread, {
      diskStore: 'opfs',
      settings: { cacheType: 'cacheOnDiskOnly' },
    })
    const lost = collect(cache, 'lost')
    const a = await cache.allocateFrom(noise(24 * MiB, 1))
    await a.flush()
    cache.configure({ cacheType: 'cacheInMemoryOnly' })
    const inMemory = await cache.allocateFrom(noise(MiB, 2))
    const origin = location.origin
    await globalThis.devtools('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
    // Chromium lets who has the file open keep it to the end.
    const expected = noise(24 * MiB, 1)
    for (let at = 0; at < 24; at++)
      await a.read(at * MiB, MiB).then(
        (bytes) => assertBytes(bytes, expected.subarray(at * MiB, (at + 1) * MiB)),
        ({ code }) => assert.deepEqual([code, lost.length > 0], ['CACHE_LOST', true]),
      )
    assert.deepEqual(counters(cache), [MiB, 24 * MiB], 'it counts until it is disposed of')
    await a.write(noise(24 * MiB, 3))
    await a.flush().catch(() => {})
    await a.flush()
    assertBytes(await a.read(), noise(24 * MiB, 3), 'overwriting heals it')
    assertBytes(await inMemory.read(), noise(MiB, 2))
    assert.equal(cache.statistics().disk.store, 'opfs')
  },
)

inPage('a worker of the user opens the file itself', { needs: ['files'] }, async ({ assert }) => {
  const script = `onmessage = async ({ data: script }) => {
    const { loadAsposeCache } = await import(script)
    const cache = await loadAsposeCache({ diskStore: 'opfs', settings: { cacheType: 'cacheOnDiskOnly' } })
    const a = await cache.allocate(3_000_000)
    for (let i = 0; i < 30; i++) await a.write(new Uint8Array(100_000).fill(i), i * 100_000)
    await a.flush()
    const { store, thread, failures } = cache.statistics().disk
    const bytes = await a.read()
    const right = bytes.every((byte, i) => byte === Math.floor(i / 100_000))
    await cache.close()
    postMessage([store, thread, failures, right]) }`
  const worker = new Worker(URL.createObjectURL(new Blob([script])))
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
  })
  worker.postMessage(`${location.origin}/asposecache.js`)
  assert.deepEqual(await answer, ['opfs', 'page', 0, true])
  worker.terminate()
})

withPage('what a page that died has left is removed', { needs: ['files'] }, async ({ open }) => {
  const fill = () =>
    /** @type {any} */ (globalThis).loaded(async (loadAsposeCache) => {
      const cache = await loadAsposeCache({ diskStore: 'opfs', settings: { cacheType: 'cacheOnDiskOnly' } })
      const a = await cache.allocateFrom(new Uint8Array(1_000_000).fill(7))
      await a.flush()
      globalThis.kept = [cache, a]
    })
  const start = async (page) =>
    page.evaluate(() => {
      globalThis.loaded = async (f) => f((await import('/asposecache.js')).loadAsposeCache)
      globalThis.names = async () => {
        const names = []
        for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name)
        return names
      }
    })
  const [dying, living, later] = [await open(), await open(), await open()]
  for (const page of [dying, living, later]) await start(page)
  await dying.evaluate(fill)
  await living.evaluate(fill)
  const before = await living.evaluate(() => globalThis.names())
  if (before.length !== 2) throw new Error(`there are ${before}`)
  await dying.close()
  const left = await later.evaluate(async () => {
    const { loadAsposeCache } = await import('/asposecache.js')
    await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const end = performance.now() + 20_000
    while ((await globalThis.names()).length > 1 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 20))
    return globalThis.names()
  })
  if (left.length !== 1) throw new Error(`${left.length} files are left`)
  const byte = await living.evaluate(async () => (await globalThis.kept[1].read())[999_999])
  if (byte !== 7) throw new Error('what a living page holds was removed')
})

for (const diskStore of ['opfs', 'indexedDB'])
  inPage(
    `site data cleared: workers that are started later live (${diskStore})`,
    { needs: ['files', 'devtools'], arg: diskStore },
    async (kit, diskStore) => {
      const { load, assert, noise, assertBytes, until, leave, MiB } = kit
      const workers = []
      const diskWorker = () => {
        workers.push(new Worker('/asposecache.worker.js'))
        return workers.at(-1)
      }
      const options = { diskStore, diskWorker, settings: { cacheType: 'cacheOnDiskOnly' } }
      const cache = await load(options)
      const a = await cache.allocateFrom(noise(MiB, 1))
      await a.flush()
      await until(() => cache.statistics().disk.thread === 'worker')
      const { origin } = location
      await globalThis.devtools('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
      const again = await load(options)
      const b = await again.allocateFrom(noise(MiB, 2))
      await b.flush()
      await until(() => again.statistics().disk.thread === 'worker')
      const made = workers.length
      for (let i = 3; i < 6; i++) {
        await b.write(noise(MiB, i))
        await b.flush()
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      assert.equal(workers.length, made, 'none was taken for dead')
      assert.equal(again.statistics().disk.thread, 'worker')
      assertBytes(await b.read(), noise(MiB, 5))
      await a.write(noise(MiB, 6))
      await a.flush()
      assertBytes(await a.read(), noise(MiB, 6))
      await again.close()
      await cache.close().catch(({ code }) => assert.equal(code, 'CACHE_UNAVAILABLE')) // its file went before
      return leave
    },
  )

for (const how of ['undo', 'restore'])
  inPage(
    `the file is gone: ${how} is refused, and what is in memory stays`,
    { needs: ['files', 'devtools'], arg: how },
    async (kit, how) => {
      const { load, asposecache, assert, noise, assertBytes, rejectsWith, leave, MiB } = kit
      const workers = []
      const diskWorker = () => {
        workers.push(new Worker('/asposecache.worker.js'))
        return workers.at(-1)
      }
      const settings = { cacheType: 'cacheOnDiskOnly' }
      const cache = await load({ diskStore: 'opfs', diskWorker, settings })
      const a = await cache.allocateFrom(noise(24 * MiB, 1))
      const history = how === 'undo' ? await asposecache.createHistory(a) : undefined
      const before = how === 'restore' ? await a.snapshot() : undefined
      await a.write(noise(24 * MiB, 2))
      await history?.commit('two')
      await cache.flush()
      await cache.configure({ cacheType: 'auto' })
      await a.moveToMemory()
      const { origin } = location
      await globalThis.devtools('Storage.clearDataForOrigin', { origin, storageTypes: 'file_systems' })
      workers[0].terminate() // who has the file open keeps it to the end
      await new Promise((resolve) => setTimeout(resolve, 500))
      await rejectsWith('CACHE_LOST', history ? history.undo() : a.restore(before))
      assert.equal(a.medium, 'memory')
      assertBytes(await a.read(), noise(24 * MiB, 2))
      if (history) assert.isTrue(history.canUndo)
      await cache.close().catch(({ code }) => assert.equal(code, 'CACHE_UNAVAILABLE'))
      return leave
    },
  )

inPage(
  'closed while the file is being opened: nothing is left',
  { needs: ['files'] },
  async ({ load, assert, files }) => {
    for (let ms = 0; ms < 100; ms += 10) {
      const cache = await load({ diskStore: 'opfs', settings: { cacheType: 'cacheOnDiskOnly' } })
      const allocated = cache.allocate(1000).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, ms))
      await cache.close()
      await allocated
      assert.isEmpty(await files(), `closed after ${ms} ms`)
    }
  },
)
