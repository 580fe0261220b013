// Many calls at once, and calls that nobody awaits.
import { fillAllocation, filled, fillSurface } from './subjects.js'

const onDisk = { cacheType: 'cacheOnDiskOnly' }
const photo = { width: 6000, height: 4000 }
const piece = filled(64 * 64 * 4)
const pieceOf = (i) => ({ x: (i * 101) % 5936, y: (i * 67) % 3936, width: 64, height: 64 })
const offsetOf = (i) => (i * 104_729) % (96_000_000 - piece.length)

const all = (n, call) => Promise.all(Array.from({ length: n }, (_, i) => call(i)))

const crowd = (name, covers, calls, prepare, short = true) => ({
  name: `at once: ${name}`,
  covers,
  calls,
  short,
  prepare,
})

const surface = async ({ load }) => {
  const cache = await load({ settings: onDisk })
  const surface = await cache.allocateSurface(photo)
  await fillSurface(surface)
  await surface.flush()
  return surface
}

const allocation = async ({ load }) => {
  const cache = await load({ settings: onDisk })
  const allocation = await cache.allocate(96_000_000)
  await fillAllocation(allocation)
  await allocation.flush()
  return allocation
}

/** So many small allocations on disk, all of them stored. */
const small = async ({ load }, n) => {
  const cache = await load({ settings: onDisk })
  const made = await all(n, () => cache.allocate(piece.length))
  await all(n, (i) => made[i].write(piece))
  await cache.flush()
  return { cache, made }
}

/** Writes that are not awaited, before a flush that is. */
const writes = (n, short) => [
  crowd(
    `${n} writes of rectangles on disk, not awaited`,
    ['CacheSurface.writeRect'],
    2,
    async (kit) => {
      const photo = await surface(kit)
      return {
        async step(i) {
          for (let k = 0; k < n; k++) photo.writeRect(pieceOf(i * n + k), piece)
          await photo.flush()
        },
      }
    },
    short,
  ),
  crowd(
    `${n} writes on disk, not awaited`,
    ['CacheAllocation.write'],
    2,
    async (kit) => {
      const bytes = await allocation(kit)
      return {
        async step(i) {
          for (let k = 0; k < n; k++) bytes.write(piece, offsetOf(i * n + k))
          await bytes.flush()
        },
      }
    },
    short,
  ),
]

export const crowds = [
  crowd('2,000 reads of rectangles on disk', ['CacheSurface.readRect'], 2, async (kit) => {
    const photo = await surface(kit)
    return { step: (i) => all(2000, (n) => photo.readRect(pieceOf(i * 2000 + n))) }
  }),
  crowd('2,000 reads on disk', ['CacheAllocation.read'], 2, async (kit) => {
    const bytes = await allocation(kit)
    return { step: (i) => all(2000, (n) => bytes.read(offsetOf(i * 2000 + n), piece.length)) }
  }),
  ...writes(500, true),
  ...writes(3000, false),
  crowd('a flush of 3,000 allocations on disk', ['AsposeCache.flush'], 2, async (kit) => {
    const { cache, made } = await small(kit, 3000)
    return {
      async step() {
        for (const one of made) one.write(piece)
        await cache.flush()
      },
    }
  }),
  crowd('reads of 1,000 allocations on disk', ['CacheAllocation.read'], 2, async (kit) => {
    const { made } = await small(kit, 1000)
    return { step: () => all(made.length, (i) => made[i].read()) }
  }),
  {
    ...crowd(
      'a new surface of 64 megapixels on disk, read whole',
      ['CacheSurface.readRect'],
      6,
      async ({ load }) => {
        const cache = await load({ settings: onDisk })
        return {
          async step() {
            const fresh = await cache.allocateSurface({ width: 8000, height: 8000 })
            await fresh.readRect()
            await fresh.dispose()
          },
        }
      },
    ),
    largest: 8000 ** 2 * 4,
  },
  crowd('statistics, a thousand times', ['AsposeCache.statistics'], 20, async (kit) => {
    const { cache } = await small(kit, 100)
    return {
      step() {
        for (let n = 0; n < 1000; n++) cache.statistics()
      },
    }
  }),
]
