// How much memory is taken, and what happens where there is little.
import { describe } from 'node:test'
import { useBrowser } from './support/browser.js'

describe('where a program can have no more than 256 MiB', () => {
  const { inPage } = useBrowser()
  const needs = ['memoryFlags']
  const operations = 200_000

  inPage(
    `the program survives ${operations} operations`,
    { needs, arg: operations, timeout: 240_000 },
    async ({ load, assert, random, noise, counters, MiB, asposecache }, operations) => {
      const next = random(42)
      const cache = await load()
      const source = noise(4 * MiB, 3)
      const live = []
      const seen = { memory: 0, disk: 0, refused: 0 }
      const check = (error) => {
        assert.instanceOf(error, asposecache.CacheFullError, String(error))
        assert.equal(error.reason, 'memory', error.message)
        assert.equal(error.medium, 'memory')
        seen.refused++
      }
      const size = () => {
        const kind = next(1000)
        if (kind < 900) return next(3000)
        return kind < 980 ? next(100_000) : next(8 * MiB)
      }
      let done = 0
      let target = 150
      while (done < operations) {
        const calls = []
        // In waves: full, and nearly empty.
        if (done % 20_000 < 400) target = target > 1000 ? 50 : 4000
        cache.cacheType = done % 8000 < 4000 ? 'auto' : 'cacheInMemoryOnly'
        for (let i = 0; i < 400; i++, done++) {
          const kind = next(10)
          const m = live[next(live.length)]
          if (kind < 3 && live.length < target) {
            const n = live.length < 40 ? next(8 * MiB) : size()
            calls.push(
              cache.allocate(n).then((a) => {
                live.push(a)
                seen[a.medium]++
              }, check),
            )
          } else if (!m) continue
          else if (kind < 6) {
            const n = next(Math.min(m.size, 2000) + 1)
            calls.push(m.write(source.subarray(0, n), next(m.size - n + 1)))
          } else if (kind < 8) {
            const n = next(Math.min(m.size, 2000) + 1)
            calls.push(m.read(next(m.size - n + 1), n).then(({ length }) => assert.equal(length, n)))
          } else if (kind === 8 && m.medium === 'memory') {
            live.splice(live.indexOf(m), 1)
            calls.push(
              m
                .reallocate(size())
                .catch(check)
                .then(() => void live.push(m)),
            )
          } else if (live.length > 45) {
            live.splice(live.indexOf(m), 1)
            calls.push(m.dispose())
          }
        }
        await Promise.all(calls)
        assert.isAtMost(cache.statistics().wasmBytes, 256 * MiB)
      }
      const sum = (name) => live.reduce((total, a) => total + a[name], 0)
      assert.deepEqual(counters(cache), [sum('memoryBytes'), sum('diskBytes')])
      // It came to the end of the memory, again and again.
      for (const [what, times] of Object.entries(seen)) assert.isAbove(times, 100, what)
      for (const a of live) a.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    },
  )

  inPage('filled up: auto goes to disk, memory only is refused', { needs, timeout: 120_000 }, async (kit) => {
    const { load, assert, assertFull, noise, assertBytes, counters, MiB } = kit
    const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
    const piece = noise(MiB, 1)
    const live = []
    let error
    while (!error) {
      assert.isBelow(live.length, 256)
      const allocation = await cache.allocate(MiB).catch((e) => {
        error = e
      })
      if (!allocation) break
      piece[0] = live.length
      await allocation.write(piece)
      live.push(allocation)
    }
    assert.isAbove(live.length, 128, 'a good part of it can be used')
    assertFull(error, {
      medium: 'memory',
      requested: MiB,
      allocated: live.length * MiB,
      limit: 0,
      reason: 'memory',
    })
    assert.deepEqual(counters(cache), [live.length * MiB, 0])
    // Small ones, until nothing at all fits.
    for (let i = 0; i < 100_000; i++) {
      const small = await cache.allocate(4096).catch((e) => e)
      if (small instanceof Error) break
      live.push(small)
    }
    assertFull(await live[0].reallocate(64 * MiB).catch((e) => e), { medium: 'memory', reason: 'memory' })
    assert.equal(live[0].size, MiB)
    cache.cacheType = 'auto'
    const onDisk = await cache.allocate(20 * MiB)
    assert.equal(onDisk.medium, 'disk')
    const data = noise(20 * MiB, 2)
    await onDisk.write(data)
    await onDisk.write(noise(100, 3), 5 * MiB - 50)
    data.set(noise(100, 3), 5 * MiB - 50)
    await onDisk.flush()
    assertBytes(await onDisk.read(), data)
    await live[1].dispose()
    assert.equal((await cache.allocate(MiB)).medium, 'memory', 'room that was given back is used again')
    piece[0] = 100
    assertBytes(await live[100].read(), piece)
    await cache.configure({ exactReallocateOnly: true })
    await live[100].reallocate(30 * MiB)
    assert.equal(live[100].medium, 'disk')
    assertBytes(await live[100].read(0, MiB), piece)
  })
})

describe('where memory is plentiful', () => {
  const { inPage } = useBrowser()

  inPage('ten rounds of filling 512 MiB take no more than one', { timeout: 120_000 }, async (kit) => {
    const { load, assert, random, counters, MiB } = kit
    const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
    const next = random(9)
    let first
    for (let round = 0; round < 10; round++) {
      const live = []
      let total = 0
      while (total < 512 * MiB) {
        const kind = next(10)
        const size = kind < 4 ? next(10_000) : kind < 9 ? next(2 * MiB) : next(24 * MiB)
        const take = Math.min(size, 512 * MiB - total)
        live.push(await cache.allocate(take))
        total += take
        if (next(4) === 0) {
          const [gone] = live.splice(next(live.length), 1)
          total -= gone.size
          gone.dispose()
        }
      }
      assert.deepEqual(counters(cache), [512 * MiB, 0])
      const { memory, wasmBytes } = cache.statistics()
      assert.isAtMost(memory.occupiedBytes, 1.13 * memory.allocatedBytes + 8 * MiB, `round ${round}`)
      first ??= wasmBytes
      assert.isAtMost(wasmBytes, 1.25 * first, `round ${round}`)
      for (const allocation of live.sort(() => next(3) - 1)) allocation.dispose()
      assert.deepEqual(counters(cache), [0, 0])
      assert.equal(cache.statistics().memory.occupiedBytes, 0)
    }
  })

  const sizes = {
    'of 4 KiB': () => 4096,
    'of 4 KiB and a byte': () => 4097,
    'of all sizes from 4 KiB to 64 KiB': (next) => 4096 + next(60_000),
    'of all sizes from 4 KiB to 4 MiB': (next) => 4096 + next(4 << 20),
    'of a page and a byte': () => 262_145,
  }
  for (const [name, size] of Object.entries(sizes)) {
    inPage(
      `allocations ${name} occupy little more than their bytes`,
      { arg: String(size) },
      async (kit, size) => {
        const { load, assert, random, MiB } = kit
        // a function that came as text
        const make = globalThis.eval(`(${size})`)
        const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
        const next = random(1)
        const live = []
        const check = () => {
          const { occupiedBytes, allocatedBytes } = cache.statistics().memory
          assert.isAtLeast(occupiedBytes, allocatedBytes)
          assert.isAtMost(occupiedBytes, 1.13 * allocatedBytes + 8 * MiB)
        }
        while (cache.allocatedMemoryBytesCount < 64 * MiB) live.push(await cache.allocate(make(next)))
        check()
        // Every other one goes, and others of other sizes come.
        for (let i = live.length - 1; i >= 0; i -= 2) live.splice(i, 1)[0].dispose()
        check()
        while (cache.allocatedMemoryBytesCount < 64 * MiB)
          live.push(await cache.allocate(4096 + next(100_000)))
        check()
        for (const allocation of live) await allocation.reallocate(4096 + next(200_000))
        check()
      },
    )
  }

  inPage('memory that was freed is used before it grows', async ({ load, assert, MiB }) => {
    const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
    await (await cache.allocate(64 * MiB)).dispose()
    const { wasmBytes } = cache.statistics()
    for (let i = 0; i < 20; i++) {
      const again = await cache.allocate(64 * MiB)
      assert.isAtMost(cache.statistics().wasmBytes, wasmBytes + 4 * MiB, `${i}`)
      await again.dispose()
    }
  })
})

describe('what a call on the whole cache needs', () => {
  const { inPage } = useBrowser()

  inPage('flush takes no memory for each of many allocations', async ({ load, assert, MiB }) => {
    const cache = await load()
    for (let i = 0; i < 100_000; i++) cache.allocateSync(100)
    const { wasmBytes } = cache.statistics()
    await cache.flush()
    // A goroutine for each would take 2 kB.
    assert.isBelow(cache.statistics().wasmBytes, wasmBytes + 16 * MiB)
  })
})

describe("what JavaScript's memory holds", () => {
  const { inPage } = useBrowser()

  // Go's collector knows nothing of their size, and does not run here.
  inPage(
    'arrays that went through the program are garbage as soon as nobody else has them',
    { needs: ['gc'] },
    async ({ load, assert, collectGarbage, MiB }) => {
      const cache = await load()
      const size = 4400 * 4400 * 4 // too large for what is copied at the call
      const allocation = await cache.allocate(size)
      const surface = await cache.allocateSurface({ width: 4400, height: 4400 })
      const stored = await cache.allocate(MiB)
      await stored.moveToDisk()
      await stored.write(new Uint8Array(MiB))
      const all = { x: 0, y: 0, width: 4400, height: 4400 }
      const aborted = new AbortController()
      const calls = {
        read: () => allocation.read(),
        readInto: async () => {
          const target = new Uint8Array(size)
          await allocation.readInto(target)
          return target
        },
        write: async () => {
          const data = new Uint8Array(size)
          await allocation.write(data)
          return data
        },
        'a write that is refused': async () => {
          const data = new Uint8Array(size)
          await allocation.write(data, 1).catch(() => {})
          return data
        },
        'a write that is aborted': async () => {
          const data = new Uint8Array(size)
          const write = allocation.write(data, 0, { signal: aborted.signal })
          aborted.abort()
          await write.catch(() => {})
          return data
        },
        'a write to the disk, and to memory in front of it': async () => {
          const data = new Uint8Array(MiB)
          await stored.write(data)
          return data
        },
        readRect: async () => (await surface.readRect()).buffer,
        'readRect with scale': async () => (await surface.readRect(all, { scale: 1 / 2 })).buffer,
        readImageData: async () => (await surface.readImageData()).data.buffer,
        writeRect: async () => {
          const data = new Uint8Array(size)
          await surface.writeRect(all, data)
          return data
        },
      }
      // In a function of its own, of which nothing is left that could hold the array.
      const made = async (call) => new WeakRef(await call())
      for (const [name, call] of Object.entries(calls)) {
        const { collections } = cache.statistics().collector
        const array = await made(call)
        // What deref answers lives until the task is over.
        const task = () => new Promise((resolve) => setTimeout(resolve))
        for (let tries = 0; array.deref() && tries < 30; tries++) {
          await task()
          await collectGarbage()
          await task()
        }
        assert.isTrue(array.deref() === undefined, name)
        assert.equal(cache.statistics().collector.collections, collections, name)
      }
    },
  )
})
