// Streams out of and into allocations, and allocations made of what exists.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
  const arg = cacheType

  inPage(
    `readable gives the bytes, a part of them, or none (${cacheType})`,
    { arg },
    async (kit, cacheType) => {
      const { load, assert, noise, assertBytes, MiB } = kit
      const cache = await load({ settings: { cacheType } })
      const size = 3 * MiB + 77
      const data = noise(size)
      const allocation = await cache.allocateFrom(data)
      const ranges = [[], [0], [5], [MiB - 1, 2], [0, size], [size], [size, 0], [7, 2 * MiB], [undefined, 10]]
      for (const [offset, length] of ranges) {
        const stream = allocation.readable(offset, length)
        assert.instanceOf(stream, ReadableStream)
        const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
        const from = offset ?? 0
        assertBytes(
          bytes,
          data.subarray(from, length === undefined ? size : from + length),
          `${offset}, ${length}`,
        )
      }
      for await (const chunk of allocation.readable()) assert.strictEqual(chunk.constructor, Uint8Array)
    },
  )

  inPage(`writable writes one chunk after the other (${cacheType})`, { arg }, async (kit, cacheType) => {
    const { load, assert, noise, assertBytes } = kit
    const cache = await load({ settings: { cacheType } })
    const allocation = await cache.allocate(1000)
    const writer = allocation.writable(100).getWriter()
    writer.write(noise(300, 1))
    writer.write(noise(100, 2).buffer)
    writer.write(new DataView(noise(100, 3).buffer, 50))
    writer.write(new Uint8Array(0))
    await writer.close()
    const expected = new Uint8Array(1000)
    expected.set(noise(300, 1), 100)
    expected.set(noise(100, 2), 400)
    expected.set(noise(100, 3).subarray(50), 500)
    assertBytes(await allocation.read(), expected)
    const copy = await cache.allocate(1000)
    await allocation.readable().pipeTo(copy.writable())
    assertBytes(await copy.read(), expected)
    assert.equal(copy.size, 1000)
  })

  inPage(`allocateFrom takes every kind of source (${cacheType})`, { arg }, async (kit, cacheType) => {
    const { load, assert, noise, assertBytes, counters, MiB } = kit
    const cache = await load({ settings: { cacheType } })
    const size = 2 * MiB + 3
    const data = noise(size)
    const shared = new SharedArrayBuffer(size)
    new Uint8Array(shared).set(data)
    const chunked = (...ends) =>
      new ReadableStream({
        start(controller) {
          let at = 0
          for (const end of ends) {
            controller.enqueue(data.slice(at, end))
            at = end
          }
          controller.close()
        },
      })
    /** @type {Record<string, any>} */
    const sources = {
      ArrayBuffer: data.buffer,
      SharedArrayBuffer: shared,
      'a view': data.subarray(0),
      Blob: new Blob([data]),
      File: new File([data], 'a.raw'),
      'a stream in odd pieces': chunked(1, 1, 100, 262145, 262145, size),
      'a stream of one piece': chunked(size),
      'a byte stream': new Blob([data]).stream(),
      'the body of a response': new Response(data).body,
    }
    for (const [name, source] of Object.entries(sources)) {
      const progress = []
      const onProgress = (p) => progress.push(p)
      const allocation = await cache.allocateFrom(source, { label: name, onProgress })
      assert.equal(allocation.size, size, name)
      assert.equal(allocation.label, name)
      assert.equal(cache.allocations()[0].label, name)
      assertBytes(await allocation.read(), data, name)
      assert.deepEqual(counters(cache), cacheType === 'cacheOnDiskOnly' ? [0, size] : [size, 0], name)
      await new Promise((resolve) => setTimeout(resolve))
      assert.equal(progress.at(-1)?.done, size, `${name}: progress`)
      await allocation.dispose()
    }
    for (const [name, source] of Object.entries({
      buffer: new ArrayBuffer(0),
      Blob: new Blob([]),
      stream: chunked(),
    })) {
      const allocation = await cache.allocateFrom(source)
      assert.equal(allocation.size, 0, name)
    }
  })
}

inPage('readable sees what was written before it is read', async ({ load, assertBytes, noise, MiB }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const allocation = await cache.allocate(10)
  const grown = allocation.reallocate(2 * MiB)
  const written = allocation.write(noise(2 * MiB))
  const stream = allocation.readable()
  assertBytes(new Uint8Array(await new Response(stream).arrayBuffer()), noise(2 * MiB))
  await Promise.all([grown, written])
})

inPage('a stream can be cancelled', async ({ load, assert, MiB, counters }) => {
  const cache = await load()
  const allocation = await cache.allocate(3 * MiB)
  const reader = allocation.readable().getReader()
  assert.isAbove((await reader.read()).value.length, 0)
  await reader.cancel()
  await allocation.dispose()
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('streams end with the error of the range, the chunk or the end of the allocation', async (kit) => {
  const { load, assert, rejection, rejectsWith } = kit
  const cache = await load()
  const allocation = await cache.allocate(10)
  for (const [offset, length] of [
    [11, undefined],
    [11, 0],
    [5, 6],
    [0, 11],
    [2 ** 50, 1],
  ]) {
    const reader = allocation.readable(offset, length).getReader()
    const error = await rejection(
      (async () => {
        for (;;) if ((await reader.read()).done) return 'the end'
      })(),
      `readable(${offset}, ${length})`,
    )
    assert.strictEqual(error.constructor, RangeError)
  }
  const past = allocation.writable(8).getWriter()
  past.closed.catch(() => {})
  await past.write(new Uint8Array([1, 2]))
  assert.strictEqual((await rejection(past.write(new Uint8Array([3])))).constructor, RangeError)
  for (const chunk of /** @type {any[]} */ (['text', 1, null, undefined, [1, 2], {}, new Blob(['x'])])) {
    const writer = allocation.writable().getWriter()
    writer.closed.catch(() => {})
    assert.strictEqual((await rejection(writer.write(chunk), String(chunk))).constructor, TypeError)
  }
  const reader = allocation.readable().getReader()
  reader.closed.catch(() => {})
  const writer = allocation.writable().getWriter()
  writer.closed.catch(() => {})
  await allocation.dispose()
  await rejectsWith('CACHE_DISPOSED', reader.read())
  await rejectsWith('CACHE_DISPOSED', writer.write(new Uint8Array(1)))
})

inPage('a source that fails leaves nothing', async ({ load, assert, rejection, counters }) => {
  const cache = await load()
  const mine = new Error('mine')
  const failing = (chunks) =>
    new ReadableStream({
      pull(controller) {
        if (chunks-- > 0) controller.enqueue(new Uint8Array(1000))
        else controller.error(mine)
      },
    })
  for (const chunks of [0, 1, 5]) {
    assert.strictEqual(await rejection(cache.allocateFrom(failing(chunks))), mine)
    assert.deepEqual(counters(cache), [0, 0])
  }
  for (const chunk of ['text', 5, null, [1], {}]) {
    let cancelled
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(10))
        controller.enqueue(chunk)
      },
      cancel(reason) {
        cancelled = reason
      },
    })
    const error = await rejection(cache.allocateFrom(stream), String(chunk))
    assert.strictEqual(error.constructor, TypeError)
    assert.strictEqual(cancelled, error, 'the source is told')
    assert.isFalse(stream.locked)
  }
  const locked = new ReadableStream()
  locked.getReader()
  assert.strictEqual((await rejection(cache.allocateFrom(locked))).constructor, TypeError)
  assert.deepEqual(counters(cache), [0, 0])
  assert.deepEqual(cache.allocations(), [])
})

inPage('a stream is held to the limits, and moves to disk when memory is full', async (kit) => {
  const { load, assert, rejection, counters, noise, assertBytes, assertFull } = kit
  const cache = await load({ settings: { maxMemoryForCache: 1000, maxDiskSpaceForCache: 3000 } })
  const stream = (total, told = {}) => {
    let at = 0
    return new ReadableStream({
      pull(controller) {
        if (at >= total) return controller.close()
        controller.enqueue(noise(total).slice(at, at + 400))
        at += 400
      },
      cancel(reason) {
        told.reason = reason
      },
    })
  }
  for (const exactReallocateOnly of [false, true]) {
    cache.exactReallocateOnly = exactReallocateOnly
    const small = await cache.allocateFrom(stream(1000))
    assert.equal(small.medium, 'memory')
    assertBytes(await small.read(), noise(1000))
    await small.dispose()
    const large = await cache.allocateFrom(stream(2900))
    assert.equal(large.medium, 'disk')
    assert.deepEqual(counters(cache), [0, 2900])
    assertBytes(await large.read(), noise(2900))
    await large.dispose()
    const told = {}
    const error = await rejection(cache.allocateFrom(stream(3500, told)))
    assertFull(error, { medium: 'disk', limit: 3000, reason: 'limit' })
    assert.strictEqual(told.reason, error)
    assert.deepEqual(counters(cache), [0, 0])
    cache.cacheType = 'cacheInMemoryOnly'
    assertFull(await rejection(cache.allocateFrom(stream(1100))), { medium: 'memory', limit: 1000 })
    assert.deepEqual(counters(cache), [0, 0])
    cache.cacheType = 'auto'
  }
})

inPage('sources of a known size are held to the limits at the call', async (kit) => {
  const { load, rejection, counters, assert, assertFull, noise } = kit
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 100 } })
  const first = cache.allocateFrom(noise(60))
  const second = rejection(cache.allocateFrom(new Blob([noise(60)])))
  const third = cache.allocateFrom(new Blob([noise(40)]))
  assert.deepEqual(counters(cache), [100, 0])
  assertFull(await second, { medium: 'memory', requested: 60, allocated: 60, limit: 100, reason: 'limit' })
  assert.deepEqual([(await first).size, (await third).size], [60, 40])
})

inPage('allocateFrom copies its buffer at the call', async ({ load, noise, assertBytes, holdOpen }) => {
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const opening = holdOpen()
  const data = noise(5000)
  const call = cache.allocateFrom(data)
  structuredClone(data.buffer, { transfer: [data.buffer] })
  await opening.release()
  assertBytes(await (await call).read(), noise(5000))
})

inPage('allocateFrom can be aborted', async ({ load, assert, rejection, counters, holdOpen, noise }) => {
  const cache = await load()
  const reason = new Error('mine')
  const endless = () => {
    const told = { chunks: 0 }
    const stream = new ReadableStream({
      async pull(controller) {
        told.chunks++
        await new Promise((resolve) => setTimeout(resolve, 1))
        controller.enqueue(new Uint8Array(1000))
        told.onChunk?.(told.chunks)
      },
      cancel(why) {
        told.reason = why
      },
    })
    return { stream, told }
  }
  const silent = {
    stream: new ReadableStream({ cancel: (why) => Object.assign(silent.told, { reason: why }) }),
    told: {},
  }
  for (const { stream, told } of [endless(), silent]) {
    const controller = new AbortController()
    if (told.chunks === undefined) setTimeout(() => controller.abort(reason), 20)
    else told.onChunk = (chunks) => chunks > 3 && controller.abort(reason)
    assert.strictEqual(await rejection(cache.allocateFrom(stream, { signal: controller.signal })), reason)
    assert.deepEqual(counters(cache), [0, 0])
    assert.strictEqual(told.reason, reason, 'the source is told')
  }
  const sources = [noise(10), new Blob([noise(10)]), endless().stream]
  for (const source of sources) {
    const signal = AbortSignal.abort(reason)
    assert.strictEqual(await rejection(cache.allocateFrom(source, { signal })), reason)
  }
  cache.cacheType = 'cacheOnDiskOnly'
  const opening = holdOpen()
  for (const source of [noise(10), new Blob([noise(10)]), endless().stream]) {
    const controller = new AbortController()
    const call = rejection(cache.allocateFrom(source, { signal: controller.signal }))
    controller.abort(reason)
    assert.strictEqual(await call, reason)
  }
  assert.deepEqual(counters(cache), [0, 0])
  await opening.release()
  assert.deepEqual(cache.allocations(), [])
})

inPage('writable goes on behind a chunk whose buffer is given away while it waits', async (kit) => {
  const { load, assert } = kit
  const cache = await load()
  const allocation = await cache.allocate(8)
  const writer = allocation.writable().getWriter()
  await writer.ready
  const chunk = new Uint8Array([1, 2, 3, 4])
  const written = writer.write(chunk)
  structuredClone(chunk, { transfer: [chunk.buffer] })
  await written
  await writer.write(new Uint8Array([5, 6, 7, 8]))
  await writer.close()
  assert.deepEqual([...(await allocation.read())], [1, 2, 3, 4, 5, 6, 7, 8])
})

inPage('allocateFrom a stream that stalls ends when the cache is closed', async (kit) => {
  const { load, assert, deferred, rejectsWith } = kit
  const cache = await load()
  const cancelled = deferred()
  const pulled = deferred()
  const source = new ReadableStream({
    pull(controller) {
      if (controller.desiredSize === 1 && !pulled.done) {
        pulled.done = true
        controller.enqueue(new Uint8Array(10))
        return
      }
      pulled.resolve()
      return new Promise(() => {})
    },
    cancel: cancelled.resolve,
  })
  const refused = rejectsWith('CACHE_CLOSED', cache.allocateFrom(source))
  await pulled.promise
  await cache.close()
  await refused
  await cancelled.promise
  assert.isFalse(source.locked)
})
