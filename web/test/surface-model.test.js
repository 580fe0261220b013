// Random strokes, snapshots, undo, redo, restores and moves, compared with pictures copied whole. Both counters
// follow from the versions of tiles that somebody has, after each operation.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()
const seed = Number(process.env.SEED ?? 20_251_122)

/**
 * The model; it runs in the page, as text. A tile is a version, `{ size, disk }`, or null where nothing was ever
 * written on disk. Who has a version sees it move. `limited`: where things lie is not known, but the sum is.
 */
const model = (kit, cache, next, limited) => {
  const { assert, noise, assertPixels, Picture, counters } = kit
  const live = []
  /** A surface with a history; its states are pictures with tiles, too. */
  let layer
  let done = 0

  const tilesOf = ({ width, height }) => {
    const tiles = []
    for (let y = 0; y < height; y += 256)
      for (let x = 0; x < width; x += 256)
        tiles.push({ x, y, width: Math.min(256, width - x), height: Math.min(256, height - y) })
    return tiles
  }
  const bytesOf = (picture, { width, height }) => width * height * picture.bytesPerPixel
  const state = (m) => ({ picture: m.picture.copy(), tiles: [...m.tiles] })
  const everybody = () => [...live, ...(layer ? layer.states : [])]
  const isShared = (tile) => {
    let n = 0
    for (const { tiles } of everybody()) for (const other of tiles) if (other === tile) n++
    return n > 1
  }

  /** What both counters should be, if nothing is on its way from one medium to the other. */
  const expected = () => {
    const held = [0, 0]
    const seen = new Set()
    for (const { tiles, picture, working } of everybody()) {
      const rects = tilesOf(picture)
      for (const [i, tile] of tiles.entries()) {
        if (!tile) {
          if (working) held[1] += bytesOf(picture, rects[i]) // it has room on disk
        } else if (!seen.has(tile)) {
          seen.add(tile)
          held[tile.disk ? 1 : 0] += tile.size
        }
      }
    }
    return held
  }

  const isOnDisk = ({ tiles }) => tiles.every((tile) => !tile || tile.disk)
  const rectangle = ({ width, height }) => {
    const [x, y] = [next(width + 1), next(height + 1)]
    const most = [20, 200, 1000][next(3)]
    return { x, y, width: next(Math.min(most, width - x) + 1), height: next(Math.min(most, height - y) + 1) }
  }
  const side = () => [1 + next(40), 200 + next(200), [1, 255, 256, 257, 512, 513][next(6)]][next(3)]

  /** Changes the model as a write does. */
  const paint = (m, rect, data, stride) => {
    m.picture.paint(rect, data, stride)
    if (rect.width === 0 || rect.height === 0) return
    for (const [i, t] of tilesOf(m.picture).entries()) {
      if (t.x >= rect.x + rect.width || t.x + t.width <= rect.x) continue
      if (t.y >= rect.y + rect.height || t.y + t.height <= rect.y) continue
      const tile = m.tiles[i]
      if (!tile || isShared(tile)) m.tiles[i] = { size: bytesOf(m.picture, t), disk: tile?.disk ?? true }
    }
  }

  /** Whether it was done: there may be no room for copies, and what is done at once does not make any. */
  const atOnce = (call) => {
    try {
      call()
      return true
    } catch (error) {
      if (!limited || error.code !== 'CACHE_FULL') throw error
      return false
    }
  }

  const operations = {
    async allocate() {
      if (live.length >= 6) return
      const [width, height, bytesPerPixel] = [side(), side(), [1, 3, 4, 4, 16][next(5)]]
      cache.cacheType = next(3) ? 'auto' : 'cacheOnDiskOnly'
      const surface = await cache.allocateSurface({ width, height, bytesPerPixel })
      cache.cacheType = 'auto'
      const picture = new Picture(width, height, bytesPerPixel)
      const disk = surface.medium === 'disk'
      const tiles = tilesOf(picture).map((t) => (disk ? null : { size: bytesOf(picture, t), disk }))
      live.push({ surface, picture, tiles, working: true })
      return live.at(-1)
    },
    async stroke(m) {
      const rect = rectangle(m.picture)
      const row = rect.width * m.picture.bytesPerPixel
      const stride = row + [0, 0, 1, 100][next(4)]
      const data = noise(stride * rect.height, done + 1)
      if (next(3) || m.surface.memoryBytes < m.surface.size) await m.surface.writeRect(rect, data, { stride })
      else if (!atOnce(() => m.surface.writeRectSync(rect, data, { stride }))) return
      paint(m, rect, data, stride)
    },
    async tiles(m) {
      if (m.surface.memoryBytes < m.surface.size) return operations.stroke(m)
      const rect = rectangle(m.picture)
      const data = noise(1, done + 1)
      const fill = (pixels) => pixels.fill(data[0])
      if (!atOnce(() => m.surface.forEachTile(rect, fill, { write: true }))) return
      if (rect.width && rect.height)
        for (const t of tilesOf(m.picture)) {
          if (t.x >= rect.x + rect.width || t.x + t.width <= rect.x) continue
          if (t.y >= rect.y + rect.height || t.y + t.height <= rect.y) continue
          paint(m, t, new Uint8Array(bytesOf(m.picture, t)).fill(data[0]))
        }
    },
    async snapshot(m) {
      if (live.length >= 6) return
      const surface = await m.surface.snapshot()
      live.push({ surface, working: false, ...state(m) })
      return live.at(-1)
    },
    async read(m) {
      const rect = rectangle(m.picture)
      assertPixels(await m.surface.readRect(rect), m.picture.cut(rect), 'a rectangle')
    },
    async reduced(m) {
      const rect = rectangle(m.picture)
      const side = 2 ** next(9)
      const filter = ['pick', 'average'][next(2)]
      const options = { scale: 1 / side, filter }
      assertPixels(await m.surface.readRect(rect, options), m.picture.scaled(rect, side, filter), 'reduced')
    },
    async resize(m) {
      if (!m.working) return
      // Where new tiles would lie is not known.
      const [width, height] = limited
        ? [1 + next(m.picture.width), 1 + next(m.picture.height)]
        : [side(), side()]
      const disk = isOnDisk(m)
      const before = { picture: m.picture, tiles: m.tiles, rects: tilesOf(m.picture) }
      await m.surface.reallocate({ width, height })
      m.picture = m.picture.resized(width, height)
      m.tiles = tilesOf(m.picture).map((t) => {
        const i = before.rects.findIndex(({ x, y }) => x === t.x && y === t.y)
        if (i < 0) return disk ? null : { size: bytesOf(m.picture, t), disk: false }
        const [was, tile] = [before.rects[i], before.tiles[i]]
        if (!tile || (was.width === t.width && was.height === t.height)) return tile
        return { size: bytesOf(m.picture, t), disk: tile.disk }
      })
    },
    async move(m) {
      await m.surface.moveToDisk()
      for (const tile of m.tiles) if (tile) tile.disk = true
    },
    async moveBack(m) {
      try {
        await m.surface.moveToMemory()
      } catch (error) {
        if (!limited || error.code !== 'CACHE_FULL') throw error
        return
      }
      m.tiles.forEach((tile, i) => {
        if (tile) tile.disk = false
        else m.tiles[i] = { size: bytesOf(m.picture, tilesOf(m.picture)[i]), disk: false }
      })
    },
    async restore(m) {
      const from = live[next(live.length)]
      const same = ['width', 'height', 'bytesPerPixel'].every(
        (name) => m.picture[name] === from.picture[name],
      )
      const error = await m.surface.restore(from.surface).catch((error) => error)
      assert.equal(error === undefined, same, String(error))
      if (same) Object.assign(m, state(from))
    },
    async difference(m) {
      const other = live[next(live.length)]
      const same = ['width', 'height', 'bytesPerPixel'].every(
        (name) => m.picture[name] === other.picture[name],
      )
      let rects
      try {
        rects = cache.difference(m.surface, other.surface)
      } catch (error) {
        assert.instanceOf(error, TypeError)
      }
      assert.equal(rects !== undefined, same)
      if (!same) return
      const inside = (t, r) =>
        r.x <= t.x && r.y <= t.y && t.x + t.width <= r.x + r.width && t.y + t.height <= r.y + r.height
      for (const [i, t] of tilesOf(m.picture).entries())
        assert.lengthOf(
          rects.filter((r) => inside(t, r)),
          m.tiles[i] === other.tiles[i] ? 0 : 1,
          `tile ${i}`,
        )
    },
    async commit() {
      if (!layer) {
        const m = live.find(({ working }) => working)
        if (!m) return
        const history = await kit.asposecache.createHistory(m.surface, { maxEntries: 4 })
        layer = { m, history, states: [state(m)], at: 0 }
        return
      }
      await layer.history.commit(`${done}`)
      layer.states.splice(layer.at + 1)
      layer.states.push(state(layer.m))
      if (layer.states.length > 5) layer.states.shift()
      layer.at = layer.states.length - 1
      return layer.m
    },
    async step() {
      if (!layer) return
      const by = next(5) < 3 ? -1 : 1
      const to = layer.at + by
      const possible = to >= 0 && to < layer.states.length
      assert.equal(await (by < 0 ? layer.history.undo() : layer.history.redo()), possible)
      if (possible) {
        layer.at = to
        Object.assign(layer.m, state(layer.states[to]))
      }
      assert.deepEqual(
        layer.history.entries.map(({ current }) => current),
        layer.states.map((_, i) => i === layer.at),
      )
      return layer.m
    },
    async flush(m) {
      await m.surface.flush()
    },
    async dispose(m) {
      live.splice(live.indexOf(m), 1)
      m.surface.dispose()
      if (layer?.m === m) {
        layer.history.dispose()
        layer = undefined
      }
    },
  }
  const likely = {
    allocate: 8,
    stroke: 30,
    tiles: 6,
    snapshot: 9,
    read: 6,
    reduced: 3,
    resize: 4,
    move: 4,
    moveBack: 4,
    restore: 6,
    difference: 4,
    commit: 12,
    step: 14,
    flush: 3,
    dispose: 6,
  }
  const names = Object.entries(likely).flatMap(([name, n]) => Array(n).fill(name))

  const look = async (m, what) => {
    const { width, height, bytesPerPixel, bytes } = m.picture
    assert.deepEqual([m.surface.width, m.surface.height, m.surface.size], [width, height, bytes.length], what)
    assert.equal(m.surface.bytesPerPixel, bytesPerPixel, what)
    assertPixels(await m.surface.readRect(), bytes, what)
  }

  return {
    live,
    expected,
    async operation() {
      const name = live.length ? names[next(names.length)] : 'allocate'
      const m = live[next(live.length)]
      done++
      const touched = (await operations[name](m)) ?? m
      if (touched && live.includes(touched)) await look(touched, name)
      return `${name} ${(touched ?? m)?.surface.id ?? ''}`
    },
    async lookAtAll() {
      for (const m of live) await look(m, 'all of them')
    },
    /** Where it lies, surface by surface, for who has no limits. */
    media() {
      for (const m of live) {
        const held = [0, 0]
        const rects = tilesOf(m.picture)
        for (const [i, tile] of m.tiles.entries())
          if (tile) held[tile.disk ? 1 : 0] += tile.size
          else if (m.working) held[1] += bytesOf(m.picture, rects[i])
        assert.deepEqual([m.surface.memoryBytes, m.surface.diskBytes], held)
        if (m.tiles.some(Boolean)) assert.equal(m.surface.medium, held[0] ? 'memory' : 'disk')
        assert.equal(m.surface.role, m.working ? 'working' : 'history')
      }
    },
    async end(check) {
      await this.lookAtAll()
      while (live.length) {
        await operations.dispose(live[next(live.length)])
        if (check) assert.deepEqual(counters(cache), expected())
      }
      if (layer) layer.history.dispose()
      layer = undefined
      const { memory, disk, queuedBytes } = cache.statistics()
      assert.deepEqual(
        [memory.occupiedBytes, memory.allocations, disk.allocations, queuedBytes],
        [0, 0, 0, 0],
      )
    },
  }
}

const test = (name, operations, body) =>
  inPage(
    `${operations} random operations, ${name} (SEED=${seed})`,
    { arg: { seed, operations, model: String(model), body: String(body) }, timeout: 120_000 },
    async (kit, { seed, operations, model, body }) => {
      const next = kit.random(seed)
      // functions that came as text
      const [make, play] = [globalThis.eval(`(${model})`), globalThis.eval(`(${body})`)]
      const log = []
      try {
        await play(kit, operations, next, (...args) => make(kit, args[0], next, args[1]), log)
      } catch (error) {
        error.message = `seed ${seed}, after ${log.length}, ${log.slice(-8).join('; ')}: ${error.message}`
        throw error
      }
    },
  )

test('without limits', 4000, async (kit, operations, next, model, log) => {
  const { load, assert, counters } = kit
  const cache = await load()
  const m = model(cache)
  for (let i = 0; i < operations; i++) {
    log.push(await m.operation())
    assert.deepEqual(counters(cache), m.expected(), 'the counters')
    m.media()
    if (i % 50 === 49) await m.lookAtAll()
    if (i % 500 === 499) {
      await m.end(true)
      assert.deepEqual(counters(cache), [0, 0])
    }
  }
})

test('with little memory, the coldest making room', 2000, async (kit, operations, next, model, log) => {
  const { load, assert, counters } = kit
  const limit = 2_500_000
  const cache = await load({
    settings: { maxMemoryForCache: limit, spillPolicy: 'coldest', exactReallocateOnly: true },
  })
  let over = 0
  const sample = () => {
    over = Math.max(over, cache.allocatedMemoryBytesCount - limit)
  }
  cache.addEventListener('spill', sample)
  const m = model(cache, true)
  for (let i = 0; i < operations; i++) {
    log.push(await m.operation())
    sample()
    const sum = ([memory, disk]) => memory + disk
    // What is on its way counts twice until it is stored.
    assert.isAtLeast(sum(counters(cache)), sum(m.expected()))
    const end = performance.now() + 5000
    while (sum(counters(cache)) > sum(m.expected()) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve))
    assert.equal(sum(counters(cache)), sum(m.expected()), 'the sum of the counters')
    assert.equal(over, 0, 'bytes above the limit')
    if (i % 50 === 49) await m.lookAtAll()
    if (i % 500 === 499) {
      await m.end(false)
      assert.deepEqual(counters(cache), [0, 0])
    }
  }
  assert.isAbove(cache.statistics().spills, 5)
})
