// What happens when calls overlap.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('settings changed while allocations wait apply to later calls only', async (kit) => {
  const { load, assert, counters, holdOpen, rejection } = kit
  const cache = await load({ settings: { maxMemoryForCache: 100, maxDiskSpaceForCache: 1000 } })
  const opening = holdOpen()
  const waiting = cache.allocate(500)
  await cache.configure({ cacheType: 'cacheInMemoryOnly', maxDiskSpaceForCache: 1, maxMemoryForCache: 50 })
  const inMemory = cache.allocate(50)
  const refused = rejection(cache.allocate(1))
  await cache.configure({ cacheType: 'cacheOnDiskOnly', maxDiskSpaceForCache: 600 })
  const second = cache.allocate(100)
  const tooMuch = rejection(cache.allocate(1))
  await cache.setDefaults()
  const last = cache.allocate(30)
  assert.deepEqual(counters(cache), [80, 600])
  await opening.release()
  const media = (await Promise.all([waiting, inMemory, second, last])).map(({ medium, size }) => [
    medium,
    size,
  ])
  assert.deepEqual(media, [
    ['disk', 500],
    ['memory', 50],
    ['disk', 100],
    ['memory', 30],
  ])
  assert.equal((await refused).medium, 'memory')
  assert.equal((await tooMuch).medium, 'disk')
  assert.deepEqual(counters(cache), [80, 600])
})

inPage('two allocations racing for the last room: the first call gets it', async (kit) => {
  const { load, assert, counters, holdOpen, rejection } = kit
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
    const cache = await load({ settings: { cacheType, maxMemoryForCache: 100, maxDiskSpaceForCache: 100 } })
    const opening = holdOpen()
    const first = cache.allocate(60)
    const second = rejection(cache.allocate(60))
    const third = cache.allocate(40)
    const error = await second // also while the first waits
    assert.deepInclude({ ...error }, { requested: 60, allocated: 60, limit: 100 })
    await opening.release()
    assert.deepEqual([(await first).size, (await third).size], [60, 40])
    assert.equal(counters(cache)[cacheType === 'cacheOnDiskOnly' ? 1 : 0], 100)
    await cache.close()
  }
})

inPage(
  'two exact reallocations racing for the last room',
  async ({ load, assert, counters, noise, assertBytes }) => {
    const settings = { maxMemoryForCache: 100, maxDiskSpaceForCache: 150, exactReallocateOnly: true }
    const cache = await load({ settings })
    const a = await cache.allocateFrom(noise(50, 1))
    const b = await cache.allocateFrom(noise(50, 2))
    const results = await Promise.allSettled([a.reallocate(120), b.reallocate(130)])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.equal(results[1].reason.code, 'CACHE_FULL')
    assert.deepEqual(counters(cache), [50, 120])
    assertBytes((await a.read()).subarray(0, 50), noise(50, 1))
    assertBytes(await b.read(), noise(50, 2))
  },
)

inPage(
  'many allocations at once open one database',
  { store: 'indexedDB' },
  async ({ load, assert, counters, databases }) => {
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const made = await Promise.all(Array.from({ length: 100 }, (_, i) => cache.allocate(i)))
    assert.deepEqual(counters(cache), [0, 4950])
    assert.lengthOf(new Set(made.map(({ id }) => id)), 100)
    assert.lengthOf(await databases(), 1)
  },
)

inPage('allocations that are made and disposed of while others wait', async (kit) => {
  const { load, assert, counters, noise, assertBytes, random } = kit
  const cache = await load({ settings: { maxMemoryForCache: 300_000, exactReallocateOnly: true } })
  const next = random(17)
  const worker = async (number) => {
    for (let i = 0; i < 25; i++) {
      const size = next(100_000)
      const bytes = noise(size, number * 1000 + i + 1)
      const allocation = await cache.allocateFrom(bytes)
      const grown = allocation.reallocate(size + 1000)
      const read = allocation.read(0, size)
      if (next(2)) await grown
      else grown.catch(() => {})
      assertBytes(await read, bytes, `${number}, ${i}`)
      await grown
      await allocation.dispose()
    }
  }
  await Promise.all([1, 2, 3, 4, 5, 6].map(worker))
  assert.deepEqual(counters(cache), [0, 0])
})

inPage(
  'writes that nobody awaits are not lost',
  { store: 'indexedDB' },
  async ({ load, assert, noise, assertBytes, stored, MiB }) => {
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocate(20 * MiB)
    const model = noise(20 * MiB, 6)
    for (let at = 0; at < model.length; at += 300_001) allocation.write(model.subarray(at, at + 300_001), at)
    await cache.flush()
    assert.isAtLeast((await stored()).bytes, 20 * MiB)
    assertBytes(await allocation.read(), model)
  },
)

inPage('a read sees what was there when it was called, whatever is written after', async (kit) => {
  const { load, noise, assertBytes, MiB } = kit
  const size = 6 * MiB
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
    const cache = await load({ settings: { cacheType } })
    const allocation = await cache.allocateFrom(noise(size, 1))
    await allocation.flush()
    const reads = []
    const writes = []
    for (let i = 1; i < 6; i++) {
      reads.push(allocation.read())
      writes.push(allocation.write(noise(size, i + 1)))
      if (i === 3) writes.push(allocation.flush())
    }
    await Promise.all(writes)
    for (const [i, read] of reads.entries())
      assertBytes(await read, noise(size, i + 1), `${cacheType}, read ${i}`)
    await cache.close()
  }
})

inPage('flush of the cache while everything happens', async ({ load, assert, noise, counters, random }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const next = random(23)
  const made = await Promise.all(Array.from({ length: 10 }, () => cache.allocate(100_000)))
  const all = []
  for (let i = 0; i < 60; i++) {
    const allocation = made[next(10)]
    if (!allocation.disposed) all.push(allocation.write(noise(next(5000), i), next(50_000)))
    if (i % 7 === 0) all.push(cache.flush())
    if (i % 13 === 5) made[next(10)].dispose()
  }
  await Promise.all(all)
  const sum = made.reduce((total, { diskBytes }) => total + diskBytes, 0)
  assert.deepEqual(counters(cache), [0, sum])
})

const changes = {
  'written to': async (allocation, piece, at) => {
    allocation.write(piece, at)
  },
  'written to, and that is stored': async (allocation, piece, at) => {
    await allocation.write(piece, at)
    await allocation.flush()
  },
  'cut off, and has come again': async (allocation, piece, at, size) => {
    allocation.reallocate(at)
    allocation.reallocate(size)
    allocation.write(piece, at)
  },
}
for (const [name, change] of Object.entries(changes)) {
  inPage(
    `what was fetched ahead is not read when it was ${name}`,
    { arg: String(change) },
    async (kit, change) => {
      const { load, assert, noise, assertBytes, PAGE, MiB } = kit
      // a function that came as text
      const changed = globalThis.eval(`(${change})`)
      const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
      const size = 8 * MiB
      const cutOff = change.includes('reallocate')
      const fetched = () => cache.statistics().disk.readBytes
      const whens = {
        'when it is there': async (before) => {
          while (fetched() < before + 3 * MiB) await new Promise((resolve) => setTimeout(resolve, 1))
        },
        'while it is coming': async () => {},
      }
      for (const [when, wait] of Object.entries(whens)) {
        const content = noise(size, 1)
        const allocation = await cache.allocateFrom(content)
        await allocation.flush()
        const before = fetched()
        for (let at = 0; at < MiB; at += PAGE)
          assertBytes(await allocation.read(at, PAGE), content.subarray(at, at + PAGE), when)
        await wait(before)
        for (const at of [3 * MiB + 11, 2 * MiB - 50, MiB + 3]) {
          if (cutOff) content.fill(0, at)
          content.set(noise(1000, at), at)
          await changed(allocation, noise(1000, at), at, size)
        }
        for (let at = MiB; at < size; at += PAGE)
          assertBytes(
            await allocation.read(at, PAGE),
            content.subarray(at, at + PAGE),
            `${when}: from ${at} on`,
          )
        await allocation.dispose()
      }
      assert.isAbove(fetched(), 0)
    },
  )
}
