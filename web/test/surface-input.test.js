// Bad input to surfaces, snapshots, restores, differences and moves: refused with words that name the argument, and
// nothing changes by it, neither pixels nor counters.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

/** @typedef {[what: string, call: (...given: any[]) => any, atOnce: boolean]} Call */

/** What the tests share; it runs in the page, as text. */
const prepare = async (kit) => {
  const { load, assert, noise, assertPixels, counters, rejection } = kit
  const size = 300 * 270 * 4
  const cache = await load({ settings: { maxMemoryForCache: size } })
  const make = async (label) => {
    const surface = await cache.allocateSurface({ width: 300, height: 270, label })
    await surface.writeRect({ x: 0, y: 0, width: 300, height: 270 }, noise(size, surface.id))
    return surface
  }
  const inMemory = await make('kept in memory')
  const onDisk = await make('kept on disk')
  assert.deepEqual([inMemory.medium, onDisk.medium], ['memory', 'disk'])
  const snapshot = await inMemory.snapshot()
  const allocation = await cache.allocate(size)
  const gone = await cache.allocateSurface({ width: 1, height: 1 })
  await gone.dispose()
  await cache.flush()
  const other = await load()
  const foreign = await other.allocateSurface({ width: 300, height: 270 })
  const closed = await load()
  const ofClosed = await closed.allocateSurface({ width: 300, height: 270 })
  await closed.close()
  const before = {
    counters: counters(cache),
    list: cache.allocations(),
    statistics: cache.statistics().memory,
  }
  const problems = []

  async function unchanged(what) {
    assert.deepEqual(counters(cache), before.counters, `${what}: counters`)
    assert.deepEqual(cache.allocations(), before.list, `${what}: list`)
    assert.deepEqual(cache.statistics().memory, before.statistics, `${what}: memory`)
    for (const surface of [inMemory, onDisk]) {
      assert.deepEqual([surface.width, surface.height], [300, 270])
      assertPixels(await surface.readRect(), noise(size, surface.id), `${what}: ${surface.label}`)
    }
    assertPixels(await snapshot.readRect(), noise(size, inMemory.id), `${what}: snapshot`)
  }

  /** Expects a call to reject, or to throw if it is one that answers at once; and goes on if it does not. */
  async function refuses(Kind, name, what, call, atOnce = false) {
    try {
      let error
      if (atOnce)
        try {
          call()
        } catch (thrown) {
          error = thrown
        }
      else error = await rejection(call(), what)
      assert.isTrue(error instanceof Error, `${what}: ${String(error)}`)
      if (typeof Kind === 'string') assert.equal(error.code, Kind, `${what}: ${error}`)
      else assert.strictEqual(error.constructor, Kind, `${what}: ${error}`)
      assert.include(error.message, name, what)
      await unchanged(what)
    } catch (problem) {
      problems.push(problem.message)
    }
  }

  const types = {
    null: null,
    true: true,
    'a BigInt': 1n,
    'a string': '1',
    'a Symbol': Symbol('s'),
    'an object': {},
  }
  const ranges = {
    '-1': -1,
    1.5: 1.5,
    NaN: Number.NaN,
    Infinity: Infinity,
    '2 ** 53': 2 ** 53,
    '1e300': 1e300,
  }
  /** Tries every value that is no whole number. */
  async function badNumbers(name, what, call, { atOnce = false, optional = false } = {}) {
    if (!optional)
      await refuses(TypeError, name, `${what}: ${name} = undefined`, () => call(undefined), atOnce)
    for (const [value, given] of Object.entries(types))
      await refuses(TypeError, name, `${what}: ${name} = ${value}`, () => call(given), atOnce)
    for (const [value, given] of Object.entries(ranges))
      await refuses(RangeError, name, `${what}: ${name} = ${value}`, () => call(given), atOnce)
  }
  return {
    cache,
    inMemory,
    onDisk,
    snapshot,
    allocation,
    gone,
    foreign,
    ofClosed,
    refuses,
    badNumbers,
    problems,
  }
}

const refusal = (name, body) =>
  inPage(
    name,
    { arg: { prepare: String(prepare), body: String(body) }, timeout: 120_000 },
    async (kit, { prepare, body }) => {
      // functions that came as text
      const [make, test] = [globalThis.eval(`(${prepare})`), globalThis.eval(`(${body})`)]
      const given = await make(kit)
      await test(given, kit)
      if (given.problems.length > 0) kit.assert.fail(given.problems.join('\n'))
    },
  )

refusal('allocateSurface', async ({ cache, refuses, badNumbers }) => {
  const good = { width: 10, height: 10, bytesPerPixel: 4 }
  for (const [what, call, atOnce] of /** @type {Call[]} */ ([
    ['allocateSurface', (options) => cache.allocateSurface(options), false],
    ['allocateSurfaceSync', (options) => cache.allocateSurfaceSync(options), true],
  ])) {
    for (const name of ['width', 'height', 'bytesPerPixel'])
      await badNumbers(name, what, (value) => call({ ...good, [name]: value }), {
        atOnce,
        optional: name === 'bytesPerPixel',
      })
    for (const value of [null, 5, 'x', true])
      await refuses(TypeError, 'options', `${what}(${value})`, () => call(value), atOnce)
    await refuses(TypeError, 'width', `${what}()`, () => call(), atOnce)
    for (const [name, value] of [
      ['width', 0],
      ['height', 0],
      ['width', 2 ** 31],
      ['height', 2 ** 31],
      ['bytesPerPixel', 0],
      ['bytesPerPixel', 17],
    ])
      await refuses(
        RangeError,
        name,
        `${what}: ${name} ${value}`,
        () => call({ ...good, [name]: value }),
        atOnce,
      )
    // Each is right, together they are more than a number can say.
    const overflow = { width: 2 ** 31 - 1, height: 2 ** 31 - 1, bytesPerPixel: 16 }
    await refuses(RangeError, 'width', `${what}: overflow`, () => call(overflow), atOnce)
    await refuses(
      RangeError,
      'width',
      `${what}: overflow`,
      () => call({ ...overflow, bytesPerPixel: 1 }),
      atOnce,
    )
    for (const label of [null, 5, {}, Symbol('s')])
      await refuses(TypeError, 'label', `${what}: label`, () => call({ ...good, label }), atOnce)
  }
  for (const signal of [null, 5, {}, new AbortController()])
    await refuses(TypeError, 'signal', 'signal', () => cache.allocateSurface({ ...good, signal }))
})

refusal('rectangles', async (given) => {
  const { inMemory, onDisk, gone, ofClosed, refuses, badNumbers } = given
  const good = { x: 1, y: 2, width: 3, height: 4 }
  const data = new Uint8Array(48)
  /** @returns {Call[]} */
  const callsOn = (surface) => [
    ['readRect', (rect) => surface.readRect(rect), false],
    ['reduced', (rect) => surface.readRect(rect, { scale: 1 / 2 }), false],
    ['readImageData', (rect) => surface.readImageData(rect), false],
    ['writeRect', (rect) => surface.writeRect(rect, data), false],
    ['readRectSync', (rect) => surface.readRectSync(rect), true],
    ['writeRectSync', (rect) => surface.writeRectSync(rect, data), true],
    ['forEachTile', (rect) => surface.forEachTile(rect, () => {}), true],
    ['forEachTile to write', (rect) => surface.forEachTile(rect, () => {}, { write: true }), true],
  ]
  const beyond = [
    ['x', { ...good, x: 301 }],
    ['width', { ...good, x: 298 }],
    ['width', { ...good, x: 300 }],
    ['y', { ...good, y: 271 }],
    ['height', { ...good, y: 267 }],
    ['x', { ...good, x: Number.MAX_SAFE_INTEGER }],
    ['y', { ...good, y: Number.MAX_SAFE_INTEGER }],
  ]
  // Those for which the data would not be right either.
  const larger = [
    ['width', { ...good, width: 300 }],
    ['height', { ...good, height: 269 }],
    ['width', { ...good, width: Number.MAX_SAFE_INTEGER }],
    ['height', { ...good, height: Number.MAX_SAFE_INTEGER }],
    ['width', { ...good, width: Number.MAX_SAFE_INTEGER, height: Number.MAX_SAFE_INTEGER }],
    ['width', { ...good, width: 2 ** 31, height: 2 ** 31 }],
    ['width', { ...good, width: 2 ** 32, height: 0 }],
    ['height', { ...good, width: 0, height: 2 ** 32 }],
  ]
  for (const surface of [inMemory, onDisk]) {
    for (const [name, call, atOnce] of callsOn(surface)) {
      const what = `${name} ${surface.medium}`
      if (atOnce && surface === onDisk) continue
      for (const side of ['x', 'y', 'width', 'height'])
        await badNumbers(side, what, (value) => call({ ...good, [side]: value }), { atOnce })
      for (const value of [null, 5, 'x', true])
        await refuses(TypeError, 'rect', `${what}(${value})`, () => call(value), atOnce)
      if (/write|forEach/.test(name)) await refuses(TypeError, 'rect', `${what}()`, () => call(), atOnce)
      for (const [side, rect] of beyond)
        await refuses(RangeError, side, `${what} ${JSON.stringify(rect)}`, () => call(rect), atOnce)
      for (const [side, rect] of larger)
        await refuses(
          RangeError,
          name.startsWith('write') ? '' : side,
          `${what} ${JSON.stringify(rect)}`,
          () => call(rect),
          atOnce,
        )
    }
  }
  for (const [name, call, atOnce] of callsOn(gone))
    await refuses('CACHE_DISPOSED', '', `${name} of a disposed one`, () => call(good), atOnce)
  for (const [name, call, atOnce] of callsOn(ofClosed))
    await refuses('CACHE_CLOSED', '', `${name} of a closed cache`, () => call(good), atOnce)
})

refusal('data and strides', async (given) => {
  const { inMemory, onDisk, refuses, badNumbers } = given
  const rect = { x: 10, y: 20, width: 5, height: 3 } // 20 bytes to a row
  for (const surface of [inMemory, onDisk])
    for (const [what, call, atOnce] of /** @type {Call[]} */ ([
      [
        `writeRect ${surface.medium}`,
        (data, options, r = rect) => surface.writeRect(r, data, options),
        false,
      ],
      [
        `writeRectSync ${surface.medium}`,
        (data, options, r = rect) => surface.writeRectSync(r, data, options),
        true,
      ],
    ])) {
      if (atOnce && surface === onDisk) continue
      const bytes = (n) => new Uint8Array(n).fill(7)
      const detached = bytes(60)
      structuredClone(detached.buffer, { transfer: [detached.buffer] })
      for (const value of [
        undefined,
        null,
        5,
        'x',
        {},
        [1, 2],
        detached,
        detached.buffer,
        new Blob(['x']),
        inMemory,
      ])
        await refuses(TypeError, 'data', `${what}: data`, () => call(value), atOnce)
      for (const n of [0, 1, 59, 61, 1000])
        await refuses(RangeError, 'data', `${what}: ${n} bytes`, () => call(bytes(n)), atOnce)
      await badNumbers('stride', what, (stride) => call(bytes(60), { stride }), { atOnce, optional: true })
      for (const stride of [0, 1, 19])
        await refuses(
          RangeError,
          'stride',
          `${what}: stride ${stride}`,
          () => call(bytes(60), { stride }),
          atOnce,
        )
      for (const n of [0, 60, 79, 91])
        await refuses(
          RangeError,
          'data',
          `${what}: ${n} bytes by 30`,
          () => call(bytes(n), { stride: 30 }),
          atOnce,
        )
      for (const stride of [2 ** 31, 2 ** 52, Number.MAX_SAFE_INTEGER])
        await refuses(
          RangeError,
          'data',
          `${what}: stride ${stride}`,
          () => call(bytes(60), { stride }),
          atOnce,
        )
      const empty = { x: 300, y: 270, width: 0, height: 0 }
      await refuses(RangeError, 'data', `${what}: nothing to write`, () => call(bytes(1), {}, empty), atOnce)
      for (const value of [null, 5, 'x'])
        await refuses(TypeError, 'options', `${what}: options ${value}`, () => call(bytes(60), value), atOnce)
    }
  for (const surface of [inMemory, onDisk]) {
    for (const [name, values] of Object.entries({
      scale: [null, '1', 1n, {}],
      filter: [null, 1, 'PICK', 'nearest', {}],
      signal: [null, 5, {}],
      onProgress: [null, 5, {}],
    }))
      for (const value of values)
        for (const options of [{ [name]: value }, { scale: 1 / 2, [name]: value }])
          await refuses(TypeError, name, `readRect: ${name}`, () => surface.readRect(rect, options))
    for (const scale of [0, -1, 2, 0.3, 1 / 512, Number.NaN, Infinity, -Infinity])
      await refuses(RangeError, 'scale', `readRect: scale ${scale}`, () => surface.readRect(rect, { scale }))
  }
  for (const callback of [undefined, null, 5, {}])
    await refuses(TypeError, 'callback', 'forEachTile', () => inMemory.forEachTile(rect, callback), true)
  for (const write of [null, 1, 'yes'])
    await refuses(
      TypeError,
      'write',
      'forEachTile',
      () => inMemory.forEachTile(rect, () => {}, { write }),
      true,
    )
})

refusal('the stride of a single row may be anything', async (given, { assertPixels, noise }) => {
  const { inMemory, onDisk } = given
  for (const surface of [inMemory, onDisk]) {
    const rect = { x: 10, y: 20, width: 5, height: 1 }
    for (const stride of [20, 21, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      await surface.writeRect(rect, noise(20, stride), { stride })
      assertPixels(await surface.readRect(rect), noise(20, stride))
    }
  }
})

refusal('empty rectangles are allowed, and touch nothing', async (given, { assert, assertPixels, noise }) => {
  const { inMemory, onDisk } = given
  for (const surface of [inMemory, onDisk])
    for (const rect of [
      { x: 0, y: 0, width: 0, height: 0 },
      { x: 300, y: 270, width: 0, height: 0 },
      { x: 5, y: 5, width: 0, height: 100 },
      { x: 5, y: 5, width: 100, height: 0 },
    ]) {
      assertPixels(await surface.readRect(rect), new Uint8Array(0))
      assertPixels(await surface.readRect(rect, { scale: 1 / 8, filter: 'average' }), new Uint8Array(0))
      await surface.writeRect(rect, new Uint8Array(0))
      if (rect.width === 0) await surface.writeRect(rect, new Uint8Array(rect.height * 7), { stride: 7 })
      if (surface === inMemory) {
        surface.writeRectSync(rect, new Uint8Array(0))
        assertPixels(surface.readRectSync(rect), new Uint8Array(0))
        surface.forEachTile(rect, () => assert.fail('there is nothing'), { write: true })
      }
      assertPixels(await surface.readRect(), noise(300 * 270 * 4, surface.id))
    }
})

refusal('other sizes, and everything that takes another one', async (given) => {
  const { cache, inMemory, onDisk, snapshot, allocation, gone, foreign, ofClosed, refuses, badNumbers } =
    given
  for (const surface of [inMemory, onDisk]) {
    for (const name of ['width', 'height'])
      await badNumbers(name, 'reallocate', (value) =>
        surface.reallocate({ width: 9, height: 9, [name]: value }),
      )
    for (const value of [null, 5, 'x'])
      await refuses(TypeError, 'size', 'reallocate', () => surface.reallocate(value))
    await refuses(TypeError, 'width', 'reallocate()', () => surface.reallocate())
    for (const [name, value] of [
      ['width', 0],
      ['height', 0],
      ['width', 2 ** 31],
      ['height', 2 ** 31],
    ])
      await refuses(RangeError, name, `reallocate: ${name} ${value}`, () =>
        surface.reallocate({ width: 9, height: 9, [name]: value }),
      )
    const overflow = { width: 2 ** 31 - 1, height: 2 ** 31 - 1 }
    await refuses(RangeError, 'width', 'reallocate: overflow', () => surface.reallocate(overflow))
    const options = { signal: [null, 5, {}], onProgress: [null, 5, {}] }
    for (const [name, values] of Object.entries(options))
      for (const value of values)
        for (const call of ['moveToDisk', 'moveToMemory', 'flush'])
          await refuses(TypeError, name, call, () => surface[call]({ [name]: value }))
    for (const value of [null, 5, {}, Symbol('s')])
      await refuses(TypeError, 'label', 'snapshot', () => surface.snapshot({ label: value }))
    for (const value of [null, 5, {}]) {
      await refuses(TypeError, 'signal', 'snapshot', () => surface.snapshot({ signal: value }))
      await refuses(TypeError, 'signal', 'restore', () => surface.restore(snapshot, { signal: value }))
    }
    for (const value of [null, 5, 'x'])
      for (const call of [() => surface.snapshot(value), () => surface.restore(snapshot, value)])
        await refuses(TypeError, 'options', String(call), call)
    for (const value of [undefined, null, 5, {}, allocation, foreign, cache])
      await refuses(TypeError, 'from', 'restore', () => surface.restore(value))
  }
  await refuses(TypeError, 'from', 'restore of a surface', () => allocation.restore(inMemory))
  await refuses('CACHE_DISPOSED', '', 'restore', () => inMemory.restore(gone))
  const ends = [
    (one) => one.snapshot(),
    (one) => one.moveToDisk(),
    (one) => one.moveToMemory(),
    (one) => one.flush(),
    (one) => one.reallocate({ width: 1, height: 1 }),
    (one) => one.restore(one),
    (one) => one.readRect(),
    (one) => one.readImageData(),
  ]
  for (const call of ends) {
    await refuses('CACHE_DISPOSED', '', String(call), () => call(gone))
    await refuses('CACHE_CLOSED', '', String(call), () => call(ofClosed))
  }
  const difference = (a, b) => () => cache.difference(a, b)
  for (const value of [undefined, null, 5, {}, foreign, ofClosed]) {
    await refuses(TypeError, 'a', 'difference', difference(value, inMemory), true)
    await refuses(TypeError, 'b', 'difference', difference(inMemory, value), true)
  }
  await refuses(TypeError, 'b', 'difference', difference(inMemory, allocation), true)
  await refuses(TypeError, 'b', 'difference', difference(allocation, inMemory), true)
  await refuses('CACHE_DISPOSED', '', 'difference', difference(inMemory, gone), true)
  await refuses('CACHE_DISPOSED', '', 'difference', difference(gone, inMemory), true)
})

inPage('other shapes are refused by name', async (kit) => {
  const { load, assert, counters, rejection } = kit
  const cache = await load()
  const make = (width, height, bytesPerPixel) => cache.allocateSurface({ width, height, bytesPerPixel })
  const one = await make(20, 10, 4)
  const others = [await make(10, 20, 4), await make(20, 10, 3), await make(40, 5, 4), await make(40, 10, 2)]
  const allocations = [await cache.allocate(10), await cache.allocate(11)]
  const before = counters(cache)
  /** @type {any[][]} */
  const pairs = [...others.map((other) => [one, other]), allocations]
  for (const [a, b] of pairs) {
    const error = await rejection(a.restore(b))
    assert.instanceOf(error, TypeError)
    assert.match(error.message, /^from: .*size or shape/)
    assert.throws(() => cache.difference(a, b), TypeError, /^b: .*size or shape/)
  }
  assert.deepEqual(counters(cache), before)
})
