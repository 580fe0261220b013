// What is not malice, but what the objects of other people's programs do.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('signals and options that run code of their own', async ({ load, assert, counters }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100, exactReallocateOnly: true } })
  const allocation = await cache.allocate(50)
  const fail = () => {
    throw new Error('mine')
  }
  for (const property of ['removeEventListener', 'addEventListener', 'throwIfAborted']) {
    const { signal } = new AbortController()
    Object.defineProperty(signal, property, { value: fail })
    await allocation.reallocate(60, { signal })
    await allocation.reallocate(50, { signal })
  }
  for (const property of ['aborted', 'reason']) {
    const { signal } = new AbortController()
    Object.defineProperty(signal, property, { get: fail })
    await allocation.flush({ signal })
  }
  assert.deepEqual(counters(cache), [50, 0])
})

inPage('a stream that never stops being cancelled', async ({ load, assert, counters }) => {
  const cache = await load()
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue('not bytes'),
    cancel: () => new Promise(() => {}),
  })
  const error = await cache.allocateFrom(stream).catch((error) => error)
  assert.instanceOf(error, TypeError)
  assert.match(error.message, /chunk/)
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('progress that reads the counters while the cache closes', async ({ load, assert }) => {
  const cache = await load()
  let crashed = false
  cache.addEventListener('crash', () => {
    crashed = true
  })
  const allocation = await cache.allocate(100 << 20)
  let reports = 0
  const read = allocation.read(0, undefined, {
    onProgress: () => {
      reports++
      cache.statistics()
      assert.equal(cache.allocatedMemoryBytesCount, 0)
    },
  })
  const closed = cache.close()
  assert.equal((await read).byteLength, 100 << 20)
  await closed
  assert.isAbove(reports, 1)
  assert.equal((await cache.allocate(1).catch((error) => error)).code, 'CACHE_CLOSED')
  assert.equal(crashed, false)
})

inPage('many small allocations are as quick as few', async ({ load, assert, counters }) => {
  const cache = await load()
  const some = []
  for (let i = 0; i < 100_000; i++) some.push(cache.allocateSync(256))
  assert.deepEqual(counters(cache), [25_600_000, 0])
  // Not a measurement: when each call made the garbage collector run this took minutes.
  for (let i = 0; i < 2000; i++) cache.allocateSync(256).dispose()
  for (const allocation of some) allocation.dispose()
  assert.deepEqual(counters(cache), [0, 0])
})
