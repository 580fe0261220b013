// As many of something as editors have: history states, small allocations, snapshots.
import { filled, fillSurface } from './subjects.js'

const photo = { width: 6000, height: 4000 }
const pieceOf = (i) => ({ x: (i * 101) % 5936, y: (i * 67) % 3936, width: 64, height: 64 })
const piece = filled(64 * 64 * 4)

const amount = (name, covers, calls, prepare, short = true) => ({ name, covers, calls, short, prepare })

/** Strokes on a photo, each with a commit and a look at the history, as a panel takes it; now and then back and forth. */
const states = (settings) => async (kit) => {
  const { load, asposecache, assert } = kit
  const cache = await load({ settings })
  const surface = await cache.allocateSurface(photo)
  const history = await asposecache.createHistory(surface, { maxEntries: 1000 })
  for (let i = 0; i < 1000; i++) {
    await surface.writeRect(pieceOf(i), piece)
    await history.commit(`stroke ${i}`)
  }
  return {
    async step(i) {
      await surface.writeRect(pieceOf(i), piece)
      await history.commit(`stroke ${i}`)
      assert.equal(history.entries.length, 1001)
      if (i % 10) return
      for (let n = 0; n < 5; n++) await history.undo()
      for (let n = 0; n < 5; n++) await history.redo()
    },
  }
}

/** A hundred thousand are there all the time; which ones changes. */
const allocations =
  (size) =>
  async ({ load, assert }) => {
    const cache = await load()
    const all = []
    for (let i = 0; i < 100_000; i++) {
      all.push(cache.allocateSync(size, { label: `tile ${i}` }))
      if (i % 1000 === 0) await new Promise((resolve) => setTimeout(resolve))
    }
    const bytes = filled(size)
    return {
      async step(i) {
        const at = (i * 7919) % all.length
        await all[at].dispose()
        all[at] = await cache.allocate(size, { label: `tile ${i}` })
        await all[at].write(bytes)
        assert.equal((await all[(i * 104_729) % all.length].read()).length, size)
        if (i % 100 === 0) assert.equal(cache.statistics().memory.allocations, all.length)
      },
    }
  }

/** A photo, and versions of it that are dropped in turn. */
const snapshots =
  (settings) =>
  async ({ load, assert }) => {
    const cache = await load({ settings })
    const surface = await cache.allocateSurface(photo)
    await fillSurface(surface)
    const versions = []
    for (let i = 0; i < 64; i++) {
      versions.push(await surface.snapshot({ label: `version ${i}` }))
      await surface.writeRect(pieceOf(i), piece)
    }
    return {
      async step(i) {
        const oldest = i % versions.length
        await versions[oldest].dispose()
        versions[oldest] = await surface.snapshot({ label: `version ${i}` })
        await surface.writeRect(pieceOf(i), piece)
        assert.isNotEmpty(cache.difference(versions[oldest], surface))
        await versions[(i * 13) % versions.length].readRect(pieceOf(i))
        if (i % 50 === 49) await surface.restore(versions[(i * 17) % versions.length])
      },
    }
  }

const history = ['createHistory', 'CacheHistory.commit', 'CacheHistory.entries']
const versions = ['CacheSurface.snapshot', 'AsposeCache.difference', 'CacheSurface.restore']
/** Room for a quarter more than the photo: history goes to disk. */
const tight = { spillPolicy: 'coldest', maxMemoryForCache: 120_000_000 }

export const amounts = [
  amount('1,000 states of a history, in memory', history, 2000, states({ cacheType: 'cacheInMemoryOnly' })),
  amount('1,000 states of a history, the coldest on disk', history, 300, states(tight), false),
  amount('100,000 allocations of 100 bytes', ['AsposeCache.statistics'], 2000, allocations(100)),
  amount('100,000 allocations of 4 KiB', ['AsposeCache.statistics'], 2000, allocations(4096), false),
  amount(
    '64 snapshots of a surface, in memory',
    versions,
    2000,
    snapshots({ cacheType: 'cacheInMemoryOnly' }),
  ),
  amount('64 snapshots of a surface, the coldest on disk', versions, 300, snapshots(tight)),
]
