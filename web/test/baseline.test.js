// The oldest browsers that are served: what they lack may be used where it is, and nothing may need it.
import { run, useBrowser } from './support/browser.js'
import { html } from './support/site.js'

/** Takes away what came after the oldest browsers served. Runs in the page, before any other script. */
const age = () => {
  /** @type {any[][]} */
  const young = [
    [Array, 'fromAsync'],
    [Array.prototype, 'toReversed', 'toSorted', 'toSpliced', 'with'],
    [ArrayBuffer.prototype, 'detached', 'maxByteLength', 'resizable', 'resize'],
    [ArrayBuffer.prototype, 'transfer', 'transferToFixedLength', 'transferToImmutable', 'immutable'],
    [globalThis.SharedArrayBuffer?.prototype, 'grow', 'growable', 'maxByteLength'],
    [AbortSignal, 'any'],
    [Blob.prototype, 'bytes', 'textStream'],
    [Response.prototype, 'bytes'],
    [ImageData.prototype, 'colorSpace', 'pixelFormat'],
    [Map, 'groupBy'],
    [Map.prototype, 'getOrInsert', 'getOrInsertComputed'],
    [Object, 'groupBy'],
    [Promise, 'try', 'withResolvers'],
    [ReadableStream, 'from'],
    [ReadableStream.prototype, Symbol.asyncIterator, 'values'],
    [Set.prototype, 'difference', 'intersection', 'isDisjointFrom', 'isSubsetOf', 'isSupersetOf'],
    [Set.prototype, 'symmetricDifference', 'union'],
    [String.prototype, 'isWellFormed', 'toWellFormed'],
    [Uint8Array, 'fromBase64', 'fromHex'],
    [URL, 'canParse', 'parse'],
    [Navigator.prototype, 'storage'],
    [globalThis, 'Iterator', 'scheduler', 'SuppressedError', 'DisposableStack', 'AsyncDisposableStack'],
  ]
  for (const [owner, ...names] of young)
    for (const name of names) if (owner && name in owner) delete owner[name]
  // Some of its properties can't be deleted.
  const own = globalThis.Symbol
  /** @type {any} */
  const older = Object.assign((description) => own(description), { prototype: own.prototype })
  for (const name of Object.getOwnPropertyNames(own))
    if (!['length', 'name', 'prototype', 'dispose', 'asyncDispose'].includes(name)) older[name] = own[name]
  globalThis.Symbol = older
}

const { withPage } = useBrowser({
  routes: {
    '/old.html': html(`<!doctype html><title>old</title><script>(${age})()</script>`),
  },
})

/**
 * A test on a page of an old browser.
 *
 * @param {string} name
 * @param {import('./support/browser.js').Body} body
 * @param {any} [arg]
 */
const inOldPage = (name, body, arg) =>
  withPage(name, {}, async ({ open }) => {
    await run(await open('/old.html'), body, arg)
  })

inOldPage('dispose and close free, where there are no symbols for it', async (kit) => {
  const { load, assert, counters, rejectsWith, asposecache, PAGE } = kit
  assert.isUndefined(Symbol.dispose)
  assert.isUndefined(Symbol.asyncDispose)
  const cache = await load()
  const allocation = await cache.allocate(10)
  const surface = await cache.allocateSurface({ width: 10, height: 10 })
  const snapshot = await surface.snapshot()
  const history = await asposecache.createHistory(allocation)
  for (const each of [cache, allocation, surface, snapshot, history])
    assert.notProperty(each, 'undefined', each.constructor.name)
  await allocation.write(new Uint8Array([1]))
  await history.commit()
  assert.deepEqual(counters(cache), [10 + 400 + 10, 0])
  await history.dispose()
  assert.deepEqual(counters(cache), [10 + 400, 0])
  for (const each of [snapshot, surface, allocation]) {
    await each.dispose()
    assert.isTrue(each.disposed)
  }
  assert.deepEqual(counters(cache), [0, 0])
  assert.deepEqual(cache.allocations(), [])
  await cache.allocate(PAGE)
  await cache.close()
  assert.deepEqual(counters(cache), [0, 0])
  await rejectsWith('CACHE_CLOSED', cache.allocate(1))
})

inOldPage('an ImageData that does not say of what kind it is has 8 bits of sRGB', async (kit) => {
  const { load, assert, noise, assertPixels } = kit
  const cache = await load()
  const surface = await cache.allocateSurface({ width: 20, height: 10 })
  const pixels = new ImageData(new Uint8ClampedArray(noise(800)), 20)
  assert.isUndefined(pixels.colorSpace)
  await surface.writeImageData(pixels)
  const read = await surface.readImageData()
  assertPixels(read.data, noise(800))
  assert.equal(read.width, 20)
})

inOldPage('a stream can be gone through, and left', async (kit) => {
  const { load, assert, noise, assertBytes, MiB } = kit
  assert.isFalse(Symbol.asyncIterator in ReadableStream.prototype)
  const cache = await load()
  const size = 3 * MiB + 5
  const allocation = await cache.allocateFrom(noise(size))
  const bytes = new Uint8Array(size)
  let at = 0
  for await (const chunk of allocation.readable()) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  assertBytes(bytes, noise(size))

  const left = allocation.readable()
  for await (const chunk of left) {
    assertBytes(chunk, noise(size).subarray(0, chunk.length))
    break
  }
  assert.isFalse(left.locked)
  assert.deepEqual(await left.getReader().read(), { done: true, value: undefined }, 'it was cancelled')

  const fails = allocation.readable()
  let failure
  try {
    for await (const chunk of fails) {
      assert.isAbove(chunk.length, 0)
      await allocation.dispose()
    }
  } catch (error) {
    failure = error
  }
  assert.equal(failure?.code, 'CACHE_DISPOSED')
  assert.isFalse(fails.locked)
})

/** Everything that a cache can do, once; it runs in the page. */
const tour = async (kit, cacheType) => {
  const { load, assert, noise, assertBytes, assertPixels, bytesOf, asposecache, counters, PAGE } = kit
  const cache = await load({ captureStacks: true, settings: { cacheType } })
  const inMemory = cacheType === 'cacheInMemoryOnly'
  const data = noise(2 * PAGE)

  const allocation = await cache.allocate(100, { label: 'one' })
  await allocation.reallocate(2 * PAGE)
  await allocation.write(data)
  assertBytes(await allocation.read(), data)
  const target = new Uint8Array(1000)
  assert.equal(await allocation.readInto(target, 5), 1000)
  assertBytes(target, data.subarray(5, 1005))
  await new Blob([data]).stream().pipeTo(allocation.writable())
  assertBytes(new Uint8Array(await new Response(allocation.readable()).arrayBuffer()), data)
  assert.deepEqual(allocation.medium, inMemory ? 'memory' : 'disk')
  for (const source of [data, new Blob([data]), new Blob([data]).stream()]) {
    const filled = await cache.allocateFrom(source, { signal: new AbortController().signal })
    assertBytes(await filled.read(), data)
    await filled.dispose()
  }
  const before = await allocation.snapshot()
  await allocation.write(new Uint8Array(10))
  assert.deepEqual(cache.difference(allocation, before), [{ offset: 0, length: PAGE }])
  await allocation.restore(before)
  assertBytes(await allocation.read(), data)
  await before.dispose()

  const surface = await cache.allocateSurface({ width: 300, height: 300 })
  const rect = { x: 10, y: 20, width: 280, height: 270 }
  const pixels = noise(280 * 270 * 4)
  await surface.writeRect(rect, pixels)
  assertPixels(await surface.readRect(rect), pixels)
  await surface.writeImageData(new ImageData(new Uint8ClampedArray(pixels), 280), 10, 20)
  assertPixels((await surface.readImageData(rect)).data, pixels)
  assert.lengthOf(await surface.readRect(undefined, { scale: 1 / 2, filter: 'average' }), 150 * 150 * 4)
  await surface.reallocate({ width: 290, height: 300 })
  assertPixels(await surface.readRect(rect), pixels)

  const history = await asposecache.createHistory(surface)
  await surface.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4).fill(9))
  await history.commit('a dot')
  assert.isTrue(history.canUndo)
  assert.isTrue(await history.undo())
  assertPixels(await surface.readRect({ x: 0, y: 0, width: 1, height: 1 }), new Uint8Array(4))
  assert.isTrue(await history.redo())
  assert.lengthOf(history.entries, 2)
  await history.dispose()

  if (inMemory) {
    const sync = cache.allocateSync(PAGE)
    sync.writeSync(data.subarray(0, PAGE))
    assertBytes(sync.readSync(), data.subarray(0, PAGE))
    assert.equal(sync.readIntoSync(target), 1000)
    sync.forEachView(0, PAGE, (view) => assertBytes(bytesOf(view.slice()), data.subarray(0, PAGE)))
    const small = cache.allocateSurfaceSync({ width: 2, height: 2 })
    small.writeRectSync({ x: 0, y: 0, width: 2, height: 2 }, data.subarray(0, 16))
    assertPixels(small.readRectSync(), data.subarray(0, 16))
    const tile = { x: 0, y: 0, width: 2, height: 2 }
    small.forEachTile(tile, (_, where) => assert.deepEqual(where, tile))
    await cache.configure({ cacheType: 'auto' })
    await sync.moveToDisk()
    assertBytes(await sync.read(), data.subarray(0, PAGE))
    for (const each of [sync, small]) await each.dispose()
  }
  await surface.flush()
  await cache.flush()
  assert.isNull(cache.statistics().quota)
  assert.lengthOf(cache.allocations(), 2)
  await cache.setDefaults()
  for (const each of [surface, allocation]) await each.dispose()
  assert.deepEqual(counters(cache), [0, 0])
}
for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly'])
  inOldPage(`everything else works there (${cacheType})`, tour, cacheType)
