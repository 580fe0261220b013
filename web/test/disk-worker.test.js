// The worker in which the disk is written: when there is one, and that nothing depends on it.
import { useBrowser } from './support/browser.js'

const { inPage, withPage } = useBrowser({
  routes: {
    '/old.worker.js': (_, response) => {
      response.setHeader('Content-Type', 'text/javascript')
      response.end('onmessage = () => { throw new Error("of another version") }')
    },
    '/silent.worker.js': (_, response) => {
      response.setHeader('Content-Type', 'text/javascript')
      response.end('')
    },
    '/strict.html': (_, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.setHeader(
        'Content-Security-Policy',
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'none'",
      )
      response.end('<!doctype html><title>test</title>')
    },
  },
})

const onDisk = { cacheType: 'cacheOnDiskOnly' }

inPage(
  'the disk is written in a worker, and read as it was written',
  { store: 'indexedDB', arg: onDisk },
  async (kit, settings) => {
    const { load, assert, noise, assertBytes, until, counters, MiB } = kit
    const cache = await load({ settings })
    assert.deepInclude(cache.statistics().disk, { store: null, thread: null })
    const a = await cache.allocate(8 * MiB)
    assert.equal(cache.statistics().disk.store, 'indexedDB')
    await until(() => cache.statistics().disk.thread === 'worker')
    for (let i = 0; i < 8; i++) await a.write(noise(MiB, i), i * MiB)
    await a.flush()
    await a.write(noise(1000, 9), MiB - 500)
    await a.flush()
    for (let i = 2; i < 8; i++) assertBytes(await a.read(i * MiB, MiB), noise(MiB, i))
    assertBytes(await a.read(MiB - 500, 1000), noise(1000, 9))
    assert.equal(cache.statistics().disk.thread, 'worker')
    assert.deepEqual(counters(cache), [0, 8 * MiB])
  },
)

inPage(
  'a worker is started when the disk is first used, and ends with the cache',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, assert, until, deferred } = kit
    const made = []
    const { promise: ended, resolve } = deferred()
    const diskWorker = () => {
      const worker = new Worker('/asposecache.worker.js')
      const { terminate } = worker
      worker.terminate = () => {
        terminate.call(worker)
        resolve()
      }
      made.push(worker)
      return worker
    }
    const cache = await load({ diskWorker })
    await (await cache.allocate(1000)).write(new Uint8Array(1000))
    assert.lengthOf(made, 0)
    cache.cacheType = 'cacheOnDiskOnly'
    await cache.allocate(1000)
    await until(() => cache.statistics().disk.thread === 'worker')
    assert.lengthOf(made, 1)
    await cache.close()
    await ended
    assert.deepInclude(cache.statistics().disk, { store: null, thread: null })
  },
)

inPage(
  'a worker that is terminated is started again, and nothing is lost',
  { store: 'indexedDB', needs: ['termination'] },
  async (kit) => {
    const { loadOn, assert, noise, assertBytes, collect, until, MiB } = kit
    const { cache, workers } = await loadOn('worker', { settings: { cacheType: 'cacheOnDiskOnly' } })
    const events = [collect(cache, 'storeerror'), collect(cache, 'lost')]
    const a = await cache.allocate(16 * MiB)
    for (let round = 0; round < 4; round++) {
      // Something has to succeed between two deaths.
      await a.write(noise(MiB, round))
      await a.flush()
      for (let i = 0; i < 16; i++) {
        await a.write(noise(MiB, 100 * round + i), i * MiB)
        // The browser tells nobody. That it has no more to say is found out by asking it.
        if (i === 7) workers.at(-1).terminate()
      }
      await a.flush()
      for (let i = 0; i < 16; i++) assertBytes(await a.read(i * MiB, MiB), noise(MiB, 100 * round + i))
      await until(() => cache.statistics().disk.thread === 'worker')
      assert.lengthOf(workers, round + 2)
    }
    assert.deepEqual(events, [[], []])
  },
)

inPage('a worker that throws is started again', { store: 'indexedDB' }, async (kit) => {
  const { loadOn, assert, noise, assertBytes, until, MiB } = kit
  const { cache, workers, everywhere } = await loadOn('worker', {
    settings: { cacheType: 'cacheOnDiskOnly' },
  })
  const a = await cache.allocate(4 * MiB)
  everywhere(() => {
    if (typeof document === 'undefined')
      setTimeout(() => {
        throw new Error('a fault of the worker')
      })
  })
  await a.write(noise(4 * MiB, 1))
  await a.flush()
  await until(() => workers.length === 2 && cache.statistics().disk.thread === 'worker')
  assertBytes(await a.read(), noise(4 * MiB, 1))
  assert.equal(cache.statistics().disk.failures, 0)
})

inPage(
  'a worker that dies again and again is given up, and the disk is written on the page',
  { store: 'indexedDB' },
  async (kit) => {
    const { load, assert, noise, assertBytes, until, MiB } = kit
    let made = 0
    // It begins to work, and dies of the first batch.
    const script = `importScripts('${location.origin}/asposecache.worker.js')
    addEventListener('message', ({ data }) => { if (data.batch) setTimeout(() => { throw new Error('again') }) })
    IDBFactory.prototype.open = () => new EventTarget()`
    const diskWorker = () => {
      made++
      return new Worker(URL.createObjectURL(new Blob([script])))
    }
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' }, diskWorker })
    const a = await cache.allocate(MiB)
    for (let i = 1; i <= 3; i++) {
      await until(() => cache.statistics().disk.thread === 'worker')
      await a.write(noise(MiB, i))
      await a.flush()
      assertBytes(await a.read(), noise(MiB, i))
      // Its death may come after its answer.
      await until(() => (i < 3 ? made === i + 1 : cache.statistics().disk.thread === 'page'))
    }
    assert.deepEqual([made, cache.statistics().disk.thread], [3, 'page'])
    await a.write(noise(MiB, 4))
    await a.flush()
    assertBytes(await a.read(), noise(MiB, 4))
    assert.equal(made, 3)
  },
)

const useless = {
  'is not there': () => new Worker('/nothing.worker.js'),
  'is of another version': () => new Worker('/old.worker.js'),
  'never says anything': () => new Worker('/silent.worker.js'),
  'can not be made': () => {
    throw new Error('no')
  },
  'is no worker': () => /** @type {any} */ ({}),
}
for (const [name, make] of Object.entries(useless))
  inPage(
    `a worker that ${name}: the disk is written on the page`,
    { store: 'indexedDB', arg: String(make), expected: /404|nothing\.worker|Failed to load/ },
    async (kit, make) => {
      const { load, assert, noise, assertBytes, MiB } = kit
      const diskWorker = globalThis.eval(`(${make})`)
      const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' }, diskWorker })
      const a = await cache.allocateFrom(noise(MiB, 1))
      await a.flush()
      await a.write(noise(MiB, 2))
      await a.flush()
      assertBytes(await a.read(), noise(MiB, 2))
      assert.deepInclude(cache.statistics().disk, { store: 'indexedDB', thread: 'page', failures: 0 })
    },
  )

inPage(
  'in a worker of the user the disk is written there, unless another is given',
  { store: 'indexedDB' },
  async (kit) => {
    const { assert } = kit
    const script = `onmessage = async ({ data: [script, given] }) => {
    const { loadAsposeCache } = await import(script)
    const diskWorker = given && (() => new Worker(given))
    const cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' }, ...(given && { diskWorker }) })
    const a = await cache.allocate(1000)
    await a.write(new Uint8Array(1000).fill(7))
    for (let i = 0; i < 300 && cache.statistics().disk.thread !== 'worker'; i++) await new Promise((r) => setTimeout(r, given ? 10 : 1))
    await a.flush()
    const { thread } = cache.statistics().disk
    const read = (await a.read()).every((byte) => byte === 7)
    await cache.close()
    postMessage([thread, read]) }`
    for (const [given, thread] of [
      [undefined, 'page'],
      [`${location.origin}/asposecache.worker.js`, 'worker'],
    ]) {
      const worker = new Worker(URL.createObjectURL(new Blob([script])))
      const answer = new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
      })
      worker.postMessage([`${location.origin}/asposecache.js`, given])
      assert.deepEqual(await answer, [thread, true], String(given))
      worker.terminate()
    }
  },
)

inPage('where the worker is, and whether there is one', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, rejection, until } = kit
  const settings = { cacheType: 'cacheOnDiskOnly' }
  const elsewhere = await load({ settings, workerURL: new URL('/asposecache.worker.js', location.href) })
  await elsewhere.allocate(1)
  await until(() => elsewhere.statistics().disk.thread === 'worker')
  for (const diskWorker of [1, null, 'yes', {}]) {
    const error = await rejection(load(/** @type {any} */ ({ diskWorker })))
    assert.instanceOf(error, TypeError)
    assert.match(error.message, /options\.diskWorker/)
  }
  for (const workerURL of [1, null, true]) {
    const error = await rejection(load(/** @type {any} */ ({ workerURL })))
    assert.instanceOf(error, TypeError)
    assert.match(error.message, /options\.workerURL/)
  }
})

withPage(
  'a policy that allows no worker: the disk is written on the page',
  { expected: /Content.Security.Policy|Refused to|worker-src/i },
  async ({ open }) => {
    const page = await open('/strict.html')
    const thread = await page.evaluate(async () => {
      const { loadAsposeCache } = await import('/asposecache.js')
      const cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
      const a = await cache.allocateFrom(new Uint8Array(100_000).fill(5))
      await a.flush()
      const same = (await a.read()).every((byte) => byte === 5)
      const { thread } = cache.statistics().disk
      await cache.close()
      return `${thread} ${same}`
    })
    if (thread !== 'page true') throw new Error(thread)
  },
)
