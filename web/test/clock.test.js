// Time goes on for the cache, whatever is made of the page's clock and timers.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

/** What fake timers of a test do: until somebody lets it go on, time stands still and nothing is called. */
const standStill = {
  usual: () => {
    const never = () => 1
    const FakeDate = class extends Date {
      constructor() {
        super(0)
      }
      static now = () => 0
    }
    const fakes = {
      setTimeout: never,
      setInterval: never,
      setImmediate: never,
      requestAnimationFrame: never,
      requestIdleCallback: never,
      queueMicrotask: never,
      clearTimeout: never,
      Date: FakeDate,
    }
    const real = Object.fromEntries(Object.keys(fakes).map((name) => [name, globalThis[name]]))
    Object.assign(globalThis, fakes)
    Object.defineProperty(performance, 'now', { value: () => 0 })
    return () => Object.assign(globalThis, real)
  },
  'the time of events, too': () => {
    Object.defineProperty(performance, 'now', { value: () => 0 })
    Object.defineProperty(Event.prototype, 'timeStamp', { value: 0 })
  },
}

for (const [what, stop] of Object.entries(standStill))
  for (const when of ['before', 'after'])
    inPage(
      `a clock that stands still ${when} loading does not matter: ${what}`,
      { arg: { stop: String(stop), when } },
      async ({ assert, assertBytes, noise, next, collect, rejection, counters, PAGE }, { stop, when }) => {
        const standStill = globalThis.eval(`(${stop})`)
        let goOn
        if (when === 'before') goOn = standStill()
        const settings = { maxMemoryForCache: 2 * PAGE }
        const { loadAsposeCache } = await import('/asposecache.js?again') // it may look at the clock at once
        const cache = await loadAsposeCache({ settings, debugViews: true })
        if (when === 'after') goOn = standStill()
        const full = collect(cache, 'full')
        const late = next(cache, 'lateviewwrite')
        cache.addEventListener('lateviewwrite', (event) => event.preventDefault())

        const inMemory = await cache.allocate(PAGE)
        const content = noise(3 * PAGE)
        let reported = 0
        await inMemory.write(content.subarray(0, PAGE), 0, { onProgress: ({ done }) => (reported = done) })
        assertBytes(await inMemory.read(), content.subarray(0, PAGE))
        assert.equal(reported, PAGE)
        let kept
        inMemory.forEachView(0, 10, (view) => (kept = view))
        kept[0]++
        assert.equal((await late).length, 10)

        // What waits to be stored is stored when nothing more has come for a while.
        const onDisk = await cache.allocate(3 * PAGE)
        await onDisk.write(content)
        assert.equal(onDisk.medium, 'disk')
        assert.isAbove(cache.statistics().disk.waitingBytes, 0)
        while (cache.statistics().disk.waitingBytes > 0)
          await new Promise((resolve) => {
            const { port1, port2 } = new MessageChannel()
            port1.onmessage = resolve
            port2.postMessage(0)
          })
        await cache.flush()
        assertBytes(await onDisk.read(), content)
        await inMemory.moveToDisk()
        assert.equal(inMemory.medium, 'disk')
        await cache.configure({ maxDiskSpaceForCache: 1 })
        assert.equal((await rejection(cache.allocate(3 * PAGE))).code, 'CACHE_FULL')
        assert.lengthOf(full, 1)
        await cache.close()
        assert.deepEqual(counters(cache), [0, 0])
        goOn?.() // who runs the test needs the time
      },
    )

inPage('a machine that sleeps while the disk is opened does not matter', async ({ assert, deferred }) => {
  let slept = 0
  const now = performance.now.bind(performance)
  const { get } = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')
  Object.defineProperty(performance, 'now', { value: () => now() + slept })
  Object.defineProperty(Event.prototype, 'timeStamp', {
    get() {
      return get.call(this) + slept
    },
  })
  const { loadAsposeCache } = await import('/asposecache.js?again') // it may look at the clock at once
  const cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
  // The browser has not answered yet when the machine falls asleep.
  const asked = deferred()
  const awake = deferred()
  const { request } = LockManager.prototype
  LockManager.prototype.request = async function (...args) {
    asked.resolve()
    await awake.promise
    return request.apply(this, args)
  }
  const allocation = cache.allocate(10)
  await asked.promise
  for (let i = 0; i < 3; i++) {
    slept += 3_600_000
    await cache.configure({})
    const one = await cache.configure({ cacheType: 'cacheInMemoryOnly' }).then(() => cache.allocate(1))
    await one.dispose() // the program runs, and finds that it is later
    await new Promise((resolve) => setTimeout(resolve))
  }
  awake.resolve()
  assert.equal((await allocation).medium, 'disk')
  await cache.close()
  await cache.close()
})
