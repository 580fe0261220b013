// Bad input: every public call refuses what it cannot take, says what, and changes nothing by it.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

/**
 * What the tests below share; it runs in the page, as text. Answers values that are wrong in each place, and a
 * guard: two allocations whose bytes, and the counters, must be what they were after every refusal.
 */
const prepare = async (kit) => {
  const { load, assert, noise, assertBytes, counters } = kit
  const cache = await load({ settings: { maxMemoryForCache: 2000 } })
  const inMemory = await cache.allocateFrom(noise(1500, 1), { label: 'kept in memory' })
  const onDisk = await cache.allocateFrom(noise(1500, 2), { label: 'kept on disk' })
  assert.deepEqual([inMemory.medium, onDisk.medium], ['memory', 'disk'])
  const gone = await cache.allocate(10)
  await gone.dispose()
  const before = { counters: counters(cache), list: cache.allocations(), settings: { ...cache.settings } }

  const throwing = () => {
    throw new Error('this must not be asked')
  }
  const trap = {
    valueOf: throwing,
    toString: throwing,
    toJSON: throwing,
    [Symbol.toPrimitive]: throwing,
    get [Symbol.toStringTag]() {
      return throwing()
    },
  }
  const proxy = new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing })
  const shady = Object.assign(() => 1, { toString: throwing, valueOf: throwing })
  /** @type {Record<string, any>} */
  const odd = {
    null: null,
    true: true,
    'a BigInt': 1n,
    'a Symbol': Symbol('s'),
    'an empty string': '',
    'a string': '1',
    'an array': [1],
    'an object': {},
    'an object without a prototype': Object.create(null),
    'a function': () => 1,
    'a function that throws': shady,
    'a Number object': new Number(1),
    'a Date': new Date(),
    'an object that cannot be converted': trap,
    'a Proxy that answers nothing': proxy,
  }
  const numbers = {
    '-1': -1,
    '-0.5': -0.5,
    1.5: 1.5,
    'the smallest fraction': Number.MIN_VALUE,
    NaN: Number.NaN,
    Infinity: Infinity,
    '-Infinity': -Infinity,
    '2 ** 53': 2 ** 53,
    '1e300': 1e300,
    '-(2 ** 53)': -(2 ** 53),
  }
  const detached = new Uint8Array(10)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  const detachedFloats = new Float64Array(2)
  detachedFloats.buffer.transfer()
  const pretender = (tag, more) => ({ [Symbol.toStringTag]: tag, ...more })
  const buffers = {
    undefined: undefined,
    'a number': 5,
    'a detached buffer': detached.buffer,
    'a view of a detached buffer': detached,
    'a Float64Array of a detached buffer': detachedFloats,
    'a string': 'bytes',
    'an array of bytes': [1, 2, 3],
    'an array without elements': [],
    'array-like': { length: 2, 0: 1, 1: 2 },
    'what calls itself an ArrayBuffer': pretender('ArrayBuffer', { byteLength: 2, length: 2, 0: 6, 1: 6 }),
    'what calls itself an empty ArrayBuffer': pretender('ArrayBuffer', { byteLength: 0 }),
    'what calls itself a SharedArrayBuffer': pretender('SharedArrayBuffer', { byteLength: 2, length: 2 }),
    'what inherits from Uint8Array': Object.create(Uint8Array.prototype),
    'what inherits from ArrayBuffer': Object.create(ArrayBuffer.prototype),
    ...odd,
  }
  const { null: _, 'an object': __, 'an array': ___, 'a Date': ____, ...rest } = odd
  const { 'an object without a prototype': _5, 'a Number object': _6, ...noObjects } = rest
  const {
    'an object that cannot be converted': _7,
    'a Proxy that answers nothing': _8,
    ...notOptions
  } = noObjects
  notOptions.null = null
  notOptions['a number'] = 5
  delete notOptions['a function']
  delete notOptions['a function that throws']

  const wrongSignals = {
    ...odd,
    'an AbortController': new AbortController(),
    'what calls itself an AbortSignal': pretender('AbortSignal', { aborted: false }),
    'what inherits from AbortSignal': Object.create(AbortSignal.prototype),
  }
  const callbacks = Object.fromEntries(Object.entries(odd).filter(([, value]) => typeof value !== 'function'))
  const labels = Object.fromEntries(Object.entries(odd).filter(([, value]) => typeof value !== 'string'))

  const problems = []

  /** Runs a check and goes on if it fails, so that a table tells all that is wrong in it. */
  async function gather(check) {
    try {
      await check()
    } catch (error) {
      problems.push(error.message)
      await inMemory.write(noise(1500, 1))
      await onDisk.write(noise(1500, 2))
    }
  }

  /** Expects the call to reject with an error of that class that names the argument, and to change nothing. */
  const refuses = (Kind, name, what, call) => gather(() => refusesAtOnce(Kind, name, what, call))

  const ends = (code, call) => gather(() => kit.rejectsWith(code, call(), String(call)))

  async function refusesAtOnce(Kind, name, what, call) {
    const { rejection } = kit
    let promise
    try {
      promise = call()
    } catch (error) {
      assert.fail(`${name} = ${what}: it threw ${error} and should have rejected`)
    }
    promise.then(
      (value) => value?.dispose?.(),
      () => {},
    )
    const error = await rejection(promise, `${name} = ${what}`)
    assert.isTrue(error instanceof Error, `${name} = ${what}: ${String(error)}`)
    assert.strictEqual(error.constructor, Kind, `${name} = ${what}: ${error}`)
    if (name) assert.include(error.message, name, `${name} = ${what}`)
    await unchanged(`${name} = ${what}`)
  }

  async function unchanged(what) {
    assert.deepEqual(counters(cache), before.counters, `${what}: counters`)
    assert.deepEqual(cache.allocations(), before.list, `${what}: list`)
    assert.deepEqual({ ...cache.settings }, before.settings, `${what}: settings`)
    assertBytes(await inMemory.read(), noise(1500, 1), `${what}: memory`)
    assertBytes(await onDisk.read(), noise(1500, 2), `${what}: disk`)
  }

  /** Tries every value that is no number of bytes. */
  async function badBytes(name, call) {
    for (const [what, value] of Object.entries(odd)) await refuses(TypeError, name, what, () => call(value))
    for (const [what, value] of Object.entries(numbers))
      await refuses(RangeError, name, what, () => call(value))
  }

  /** Tries every value that is no options, and options with every wrong value. */
  async function badOptions(call, { signal = true, onProgress = true, label = false } = {}) {
    const each = async (name, values, make) => {
      for (const [what, value] of Object.entries(values))
        await refuses(TypeError, name, what, () => call(make(value)))
    }
    await each('options', notOptions, (value) => value)
    if (signal) await each('signal', wrongSignals, (value) => ({ signal: value }))
    if (onProgress) await each('onProgress', callbacks, (value) => ({ onProgress: value }))
    if (label) await each('label', labels, (value) => ({ label: value }))
    const mine = new Error('mine')
    const names = [signal && 'signal', onProgress && 'onProgress', label && 'label'].filter(Boolean)
    for (const name of names) {
      const options = Object.defineProperty({}, name, {
        enumerable: true,
        get() {
          throw mine
        },
      })
      await gather(async () => {
        assert.strictEqual(await kit.rejection(call(options), `a getter ${name}`), mine, `a getter ${name}`)
        await unchanged(`a getter ${name} that throws`)
      })
    }
  }

  const closed = await load()
  const ofClosed = await closed.allocate(10)
  cache.configure({})
  await closed.close()

  return {
    cache,
    inMemory,
    onDisk,
    gone,
    closed,
    ofClosed,
    numbers,
    buffers,
    odd,
    refuses,
    unchanged,
    badBytes,
    badOptions,
    ends,
    problems,
  }
}

/** A test that is given what prepare made. */
const refusal = (name, body) =>
  inPage(name, { arg: { prepare: String(prepare), body: String(body) } }, async (kit, { prepare, body }) => {
    // functions that came as text
    const [make, test] = [globalThis.eval(`(${prepare})`), globalThis.eval(`(${body})`)]
    const given = await make(kit)
    await test(given, kit)
    if (given.problems.length > 0) kit.assert.fail(given.problems.join('\n'))
  })

refusal('allocate', async ({ cache, closed, refuses, badBytes, badOptions, ends }) => {
  await refuses(TypeError, 'size', 'undefined', () => cache.allocate())
  await badBytes('size', (value) => cache.allocate(value))
  await badOptions((options) => cache.allocate(10, options), { onProgress: false, label: true })
  await ends('CACHE_CLOSED', () => closed.allocate(10))
})

refusal('allocateFrom', async (given, { noise }) => {
  const { cache, closed, buffers, refuses, badOptions, ends } = given
  for (const [what, value] of Object.entries(buffers))
    await refuses(TypeError, 'source', what, () => cache.allocateFrom(value))
  for (const [what, value] of Object.entries({
    'what calls itself a Blob': { [Symbol.toStringTag]: 'Blob', size: 5 },
    'what inherits from Blob': Object.create(Blob.prototype),
    'what calls itself a stream': { [Symbol.toStringTag]: 'ReadableStream' },
    'what inherits from ReadableStream': Object.create(ReadableStream.prototype),
    'a WritableStream': new WritableStream(),
    'an array of buffers': [new Uint8Array(5)],
  }))
    await refuses(TypeError, '', what, () => cache.allocateFrom(value))
  for (const source of [() => noise(10), () => new Blob([noise(10)]), () => new Blob([noise(10)]).stream()]) {
    await badOptions((options) => cache.allocateFrom(source(), options), { label: true })
    await ends('CACHE_CLOSED', () => closed.allocateFrom(source()))
  }
})

const ofAllocations = {
  read: async (given) => {
    const { inMemory, onDisk, gone, ofClosed, refuses, badBytes, badOptions, ends } = given
    for (const a of [inMemory, onDisk]) {
      await badBytes('offset', (value) => a.read(value))
      await badBytes('offset', (value) => a.read(value, 1))
      await badBytes('length', (value) => a.read(0, value))
      await badOptions((options) => a.read(0, 1, options))
      await refuses(RangeError, 'offset', 'size + 1', () => a.read(1501))
      await refuses(RangeError, 'offset', 'size + 1', () => a.read(1501, 0))
      await refuses(RangeError, 'length', 'size + 1', () => a.read(0, 1501))
      await refuses(RangeError, 'length', 'one beyond', () => a.read(1500, 1))
      await refuses(RangeError, '', 'the largest', () =>
        a.read(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      )
    }
    await ends('CACHE_DISPOSED', () => gone.read())
    await ends('CACHE_CLOSED', () => ofClosed.read())
  },
  readInto: async (given) => {
    const { inMemory, onDisk, gone, ofClosed, buffers, refuses, badBytes, badOptions, ends } = given
    for (const a of [inMemory, onDisk]) {
      for (const [what, value] of Object.entries(buffers))
        await refuses(TypeError, 'target', what, () => a.readInto(value))
      await badBytes('offset', (value) => a.readInto(new Uint8Array(1), value))
      await badOptions((options) => a.readInto(new Uint8Array(1), 0, options))
      await refuses(RangeError, '', 'one too long', () => a.readInto(new Uint8Array(1501)))
      await refuses(RangeError, '', 'one beyond', () => a.readInto(new Uint8Array(1), 1500))
      await refuses(RangeError, 'offset', 'size + 1', () => a.readInto(new Uint8Array(0), 1501))
      await refuses(TypeError, 'target', 'a Blob', () => a.readInto(new Blob(['x'])))
    }
    await ends('CACHE_DISPOSED', () => gone.readInto(new Uint8Array(1)))
    await ends('CACHE_CLOSED', () => ofClosed.readInto(new Uint8Array(1)))
  },
  write: async (given) => {
    const { inMemory, onDisk, gone, ofClosed, buffers, refuses, badBytes, badOptions, ends } = given
    for (const a of [inMemory, onDisk]) {
      for (const [what, value] of Object.entries(buffers))
        await refuses(TypeError, 'data', what, () => a.write(value))
      await badBytes('offset', (value) => a.write(new Uint8Array(1), value))
      await badOptions((options) => a.write(new Uint8Array(1), 0, options))
      await refuses(RangeError, '', 'one too long', () => a.write(new Uint8Array(1501)))
      await refuses(RangeError, '', 'one beyond', () => a.write(new Uint8Array(1), 1500))
      await refuses(RangeError, '', 'the last fits, the rest does not', () =>
        a.write(new Uint8Array(501), 1000),
      )
      await refuses(RangeError, 'offset', 'size + 1', () => a.write(new Uint8Array(0), 1501))
      await refuses(TypeError, 'data', 'another allocation', () => a.write(inMemory))
      await refuses(TypeError, 'data', 'a Blob', () => a.write(new Blob(['x'])))
    }
    await ends('CACHE_DISPOSED', () => gone.write(new Uint8Array(1)))
    await ends('CACHE_CLOSED', () => ofClosed.write(new Uint8Array(1)))
  },
  reallocate: async (given) => {
    const { inMemory, onDisk, gone, ofClosed, refuses, badBytes, badOptions, ends } = given
    for (const a of [inMemory, onDisk]) {
      await refuses(TypeError, 'newSize', 'undefined', () => a.reallocate())
      await badBytes('newSize', (value) => a.reallocate(value))
      await badOptions((options) => a.reallocate(1500, options))
    }
    await ends('CACHE_DISPOSED', () => gone.reallocate(1))
    await ends('CACHE_CLOSED', () => ofClosed.reallocate(1))
  },
  flush: async (given) => {
    const { inMemory, onDisk, gone, ofClosed, badOptions, ends } = given
    for (const a of [inMemory, onDisk]) await badOptions((options) => a.flush(options))
    await ends('CACHE_DISPOSED', () => gone.flush())
    await ends('CACHE_CLOSED', () => ofClosed.flush())
  },
  'readable and writable': async (given, { assert }) => {
    const { inMemory, onDisk, odd, numbers, unchanged } = given
    for (const a of [inMemory, onDisk]) {
      const calls = {
        'readable(offset)': (value) => a.readable(value),
        'readable(0, length)': (value) => a.readable(0, value),
        'writable(offset)': (value) => a.writable(value),
      }
      for (const [name, call] of Object.entries(calls)) {
        for (const [what, value] of Object.entries(odd))
          assert.throws(() => call(value), TypeError, undefined, `${name}, ${what}`)
        for (const [what, value] of Object.entries(numbers))
          assert.throws(() => call(value), RangeError, undefined, `${name}, ${what}`)
      }
      await unchanged('streams')
    }
  },
}
for (const [name, body] of Object.entries(ofAllocations)) refusal(name, body)

refusal('configure and setDefaults of a closed cache', async ({ closed, ends }) => {
  await ends('CACHE_CLOSED', () => closed.configure({ maxMemoryForCache: 1 }))
  await ends('CACHE_CLOSED', () => closed.setDefaults())
  await ends('CACHE_CLOSED', () => closed.flush())
})

refusal('methods called on something else', async ({ cache, inMemory, unchanged }, { assert, rejection }) => {
  const names = {
    cache: ['allocate', 'configure', 'setDefaults', 'flush'],
    allocation: ['read', 'reallocate', 'flush'],
  }
  for (const name of names.cache) {
    for (const other of [undefined, {}, inMemory])
      assert.instanceOf(await rejection(cache[name].call(other, 1), name), TypeError, name)
  }
  for (const name of names.allocation) {
    for (const other of [undefined, {}, cache])
      assert.instanceOf(await rejection(inMemory[name].call(other, 1), name), TypeError, name)
  }
  await unchanged('methods of something else')
})

refusal('buffers that lose their memory while a call waits', async (given, kit) => {
  const { cache, onDisk, unchanged } = given
  const { assert, noise, PAGE, rejection, assertBytes } = kit
  const allocation = await (async () => {
    cache.cacheType = 'cacheOnDiskOnly'
    const made = await cache.allocateFrom(noise(2 * PAGE, 5))
    cache.cacheType = 'auto'
    return made
  })()
  await allocation.flush()
  const target = new Uint8Array(2 * PAGE)
  const waiting = rejection(allocation.readInto(target), 'a target that was transferred')
  structuredClone(target.buffer, { transfer: [target.buffer] })
  assert.instanceOf(await waiting, TypeError)
  const resizable = new ArrayBuffer(2 * PAGE, { maxByteLength: 4 * PAGE })
  const shrunk = rejection(allocation.readInto(resizable), 'a target that shrank')
  resizable.resize(10)
  assert.instanceOf(await shrunk, TypeError)
  assertBytes(await allocation.read(), noise(2 * PAGE, 5))
  await allocation.dispose()
  assert.equal(onDisk.disposed, false)
  await unchanged('lost buffers')
})

inPage('events with odd listeners do not disturb the cache', { expected: /mine/ }, async (kit) => {
  const { load, assert, rejection, counters } = kit
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 10 } })
  cache.addEventListener('full', () => {
    throw new Error('mine')
  })
  cache.addEventListener('full', null)
  for (let i = 0; i < 3; i++) assert.equal((await rejection(cache.allocate(11))).code, 'CACHE_FULL')
  const allocation = await cache.allocate(10)
  const onProgress = () => {
    throw new Error('mine')
  }
  await allocation.write(new Uint8Array(10).fill(3), 0, { onProgress })
  assert.deepEqual([...(await allocation.read(0, 2, { onProgress }))], [3, 3])
  assert.deepEqual(counters(cache), [10, 0])
})

inPage('an onProgress that throws does not undo what was done', { expected: /mine/ }, async (kit) => {
  const { load, assert, noise, counters, assertBytes } = kit
  const cache = await load()
  const onProgress = () => {
    throw new Error('mine')
  }
  for (const source of [noise(10), new Blob([noise(10)]), new Blob([noise(10)]).stream()]) {
    const allocation = await cache.allocateFrom(source, { onProgress })
    assertBytes(await allocation.read(), noise(10))
    await allocation.dispose()
  }
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('options that a call does not know are refused', async (kit) => {
  const { load, assert, rejection, counters, asposecache, noise } = kit
  const cache = await load()
  const allocation = await cache.allocateFrom(noise(100))
  const surface = await cache.allocateSurface({ width: 4, height: 4 })
  const other = await allocation.snapshot()
  const before = [counters(cache), cache.allocations()]
  const rect = { x: 0, y: 0, width: 1, height: 1 }
  const pixel = new Uint8Array(4)
  const size = { width: 4, height: 4 }
  const image = new ImageData(1, 1)
  const ignore = () => {}
  /**
   * Each call with options, and one that some other call knows but it does not.
   *
   * @type {Record<string, [(options: any) => any, string]>}
   */
  const calls = {
    allocate: [(o) => cache.allocate(5, o), 'onProgress'],
    allocateSync: [(o) => cache.allocateSync(5, o), 'signal'],
    allocateFrom: [(o) => cache.allocateFrom(pixel, o), 'width'],
    allocateSurface: [(o) => cache.allocateSurface({ ...size, ...o }), 'onProgress'],
    allocateSurfaceSync: [(o) => cache.allocateSurfaceSync({ ...size, ...o }), 'signal'],
    createHistory: [(o) => asposecache.createHistory(surface, o), 'label'],
    loadAsposeCache: [(o) => load(o), 'label'],
    read: [(o) => allocation.read(0, 1, o), 'label'],
    readInto: [(o) => allocation.readInto(pixel, 0, o), 'label'],
    write: [(o) => allocation.write(pixel, 0, o), 'stride'],
    forEachView: [(o) => allocation.forEachView(0, 1, ignore, o), 'signal'],
    reallocate: [(o) => allocation.reallocate(50, o), 'label'],
    snapshot: [(o) => allocation.snapshot(o), 'onProgress'],
    restore: [(o) => allocation.restore(other, o), 'onProgress'],
    moveToDisk: [(o) => allocation.moveToDisk(o), 'label'],
    moveToMemory: [(o) => allocation.moveToMemory(o), 'label'],
    flush: [(o) => allocation.flush(o), 'label'],
    writeRect: [(o) => surface.writeRect(rect, pixel, o), 'scale'],
    readRect: [(o) => surface.readRect(rect, o), 'stride'],
    writeImageData: [(o) => surface.writeImageData(image, 0, 0, o), 'stride'],
    readImageData: [(o) => surface.readImageData(rect, o), 'scale'],
    writeRectSync: [(o) => surface.writeRectSync(rect, pixel, o), 'signal'],
    forEachTile: [(o) => surface.forEachTile(rect, ignore, o), 'signal'],
    'reallocate of a surface': [(o) => surface.reallocate({ width: 2, height: 2 }, o), 'label'],
    'snapshot of a surface': [(o) => surface.snapshot(o), 'onProgress'],
  }
  const problems = []
  for (const [name, [call, foreign]] of Object.entries(calls))
    for (const key of ['lable', foreign]) {
      const promise = (async () => call({ [key]: undefined }))()
      const error = await rejection(promise, `${name} with ${key}`).catch((failure) => failure)
      if (!(error instanceof TypeError) || !error.message.includes(`options.${key}`))
        problems.push(`${name}, ${key}: ${error}`)
    }
  assert.deepEqual(problems, [])
  assert.deepEqual([counters(cache), cache.allocations()], before)
})

inPage(
  'an ImageData in place of bytes is told apart, and what to give instead',
  async ({ load, assert, rejection }) => {
    const cache = await load()
    const allocation = await cache.allocate(4)
    const surface = await cache.allocateSurface({ width: 1, height: 1 })
    /** @type {any} */
    const image = new ImageData(1, 1)
    for (const call of [
      allocation.write(image),
      surface.writeRect({ x: 0, y: 0, width: 1, height: 1 }, image),
    ]) {
      const { constructor, message } = await rejection(call)
      assert.equal(constructor, TypeError)
      assert.match(message, /an ImageData was given, allowed is .*; give its `data`$/)
    }
  },
)

inPage('arrays that their buffer has become too short for are refused', async (kit) => {
  const { load, assert, rejection } = kit
  if (!('resize' in ArrayBuffer.prototype)) return
  const cache = await load()
  const allocation = await cache.allocate(16)
  for (const made of /** @type {any[]} */ ([Uint8Array, Float32Array, DataView])) {
    const buffer = new ArrayBuffer(16, { maxByteLength: 32 })
    const array = new made(buffer, 8)
    const fixed = new made(buffer, 8, made === Float32Array ? 2 : 8)
    buffer.resize(4)
    for (const [what, one] of [
      ['tracking', array],
      ['fixed', fixed],
    ])
      for (const call of [
        () => allocation.write(one),
        () => allocation.readInto(one),
        () => cache.allocateFrom(one),
      ])
        assert.instanceOf(await rejection(call()), TypeError, `${made.name}, ${what}, ${call}`)
    buffer.resize(8)
    if (made !== DataView) await allocation.write(array) // it is empty, and there
  }
})

inPage('a buffer that goes while the options are read is refused', async (kit) => {
  const { load, assert, rejection } = kit
  const cache = await load()
  const allocation = await cache.allocate(16)
  for (const name of ['write', 'readInto']) {
    const array = new Uint8Array(8)
    const options = {
      get signal() {
        structuredClone(array, { transfer: [array.buffer] })
        return undefined
      },
    }
    assert.instanceOf(await rejection(allocation[name](array, 0, options)), TypeError, name)
  }
})

inPage('settings that getters change while others are read stay changed', async ({ load, assert }) => {
  const cache = await load()
  await cache.configure({
    get cacheType() {
      cache.maxDiskSpaceForCache = 77
      return /** @type {const} */ ('auto')
    },
    maxMemoryForCache: 2000,
  })
  assert.deepInclude(cache.settings, { maxDiskSpaceForCache: 77, maxMemoryForCache: 2000 })
})

inPage('a read at once for which there is no memory is refused as full', async (kit) => {
  const { load, assert, assertFull, PAGE } = kit
  const cache = await load()
  const allocation = await cache.allocate(4 * PAGE)
  const surface = await cache.allocateSurface({ width: 512, height: 512 })
  const Real = globalThis.Uint8Array
  const details = { medium: 'memory', requested: 4 * PAGE, allocated: 8 * PAGE, limit: 0, reason: 'memory' }
  for (const call of [() => allocation.readSync(), () => surface.readRectSync()]) {
    globalThis.Uint8Array = new Proxy(Real, {
      construct(target, args, made) {
        if (args[0] >= PAGE) throw new RangeError('Array buffer allocation failed')
        return Reflect.construct(target, args, made)
      },
    })
    let thrown
    try {
      call()
    } catch (error) {
      thrown = error
    } finally {
      globalThis.Uint8Array = Real
    }
    assertFull(thrown, details)
  }
  assert.equal(allocation.readSync().length, 4 * PAGE)
})
