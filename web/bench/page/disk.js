// The disk tier, and what people would use instead. A store has `put` and `get` of a tile, and perhaps
// `putMany`, `getMany` and `flush`; or it has `writeAll` and `readAll`, and does everything by itself.
import { shuffled, Tiles } from './bytes.js'
import { median, milliseconds, percentile, perSecond } from './clock.js'
import * as asposecache from './stores/asposecache.js'
import * as dexie from './stores/dexie.js'
import * as hackpadfs from './stores/hackpadfs.js'
import * as keyval from './stores/idb-keyval.js'
import * as localforage from './stores/localforage.js'
import * as opfs from './stores/opfs.js'
import * as opfsMessages from './stores/opfs-messages.js'
import * as opfsTools from './stores/opfs-tools.js'
import * as raw from './stores/raw.js'
import * as rawWorker from './stores/raw-worker.js'
import * as zenfs from './stores/zenfs.js'

const stores = {
  asposecache,
  dexie,
  hackpadfs,
  'idb-keyval': keyval,
  localforage,
  opfs,
  'opfs-messages': opfsMessages,
  'opfs-tools': opfsTools,
  raw,
  'raw-worker': rawWorker,
  zenfs,
}

export async function withStore(options, use) {
  const store = await stores[options.store].open(options)
  const tiles = new Tiles(options.size)
  await store.prepare?.(tiles)
  try {
    return await use(store, tiles)
  } finally {
    await store.close()
  }
}

export async function writeAll(store, n, tiles, atOnce) {
  if (store.writeAll) await store.writeAll(n, tiles)
  else if (atOnce)
    for (let i = 0; i < n; i += atOnce) await store.putMany(i, tiles.run(i, Math.min(atOnce, n - i)))
  else for (let i = 0; i < n; i++) await store.put(i, tiles.tile(i))
  await store.flush?.()
}

async function readAll(store, n, tiles, atOnce) {
  if (store.readAll) return store.readAll(n, tiles)
  if (!atOnce) {
    for (let i = 0; i < n; i++) tiles.check(await store.get(i), i)
    return
  }
  for (let i = 0; i < n; i += atOnce) {
    const got = await store.getMany(i, Math.min(atOnce, n - i))
    got.forEach((tile, k) => {
      tiles.check(tile, i + k)
    })
  }
}

/** Tiles to disk one after the other, flushed, and read back in the same order. MB/s. */
export const stream = (options) =>
  withStore(options, async (store, tiles) => {
    const n = Math.ceil(options.total / options.size)
    const bytes = n * options.size
    const write = await milliseconds(() => writeAll(store, n, tiles, options.atOnce))
    const read = await milliseconds(() => readAll(store, n, tiles, options.atOnce))
    return {
      write: perSecond(bytes, write),
      read: perSecond(bytes, read),
      both: perSecond(bytes, write + read),
    }
  })

/** Reads of single tiles here and there. Milliseconds: the median read. */
export const randomReads = (options) =>
  withStore(options, async (store, tiles) => {
    const n = Math.ceil(options.total / options.size)
    await writeAll(store, n, tiles, options.atOnce)
    const times = await timesOfReads(store, tiles, shuffled(n).slice(0, options.reads))
    return { read: median(times), p95: percentile(times, 95) }
  })

export async function timesOfReads(store, tiles, numbers) {
  if (store.readThese) return store.readThese(numbers)
  const times = []
  for (const i of numbers) {
    let tile
    times.push(
      await milliseconds(async () => {
        tile = await store.get(i)
      }),
    )
    tiles.check(tile, i)
  }
  return times
}

/** Tiles here and there written anew, flushed. MB/s. */
export const rewrite = (options) =>
  withStore(options, async (store, tiles) => {
    const n = Math.ceil(options.total / options.size)
    await writeAll(store, n, tiles, options.atOnce)
    const numbers = shuffled(n).slice(0, options.writes)
    const time = await milliseconds(async () => {
      for (const i of numbers) await store.put(i, tiles.tile(i))
      await store.flush?.()
    })
    for (const i of numbers.slice(-8)) tiles.check(await store.get(i), i)
    return { write: perSecond(numbers.length * options.size, time) }
  })

/** A picture in one call to disk, flushed, and back in one call. MB/s of both together. */
export async function pictureOnDisk({ size }) {
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
  try {
    const tiles = new Tiles(size, size)
    const allocation = await cache.allocate(size)
    const picture = tiles.tile(0)
    let back
    const time = await milliseconds(async () => {
      await allocation.write(picture)
      await allocation.flush()
      back = await allocation.read()
    })
    tiles.check(back, 0)
    return { both: perSecond(size, time) }
  } finally {
    await cache.close()
  }
}

/**
 * Single reads from an instance with little on disk and from one with much, turn by turn. Milliseconds: the
 * median read of each turn.
 */
export async function readsAtScale({ size, small, large, reads, turns }) {
  const times = { small: [], large: [] }
  const options = { store: 'asposecache', size }
  const fill = async (total, use) =>
    withStore({ ...options, total }, async (store, tiles) => {
      await writeAll(store, total / size, tiles)
      return use({ store, tiles, n: total / size })
    })
  try {
    await fill(small, (few) =>
      fill(large, async (many) => {
        for (let turn = 0; turn < turns; turn++)
          for (const [name, { store, tiles, n }] of Object.entries({ small: few, large: many }))
            times[name].push(median(await timesOfReads(store, tiles, shuffled(n, turn + 1).slice(0, reads))))
      }),
    )
  } catch (error) {
    // What was measured stands, also when so much can't be removed afterwards.
    if (times.large.length < turns) throw error
    return { ...times, failure: String(error) }
  }
  return times
}
