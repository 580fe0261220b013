// Surfaces, snapshots and histories, as an editor uses them.
import { MiB, pixels, shuffled } from './bytes.js'
import { median, milliseconds, pause, turnByTurn } from './clock.js'
import { withCache } from './memory.js'

const inMemory = { settings: { cacheType: 'cacheInMemoryOnly' } }
const onDisk = { settings: { cacheType: 'cacheOnDiskOnly' } }
const tileSide = 256
/** Strokes that are not measured: until everything is as quick as it becomes. */
const warmUp = 8

/** A surface that has a picture. */
async function painted(cache, { width, height }) {
  const surface = await cache.allocateSurface({ width, height })
  const rows = tileSide
  const band = pixels(width * rows * 4)
  for (let y = 0; y < height; y += rows) {
    const fits = Math.min(rows, height - y)
    await surface.writeRect({ x: 0, y, width, height: fits }, band.subarray(0, width * fits * 4))
  }
  return surface
}

/** Squares of so many pixels here and there on a picture, the same ones every time. */
function squares({ width, height }, side, n) {
  const xs = shuffled(width - side).slice(0, n)
  const ys = shuffled(height - side, 2).slice(0, n)
  return xs.map((x, i) => ({ x, y: ys[i % ys.length], width: side, height: side }))
}

/** A rectangle made larger, to the borders of the tiles that it touches. */
function tilesOf(rect, { width, height }) {
  const x = rect.x - (rect.x % tileSide)
  const y = rect.y - (rect.y % tileSide)
  const end = (at, most) => Math.min(most, Math.ceil(at / tileSide) * tileSide)
  return { x, y, width: end(rect.x + rect.width, width) - x, height: end(rect.y + rect.height, height) - y }
}

const bytesOf = ({ width, height }) => width * height * 4
const pages = (rect, picture) => {
  const { x, y, width, height } = tilesOf(rect, picture)
  return (
    (Math.ceil((x + width) / tileSide) - x / tileSide) * (Math.ceil((y + height) / tileSide) - y / tileSide)
  )
}

/**
 * Snapshots of a picture, all of them kept. The milliseconds that one takes, the median and the longest; and
 * by how many bytes the WebAssembly memory has grown for each page of each: garbage included, for it never
 * shrinks.
 *
 * @param {{ snapshots: number, width: number, height: number }} options
 */
export const snapshots = ({ snapshots: n, ...picture }) =>
  withCache(inMemory, async (cache) => {
    const surface = await painted(cache, picture)
    await surface.snapshot() // as quick as it becomes
    const before = cache.statistics().wasmBytes
    const kept = []
    const times = []
    for (let i = 0; i < n; i++)
      times.push(
        await milliseconds(async () => {
          kept.push(await surface.snapshot())
        }),
      )
    if (cache.allocatedMemoryBytesCount !== bytesOf(picture)) throw new Error('a snapshot took room')
    const grown = cache.statistics().wasmBytes - before
    return {
      snapshot: median(times),
      longest: Math.max(...times),
      bookkeeping: grown / n / pages({ x: 0, y: 0, ...picture }, picture),
    }
  })

/**
 * Brush strokes with a commit after each, in turn with writing the tiles that they touch: to memory that is new,
 * as what a stroke adds is, and to those of another picture, which has no history. Milliseconds; MB added by a
 * stroke; bytes added for each byte of the tiles touched.
 *
 * @param {{ strokes: number, side: number, width: number, height: number }} options
 */
export const strokes = ({ strokes: n, side, ...picture }) =>
  withCache(inMemory, async (cache) => {
    const { createHistory } = await import('/asposecache.js')
    const surface = await painted(cache, picture)
    const plain = await painted(cache, picture)
    const history = await createHistory(surface)
    const brush = pixels(side * side * 4, 2)
    const data = pixels((side + 2 * tileSide) ** 2 * 4)
    const times = { stroke: [], fresh: [], tiles: [] }
    let touched = 0
    let added = 0
    for (const [i, rect] of squares(picture, side, n + warmUp).entries()) {
      const tiles = tilesOf(rect, picture)
      const bytes = data.subarray(0, bytesOf(tiles))
      const before = cache.allocatedMemoryBytesCount
      const stroke = await milliseconds(async () => {
        await surface.writeRect(rect, brush)
        await history.commit(`stroke ${i}`)
      })
      added += cache.allocatedMemoryBytesCount - before
      touched += bytes.length
      const fresh = await milliseconds(async () => (await cache.allocate(bytes.length)).write(bytes))
      const again = await milliseconds(() => plain.writeRect(tiles, bytes))
      if (i < warmUp) continue
      times.stroke.push(stroke)
      times.fresh.push(fresh)
      times.tiles.push(again)
    }
    await history.dispose()
    return {
      stroke: median(times.stroke),
      fresh: median(times.fresh),
      tiles: median(times.tiles),
      added: added / (n + warmUp) / 1e6,
      factor: added / touched,
    }
  })

/** The same as web editors do it: after each stroke a copy of all pixels of the canvas. */
export async function imageDataStrokes({ strokes: n, side, width, height }) {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const brush = new ImageData(new Uint8ClampedArray(pixels(side * side * 4, 2).buffer), side)
  const copies = []
  const times = []
  for (const { x, y } of squares({ width, height }, side, n))
    times.push(
      await milliseconds(() => {
        context.putImageData(brush, x, y)
        copies.push(context.getImageData(0, 0, width, height))
      }),
    )
  return { stroke: median(times), added: copies.reduce((sum, { data }) => sum + data.length, 0) / n / 1e6 }
}

/**
 * Squares read from memory, and as many bytes copied to new arrays. Microseconds.
 *
 * @param {{ side: number, width: number, height: number, turns: number, atLeast: number }} options
 */
export const squaresInMemory = ({ side, width, height, ...timing }) =>
  withCache(inMemory, async (cache) => {
    const surface = await painted(cache, { width, height })
    const n = side * side * 4
    const places = squares({ width, height }, side, 64)
    const arrays = Array.from({ length: 64 }, (_, i) => new Uint8ClampedArray(pixels(n, i).buffer))
    let at = 0
    const [read, copy] = turnByTurn(
      [
        (times) => {
          for (let i = 0; i < times; i++) surface.readRectSync(places[at++ % 64])
        },
        (times) => {
          for (let i = 0; i < times; i++) new Uint8ClampedArray(n).set(arrays[at++ % 64])
        },
      ],
      timing,
    )
    return { read, copy }
  })

/**
 * Squares read from disk: milliseconds of one; how many records are fetched for each tile touched, by
 * what IndexedDB is asked for.
 */
export const squaresOnDisk = ({ side, reads, width, height }) =>
  withCache(onDisk, async (cache) => {
    const picture = { width, height }
    const surface = await painted(cache, picture)
    await cache.flush()
    const { prototype } = IDBObjectStore
    const { get } = prototype
    let records = 0
    prototype.get = function (...key) {
      records++
      return get.apply(this, key)
    }
    const times = []
    let touched = 0
    for (const rect of squares(picture, side, reads)) {
      times.push(await milliseconds(() => surface.readRect(rect)))
      touched += pages(rect, picture)
    }
    prototype.get = get
    if (records === 0) throw new Error('nothing was read')
    return { read: median(times), records: records / touched }
  })

/**
 * Strokes with a commit after each until the history holds `total` bytes, most of them on disk; all undone.
 *
 * @param {typeof import('../scale.js').full.history & { on?: object }} options `on`: options of loading
 */
export const largeHistory = ({ on, total, side, pace, undoPace, maxMemoryForCache, ends, ...picture }) =>
  withCache({ ...on, settings: { maxMemoryForCache, spillPolicy: 'coldest' } }, async (cache) => {
    const { createHistory } = await import('/asposecache.js')
    const surface = await painted(cache, picture)
    const history = await createHistory(surface)
    const brush = pixels(side * side * 4, 2)
    const words = new Uint32Array(brush.buffer)
    const held = () => cache.allocatedMemoryBytesCount + cache.allocatedDiskBytesCount
    const strokes = []
    const done = []
    const places = squares(picture, side, 1024)
    for (let i = 0; held() - surface.size < total; i++) {
      const rect = places[i % places.length]
      words[0] = i
      strokes.push(await milliseconds(() => surface.writeRect(rect, brush)))
      await history.commit(`stroke ${i}`)
      done.push(rect)
      await pause(pace)
    }
    const disk = cache.allocatedDiskBytesCount
    await cache.flush()
    // What an undo is for the user: the content from before, to be shown.
    const undos = []
    for (const rect of done.reverse()) {
      let before
      undos.push(
        await milliseconds(async () => {
          await history.undo()
          before = await surface.readRect(rect)
        }),
      )
      if (before.length !== brush.length) throw new Error('there are no pixels')
      await pause(undoPace)
    }
    if (history.canUndo) throw new Error('not all was undone')
    const { peakBytes } = cache.statistics().memory
    await history.dispose()
    return {
      memory: peakBytes / MiB,
      disk: disk / MiB,
      stroke: median(strokes),
      longestStroke: Math.max(...strokes),
      latestUndos: Math.max(...undos.slice(0, ends)),
      oldestUndos: Math.max(...undos.slice(-ends)),
      longestUndo: Math.max(...undos),
    }
  })

/** A picture on disk, reduced to 1/16 by picking and by averaging, and all of it. Milliseconds. */
export const overview = (picture) =>
  withCache(onDisk, async (cache) => {
    const surface = await painted(cache, picture)
    await cache.flush()
    const small = (filter) => surface.readRect(undefined, { scale: 1 / 16, filter })
    const reduced = Math.ceil(picture.width / 16) * Math.ceil(picture.height / 16) * 4
    const times = {}
    for (const [name, read, n] of /** @type {[string, () => Promise<Uint8ClampedArray>, number][]} */ ([
      ['full', () => surface.readRect(), bytesOf(picture)],
      ['pick', () => small('pick'), reduced],
      ['average', () => small('average'), reduced],
    ])) {
      let got
      times[name] = await milliseconds(async () => {
        got = await read()
      })
      if (got.length !== n) throw new Error(`${name}: ${got.length} bytes, not ${n}`)
    }
    return times
  })

/**
 * The entries of a history of so many states, asked for again and again: with nothing changed, and with another state
 * each time. Milliseconds, the median.
 */
export const entries = ({ states, calls }) =>
  withCache(inMemory, async (cache) => {
    const { createHistory } = await import('/asposecache.js')
    const surface = await cache.allocateSurface({ width: 16, height: 16 })
    const brush = pixels(surface.size)
    const history = await createHistory(surface, { maxEntries: states - 1 }) // beside the current one
    let committed = 0
    const commit = async () => {
      brush[0] = committed
      await surface.writeRect({ x: 0, y: 0, width: 16, height: 16 }, brush)
      await history.commit(`stroke ${committed++}`)
    }
    while (history.entries.length < states) await commit()
    const times = { changed: [], unchanged: [] }
    for (let i = 0; i < calls; i++) {
      await commit()
      for (const kind of ['changed', 'unchanged']) times[kind].push(await milliseconds(() => history.entries))
      if (history.entries.length !== states) throw new Error(`there are ${history.entries.length} states`)
    }
    await history.dispose()
    return { changed: median(times.changed), unchanged: median(times.unchanged) }
  })

/** What of a picture of a byte for each pixel differs from its snapshot: so many tiles, no two side by side. */
export const differences = ({ side, tiles, calls }) =>
  withCache(inMemory, async (cache) => {
    const surface = await cache.allocateSurface({ width: side, height: side, bytesPerPixel: 1 })
    const before = await surface.snapshot()
    const across = Math.floor(side / tileSide)
    const half = across >> 1
    for (let i = 0; i < tiles; i++) {
      const row = Math.floor(i / half)
      const at = { x: ((i % half) * 2 + (row % 2)) * tileSide, y: row * tileSide, width: 1, height: 1 }
      await surface.writeRect(at, new Uint8Array([1]))
    }
    const times = []
    for (let i = 0; i < calls; i++) {
      let found
      times.push(await milliseconds(() => (found = cache.difference(surface, before))))
      if (found.length !== tiles) throw new Error(`${found.length} rectangles differ`)
      if (i % 16 === 0) await pause()
    }
    return { difference: median(times) }
  })
