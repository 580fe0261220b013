// The memory tier.
import { KiB, MiB, pixels } from './bytes.js'
import { median, milliseconds, turnByTurn } from './clock.js'

const inMemory = { settings: { cacheType: 'cacheInMemoryOnly' } }

export async function withCache(options, use) {
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache(options)
  try {
    return await use(cache)
  } finally {
    await cache.close()
  }
}

/**
 * Copies of one size between a tile and places that together are larger than a core's own caches: in
 * allocations, in arrays, and in a Map that has a new array for every write. Microseconds.
 *
 * @param {{ size: number, places?: number, turns: number, atLeast: number }} options
 */
export const copies = ({ size, places = 16 * MiB, ...timing }) =>
  withCache(inMemory, async (cache) => {
    const n = places / size
    const tile = pixels(size)
    const allocations = Array.from({ length: n }, () => cache.allocateSync(size))
    const arrays = Array.from({ length: n }, () => new Uint8Array(size))
    const map = new Map()
    for (let i = 0; i < n; i++) {
      allocations[i].writeSync(tile)
      arrays[i].set(tile)
      map.set(i, tile.slice())
    }
    const [write, set, mapSet, read, get, mapGet] = turnByTurn(
      [
        (times) => {
          for (let i = 0; i < times; i++) allocations[i % n].writeSync(tile)
        },
        (times) => {
          for (let i = 0; i < times; i++) arrays[i % n].set(tile)
        },
        (times) => {
          for (let i = 0; i < times; i++) map.set(i % n, tile.slice())
        },
        (times) => {
          for (let i = 0; i < times; i++) allocations[i % n].readIntoSync(tile)
        },
        (times) => {
          for (let i = 0; i < times; i++) tile.set(arrays[i % n])
        },
        (times) => {
          for (let i = 0; i < times; i++) tile.set(map.get(i % n))
        },
      ],
      timing,
    )
    return { write, set, mapSet, read, get, mapGet }
  })

/** Awaited writes of 64 KiB. Microseconds. */
export const awaitedWrites = ({ turns, calls }) =>
  withCache(inMemory, async (cache) => {
    const tile = pixels(64 * KiB)
    const places = 256
    const allocation = cache.allocateSync(places * tile.length)
    const write = async () => {
      for (let i = 0; i < calls; i++) await allocation.write(tile, (i % places) * tile.length)
    }
    await write()
    const times = []
    for (let turn = 0; turn < turns; turn++) times.push(((await milliseconds(write)) / calls) * 1000)
    return { write: median(times) }
  })

/**
 * Allocating and disposing of 64 KiB, among few and among many live allocations of 4 KiB: one instance with
 * each, turn by turn, until `most` milliseconds are over. Microseconds. What the program does at the end of a
 * task is part of it.
 */
export const allocateDispose = ({ few, many, turns, calls, most }) =>
  withCache(inMemory, (quiet) =>
    withCache(inMemory, async (crowded) => {
      const fewLive = Array.from({ length: few }, () => quiet.allocateSync(4 * KiB))
      const manyLive = Array.from({ length: many }, () => crowded.allocateSync(4 * KiB))
      const pairs = async (cache) => {
        for (let i = 0; i < calls; i++) {
          cache.allocateSync(64 * KiB)[Symbol.dispose]()
          if (i % 64 === 63) await undefined
        }
      }
      await pairs(quiet)
      await pairs(crowded)
      const times = { few: [], many: [] }
      const start = performance.now()
      for (let turn = 0; turn < turns && performance.now() - start < most; turn++) {
        times.few.push(((await milliseconds(() => pairs(quiet))) / calls) * 1000)
        times.many.push(((await milliseconds(() => pairs(crowded))) / calls) * 1000)
      }
      if (fewLive.length + manyLive.length !== few + many) throw new Error('allocations are missing')
      return { few: median(times.few), many: median(times.many) }
    }),
  )

/** A picture to memory and back, and two sets of the same bytes. Milliseconds, the best of `turns`. */
export const pictureInMemory = ({ size, turns }) =>
  withCache(inMemory, async (cache) => {
    const picture = pixels(size)
    const back = new Uint8Array(size)
    const place = new Uint8Array(size)
    const allocation = cache.allocateSync(size)
    const times = { cache: [], sets: [] }
    for (let turn = 0; turn < turns; turn++) {
      times.cache.push(
        await milliseconds(() => {
          allocation.writeSync(picture)
          allocation.readIntoSync(back)
        }),
      )
      times.sets.push(
        await milliseconds(() => {
          place.set(picture)
          back.set(place)
        }),
      )
    }
    return { cache: Math.min(...times.cache), sets: Math.min(...times.sets) }
  })

/**
 * What the memory tier takes for allocations of one size, free parts included, less the 8 MiB that it may
 * take in any case, for each byte allocated; the worst of several sizes, each in an instance of its own.
 */
export async function overhead({ total, sizes }) {
  const factors = []
  for (const size of sizes)
    await withCache(inMemory, async (cache) => {
      const allocations = []
      for (let bytes = 0; bytes < total; bytes += size) allocations.push(cache.allocateSync(size))
      const { memory } = cache.statistics()
      const occupied = memory.occupiedBytes + memory.freeBytes
      factors.push((occupied - 8 * MiB) / memory.allocatedBytes)
      for (const allocation of allocations) allocation[Symbol.dispose]()
    })
  return { factor: Math.max(0, ...factors) }
}

/**
 * Fills memory with allocations of mixed sizes and disposes of them, again and again: how many times the
 * WebAssembly memory of the first round is there after the last.
 */
export const refills = ({ total, rounds }) =>
  withCache(inMemory, async (cache) => {
    let first = 0
    for (let round = 0; round < rounds; round++) {
      const live = []
      for (let bytes = 0, i = round; bytes < total; i++) {
        // From 4 KiB to 8 MiB, small ones more often, none a power of two.
        const size = Math.floor(4 * KiB * 2 ** (((i * 7919) % 1100) / 100)) + (i % 13)
        live.push(cache.allocateSync(Math.min(size, total - bytes)))
        bytes += size
      }
      for (let i = 0; i < live.length; i++) await live[(i * 7919) % live.length].dispose()
      for (const allocation of live) await allocation.dispose()
      if (round === 0) first = cache.statistics().wasmBytes
    }
    return { factor: cache.statistics().wasmBytes / first }
  })
