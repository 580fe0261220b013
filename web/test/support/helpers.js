// What the functions that run in the page are given. This file is a module of the page.
import * as asposecache from '/asposecache.js'
import { assert } from '/chai.js'

export { asposecache, assert }

export const PAGE = 256 * 1024
export const MiB = 1024 * 1024

const loaded = []

/** What the disk of every cache lies on that does not say so itself; by default IndexedDB. */
let diskStore

/** Loads an instance. It is closed when the test is over. */
export async function load(options) {
  const cache = await asposecache.loadAsposeCache(
    diskStore && Object(options ?? {}) === (options ?? {}) ? { diskStore, ...options } : options,
  )
  loaded.push(cache)
  return cache
}

/**
 * Runs the text of a test. When it is over every instance that it loaded is closed, and then nothing may
 * be left of any of them. A test that leaves something behind on purpose returns `leave`.
 *
 * @returns {Promise<{ answer?: unknown, clean: boolean }>} what it returned, and whether nothing is left
 */
export async function run(source, argument, store) {
  diskStore = store
  // this is how a test comes into the page
  const body = globalThis.eval(`'use strict';(${source})`)
  const answer = await body(kit, argument)
  if (answer === leave) return { clean: false }
  for (const cache of loaded.splice(0)) {
    await cache.close().catch((error) => {
      if (error.code !== 'CACHE_CRASHED') throw error
    })
    assert.deepEqual(counters(cache), [0, 0], 'the counters after closing')
  }
  if (globalThis.indexedDB) assert.deepEqual(await databases(), [], 'databases left after closing')
  assert.deepEqual(await files(), [], 'files left after closing')
  return { answer, clean: true }
}

/** `run` in a worker, as a user has one. */
export async function runInWorker(source, argument, store) {
  const worker = new Worker('/user-worker.js', { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = async ({ data: { error, result, devtools } }) => {
        if (devtools) worker.postMessage({ did: await globalThis.devtools(...devtools) })
        else if (error) reject(new Error(error))
        else resolve(result)
      }
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage({ what: [source, argument, store] })
    })
  } finally {
    worker.terminate()
  }
}

/** The names of all files of the origin private file system, decoded. */
export async function files() {
  const names = []
  try {
    for await (const name of (await navigator.storage.getDirectory()).keys())
      names.push(decodeURIComponent(name))
  } catch {
    // The browser, or the page, has none.
  }
  return names
}

export const leave = Symbol('leave')

/** Both counters. */
export const counters = (cache) => [cache.allocatedMemoryBytesCount, cache.allocatedDiskBytesCount]

/** The reason for which a promise is rejected. */
export async function rejection(promise, what = 'the call') {
  assert.instanceOf(promise, Promise, `${what} must return a promise`)
  let value
  try {
    value = await promise
  } catch (error) {
    return error
  }
  assert.fail(`${what} resolved, to ${String(value).slice(0, 200)}, and should have rejected`)
}

/** Expects a rejection with a CacheError of that code, and answers it. */
export async function rejectsWith(code, promise, what) {
  const error = await rejection(promise, what)
  assert.instanceOf(error, asposecache.CacheError, `${what ?? ''} ${error?.stack ?? error}`)
  assert.equal(error.code, code, error.message)
  return error
}

/** Expects `error` to be a CacheFullError with these details. */
export function assertFull(error, details) {
  assert.instanceOf(error, asposecache.CacheFullError, String(error?.stack ?? error))
  assert.instanceOf(error, asposecache.CacheError)
  assert.instanceOf(error, Error)
  assert.equal(error.name, 'CacheFullError')
  assert.equal(error.code, 'CACHE_FULL')
  assert.isNotEmpty(error.message)
  const { medium, requested, allocated, limit, reason } = error
  assert.deepInclude({ medium, requested, allocated, limit, reason }, details)
}

/**
 * Collects garbage, where the browser was started so that it can be asked. In WebKit it can't, but does so
 * after every so many objects.
 */
export async function collectGarbage() {
  if (globalThis.gc) globalThis.gc()
  else if (globalThis.TestUtils) await TestUtils.gc()
  else Array.from({ length: 100_000 }, (_, i) => ({ i }))
}

/** Resolves to the detail of the next event of a type. */
export function next(cache, type) {
  return new Promise((resolve) =>
    cache.addEventListener(type, ({ detail }) => resolve(detail), { once: true }),
  )
}

/** Collects the details of all events of a type from now on. */
export function collect(cache, type) {
  const details = []
  cache.addEventListener(type, ({ detail }) => details.push(detail))
  return details
}

/**
 * A cache, and what its calls make, of which every refusal is noted, thrown or rejected: `watched` is the cache,
 * `call` calls any other function so, `raw` of anything that is watched is the thing itself.
 */
export function noteRefusals(cache) {
  const refused = []
  const note = (error) => {
    if (error?.code === 'CACHE_FULL') refused.push(error)
    throw error
  }
  const call = (f) => {
    try {
      const answer = f()
      return answer instanceof Promise ? answer.then(watch, note) : watch(answer)
    } catch (error) {
      return note(error)
    }
  }
  const watch = (thing) =>
    thing === cache || typeof thing?.dispose === 'function'
      ? new Proxy(thing, {
          get(_, name) {
            if (name === 'raw') return thing
            const value = thing[name]
            return typeof value === 'function' ? (...args) => call(() => value.apply(thing, args)) : value
          },
        })
      : thing
  return { watched: watch(cache), refused, call }
}

/** Repeatable numbers from 0 to below n; mulberry32. */
export function random(seed) {
  let state = seed >>> 0
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
  }
}

/** Bytes that are repeatable, do not compress, and differ from seed to seed. */
export function noise(size, seed = 1) {
  const words = new Uint32Array(Math.ceil(size / 4))
  let x = (seed * 2654435761) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return new Uint8Array(words.buffer).subarray(0, size).slice()
}

/** The bytes of a buffer or a view. */
export const bytesOf = (data) =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)

/** Compares bytes; quick, and says where they differ. */
export function assertBytes(actual, expected, what = 'bytes') {
  assert.instanceOf(actual, Uint8Array, what)
  const a = bytesOf(actual)
  const e = bytesOf(expected)
  assert.equal(a.length, e.length, `${what}: length`)
  const at = firstDifference(a, e)
  if (at >= 0) assert.fail(`${what}: byte ${at} of ${e.length} is ${a[at]} and should be ${e[at]}`)
}

/** The same for pixels. */
export function assertPixels(actual, expected, what = 'pixels') {
  assert.instanceOf(actual, Uint8ClampedArray, what)
  assertBytes(bytesOf(actual), expected, what)
}

function firstDifference(a, e) {
  const whole = a.length >>> 2
  let i = 0
  if (a.byteOffset % 4 === 0 && e.byteOffset % 4 === 0) {
    const x = new Uint32Array(a.buffer, a.byteOffset, whole)
    const y = new Uint32Array(e.buffer, e.byteOffset, whole)
    while (i < whole && x[i] === y[i]) i++
    i *= 4
  }
  for (; i < a.length; i++) if (a[i] !== e[i]) return i
  return -1
}

/** What a surface should be: all of its pixels, row after row, without tiles. */
export class Picture {
  #bytes

  /** Its own properties are what a surface is made of. */
  constructor(width, height, bytesPerPixel = 4, bytes = new Uint8Array(width * height * bytesPerPixel)) {
    this.width = width
    this.height = height
    this.bytesPerPixel = bytesPerPixel
    this.#bytes = bytes
  }

  get bytes() {
    return this.#bytes
  }

  get all() {
    return { x: 0, y: 0, width: this.width, height: this.height }
  }

  copy() {
    return new Picture(this.width, this.height, this.bytesPerPixel, this.bytes.slice())
  }

  paint({ x, y, width, height }, data, stride = width * this.bytesPerPixel) {
    for (let row = 0; row < height; row++) {
      const to = ((y + row) * this.width + x) * this.bytesPerPixel
      this.bytes.set(data.subarray(row * stride, row * stride + width * this.bytesPerPixel), to)
    }
  }

  cut({ x, y, width, height }) {
    const cut = new Picture(width, height, this.bytesPerPixel)
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * this.bytesPerPixel
      cut.bytes.set(
        this.bytes.subarray(from, from + width * this.bytesPerPixel),
        row * width * this.bytesPerPixel,
      )
    }
    return cut.bytes
  }

  resized(width, height) {
    const resized = new Picture(width, height, this.bytesPerPixel)
    const common = { x: 0, y: 0, width: Math.min(width, this.width), height: Math.min(height, this.height) }
    resized.paint(common, this.cut(common))
    return resized
  }

  /** One pixel for each square of a rectangle: its first, or the mean of each of its bytes. */
  scaled(rect, side, filter) {
    const [width, height] = [Math.ceil(rect.width / side), Math.ceil(rect.height / side)]
    const scaled = []
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const square = {
          x: rect.x + x * side,
          y: rect.y + y * side,
          width: Math.min(side, rect.width - x * side),
          height: Math.min(side, rect.height - y * side),
        }
        if (filter === 'pick') Object.assign(square, { width: 1, height: 1 })
        const bytes = this.cut(square)
        for (let k = 0; k < this.bytesPerPixel; k++) {
          let sum = 0
          for (let i = k; i < bytes.length; i += this.bytesPerPixel) sum += bytes[i]
          scaled.push(Math.round(sum / (bytes.length / this.bytesPerPixel)))
        }
      }
    return new Uint8Array(scaled)
  }
}

/** Names of the databases of this origin. */
export const databases = async () => (await indexedDB.databases()).map(({ name }) => name).sort()

export const request = (r) =>
  new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error)
  })

/** What the records of all databases of this origin hold. */
export async function storedRecords() {
  const records = []
  for (const name of await databases()) {
    const db = await request(indexedDB.open(name))
    for (const store of db.objectStoreNames)
      records.push(...(await request(db.transaction(store).objectStore(store).getAll())))
    db.close()
  }
  return records
}

/** How many records there are, and how many bytes they hold. */
export async function stored() {
  const records = await storedRecords()
  return { records: records.length, bytes: records.reduce((sum, { byteLength }) => sum + byteLength, 0) }
}

/** A promise and the functions that settle it. */
export function deferred() {
  const d = {}
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }))
  return d
}

/** Whether a promise is still pending after what is ready to run has run. */
export async function isPending(promise) {
  const pending = Symbol('pending')
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve))
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) === pending
}

/**
 * Stores the first page of an allocation on disk in so many parts that the next write to another place of
 * it has to fetch the rest. `content` is what it holds, before and after.
 */
export async function fragment(allocation, content) {
  await allocation.flush()
  for (const at of [1000, 3000, 5000]) {
    content[at] ^= 1
    await allocation.write(content.subarray(at, at + 1), at)
    await allocation.flush()
  }
}

/**
 * Holds back every database that is opened from now on, until `release` is called: another connection to
 * it is there first, and a deletion waits for that one to be closed.
 */
export function holdOpen() {
  const { open } = IDBFactory.prototype
  const { addEventListener } = EventTarget.prototype
  const held = []
  IDBFactory.prototype.open = function (name, ...rest) {
    const first = open.call(this, name, 1)
    held.push(new Promise((resolve) => addEventListener.call(first, 'success', () => resolve(first.result))))
    this.deleteDatabase(name)
    return open.call(this, name, ...rest)
  }
  return {
    get calls() {
      return held.length
    },
    async release() {
      IDBFactory.prototype.open = open
      for (const db of await Promise.all(held.splice(0))) db.close()
    },
  }
}

/**
 * The cache where the disk is written in a worker, or on the page, and what it takes to break it there: `everywhere`
 * runs a function, sent as text, on the page and in each worker, before whatever is asked of it afterwards. `workers`
 * are those that were started.
 *
 * @param {'worker' | 'page'} thread
 */
export async function loadOn(thread, options) {
  const workers = []
  // What is to be run is no message of the cache's.
  const script = `addEventListener('message', (event) => {
      if (!event.data?.run) return
      event.stopImmediatePropagation()
      globalThis.eval(event.data.run)
    })
    importScripts('${location.origin}/asposecache.worker.js')`
  const make = () => {
    const worker = new Worker(URL.createObjectURL(new Blob([script])))
    workers.push(worker)
    return worker
  }
  const cache = await load({ ...options, diskWorker: thread === 'worker' && make })
  if (thread === 'worker') {
    const first = await cache.allocate(1)
    await first.moveToDisk()
    await until(() => cache.statistics().disk.thread === 'worker')
    await first.dispose()
    await cache.flush()
  }
  const everywhere = (f) => {
    const run = `(${f})()`
    globalThis.eval(run)
    for (const worker of workers) worker.postMessage({ run })
  }
  return { cache, workers, everywhere }
}

/** Waits until something is true, and looks again in each task. After a minute it says what is not. */
export async function until(check) {
  const end = Date.now() + 60_000
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`after a minute this is still not so: ${check}`)
    await new Promise((resolve) => setTimeout(resolve))
  }
}

const kit = {
  asposecache,
  assert,
  load,
  loadOn,
  until,
  leave,
  PAGE,
  MiB,
  counters,
  rejection,
  noteRefusals,
  rejectsWith,
  assertFull,
  collectGarbage,
  next,
  collect,
  random,
  noise,
  bytesOf,
  assertBytes,
  assertPixels,
  Picture,
  databases,
  files,
  stored,
  storedRecords,
  request,
  deferred,
  isPending,
  fragment,
  holdOpen,
}
