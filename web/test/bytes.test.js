// Reading and writing: every kind of buffer, every kind of range, on both media.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()
/** @typedef {import('./support/browser.js').Body} Body */

const media = ['cacheInMemoryOnly', 'cacheOnDiskOnly']

/**
 * The same test on both media.
 *
 * @param {string} name
 * @param {[body: Body] | [options: any, body: Body]} rest
 */
const onBoth = (name, ...rest) => {
  const [options, body] = rest.length > 1 ? rest : [{}, rest[0]]
  for (const cacheType of media) inPage(`${name} (${cacheType})`, { ...options, arg: cacheType }, body)
}

onBoth('every kind of buffer can be written', async (kit, cacheType) => {
  const { load, noise, bytesOf, assertBytes } = kit
  const cache = await load({ settings: { cacheType } })
  const raw = noise(800)
  const shared = new SharedArrayBuffer(800)
  new Uint8Array(shared).set(raw)
  const resizable = new ArrayBuffer(800, { maxByteLength: 1600 })
  new Uint8Array(resizable).set(raw)
  const views = [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ]
  const sources = {
    ArrayBuffer: raw.buffer,
    SharedArrayBuffer: shared,
    'resizable ArrayBuffer': resizable,
    'DataView with an offset': new DataView(raw.buffer, 3, 700),
    'subarray of a subarray': raw.subarray(5, 500).subarray(7, 100),
    'view of a SharedArrayBuffer': new Uint16Array(shared, 10, 20),
    'view that follows its buffer': new Uint8Array(resizable, 4),
    'empty ArrayBuffer': new ArrayBuffer(0),
    'empty view at the end': raw.subarray(800),
    ImageData: new ImageData(5, 5).data,
  }
  for (const View of views) {
    const each = View.BYTES_PER_ELEMENT
    sources[`${View.name}`] = new View(raw.buffer)
    sources[`${View.name} with an offset`] = new View(raw.buffer, each * 3, 10)
  }
  for (const [name, source] of Object.entries(sources)) {
    const allocation = await cache.allocate(900)
    await allocation.write(source, 50)
    const expected = new Uint8Array(900)
    expected.set(bytesOf(source), 50)
    assertBytes(await allocation.read(), expected, name)
    await allocation.dispose()
  }
})

onBoth('readInto fills every kind of buffer, and nothing beside it', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes } = kit
  const cache = await load({ settings: { cacheType } })
  const data = noise(2000)
  const allocation = await cache.allocate(2000)
  await allocation.write(data)
  await allocation.flush()
  const around = () => new Uint8Array(1000).fill(0xaa).buffer
  const shared = new SharedArrayBuffer(1000)
  new Uint8Array(shared).fill(0xaa)
  /** @type {Record<string, any>} */
  const targets = {
    ArrayBuffer: around(),
    SharedArrayBuffer: shared,
    Uint8Array: new Uint8Array(around(), 10, 500),
    Uint8ClampedArray: new Uint8ClampedArray(around(), 10, 500),
    Float64Array: new Float64Array(around(), 16, 50),
    BigInt64Array: new BigInt64Array(around(), 16, 50),
    DataView: new DataView(around(), 7, 77),
    'view of a SharedArrayBuffer': new Uint8Array(new SharedArrayBuffer(1000), 100, 200).fill(0xaa),
    empty: new Uint8Array(0),
  }
  for (const [name, target] of Object.entries(targets)) {
    assert.strictEqual(await allocation.readInto(target, 123), target.byteLength, name)
    const whole = new Uint8Array(target.buffer ?? target)
    const from = target.byteOffset ?? 0
    const to = from + target.byteLength
    assertBytes(whole.slice(from, to), data.subarray(123, 123 + target.byteLength), name)
    const beside = [...whole.subarray(0, from), ...whole.subarray(to)]
    if (name !== 'view of a SharedArrayBuffer')
      assert.isTrue(
        beside.every((byte) => byte === 0xaa),
        name,
      )
  }
})

onBoth('what read answers is a copy, in a buffer of its own', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes } = kit
  const cache = await load({ settings: { cacheType } })
  const allocation = await cache.allocate(1000)
  await allocation.write(noise(1000))
  for (const flushed of [false, true]) {
    if (flushed) await allocation.flush()
    const answer = await allocation.read(10, 20)
    assert.strictEqual(answer.constructor, Uint8Array)
    assert.deepEqual([answer.byteOffset, answer.byteLength, answer.buffer.byteLength], [0, 20, 20])
    answer.fill(0)
    assertBytes(await allocation.read(), noise(1000))
    structuredClone(answer.buffer, { transfer: [answer.buffer] })
    assertBytes(await allocation.read(), noise(1000))
  }
})

onBoth('ranges: defaults, ends, and off by one', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, rejection } = kit
  const cache = await load({ settings: { cacheType } })
  const size = 1000
  const data = noise(size)
  const allocation = await cache.allocateFrom(data)
  /**
   * `[arguments of read, from, to]`, or the arguments alone where they are out of range.
   *
   * @type {[number[], number?, number?][]}
   */
  const reads = [
    [[], 0, size],
    [[undefined, undefined], 0, size],
    [[0], 0, size],
    [[400], 400, size],
    [[400, undefined], 400, size],
    [[undefined, 5], 0, 5],
    [[0, 0], 0, 0],
    [[size], size, size],
    [[size, 0], size, size],
    [[size - 1, 1], size - 1, size],
    [[0, size], 0, size],
    [[-0, 3], 0, 3],
    [[0, size + 1]],
    [[1, size]],
    [[size, 1]],
    [[size + 1]],
    [[size + 1, 0]],
    [[Number.MAX_SAFE_INTEGER]],
    [[Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
    [[0, Number.MAX_SAFE_INTEGER]],
    [[2 ** 32, 1]],
    [[0, 2 ** 32]],
  ]
  for (const [args, from, to] of reads) {
    const name = `read(${args})`
    if (from === undefined) {
      const error = await rejection(allocation.read(...args), name)
      assert.strictEqual(error.constructor, RangeError, `${name}: ${error}`)
      assert.match(error.message, /offset|length/, name)
      continue
    }
    assertBytes(await allocation.read(...args), data.subarray(from, to), name)
    if (args[1] === undefined) continue
    const target = new Uint8Array(to - from)
    assert.equal(await allocation.readInto(target, args[0]), to - from)
    assertBytes(target, data.subarray(from, to), name)
  }
  const model = data.slice()
  for (const [offset, length] of [
    [0, size],
    [size, 0],
    [size - 1, 1],
    [undefined, 10],
    [500, 500],
  ]) {
    const piece = noise(length, 99)
    await allocation.write(piece, offset)
    model.set(piece, offset)
    assertBytes(await allocation.read(), model)
  }
  for (const [offset, length] of [
    [0, size + 1],
    [1, size],
    [size, 1],
    [size + 1, 0],
    [Number.MAX_SAFE_INTEGER, 1],
    [2 ** 32, 10],
  ]) {
    for (const call of [
      () => allocation.write(noise(length, 5), offset),
      () => allocation.readInto(new Uint8Array(length), offset),
    ]) {
      const error = await rejection(call(), `${call} ${offset} ${length}`)
      assert.strictEqual(error.constructor, RangeError, String(error))
    }
  }
  assertBytes(await allocation.read(), model)
})

onBoth('an allocation without bytes', async ({ load, assert, rejection, counters }, cacheType) => {
  const cache = await load({ settings: { cacheType } })
  const allocation = await cache.allocate(0)
  assert.equal(allocation.size, 0)
  assert.lengthOf(await allocation.read(), 0)
  assert.equal(await allocation.readInto(new Uint8Array(0)), 0)
  await allocation.write(new Uint8Array(0))
  await allocation.flush()
  assert.instanceOf(await rejection(allocation.write(new Uint8Array(1))), RangeError)
  assert.instanceOf(await rejection(allocation.read(0, 1)), RangeError)
  assert.instanceOf(await rejection(allocation.read(1)), RangeError)
  assert.deepEqual(counters(cache), [0, 0])
  await allocation.reallocate(3)
  assert.deepEqual([...(await allocation.read())], [0, 0, 0])
})

onBoth('reads and writes across the borders of pages', async (kit, cacheType) => {
  const { load, noise, assertBytes, PAGE, random } = kit
  const cache = await load({ settings: { cacheType } })
  const next = random(5)
  for (const size of [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 4 * PAGE + 17]) {
    const model = noise(size, size)
    const allocation = await cache.allocateFrom(model)
    assertBytes(await allocation.read(), model, `${size}`)
    const borders = [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE - 1, 2 * PAGE, 3 * PAGE + 1, size - 1, size]
    for (const from of borders) {
      for (const length of [0, 1, 2, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1]) {
        if (from + length > size) continue
        const piece = noise(length, next(1e6))
        await allocation.write(piece, from)
        model.set(piece, from)
        const start = Math.max(0, from - 3)
        const end = Math.min(size, from + length + 3)
        assertBytes(
          await allocation.read(start, end - start),
          model.subarray(start, end),
          `${from}+${length}`,
        )
      }
      if (from === PAGE) await allocation.flush()
    }
    assertBytes(await allocation.read(), model, `${size}`)
    await allocation.dispose()
  }
})

onBoth(
  'write copies at the call: the buffer can be reused, transferred or shared at once',
  async (kit, cacheType) => {
    const { load, noise, assertBytes, PAGE } = kit
    const cache = await load({ settings: { cacheType } })
    const size = 3 * PAGE
    const allocation = await cache.allocate(2 * size)
    const buffer = new Uint8Array(size)
    const waiting = []
    for (let i = 0; i < 8; i++) {
      buffer.set(noise(size, i))
      waiting.push(allocation.write(buffer, (i % 2) * size))
      buffer.fill(0xee)
    }
    const gone = noise(size, 100)
    waiting.push(allocation.write(gone))
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    const shrinking = new ArrayBuffer(size, { maxByteLength: size })
    new Uint8Array(shrinking).set(noise(size, 101))
    waiting.push(allocation.write(shrinking, size))
    shrinking.resize(0)
    await Promise.all(waiting)
    assertBytes(await allocation.read(0, size), noise(size, 100))
    assertBytes(await allocation.read(size), noise(size, 101))
  },
)

inPage('a buffer that is changed after the call does not change what is stored', async (kit) => {
  const { load, assert, noise, assertBytes, fragment, holdOpen, storedRecords, PAGE } = kit
  const size = 3 * PAGE
  const content = noise(size, 1)
  const after = (buffer) => buffer.fill(0xee)
  const reused = (cacheType) => async (cache, buffer) => {
    cache.cacheType = cacheType
    const allocation = await cache.allocate(size)
    const written = allocation.write(buffer)
    after(buffer)
    await written
    return allocation
  }
  const ways = {
    'in memory': reused('cacheInMemoryOnly'),
    'on disk': reused('cacheOnDiskOnly'),
    'on disk, changed when it has resolved and nothing is stored': async (cache, buffer) => {
      cache.cacheType = 'cacheOnDiskOnly'
      const allocation = await cache.allocate(size)
      await allocation.write(buffer)
      after(buffer)
      return allocation
    },
    'behind a move to disk': async (cache, buffer) => {
      await cache.configure({ maxMemoryForCache: size, exactReallocateOnly: true })
      const allocation = await cache.allocateFrom(noise(size - 1, 2))
      const opening = holdOpen()
      const moved = allocation.reallocate(size + 1)
      const written = allocation.write(buffer)
      after(buffer)
      assert.equal(cache.statistics().queuedBytes, size, 'it waits')
      await opening.release()
      await Promise.all([moved, written])
      return allocation
    },
    'behind a write that has to fetch the rest of its page': async (cache, buffer) => {
      cache.cacheType = 'cacheOnDiskOnly'
      const allocation = await cache.allocateFrom(noise(size, 2))
      await fragment(allocation, noise(size, 2))
      const first = allocation.write(new Uint8Array(1), 5)
      const written = allocation.write(buffer)
      after(buffer)
      assert.equal(cache.statistics().queuedBytes, size + 1, 'both wait')
      await Promise.all([first, written])
      return allocation
    },
  }
  for (const [name, way] of Object.entries(ways)) {
    const cache = await load()
    const allocation = await way(cache, content.slice())
    assertBytes(await allocation.read(0, size), content, name)
    await allocation.flush()
    assertBytes(await allocation.read(0, size), content, name)
    // Past the cache: each of the pages is in a record of the database.
    const pages = []
    for (const record of await storedRecords())
      for (let at = 0; at < record.byteLength; at += PAGE) pages.push(record.slice(at, at + PAGE))
    if (allocation.medium === 'memory') assert.lengthOf(pages, 0)
    else
      for (let at = 0; at < size; at += PAGE) {
        const page = content.subarray(at, at + PAGE)
        assert.isTrue(
          pages.some((stored) => indexedDB.cmp(stored, page) === 0),
          `${name}: the page at ${at} is stored`,
        )
      }
    await cache.close()
  }
})

onBoth('calls take effect in the order in which they were made, awaited or not', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, PAGE, random, counters } = kit
  const cache = await load({ settings: { cacheType } })
  const next = random(11)
  const allocation = await cache.allocate(2 * PAGE)
  let model = new Uint8Array(2 * PAGE)
  const pending = []
  for (let i = 0; i < 300; i++) {
    const kind = next(10)
    if (kind < 4) {
      const from = next(model.length + 1)
      const piece = noise(next(model.length - from + 1), i)
      pending.push(allocation.write(piece, from))
      model.set(piece, from)
    } else if (kind < 8) {
      const from = next(model.length + 1)
      const to = from + next(model.length - from + 1)
      const expected = model.slice(from, to)
      pending.push(
        allocation.read(from, to - from).then((bytes) => assertBytes(bytes, expected, `read ${i}`)),
      )
    } else if (kind < 9) {
      const size = next(4 * PAGE)
      const changed = new Uint8Array(size)
      changed.set(model.subarray(0, size))
      model = changed
      pending.push(allocation.reallocate(size))
    } else pending.push(allocation.flush())
    if (next(40) === 0) await Promise.all(pending.splice(0))
  }
  await Promise.all(pending)
  assertBytes(await allocation.read(), model)
  const expected = cacheType === 'cacheOnDiskOnly' ? [0, model.length] : [model.length, 0]
  assert.deepEqual(counters(cache), expected)
})

onBoth('ranges are checked when the turn comes, against the size then', async (kit, cacheType) => {
  const { load, assert, rejection } = kit
  const cache = await load({ settings: { cacheType } })
  const allocation = await cache.allocate(10)
  const grown = allocation.reallocate(20)
  const late = allocation.write(new Uint8Array([7]), 19)
  const whole = allocation.read()
  const shrunk = allocation.reallocate(5)
  const tooLate = rejection(allocation.write(new Uint8Array([8]), 19))
  const rest = allocation.read(3)
  await Promise.all([grown, late, shrunk])
  assert.deepEqual([...(await whole)], [...new Uint8Array(19), 7])
  assert.strictEqual((await tooLate).constructor, RangeError)
  assert.lengthOf(await rest, 2)
})

onBoth('strips that are not aligned to anything', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, MiB } = kit
  const cache = await load({ settings: { cacheType } })
  const size = 8 * MiB
  const model = noise(size, 4)
  const allocation = await cache.allocate(size)
  const strip = 100_003
  const writes = []
  for (let at = 0; at < size; at += strip) writes.push(allocation.write(model.subarray(at, at + strip), at))
  await Promise.all(writes)
  await allocation.flush()
  assertBytes(await allocation.read(), model)
  for (let at = 0; at < size; at += 999_983) {
    const target = new Uint8Array(Math.min(77_777, size - at))
    await allocation.readInto(target, at)
    assertBytes(target, model.subarray(at, at + target.length))
  }
  if (cacheType === 'cacheOnDiskOnly') {
    const { transactions, writtenBytes } = cache.statistics().disk
    assert.isBelow(transactions, 40, 'many small writes are gathered into few transactions')
    assert.isBelow(writtenBytes, 3 * size)
  }
})

onBoth('100 MB and more in one call', { timeout: 120_000 }, async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, MiB, counters } = kit
  const cache = await load({ settings: { cacheType } })
  const size = 110 * MiB + 12_345
  const data = noise(size, 8)
  const allocation = await cache.allocate(size)
  const progress = []
  let frames = 0
  let running = true
  const heartbeat = () => {
    frames++
    if (running) setTimeout(heartbeat)
  }
  heartbeat()
  const written = allocation.write(data, 0, { onProgress: (p) => progress.push(p) })
  assert.isAtMost(cache.statistics().queuedBytes, 256 * MiB)
  await written
  assert.isAbove(frames, 2, 'the page can do other things meanwhile')
  await allocation.flush()
  const start = frames
  assertBytes(await allocation.read(), data)
  assert.isAbove(frames - start, 2, 'the page can do other things meanwhile')
  running = false
  assert.isAbove(progress.length, 1)
  for (const [i, { done, total }] of progress.entries()) {
    assert.equal(total, size)
    assert.isAtMost(done, size)
    if (i > 0) assert.isAtLeast(done, progress[i - 1].done)
  }
  assert.equal(progress.at(-1).done, size)
  const target = new Uint8Array(70 * MiB)
  assert.equal(await allocation.readInto(target, 33), target.length)
  assertBytes(target, data.subarray(33, 33 + target.length))
  assert.deepEqual(
    counters(cache).reduce((a, b) => a + b),
    size,
  )
})

onBoth('onProgress ends with everything done', async ({ load, assert, noise, MiB }, cacheType) => {
  const cache = await load({ settings: { cacheType } })
  const size = 2 * MiB
  const allocation = await cache.allocate(size)
  const calls = {
    write: (options) => allocation.write(noise(size), 0, options),
    flush: (options) => allocation.flush(options),
    read: (options) => allocation.read(0, size, options),
    readInto: (options) => allocation.readInto(new Uint8Array(size), 0, options),
    'write of nothing': (options) => allocation.write(new Uint8Array(0), 0, options),
  }
  for (const [name, call] of Object.entries(calls)) {
    let last
    let within = true
    const promise = call({
      onProgress(progress) {
        assert.isFalse(within, `${name}: not before the caller has the promise`)
        last = progress
      },
    })
    within = false
    await promise
    await new Promise((resolve) => setTimeout(resolve))
    if (['write', 'read', 'readInto'].includes(name))
      assert.deepEqual(last, { done: size, total: size }, name)
  }
})

const abortable = {
  read: (a, options) => a.read(0, 10, options),
  readInto: (a, options) => a.readInto(new Uint8Array(10), 0, options),
  write: (a, options) => a.write(new Uint8Array(10).fill(9), 0, options),
  reallocate: (a, options) => a.reallocate(5, options),
  flush: (a, options) => a.flush(options),
}
for (const [name, call] of Object.entries(abortable)) {
  const arg = String(call)
  inPage(`${name} that waits behind a write to a stored page can be aborted`, { arg }, async (kit, call) => {
    const { load, assert, noise, assertBytes, fragment, rejection, PAGE } = kit
    // a function that came as text
    const make = globalThis.eval(call)
    const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
    const allocation = await cache.allocateFrom(noise(PAGE))
    const reason = new Error('mine')
    assert.strictEqual(await rejection(make(allocation, { signal: AbortSignal.abort(reason) })), reason)
    const expected = noise(PAGE)
    await fragment(allocation, expected)
    const controller = new AbortController()
    const first = allocation.write(new Uint8Array([7]), 100) // has to fetch the rest of the page
    const waiting = rejection(make(allocation, { signal: controller.signal }))
    const behind = allocation.read()
    controller.abort(reason)
    assert.strictEqual(await waiting, reason)
    await first
    expected[100] = 7
    assertBytes(await behind, expected)
    const late = new AbortController()
    await make(allocation, { signal: late.signal })
    late.abort(reason)
    assert.equal(allocation.size, call.includes('reallocate') ? 5 : PAGE)
  })

  inPage(
    `${name} that waits behind a move to disk can be aborted, and the move too`,
    { arg },
    async (kit, call) => {
      const { load, assert, noise, assertBytes, rejection, holdOpen, counters, PAGE } = kit
      // a function that came as text
      const make = globalThis.eval(call)
      const cache = await load({ settings: { maxMemoryForCache: PAGE, exactReallocateOnly: true } })
      const allocation = await cache.allocateFrom(noise(PAGE))
      const opening = holdOpen()
      const reason = new Error('mine')
      const moving = new AbortController()
      const move = rejection(allocation.reallocate(2 * PAGE, { signal: moving.signal }))
      assert.deepEqual(counters(cache), [PAGE, 2 * PAGE])
      const controller = new AbortController()
      const waiting = rejection(make(allocation, { signal: controller.signal }))
      const behind = allocation.read()
      controller.abort(reason)
      assert.strictEqual(await waiting, reason)
      moving.abort(reason)
      assert.strictEqual(await move, reason)
      assertBytes(await behind, noise(PAGE))
      assert.deepEqual(counters(cache), [PAGE, 0])
      assert.equal(allocation.medium, 'memory')
      await opening.release()
      await allocation.reallocate(2 * PAGE)
      assert.deepEqual(counters(cache), [0, 2 * PAGE])
    },
  )
}

onBoth('a call that was aborted while it waited leaves the others alone', async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, rejection } = kit
  const cache = await load({ settings: { cacheType } })
  const allocation = await cache.allocate(1000)
  const controller = new AbortController()
  const { signal } = controller
  const reason = new Error('mine')
  const first = allocation.reallocate(900)
  const second = allocation.write(noise(900, 1))
  const aborted = allocation.write(noise(900, 2), 0, { signal }).catch((error) => error)
  const last = allocation.read()
  controller.abort(reason)
  await Promise.all([first, second])
  // It depends on how far it had come, but it is all or nothing.
  const bytes = await last
  if ((await aborted) === reason) assertBytes(bytes, noise(900, 1))
  else assertBytes(bytes, noise(900, 2))
  const again = rejection(allocation.write(noise(900, 3), 0, { signal }))
  assert.strictEqual(await again, reason)
})

inPage('copies that wait are bounded by 256 MiB', { timeout: 120_000 }, async (kit) => {
  const { load, assert, assertFull, rejection, noise, assertBytes, MiB, counters } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const size = 32 * MiB
  const allocation = await cache.allocate(size)
  const data = noise(size)
  const settled = []
  for (let i = 0; i < 12; i++) {
    data[0] = i
    settled.push(
      allocation.write(data).then(
        () => i,
        (error) => error,
      ),
    )
    assert.isAtMost(cache.statistics().queuedBytes, 256 * MiB)
    assert.isAtMost(cache.statistics().disk.waitingBytes, 64 * MiB)
  }
  const results = await Promise.all(settled)
  const refused = results.filter((result) => result instanceof Error)
  assert.isAtLeast(refused.length, 1)
  for (const error of refused) assertFull(error, { medium: 'memory', requested: size, reason: 'memory' })
  const last = results.findLast((result) => typeof result === 'number')
  assert.isAtLeast(last, 7)
  data[0] = last
  assertBytes(await allocation.read(), data)
  assert.equal(cache.statistics().queuedBytes, 0)
  assert.deepEqual(counters(cache), [0, size])
  assert.equal((await rejection(allocation.write(new Uint8Array(size + 1)))).constructor, RangeError)
})

inPage('the disk works when memory is full', async ({ load, assert, noise, assertBytes, counters, MiB }) => {
  const cache = await load({ settings: { maxMemoryForCache: 1000 } })
  const inMemory = await cache.allocate(1000)
  await inMemory.write(noise(1000, 1))
  const onDisk = await cache.allocate(3 * MiB)
  await onDisk.write(noise(3 * MiB, 2))
  await onDisk.flush()
  assertBytes(await onDisk.read(), noise(3 * MiB, 2))
  assertBytes(await inMemory.read(), noise(1000, 1))
  assert.deepEqual(counters(cache), [1000, 3 * MiB])
})

inPage('flush resolves once the bytes are in the database', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, noise, stored, PAGE } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const a = await cache.allocate(5 * PAGE)
  const b = await cache.allocate(1000)
  await a.write(noise(5 * PAGE))
  await a.flush()
  assert.equal((await stored()).bytes, 5 * PAGE)
  await b.write(noise(1000))
  await cache.flush()
  assert.equal((await stored()).bytes, 5 * PAGE + 1000)
  assert.equal(cache.statistics().disk.waitingBytes, 0)
  await a.dispose()
  await cache.flush()
  await b.write(noise(1000))
  await b.flush()
  while ((await stored()).bytes !== 1000) await new Promise((resolve) => setTimeout(resolve, 5))
})
