// The Go program ends: what is told, and how one goes on.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

/** Ways to end the program; each runs in the page, as text, before anything is loaded, and answers how. */
const ways = {
  "JavaScript's stack is exhausted inside a call": () => (cache) => {
    let attempts
    const dive = (...padding) => {
      try {
        dive(...padding)
      } catch {}
      // On the way back up: at some depth the call gets as far as the program.
      if (attempts++ < 200) cache.allocate(10).catch(() => {})
    }
    // That depth may lie between two frames, so their size varies.
    for (let size = 0; size < 20; size++) {
      attempts = 0
      dive(...Array(size))
    }
  },
  'it exits': () => {
    let imports
    const { instantiate } = WebAssembly
    WebAssembly.instantiate = (module, given) => {
      imports = given
      return instantiate.call(WebAssembly, module, given)
    }
    return (cache) => {
      imports.gojs['runtime.wasmExit'](0)
      cache.allocate(10).catch(() => {})
    }
  },
  'its memory is overwritten': () => {
    let memory
    const { instantiate } = WebAssembly
    WebAssembly.instantiate = async (module, given) => {
      const instance = await instantiate.call(WebAssembly, module, given)
      memory = instance.exports.mem
      return instance
    }
    return (cache) => {
      new Uint8Array(memory.buffer).fill(0xff)
      cache.allocate(10).catch(() => {})
    }
  },
}
// The last: where the stack ends, the test may not even come to catch what a call rejects with.
const expected =
  /panic|fatal|unreachable|RuntimeError|exit code|goroutine|Go program|Maximum call stack|too much recursion/

for (const [name, way] of Object.entries(ways)) {
  inPage(`the program ends: ${name}`, { arg: String(way), expected }, async (kit, way) => {
    const { load, assert, rejectsWith, counters, noise, assertBytes, fragment, databases, next } = kit
    const { asposecache, leave } = kit
    // a function that came as text
    const end = globalThis.eval(way)()
    const folder = { cacheFolder: 'mortal' }
    const cache = await load({ settings: { ...folder, maxMemoryForCache: 1_000_000 } })
    const inMemory = await cache.allocateFrom(noise(1000, 1))
    const onDisk = await cache.allocateFrom(noise(1_000_000, 2))
    assert.equal(onDisk.medium, 'disk')
    await fragment(onDisk, noise(1_000_000, 2))
    const survivors = await databases()
    assert.lengthOf(survivors, 1)
    const event = next(cache, 'crash')
    const pending = [
      rejectsWith('CACHE_CRASHED', onDisk.read(), 'a read that waits'),
      rejectsWith('CACHE_CRASHED', onDisk.write(noise(5), 7), 'a write that waits'),
      rejectsWith('CACHE_CRASHED', onDisk.reallocate(9), 'a reallocation that waits'),
    ]
    end(cache)
    await Promise.all(pending)
    const { error } = await event
    assert.instanceOf(error, asposecache.CacheError)
    assert.equal(error.code, 'CACHE_CRASHED')
    assert.deepEqual(counters(cache), [0, 0])
    assert.deepEqual(cache.allocations(), [])
    assert.equal(cache.statistics().memory.allocatedBytes, 0)
    const calls = {
      allocate: () => cache.allocate(1),
      allocateFrom: () => cache.allocateFrom(noise(1)),
      configure: () => cache.configure({ maxMemoryForCache: 1 }),
      flush: () => cache.flush(),
      'read in memory': () => inMemory.read(),
      'read on disk': () => onDisk.read(),
      readInto: () => inMemory.readInto(new Uint8Array(1)),
      write: () => inMemory.write(new Uint8Array(1)),
      reallocate: () => inMemory.reallocate(5),
      'flush of one': () => onDisk.flush(),
      readable: () => onDisk.readable().getReader().read(),
    }
    for (const [name, call] of Object.entries(calls)) await rejectsWith('CACHE_CRASHED', call(), name)
    await inMemory.dispose()
    onDisk.dispose()
    assert.deepEqual([inMemory.disposed, onDisk.disposed], [true, true])
    assert.deepEqual([onDisk.memoryBytes, onDisk.diskBytes], [0, 0])
    // A new one at once, on the same page.
    const again = await load({ settings: { ...folder, cacheType: 'cacheOnDiskOnly' } })
    const allocation = await again.allocateFrom(noise(5000, 3))
    await allocation.flush()
    assertBytes(await allocation.read(), noise(5000, 3))
    while ((await databases()).includes(survivors[0])) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.lengthOf(await databases(), 1, 'that of the crashed one is swept, its own is not')
    assertBytes(await allocation.read(), noise(5000, 3))
    await again.close()
    assert.deepEqual(await databases(), [])
    await cache.close().catch(({ code }) => assert.equal(code, 'CACHE_CRASHED'))
    await new Promise((resolve) => setTimeout(resolve, 50)) // timers of the dead one would make themselves heard
    return leave
  })
}

inPage('a deep stack that is not exhausted does no harm', async ({ load, assert, counters }) => {
  const cache = await load()
  const made = []
  const dive = (depth) => {
    if (depth > 0) dive(depth - 1)
    else for (let i = 0; i < 100; i++) made.push(cache.allocate(10))
  }
  dive(3000)
  await Promise.all(made)
  assert.deepEqual(counters(cache), [1000, 0])
})
