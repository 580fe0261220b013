// Snapshots: copy-on-write, what the counters say of it, restoring, differences, and moves to disk.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()
const devtools = ['devtools']

/** The same for allocations and surfaces; it runs in the page, as text. `unit` is one page, or one tile. */
const kinds = {
  allocation: () => ({
    unit: 262144,
    make: (cache, pages) => cache.allocate(pages * 262144, { label: 'original' }),
    write: (one, page, data) => one.write(data, page * 262144),
    writeSync: (one, page, data) => one.writeSync(data, page * 262144),
    lend: (one, page, data) =>
      one.forEachView(page * 262144, 262144, (view) => view.set(data), { write: true }),
    read: (one, page) => one.read(page * 262144, 262144),
    readAll: (one) => one.read(),
  }),
  surface: () => {
    const rect = (page) => ({ x: page * 256, y: 0, width: 256, height: 256 })
    const bytes = (pixels) => new Uint8Array(pixels.buffer)
    return {
      unit: 262144,
      make: (cache, pages) => cache.allocateSurface({ width: 256 * pages, height: 256, label: 'original' }),
      write: (one, page, data) => one.writeRect(rect(page), data),
      writeSync: (one, page, data) => one.writeRectSync(rect(page), data),
      lend: (one, page, data) => one.forEachTile(rect(page), (pixels) => pixels.set(data), { write: true }),
      read: async (one, page) => bytes(await one.readRect(rect(page))),
      readAll: async (one) => {
        const pages = []
        for (let page = 0; page * 256 < one.width; page++) pages.push(bytes(await one.readRect(rect(page))))
        return new Uint8Array(await new Blob(pages).arrayBuffer())
      },
    }
  },
}

const each = (name, options, body) => {
  for (const kind of Object.keys(kinds))
    for (const cacheType of options.types ?? ['auto'])
      inPage(
        `${name}: ${kind}${options.types ? `, ${cacheType}` : ''}`,
        { ...options, arg: [String(kinds[kind]), cacheType, String(body)] },
        async (kit, [kind, cacheType, body]) => {
          // functions that came as text
          await globalThis.eval(`(${body})`)(kit, globalThis.eval(`(${kind})`)(), cacheType)
        },
      )
}

each(
  'who writes gets a copy, and each page counts once',
  { types: ['cacheInMemoryOnly', 'cacheOnDiskOnly'] },
  async (kit, it, type) => {
    const { load, assert, noise, assertBytes, counters, random } = kit
    const cache = await load({ settings: { cacheType: type } })
    const place = type === 'cacheOnDiskOnly' ? 1 : 0
    const medium = ['memory', 'disk'][place]
    const counts = (pages, what) => {
      const expected = [0, 0]
      expected[place] = pages * it.unit
      assert.deepEqual(counters(cache), expected, what)
    }
    const a = await it.make(cache, 4)
    for (let page = 0; page < 4; page++) await it.write(a, page, noise(it.unit, page + 1))
    counts(4, 'before')
    const { occupiedBytes } = cache.statistics().memory
    const b = await a.snapshot({ label: 'b' })
    const c = await b.snapshot({ label: 'c' }) // of a snapshot
    counts(4, 'snapshots cost nothing')
    assert.equal(cache.statistics().memory.occupiedBytes, occupiedBytes)
    for (const s of [b, c]) {
      assert.deepEqual([s.role, s.size, s.medium], ['history', a.size, medium])
      assert.deepEqual([s.memoryBytes, s.diskBytes], place ? [0, a.size] : [a.size, 0])
    }
    assert.equal(a.role, 'working')
    assert.deepEqual(
      cache.allocations().map(({ label, role }) => [label, role]),
      [
        ['original', 'working'],
        ['b', 'history'],
        ['c', 'history'],
      ],
    )
    // Each writes to another page, and one to the same.
    await it.write(a, 0, noise(it.unit, 10))
    counts(5, 'the original has copied one')
    await it.write(b, 1, noise(it.unit, 11))
    counts(6, 'a snapshot can be written to')
    await it.write(c, 0, noise(it.unit, 12))
    await it.write(c, 0, noise(it.unit, 13))
    counts(7, 'its own page is not copied again')
    await it.write(b, 0, noise(it.unit, 14))
    counts(7, 'the last who has a page writes in its place')
    const want = { a: [10, 2, 3, 4], b: [14, 11, 3, 4], c: [13, 2, 3, 4] }
    const all = { a, b, c }
    for (const [name, seeds] of Object.entries(want))
      for (const [page, seed] of seeds.entries())
        assertBytes(await it.read(all[name], page), noise(it.unit, seed), `${name}, page ${page}`)
    if (place) await cache.flush()
    for (const [name, seeds] of Object.entries(want))
      for (const [page, seed] of seeds.entries())
        assertBytes(await it.read(all[name], page), noise(it.unit, seed), `${name}, page ${page}, stored`)
    await b.dispose()
    counts(5, 'a has 4, c one of its own')
    await a.dispose()
    counts(4, 'c is left')
    assertBytes(await it.read(c, 3), noise(it.unit, 4))
    await c.dispose()
    counts(0)
    assert.equal(cache.statistics().memory.occupiedBytes, 0)

    // Any order of disposal frees exactly what nobody has any more.
    const next = random(5)
    for (let round = 0; round < 10; round++) {
      const live = [{ one: await it.make(cache, 3), versions: [{}, {}, {}] }]
      for (let i = 0; i < 3; i++) await it.write(live[0].one, i, noise(it.unit, i + 1))
      const held = () => new Set(live.flatMap(({ versions }) => versions)).size
      for (let i = 0; i < 12; i++) {
        const m = live[next(live.length)]
        if (next(2) && live.length < 6) live.push({ one: await m.one.snapshot(), versions: [...m.versions] })
        else {
          const page = next(3)
          const shared = live.some((other) => other !== m && other.versions.includes(m.versions[page]))
          if (shared) m.versions[page] = {}
          await it.write(m.one, page, new Uint8Array(it.unit).fill(i))
        }
        counts(held(), `round ${round}, ${i}`)
      }
      while (live.length) {
        live.splice(next(live.length), 1)[0].one.dispose()
        counts(held(), `round ${round}, disposing`)
      }
    }
  },
)

each(
  'writes called before are in it, writes called later are not',
  { types: ['cacheInMemoryOnly', 'cacheOnDiskOnly'] },
  async (kit, it, type) => {
    const { load, assert, noise, assertBytes } = kit
    const cache = await load({ settings: { cacheType: type } })
    const a = await it.make(cache, 2)
    const pending = []
    const snapshots = []
    for (let i = 0; i < 12; i++) {
      pending.push(it.write(a, i % 2, noise(it.unit, i + 1)))
      snapshots.push(a.snapshot())
    }
    const gone = a.dispose()
    for (const [i, promise] of snapshots.entries()) {
      const s = await promise
      assertBytes(await it.read(s, i % 2), noise(it.unit, i + 1), `snapshot ${i}`)
      assertBytes(
        await it.read(s, (i + 1) % 2),
        i ? noise(it.unit, i) : new Uint8Array(it.unit),
        `snapshot ${i}, the other`,
      )
      if (i % 3) await s.dispose()
    }
    await Promise.all([gone, ...pending])
    assert.lengthOf(cache.allocations(), 4)
  },
)

each('writing at once unshares first', {}, async (kit, it) => {
  const { load, assert, noise, assertBytes, counters, assertFull } = kit
  const cache = await load({ settings: { maxMemoryForCache: 3 * it.unit } })
  const a = await it.make(cache, 2)
  for (const page of [0, 1]) await it.write(a, page, noise(it.unit, page + 1))
  const s = await a.snapshot()
  const thrown = (call) => {
    try {
      call()
    } catch (error) {
      return error
    }
    assert.fail('it did not throw')
  }
  it.writeSync(a, 0, noise(it.unit, 3))
  assert.deepEqual(counters(cache), [3 * it.unit, 0])
  for (const write of [it.writeSync, it.lend])
    assertFull(
      thrown(() => write(a, 1, noise(it.unit, 4))),
      { medium: 'memory', limit: 3 * it.unit, reason: 'limit' },
    )
  assert.deepEqual(counters(cache), [3 * it.unit, 0])
  assertBytes(await it.read(a, 1), noise(it.unit, 2))
  it.lend(a, 0, noise(it.unit, 5)) // it is its own already
  cache.maxMemoryForCache = 0
  it.lend(a, 1, noise(it.unit, 6))
  assert.deepEqual(counters(cache), [4 * it.unit, 0])
  for (const page of [0, 1]) {
    assertBytes(await it.read(a, page), noise(it.unit, page + 5))
    assertBytes(await it.read(s, page), noise(it.unit, page + 1))
  }
})

each(
  'restore takes the content of another',
  { types: ['cacheInMemoryOnly', 'cacheOnDiskOnly'] },
  async (kit, it, type) => {
    const { load, assert, noise, assertBytes, counters, rejection, rejectsWith } = kit
    const cache = await load({ settings: { cacheType: type } })
    const sum = () => counters(cache)[0] + counters(cache)[1]
    const a = await it.make(cache, 3)
    await it.write(a, 0, noise(it.unit, 1))
    const s = await a.snapshot()
    await it.write(a, 0, noise(it.unit, 2))
    await it.write(a, 2, noise(it.unit, 3))
    const later = await a.snapshot()
    const before = sum()
    await a.restore(s)
    assert.equal(a.role, 'working')
    assertBytes(await it.read(a, 0), noise(it.unit, 1))
    assertBytes(await it.read(a, 2), new Uint8Array(it.unit))
    assert.isAtMost(sum(), before + (type === 'cacheOnDiskOnly' ? 2 * it.unit : 0))
    assert.equal(cache.difference(a, s).length, 0)
    await a.restore(later)
    assertBytes(await it.read(a, 2), noise(it.unit, 3))
    await a.restore(a)
    assertBytes(await it.read(a, 2), noise(it.unit, 3))
    // In order, un-awaited: writes to the one and to the other.
    const calls = [
      it.write(s, 1, noise(it.unit, 4)),
      a.restore(s),
      it.write(s, 1, noise(it.unit, 5)),
      it.write(a, 0, noise(it.unit, 6)),
      s.restore(a),
      it.write(a, 0, noise(it.unit, 7)),
    ]
    await Promise.all(calls)
    assertBytes(await it.read(a, 1), noise(it.unit, 4))
    assertBytes(await it.read(a, 0), noise(it.unit, 7))
    assertBytes(await it.read(s, 1), noise(it.unit, 4))
    assertBytes(await it.read(s, 0), noise(it.unit, 6))
    assert.equal(s.role, 'history')
    const other = await it.make(cache, 2)
    const held = counters(cache)
    const wrong = await rejection(a.restore(other))
    assert.instanceOf(wrong, TypeError)
    assert.match(wrong.message, /size or shape/)
    for (const value of [undefined, null, 5, {}, cache, a.id]) {
      const error = await rejection(a.restore(value), String(value))
      assert.instanceOf(error, TypeError)
      assert.include(error.message, 'from')
    }
    const foreign = await it.make(await load(), 3)
    assert.instanceOf(await rejection(a.restore(foreign)), TypeError)
    await other.dispose()
    await rejectsWith('CACHE_DISPOSED', a.restore(other))
    await rejectsWith('CACHE_DISPOSED', other.restore(a))
    assertBytes(await it.read(a, 0), noise(it.unit, 7))
    assert.equal(sum(), held[0] + held[1] - 2 * it.unit)
    for (const one of [a, s, later]) await one.dispose()
    assert.deepEqual(counters(cache), [0, 0])
  },
)

inPage('difference tells ranges and rectangles', async (kit) => {
  const { load, assert, PAGE, random } = kit
  const cache = await load()
  const a = await cache.allocate(6 * PAGE + 10)
  const s = await a.snapshot()
  assert.deepEqual(cache.difference(a, s), [])
  await a.write(new Uint8Array(1), 2 * PAGE - 1)
  await a.write(new Uint8Array(1), 2 * PAGE)
  await a.write(new Uint8Array(1), 6 * PAGE + 9)
  const ranges = [
    { offset: PAGE, length: 2 * PAGE },
    { offset: 6 * PAGE, length: 10 },
  ]
  assert.deepEqual(cache.difference(a, s), ranges)
  assert.deepEqual(cache.difference(s, a), ranges)
  await a.moveToDisk()
  assert.deepEqual(cache.difference(s, a), ranges, 'pages that moved are the same')

  const next = random(6)
  const [width, height] = [1300, 1000]
  const surface = await cache.allocateSurface({ width, height, bytesPerPixel: 1 })
  for (let round = 0; round < 20; round++) {
    const before = await surface.snapshot()
    const touched = new Set()
    for (let i = next(4); i >= 0; i--) {
      const [x, y] = [next(width), next(height)]
      const rect = {
        x,
        y,
        width: 1 + next(Math.min(300, width - x)),
        height: 1 + next(Math.min(300, height - y)),
      }
      await surface.writeRect(rect, new Uint8Array(rect.width * rect.height))
      for (let row = y >> 8; row <= (y + rect.height - 1) >> 8; row++)
        for (let column = x >> 8; column <= (x + rect.width - 1) >> 8; column++)
          touched.add(`${column},${row}`)
    }
    const found = []
    for (const rect of cache.difference(before, surface)) {
      assert.deepEqual([rect.x % 256, rect.y % 256], [0, 0])
      assert.isTrue(rect.width % 256 === 0 || rect.x + rect.width === width)
      assert.isTrue(rect.height % 256 === 0 || rect.y + rect.height === height)
      for (let y = rect.y; y < rect.y + rect.height; y += 256)
        for (let x = rect.x; x < rect.x + rect.width; x += 256) found.push(`${x >> 8},${y >> 8}`)
    }
    assert.sameMembers(found, [...touched], `round ${round}`)
    assert.lengthOf(found, touched.size, 'they do not overlap')
    await before.dispose()
  }
})

each('where a copy does not fit the old page goes to disk', {}, async (kit, it) => {
  const { load, assert, noise, assertBytes, counters, collect } = kit
  const cache = await load({ settings: { maxMemoryForCache: 4 * it.unit } })
  const spills = collect(cache, 'spill')
  const a = await it.make(cache, 4)
  for (let page = 0; page < 4; page++) await it.write(a, page, noise(it.unit, page + 1))
  const s = await a.snapshot({ label: 'before' })
  await it.write(a, 1, noise(it.unit, 5))
  assert.deepEqual(counters(cache), [4 * it.unit, it.unit])
  assert.deepEqual([a.medium, a.memoryBytes, a.diskBytes], ['memory', 4 * it.unit, 0])
  assert.deepEqual([s.medium, s.memoryBytes, s.diskBytes], ['memory', 3 * it.unit, it.unit])
  await Promise.all([0, 2, 3].map((page) => it.write(a, page, noise(it.unit, page + 10))))
  assert.deepEqual(counters(cache), [4 * it.unit, 4 * it.unit])
  assert.deepEqual([s.medium, s.memoryBytes, s.diskBytes], ['disk', 0, 4 * it.unit])
  for (let page = 0; page < 4; page++) {
    assertBytes(await it.read(s, page), noise(it.unit, page + 1), `the snapshot, ${page}`)
    assertBytes(await it.read(a, page), noise(it.unit, page === 1 ? 5 : page + 10), `the original, ${page}`)
  }
  assert.equal(
    spills.reduce((sum, { bytes }) => sum + bytes, 0),
    4 * it.unit,
  )
  for (const { reason } of spills) assert.equal(reason, 'copy')
  await cache.flush()
  await a.restore(s)
  assert.deepEqual(counters(cache), [0, 4 * it.unit])
  for (let page = 0; page < 4; page++) assertBytes(await it.read(a, page), noise(it.unit, page + 1))
})

each(
  'a copy that fits nowhere is refused, and nothing has changed',
  { store: 'indexedDB' },
  async (kit, it) => {
    const { load, assert, noise, assertBytes, counters, rejection, assertFull, collect } = kit
    const cases = {
      'in memory only': { settings: { cacheType: 'cacheInMemoryOnly' }, medium: 'memory', reason: 'limit' },
      'disk full': {
        settings: { cacheType: 'auto', maxDiskSpaceForCache: it.unit - 1 },
        medium: 'disk',
        reason: 'limit',
      },
      'disk full, coldest': {
        settings: { cacheType: 'auto', maxDiskSpaceForCache: it.unit - 1, spillPolicy: 'coldest' },
        medium: 'disk',
        reason: 'limit',
      },
      'no disk': {
        settings: { cacheType: 'auto' },
        medium: 'memory',
        reason: 'limit',
        code: 'CACHE_UNAVAILABLE',
      },
      'no disk, coldest': {
        settings: { cacheType: 'auto', spillPolicy: 'coldest' },
        medium: 'memory',
        reason: 'limit',
        code: 'CACHE_UNAVAILABLE',
      },
    }
    const { open } = IDBFactory.prototype
    for (const [name, { settings, medium, reason, code }] of Object.entries(cases)) {
      if (code)
        IDBFactory.prototype.open = () => {
          throw new DOMException('not here', 'SecurityError')
        }
      const cache = await load({ settings: { maxMemoryForCache: 3 * it.unit, ...settings } })
      const spills = collect(cache, 'spill')
      const a = await it.make(cache, 2)
      for (const page of [0, 1]) await it.write(a, page, noise(it.unit, page + 1))
      const s = await a.snapshot()
      await it.write(a, 0, noise(it.unit, 3))
      for (let i = 0; i < 2; i++) {
        const error = await rejection(it.write(a, 1, noise(it.unit, 4)), name)
        assertFull(error, { medium, reason })
        if (code) assert.equal(error.cause?.code, code, name)
      }
      assert.deepEqual(counters(cache), [3 * it.unit, 0], name)
      for (const page of [0, 1]) {
        assertBytes(await it.read(a, page), noise(it.unit, page ? 2 : 3), name)
        assertBytes(await it.read(s, page), noise(it.unit, page + 1), name)
      }
      assert.deepEqual(spills, [], name)
      await s.dispose()
      await it.write(a, 1, noise(it.unit, 4))
      assertBytes(await it.read(a, 1), noise(it.unit, 4), `${name}: it is its own again`)
      assert.deepEqual(counters(cache), [2 * it.unit, 0], name)
      IDBFactory.prototype.open = open
    }
  },
)

each('a move to disk: reads and writes meanwhile, snapshots move too', {}, async (kit, it) => {
  const { load, assert, noise, assertBytes, counters, collect } = kit
  const cache = await load()
  const spills = collect(cache, 'spill')
  const pages = 40 // 10 MiB: more than one transaction
  const a = await it.make(cache, pages)
  for (let page = 0; page < pages; page++) await it.write(a, page, noise(it.unit, page + 1))
  const s = await a.snapshot()
  await it.write(a, 0, noise(it.unit, 100))
  const size = pages * it.unit
  assert.deepEqual(counters(cache), [size + it.unit, 0])
  const progress = []
  const moved = s.moveToDisk({ onProgress: (p) => progress.push(p) })
  // The pages are shared: the original reads and writes while they move.
  let settled = false
  moved.then(() => {
    settled = true
  })
  for (let i = 0; !settled; i++) {
    const page = 1 + (i % (pages - 1))
    const round = Math.floor(i / (pages - 1))
    assertBytes(await it.read(a, page), noise(it.unit, round ? page + 200 : page + 1), `page ${page}`)
    if (round === 0) await it.write(a, page, noise(it.unit, page + 200))
    const [memory, disk] = counters(cache)
    assert.isAtLeast(memory + disk, size + it.unit)
    assert.isAtMost(disk, size)
    await new Promise((resolve) => setTimeout(resolve))
  }
  await moved
  assert.deepEqual([s.medium, s.memoryBytes, s.diskBytes], ['disk', 0, size])
  for (let page = 0; page < pages; page++)
    assertBytes(await it.read(s, page), noise(it.unit, page + 1), `page ${page}`)
  assert.equal(counters(cache)[1], size)
  assert.equal(counters(cache)[0], a.memoryBytes)
  assert.deepEqual(progress.at(-1), { done: size, total: size })
  assert.deepEqual(spills, [{ id: s.id, label: '', bytes: size, reason: 'moveToDisk' }])
  await s.moveToDisk()
  assert.lengthOf(spills, 1, 'there was nothing to do')
  await a.moveToDisk()
  assert.equal(counters(cache)[0], 0)
  assert.equal(cache.statistics().memory.occupiedBytes, 0)
  await cache.flush()
  await s.dispose()
  assert.deepEqual(counters(cache), [0, size])
})

each('a move that fails leaves all as it was', { store: 'indexedDB' }, async (kit, it) => {
  const { load, assert, noise, assertBytes, counters, rejection, collect, assertFull, asposecache } = kit
  const cache = await load({ settings: { maxDiskSpaceForCache: 5 * it.unit }, diskWorker: false })
  const spills = collect(cache, 'spill')
  const a = await it.make(cache, 6)
  for (let page = 0; page < 6; page++) await it.write(a, page, noise(it.unit, page + 1))
  const same = async (what) => {
    assert.deepEqual(counters(cache), [6 * it.unit, 0], what)
    assert.deepEqual([a.medium, a.memoryBytes, a.diskBytes], ['memory', 6 * it.unit, 0], what)
    for (let page = 0; page < 6; page++) assertBytes(await it.read(a, page), noise(it.unit, page + 1), what)
    assert.equal(cache.statistics().disk.waitingBytes, 0, what)
    assert.deepEqual(spills, [], what)
  }
  assertFull(await rejection(a.moveToDisk()), { medium: 'disk', limit: 5 * it.unit, reason: 'limit' })
  await same('the disk is full')
  cache.maxDiskSpaceForCache = 0
  const { put } = IDBObjectStore.prototype
  let failing = true
  IDBObjectStore.prototype.put = function (...args) {
    if (failing) throw new DOMException('full', 'QuotaExceededError')
    return put.apply(this, args)
  }
  const error = await rejection(a.moveToDisk())
  assert.instanceOf(error, asposecache.CacheError)
  assertFull(error, { medium: 'disk', reason: 'quota' })
  await same('storing fails')
  failing = false
  const controller = new AbortController()
  const reason = new Error('mine')
  const aborted = rejection(
    a.moveToDisk({ signal: controller.signal, onProgress: () => controller.abort(reason) }),
  )
  const why = await aborted
  assert.equal(why, reason)
  for (let i = 0; cache.statistics().disk.waitingBytes > 0 && i < 100; i++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  await same('it was aborted')
  const gone = rejection(a.moveToDisk())
  const after = rejection(a.moveToDisk())
  await a.dispose()
  assert.equal((await gone).code, 'CACHE_DISPOSED')
  assert.equal((await after).code, 'CACHE_DISPOSED')
  assert.deepEqual(counters(cache), [0, 0])
})

each('what moves back to memory comes back for all who share it', {}, async (kit, it) => {
  const { load, assert, noise, assertBytes, counters, rejection, assertFull } = kit
  const cache = await load()
  const pages = 40 // 10 MiB
  const size = pages * it.unit
  const a = await it.make(cache, pages)
  for (let page = 0; page < pages; page++) await it.write(a, page, noise(it.unit, page + 1))
  const s = await a.snapshot()
  await a.moveToDisk()
  assert.deepEqual(counters(cache), [0, size])
  cache.maxMemoryForCache = size - 1
  assertFull(await rejection(a.moveToMemory()), { medium: 'memory', limit: size - 1, reason: 'limit' })
  const reason = new Error('mine')
  cache.maxMemoryForCache = 0
  const signal = AbortSignal.abort(reason)
  assert.equal(await rejection(a.moveToMemory({ signal })), reason)
  const moving = rejection(a.moveToMemory())
  await a.dispose()
  assert.equal((await moving).code, 'CACHE_DISPOSED')
  assert.deepEqual([s.medium, ...counters(cache)], ['disk', 0, size])

  const other = await s.snapshot()
  const progress = []
  const moved = s.moveToMemory({ onProgress: (p) => progress.push(p) })
  assert.deepEqual(counters(cache)[1], size, 'it counts on disk until it is in memory')
  // Reads and writes of who shares it go on.
  await it.write(other, 5, noise(it.unit, 105))
  assertBytes(await it.read(other, 5), noise(it.unit, 105))
  assertBytes(await it.read(other, 6), noise(it.unit, 7))
  await moved
  assert.deepEqual([s.medium, s.memoryBytes, s.diskBytes], ['memory', size, 0])
  assert.deepEqual(progress.at(-1), { done: size, total: size })
  assert.equal(other.medium, 'memory')
  await s.moveToMemory() // there is nothing to do
  for (let page = 0; page < pages; page++) {
    assertBytes(await it.read(s, page), noise(it.unit, page + 1), `page ${page}`)
    assertBytes(await it.read(other, page), noise(it.unit, page === 5 ? 105 : page + 1), `page ${page}`)
  }
  await other.moveToMemory()
  assert.deepEqual(counters(cache), [size + it.unit, 0])
  await s.dispose()
  assert.deepEqual(counters(cache), [size, 0])
  await other.dispose()
  assert.deepEqual(counters(cache), [0, 0])
  assert.equal(cache.statistics().memory.occupiedBytes, 0)
})

inPage(
  'the browser is full: a move fails, and succeeds when there is room',
  { needs: devtools },
  async (kit) => {
    const { load, assert, noise, assertBytes, assertFull, rejection, counters, MiB } = kit
    const { origin } = location
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2 * MiB })
    const cache = await load()
    const a = await cache.allocateFrom(noise(8 * MiB))
    const s = await a.snapshot()
    assertFull(await rejection(s.moveToDisk()), { medium: 'disk', reason: 'quota' })
    assert.deepEqual(counters(cache), [8 * MiB, 0])
    assertBytes(await a.read(), noise(8 * MiB))
    await globalThis.devtools('Storage.overrideQuotaForOrigin', { origin })
    await s.moveToDisk()
    assert.deepEqual(counters(cache), [0, 8 * MiB])
    assertBytes(await a.read(), noise(8 * MiB))
    assertBytes(await s.read(), noise(8 * MiB))
  },
)

inPage('a snapshot that is garbage is freed, and reported as a leak', { needs: ['gc'] }, async (kit) => {
  const { load, assert, counters, next, PAGE } = kit
  const cache = await load({ captureStacks: true })
  const surface = await cache.allocateSurface({ width: 256, height: 256 })
  async function careless() {
    const snapshot = await surface.snapshot({ label: 'forgotten' })
    await surface.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4))
    assert.deepEqual(counters(cache), [2 * PAGE, 0])
    return snapshot.id
  }
  let told
  next(cache, 'leak').then((detail) => {
    told = detail
  })
  const id = await careless()
  while (!told) {
    await kit.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve))
  }
  const { stack, ...rest } = told
  assert.deepEqual(rest, { id, label: 'forgotten', size: PAGE })
  assert.include(stack, 'careless')
  assert.deepEqual(counters(cache), [PAGE, 0])
  assert.lengthOf(cache.allocations(), 1)
})

inPage('reading a reduced picture does not stand in the way of writing', async (kit) => {
  const { load, assert, noise, assertPixels, counters } = kit
  const size = 4096 * 4096 * 4
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: size } })
  const surface = await cache.allocateSurface({ width: 4096, height: 4096 })
  const reading = surface.readRect(undefined, { scale: 1 / 16, filter: 'average' })
  const writing = surface.writeRect({ x: 4000, y: 4000, width: 96, height: 96 }, noise(96 * 96 * 4))
  assertPixels(await reading, new Uint8Array(256 * 256 * 4))
  await writing
  assert.deepEqual(counters(cache), [size, 0])
})
