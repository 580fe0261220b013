// Many calls at once, and calls that nobody awaits.
import { filled, Subject } from './subjects.js'

const settings = { cacheType: 'cacheOnDiskOnly' }
const piece = filled(64 * 64 * 4)

const all = (n, call) => Promise.all(Array.from({ length: n }, (_, i) => call(i)))

const crowd = (name, covers, calls, prepare, short = true) => ({
  name: `at once: ${name}`,
  covers,
  calls,
  short,
  prepare,
})

/** 24 megapixels on disk, as a surface or as an allocation. */
const photo = async (kit, kind) => {
  const subject = new Subject(kit, kind, '24 megapixels', 'on disk, written')
  await subject.prepare()
  return subject
}

/** So many small allocations on disk, all of them stored. */
const small = async ({ load }, n) => {
  const cache = await load({ settings })
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
      const s = await photo(kit, 'CacheSurface')
      return {
        async step(i) {
          for (let k = 0; k < n; k++) s.turn(0).writeRect(s.rect(i * n + k), piece)
          await s.turn(0).flush()
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
      const s = await photo(kit, 'CacheAllocation')
      return {
        async step(i) {
          for (let k = 0; k < n; k++) s.turn(0).write(piece, s.offset(i * n + k))
          await s.turn(0).flush()
        },
      }
    },
    short,
  ),
]

export const crowds = [
  crowd('2,000 reads of rectangles on disk', ['CacheSurface.readRect'], 2, async (kit) => {
    const s = await photo(kit, 'CacheSurface')
    return { step: (i) => all(2000, (n) => s.turn(0).readRect(s.rect(i * 2000 + n))) }
  }),
  crowd('2,000 reads on disk', ['CacheAllocation.read'], 2, async (kit) => {
    const s = await photo(kit, 'CacheAllocation')
    return { step: (i) => all(2000, (n) => s.turn(0).read(s.offset(i * 2000 + n), piece.length)) }
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
        const cache = await load({ settings })
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
