// Surfaces: pixels by rectangles, against pictures kept as plain arrays.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
  const medium = cacheType === 'cacheOnDiskOnly' ? 'disk' : 'memory'

  inPage(`rectangles of every kind, ${medium}`, { arg: cacheType, timeout: 120_000 }, async (kit, type) => {
    const { load, assert, random, noise, assertPixels, Picture, counters } = kit
    const cache = await load({ settings: { cacheType: type } })
    const medium = type === 'cacheOnDiskOnly' ? 'disk' : 'memory'
    const next = random(11)
    const shapes = []
    for (const bytesPerPixel of type === 'cacheOnDiskOnly'
      ? [1, 3, 4, 16]
      : [1, 2, 3, 4, 5, 7, 8, 12, 15, 16])
      for (const [width, height] of [
        [1, 1],
        [256, 256],
        [257, 256],
        [300, 300],
        [255, 520],
      ])
        shapes.push({ width, height, bytesPerPixel })
    shapes.push({ width: 2000, height: 3, bytesPerPixel: 4 }, { width: 3, height: 2000, bytesPerPixel: 4 })
    for (const shape of shapes) {
      const { width, height, bytesPerPixel } = shape
      const tag = `${width} x ${height} x ${bytesPerPixel}`
      const surface = await cache.allocateSurface({ ...shape, label: tag })
      const picture = new Picture(width, height, bytesPerPixel)
      const size = width * height * bytesPerPixel
      assert.deepEqual(
        [surface.width, surface.height, surface.bytesPerPixel, surface.size, surface.medium, surface.label],
        [width, height, bytesPerPixel, size, medium, tag],
      )
      assert.deepEqual([surface.memoryBytes, surface.diskBytes], medium === 'memory' ? [size, 0] : [0, size])
      assert.deepEqual(counters(cache), [surface.memoryBytes, surface.diskBytes])
      assertPixels(await surface.readRect(), picture.bytes, `${tag}: new`)
      for (let i = 0; i < 12; i++) {
        const x = next(width + 1)
        const y = next(height + 1)
        const rect = { x, y, width: next(width - x + 1), height: next(height - y + 1) }
        if (i === 0) Object.assign(rect, picture.all)
        const row = rect.width * bytesPerPixel
        const stride = row + [0, 1, 100][next(3)]
        // With the last stride, or without, or with some of it.
        const gap = rect.height > 0 && row > 0 ? next(stride - row + 1) : 0
        const data = noise(stride * rect.height - gap, i + 1)
        picture.paint(rect, data, stride)
        const kept = data.slice()
        const written = surface.writeRect(rect, i % 2 ? data : kept.buffer, { stride })
        data.fill(0) // it was copied
        kept.fill(0)
        assert.isUndefined(await written)
        assertPixels(await surface.readRect(rect), picture.cut(rect), `${tag}: what was written`)
        assertPixels(await surface.readRect(), picture.bytes, `${tag}: all`)
        if (i === 6) await surface.flush()
      }
      assert.deepEqual([surface.memoryBytes, surface.diskBytes], medium === 'memory' ? [size, 0] : [0, size])
      await surface.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    }
  })

  inPage(`reductions, ${medium}`, { arg: cacheType, timeout: 120_000 }, async (kit, type) => {
    const { load, assert, random, noise, assertPixels, Picture, counters } = kit
    const cache = await load({ settings: { cacheType: type } })
    const next = random(12)
    for (const [width, height, bytesPerPixel] of [
      [1, 1, 4],
      [256, 256, 1],
      [257, 513, 3],
      [601, 300, 4],
      [70, 90, 16],
    ]) {
      const tag = `${width} x ${height} x ${bytesPerPixel}`
      const picture = new Picture(width, height, bytesPerPixel, noise(width * height * bytesPerPixel, 9))
      const surface = await cache.allocateSurface({ width, height, bytesPerPixel })
      await surface.writeRect(picture.all, picture.bytes)
      await surface.flush()
      const before = counters(cache)
      for (let shift = 0; shift <= 8; shift++)
        for (const filter of /** @type {const} */ (['pick', 'average', undefined])) {
          const side = 2 ** shift
          const x = next(width)
          const y = next(height)
          const odd = { x, y, width: 1 + next(width - x), height: 1 + next(height - y) }
          for (const rect of [undefined, odd]) {
            const options = { scale: 1 / side, filter }
            assertPixels(
              await surface.readRect(rect, options),
              picture.scaled(rect ?? picture.all, side, filter ?? 'pick'),
              `${tag} by ${side}, ${filter}, ${JSON.stringify(rect)}`,
            )
          }
        }
      for (const empty of [
        { x: width, y: height, width: 0, height: 0 },
        { x: 0, y: 0, width: 0, height },
        { x: 0, y: 0, width, height: 0 },
      ])
        assertPixels(await surface.readRect(empty, { scale: 1 / 4 }), new Uint8Array(0))
      assert.deepEqual(counters(cache), before)
      assert.lengthOf(cache.allocations(), 1)
      await surface.dispose()
    }
  })

  inPage(`another width and height keeps the pixels, ${medium}`, { arg: cacheType }, async (kit, type) => {
    const { load, assert, noise, assertPixels, Picture, counters } = kit
    const cache = await load({ settings: { cacheType: type } })
    for (const bytesPerPixel of [1, 3, 4]) {
      let picture = new Picture(300, 300, bytesPerPixel)
      const surface = await cache.allocateSurface(picture)
      const sizes = [
        [301, 299],
        [600, 700],
        [512, 512],
        [513, 511],
        [1, 1],
        [1, 600],
        [600, 1],
        [600, 600],
        [600, 600],
        [257, 257],
      ]
      for (const [i, [width, height]] of sizes.entries()) {
        const data = noise(picture.bytes.length, i + 1)
        picture.paint(picture.all, data)
        const written = surface.writeRect(picture.all, data)
        const resized = surface.reallocate({ width, height })
        const read = surface.readRect()
        picture = picture.resized(width, height)
        const corner = { x: width - 1, y: height - 1, width: 1, height: 1 }
        const dot = noise(bytesPerPixel, 77)
        const after = surface.writeRect(corner, dot)
        await Promise.all([written, resized, after])
        assertPixels(await read, picture.bytes, `${width} x ${height}: a read in between`)
        picture.paint(corner, dot)
        assert.deepEqual([surface.width, surface.height, surface.size], [width, height, picture.bytes.length])
        assertPixels(await surface.readRect(), picture.bytes, `${width} x ${height}`)
        const size = picture.bytes.length
        assert.deepEqual(counters(cache), type === 'cacheOnDiskOnly' ? [0, size] : [size, 0])
        if (i % 3 === 0) await surface.flush()
      }
      assert.equal(cache.statistics().reallocations > 0, true)
      await surface.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    }
  })

  inPage(`ImageData there and back, ${medium}`, { arg: cacheType }, async (kit, type) => {
    const { load, assert, noise, assertPixels, Picture, rejection } = kit
    const cache = await load({ settings: { cacheType: type } })
    const picture = new Picture(600, 400)
    const surface = await cache.allocateSurface({ width: 600, height: 400 })
    const image = new ImageData(new Uint8ClampedArray(noise(311 * 207 * 4).buffer), 311, 207)
    await surface.writeImageData(image)
    picture.paint({ x: 0, y: 0, width: 311, height: 207 }, noise(311 * 207 * 4))
    await surface.writeImageData(image, 289, 193)
    picture.paint({ x: 289, y: 193, width: 311, height: 207 }, noise(311 * 207 * 4))
    const all = await surface.readImageData()
    assert.instanceOf(all, ImageData)
    assert.deepEqual([all.width, all.height], [600, 400])
    assert.equal(all.colorSpace, image.colorSpace, 'that of the default, where a browser tells it')
    assertPixels(all.data, picture.bytes)
    const rect = { x: 250, y: 100, width: 101, height: 299 }
    const part = await surface.readImageData(rect)
    assert.deepEqual([part.width, part.height], [101, 299])
    assertPixels(part.data, picture.cut(rect))

    // "All of it" is what it is when the turn has come.
    const moved = surface.moveToDisk()
    const resized = surface.reallocate({ width: 300, height: 500 })
    const later = surface.readImageData()
    await Promise.all([moved, resized])
    const { width, height, data } = await later
    assert.deepEqual([width, height], [300, 500])
    assertPixels(data, picture.resized(300, 500).bytes)

    const before = await surface.readRect()
    const refused = async (what, named, call) => {
      const error = await rejection(call, what)
      assert.oneOf(error.constructor, [TypeError, RangeError], `${what}: ${error}`)
      assert.include(error.message, named, what)
      assertPixels(await surface.readRect(), before, what)
    }
    for (const [key, value] of [
      ['colorSpace', 'display-p3'],
      ['pixelFormat', 'rgba-float16'],
    ]) {
      let other
      try {
        other = new ImageData(4, 4, { [key]: value })
      } catch {} // not every browser has it
      if (other?.[key] === value) await refused(key, value, surface.writeImageData(other))
    }
    const looksLikeIt = { width: 1, height: 1, data: new Uint8ClampedArray(4) }
    for (const value of /** @type {any[]} */ ([undefined, null, 5, {}, looksLikeIt]))
      await refused(String(value), 'imageData', surface.writeImageData(value))
    const dot = new ImageData(1, 1)
    await refused('beyond the right', 'width', surface.writeImageData(dot, 300, 0))
    await refused('beyond the bottom', 'height', surface.writeImageData(dot, 0, 500))
    await refused('x is negative', 'x', surface.writeImageData(dot, -1))
    await refused('y is a fraction', 'y', surface.writeImageData(dot, 0, 0.5))
    await refused('y is null', 'y', surface.writeImageData(dot, 0, null))
    await refused('nothing to read', 'rect', surface.readImageData({ x: 0, y: 0, width: 0, height: 5 }))
    const gone = new ImageData(2, 2)
    structuredClone(gone.data.buffer, { transfer: [gone.data.buffer] })
    await refused('its buffer was transferred', 'data', surface.writeImageData(gone))
    const frame = document.createElement('iframe')
    document.body.append(frame)
    const foreign = new frame.contentWindow.ImageData(2, 2)
    foreign.data.fill(7)
    await surface.writeImageData(foreign, 10, 10)
    assertPixels(
      await surface.readRect({ x: 10, y: 10, width: 2, height: 2 }),
      new Uint8Array(16).fill(7),
      'of another frame',
    )

    const grey = await cache.allocateSurface({ width: 10, height: 10, bytesPerPixel: 1 })
    assert.instanceOf(await rejection(grey.writeImageData(dot)), TypeError)
    assert.instanceOf(await rejection(grey.readImageData()), TypeError)
    await grey.dispose()
    assert.equal((await rejection(grey.readImageData())).code, 'CACHE_DISPOSED')
    assert.equal((await rejection(grey.writeImageData(dot))).code, 'CACHE_DISPOSED')
    const other = await load()
    const last = await other.allocateSurface({ width: 1, height: 1 })
    await other.close()
    assert.equal((await rejection(last.readImageData())).code, 'CACHE_CLOSED')
    assert.equal((await rejection(last.writeImageData(dot))).code, 'CACHE_CLOSED')
    assert.equal(
      (await rejection(last.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4)))).code,
      'CACHE_CLOSED',
    )
    assert.equal((await rejection(last.readRect())).code, 'CACHE_CLOSED')
  })

  inPage(
    `calls take effect in the order in which they were made, ${medium}`,
    { arg: cacheType },
    async (kit, type) => {
      const { load, assert, random, noise, assertPixels, Picture, rejection } = kit
      const cache = await load({ settings: { cacheType: type } })
      const next = random(13)
      let picture = new Picture(300, 280)
      const surface = await cache.allocateSurface({ width: 300, height: 280 })
      const rectangle = () => {
        const x = next(picture.width + 1)
        const y = next(picture.height + 1)
        return { x, y, width: next(picture.width - x + 1), height: next(picture.height - y + 1) }
      }
      for (let round = 0; round < 40; round++) {
        const calls = []
        for (let i = next(12) + 1; i > 0; i--) {
          const kind = next(10)
          const rect = rectangle()
          const tag = `round ${round}, ${i} before its end, ${kind}`
          if (kind < 4) {
            const data = noise(rect.width * rect.height * 4, round * 20 + i)
            picture.paint(rect, data)
            calls.push(surface.writeRect(rect, data))
            data.fill(0)
          } else if (kind < 6) {
            const expected = picture.cut(rect)
            calls.push(surface.readRect(rect).then((pixels) => assertPixels(pixels, expected, tag)))
          } else if (kind < 7) {
            const expected = picture.scaled(picture.all, 16, 'average')
            const reduced = surface.readRect(undefined, { scale: 1 / 16, filter: 'average' })
            calls.push(reduced.then((pixels) => assertPixels(pixels, expected, tag)))
          } else if (kind < 8) {
            const [width, height] = [1 + next(600), 1 + next(600)]
            picture = picture.resized(width, height)
            calls.push(surface.reallocate({ width, height }))
          } else if (kind < 9) {
            const expected = picture.copy()
            calls.push(
              surface.snapshot().then(async (snapshot) => {
                assert.deepEqual([snapshot.width, snapshot.height], [expected.width, expected.height], tag)
                assertPixels(await snapshot.readRect(), expected.bytes, tag)
                await snapshot.dispose()
              }),
            )
          } else {
            // Wrong by what it will be when its turn comes.
            const beyond = { x: picture.width, y: 0, width: 1, height: 1 }
            calls.push(
              rejection(surface.readRect(beyond)).then((error) => assert.instanceOf(error, RangeError)),
            )
          }
        }
        await Promise.all(calls)
        assert.deepEqual([surface.width, surface.height], [picture.width, picture.height])
      }
      assertPixels(await surface.readRect(), picture.bytes)
    },
  )

  inPage(`progress and abort, ${medium}`, { arg: cacheType }, async (kit, type) => {
    const { load, assert, noise, assertPixels, Picture, rejection, counters } = kit
    const cache = await load({ settings: { cacheType: type } })
    const picture = new Picture(1024, 1024, 16, noise(16 << 20))
    const surface = await cache.allocateSurface(picture)
    const total = 16 << 20
    const watch = async (what, total, call) => {
      const seen = []
      const answer = await call((progress) => seen.push(progress))
      await Promise.resolve()
      assert.isNotEmpty(seen, what)
      seen.forEach((progress, i) => {
        assert.equal(progress.total, total, what)
        assert.isAtMost(progress.done, total, what)
        if (i) assert.isAtLeast(progress.done, seen[i - 1].done, what)
      })
      assert.equal(seen.at(-1).done, total, what)
      return answer
    }
    await watch('write', total, (onProgress) => surface.writeRect(picture.all, picture.bytes, { onProgress }))
    await surface.flush()
    assertPixels(
      await watch('read', total, (onProgress) => surface.readRect(undefined, { onProgress })),
      picture.bytes,
    )
    await watch('reduce', total, (onProgress) => surface.readRect(undefined, { scale: 1 / 32, onProgress }))
    const before = counters(cache)
    const reason = new Error('mine')
    const signal = AbortSignal.abort(reason)
    const dot = { x: 0, y: 0, width: 1, height: 1 }
    const calls = {
      writeRect: () => surface.writeRect(dot, new Uint8Array(16), { signal }),
      readRect: () => surface.readRect(dot, { signal }),
      'readRect, reduced': () => surface.readRect(undefined, { scale: 1 / 2, signal }),
      reallocate: () => surface.reallocate({ width: 1, height: 1 }, { signal }),
      snapshot: () => surface.snapshot({ signal }),
      moveToDisk: () => surface.moveToDisk({ signal }),
      moveToMemory: () => surface.moveToMemory({ signal }),
      flush: () => surface.flush({ signal }),
      restore: () => surface.restore(surface, { signal }),
      allocateSurface: () => cache.allocateSurface({ width: 5, height: 5, signal }),
    }
    for (const [name, call] of Object.entries(calls))
      assert.equal(await rejection(call(), name), reason, name)
    // Aborted while they wait behind another call: one that has to fetch the tiles at the edge, for what was
    // read last is at hand no more.
    if (type === 'cacheOnDiskOnly') {
      const other = await cache.allocateFrom(noise(24 << 20))
      await other.flush()
      for (let at = 0; at < other.size; at += 1 << 19) await other.read(at, 1)
      await other.dispose()
    }
    const first = surface.reallocate({ width: 1000, height: 1000 })
    const small = picture.resized(1000, 1000)
    const controller = new AbortController()
    const late = { signal: controller.signal }
    /** @type {Promise<any>[]} */
    const waiting = [
      surface.writeRect(dot, new Uint8Array(16), late),
      surface.reallocate({ width: 1, height: 1 }, late),
      surface.snapshot(late),
    ]
    controller.abort(reason)
    const ends = await Promise.allSettled(waiting)
    await first
    if (type === 'cacheOnDiskOnly') for (const { reason: why } of ends) assert.equal(why, reason)
    else for (const { value } of ends) await value?.dispose?.()
    if (ends[0].status === 'fulfilled') small.paint(dot, new Uint8Array(16))
    if (ends[1].status === 'rejected') assertPixels(await surface.readRect(), small.bytes)
    assert.deepEqual(cache.allocations().length, 1)
    assert.equal(before[0] + before[1] >= counters(cache)[0] + counters(cache)[1], true)
  })
}

inPage('small surfaces take little', async ({ load, assert }) => {
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
  for (const [width, height, bytesPerPixel, most] of [
    [300, 300, 4, 1.25],
    [1, 1, 1, 64],
    [257, 257, 4, 1.25],
    [300, 300, 16, 1.25],
  ]) {
    const surface = await cache.allocateSurface({ width, height, bytesPerPixel })
    const { occupiedBytes, allocatedBytes, allocations } = cache.statistics().memory
    assert.equal(allocatedBytes, width * height * bytesPerPixel)
    assert.isAtMost(occupiedBytes, most * allocatedBytes + 4096, `${width} x ${height} x ${bytesPerPixel}`)
    assert.equal(allocations, 1)
    await surface.dispose()
    assert.equal(cache.statistics().memory.occupiedBytes, 0)
  }
})

inPage('a rectangle of a surface on disk touches only its tiles', async (kit) => {
  const { load, assert, noise, stored } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const surface = await cache.allocateSurface({ width: 5000, height: 5000 })
  assert.equal(surface.diskBytes, 100e6)
  const rect = { x: 2560 - 10, y: 2560 - 10, width: 20, height: 20 } // four tiles meet there
  await surface.writeRect(rect, noise(1600))
  await surface.flush()
  assert.isAtMost((await stored()).bytes, 4 * 256 * 1024)
  const { readBytes } = cache.statistics().disk
  await surface.readRect({ x: 0, y: 0, width: 256, height: 256 })
  assert.equal(cache.statistics().disk.readBytes, readBytes, 'what was never written is not read')
})

for (const debugViews of [false, true])
  inPage(
    `tiles as they lie, and rectangles at once; debugViews ${debugViews}`,
    { arg: debugViews },
    async (kit, debugViews) => {
      const { load, assert, random, noise, assertPixels, Picture, collect } = kit
      const cache = await load({ debugViews, settings: { cacheType: 'cacheInMemoryOnly' } })
      const late = collect(cache, 'lateviewwrite')
      const next = random(14)
      for (const bytesPerPixel of [1, 3, 4, 16]) {
        const picture = new Picture(600, 520, bytesPerPixel)
        const surface = cache.allocateSurfaceSync({ width: 600, height: 520, bytesPerPixel, label: 'now' })
        assert.deepEqual([surface.medium, surface.label], ['memory', 'now'])
        for (let i = 0; i < 30; i++) {
          const x = next(601)
          const y = next(521)
          const rect = { x, y, width: next(601 - x), height: next(521 - y) }
          const stride = rect.width * bytesPerPixel + next(2) * 7
          const data = noise(stride * rect.height, i + 1)
          surface.writeRectSync(rect, data, { stride })
          picture.paint(rect, data, stride)
          assertPixels(surface.readRectSync(rect), picture.cut(rect), `${i}`)
          assertPixels(surface.readRectSync(), picture.bytes, `${i}`)
          const seen = []
          const write = next(2) === 1
          surface.forEachTile(
            rect,
            (pixels, tile) => {
              seen.push(`${tile.x},${tile.y}`)
              assert.deepEqual(tile, {
                x: tile.x,
                y: tile.y,
                width: Math.min(256, 600 - tile.x),
                height: Math.min(256, 520 - tile.y),
              })
              assertPixels(pixels, picture.cut(tile), `tile ${seen.at(-1)}`)
              if (write) {
                const content = noise(pixels.length, i + 50)
                pixels.set(content)
                picture.paint(tile, content)
              }
            },
            write ? { write } : undefined,
          )
          const expected = []
          if (rect.width && rect.height)
            for (let top = y - (y % 256); top < y + rect.height; top += 256)
              for (let left = x - (x % 256); left < x + rect.width; left += 256)
                expected.push(`${left},${top}`)
          assert.deepEqual(seen, expected)
          assertPixels(surface.readRectSync(), picture.bytes, `after the tiles, ${i}`)
        }
        await surface.dispose()
      }
      cache.statistics()
      await Promise.resolve()
      assert.deepEqual(late, [])
    },
  )

inPage('what is written to tiles that are shared changes nothing else', async (kit) => {
  const { load, assert, random, noise, assertPixels, Picture } = kit
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
  const next = random(15)
  for (const bytesPerPixel of [1, 3, 4]) {
    const size = 600 * 520 * bytesPerPixel
    const picture = new Picture(600, 520, bytesPerPixel, noise(size, 1))
    const surface = cache.allocateSurfaceSync(picture)
    surface.writeRectSync(picture.all, picture.bytes)
    for (let i = 0; i < 40; i++) {
      // The copies of the tiles come to lie in memory that is not zero.
      const used = cache.allocateSync(size)
      used.writeSync(new Uint8Array(size).fill(0xa5))
      await used.dispose()
      const snapshot = await surface.snapshot()
      const before = picture.copy()
      const x = next(600)
      const y = next(520)
      const rect = { x, y, width: 1 + next(600 - x), height: 1 + next(520 - y) }
      const stride = rect.width * bytesPerPixel + next(2) * 7
      const data = noise(stride * rect.height, i + 2)
      let calls = 0
      if (i % 4 === 0) surface.writeRectSync(rect, data, { stride })
      else if (i % 4 === 1) await surface.writeRect(rect, data, { stride })
      else if (i % 4 === 2)
        surface.forEachTile(
          rect,
          (pixels, { x, y }) => {
            if (calls++ % 2) return
            pixels.fill(i, 0, bytesPerPixel)
            picture.paint({ x, y, width: 1, height: 1 }, new Uint8Array(bytesPerPixel).fill(i))
          },
          { write: true },
        )
      else {
        const gone = {
          get stride() {
            structuredClone(data.buffer, { transfer: [data.buffer] })
            return stride
          },
        }
        assert.throws(() => surface.writeRectSync(rect, data, gone), TypeError)
      }
      if (i % 4 < 2) picture.paint(rect, data, stride)
      assertPixels(surface.readRectSync(), picture.bytes, `${bytesPerPixel}, ${i}`)
      assertPixels(snapshot.readRectSync(), before.bytes, `${bytesPerPixel}, ${i}: the snapshot`)
      await snapshot.dispose()
    }
    await surface.dispose()
  }
})

inPage('tiles go to a canvas without a copy', async (kit) => {
  const { load, assert, noise, assertPixels, Picture } = kit
  const cache = await load()
  const picture = new Picture(600, 300, 4, noise(600 * 300 * 4))
  for (let i = 3; i < picture.bytes.length; i += 4) picture.bytes[i] = 255 // canvases keep colours premultiplied
  const surface = cache.allocateSurfaceSync({ width: 600, height: 300 })
  surface.writeRectSync(picture.all, picture.bytes)
  const canvas = new OffscreenCanvas(600, 300)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  surface.forEachTile(picture.all, (pixels, { x, y, width }) => {
    const image = new ImageData(pixels, width)
    // It takes them as they are, if only by another view in WebKit.
    const place = ({ buffer, byteOffset, length }) => [buffer, byteOffset, length]
    assert.deepEqual(place(image.data), place(pixels))
    context.putImageData(image, x, y)
  })
  assertPixels(context.getImageData(0, 0, 600, 300).data, picture.bytes)
})

inPage('what is done at once is refused where it cannot be', async (kit) => {
  const { load, assert, noise, assertPixels, counters, PAGE, rejection } = kit
  const code = (call) => {
    try {
      call()
    } catch (error) {
      return error.code ?? error.name
    }
    return 'nothing'
  }
  const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE } })
  const rect = { x: 250, y: 250, width: 20, height: 20 }
  const surface = cache.allocateSurfaceSync({ width: 512, height: 300 })
  const onDisk = await cache.allocateSurface({ width: 512, height: 512 })
  assert.deepEqual([surface.medium, onDisk.medium], ['memory', 'disk'])
  const calls = (surface) => ({
    writeRectSync: () => surface.writeRectSync(rect, noise(1600)),
    readRectSync: () => surface.readRectSync(rect),
    'readRectSync of all': () => surface.readRectSync(),
    forEachTile: () => surface.forEachTile(rect, () => assert.fail('it must not be called')),
    'forEachTile to write': () =>
      surface.forEachTile(rect, () => assert.fail('it must not be called'), { write: true }),
  })
  for (const [name, call] of Object.entries(calls(onDisk)))
    assert.equal(code(call), 'CACHE_NOT_IN_MEMORY', name)
  const moved = surface.moveToDisk()
  for (const [name, call] of Object.entries(calls(surface))) assert.equal(code(call), 'CACHE_BUSY', name)
  await moved
  for (const [name, call] of Object.entries(calls(surface)))
    assert.equal(code(call), 'CACHE_NOT_IN_MEMORY', name)
  assertPixels(await surface.readRect(), new Uint8Array(512 * 300 * 4))
  await surface.dispose()
  for (const [name, call] of Object.entries(calls(surface))) assert.equal(code(call), 'CACHE_DISPOSED', name)
  assert.equal(
    code(() => cache.allocateSurfaceSync({ width: 1024, height: 257 })),
    'CACHE_FULL',
  )
  assert.equal(
    code(() => cache.allocateSurfaceSync({ width: 0, height: 257 })),
    'RangeError',
  )
  assert.equal(
    // @ts-expect-error a surface has a size
    code(() => cache.allocateSurfaceSync()),
    'TypeError',
  )
  cache.cacheType = 'cacheOnDiskOnly'
  assert.equal(
    code(() => cache.allocateSurfaceSync({ width: 1, height: 1 })),
    'CACHE_NOT_IN_MEMORY',
  )
  cache.cacheType = 'auto'
  assert.deepEqual(counters(cache), [0, onDisk.size])

  // Nothing of the cache can be called while a tile is out.
  const third = cache.allocateSurfaceSync({ width: 10, height: 10 })
  const waiting = []
  third.forEachTile({ x: 0, y: 0, width: 1, height: 1 }, () => {
    for (const call of [
      () => third.readRectSync(),
      () => third.width,
      () => cache.allocateSurfaceSync({ width: 1, height: 1 }),
      () => cache.difference(third, third),
      () => third.forEachTile({ x: 0, y: 0, width: 1, height: 1 }, () => {}),
    ])
      assert.equal(code(call), 'CACHE_BUSY', String(call))
    waiting.push(
      third.readRect(),
      third.snapshot(),
      third.dispose(),
      third.restore(third),
      third.moveToDisk(),
      third.moveToMemory(),
    )
    waiting.push(third.reallocate({ width: 5, height: 5 }), cache.allocateSurface({ width: 5, height: 5 }))
  })
  for (const [i, call] of waiting.entries())
    assert.equal((await rejection(call)).code, 'CACHE_BUSY', String(i))
  assert.isFalse(third.disposed)
  assert.throws(
    () =>
      third.forEachTile({ x: 0, y: 0, width: 1, height: 1 }, () => {
        throw new Error('mine')
      }),
    'mine',
  )
  assert.lengthOf(third.readRectSync(), 400)
  assert.deepEqual(counters(cache), [400, onDisk.size])
})

inPage('surfaces in lists, statistics and limits', async (kit) => {
  const { load, assert, counters, rejection, assertFull, assertPixels, noise } = kit
  const cache = await load({ settings: { maxMemoryForCache: 1_000_000, maxDiskSpaceForCache: 2_000_000 } })
  const one = await cache.allocateSurface({ width: 500, height: 500, label: 'one' })
  const two = await cache.allocateSurface({ width: 500, height: 500, label: 'two' })
  // Room is taken at the call.
  const third = cache.allocateSurface({ width: 500, height: 500, label: 'three' })
  const refused = rejection(cache.allocateSurface({ width: 500, height: 500 }))
  const three = await third
  assertFull(await refused, {
    medium: 'disk',
    requested: 1_000_000,
    allocated: 2_000_000,
    limit: 2_000_000,
    reason: 'limit',
  })
  assert.deepEqual(
    [one, two, three].map(({ medium }) => medium),
    ['memory', 'disk', 'disk'],
  )
  assert.deepEqual(counters(cache), [1_000_000, 2_000_000])
  const { memory, disk } = cache.statistics()
  assert.deepInclude(memory, { allocations: 1, allocatedBytes: 1_000_000 })
  assert.deepInclude(disk, { allocations: 2, allocatedBytes: 2_000_000 })
  assert.deepEqual(
    cache
      .allocations()
      .map(({ label, size, medium, role, memoryBytes, diskBytes }) => [
        label,
        size,
        medium,
        role,
        memoryBytes,
        diskBytes,
      ]),
    [
      ['one', 1e6, 'memory', 'working', 1e6, 0],
      ['two', 1e6, 'disk', 'working', 0, 1e6],
      ['three', 1e6, 'disk', 'working', 0, 1e6],
    ],
  )
  await two.dispose()
  await one.writeRect({ x: 0, y: 0, width: 500, height: 500 }, noise(1e6))
  // By the rules of a reallocation.
  await one.reallocate({ width: 501, height: 500 })
  assert.deepEqual(counters(cache), [1_002_000, 1_000_000], 'past the limit, where it is')
  await one.reallocate({ width: 500, height: 500 })
  cache.exactReallocateOnly = true
  const growing = await rejection(one.reallocate({ width: 500, height: 501 }))
  assertFull(growing, { medium: 'disk', reason: 'limit' })
  assert.deepEqual([one.width, one.height, one.medium], [500, 500, 'memory'])
  assert.deepEqual(counters(cache), [1_000_000, 1_000_000])
  cache.maxDiskSpaceForCache = 0
  await one.reallocate({ width: 500, height: 501 })
  assert.equal(one.medium, 'disk')
  assert.deepEqual(counters(cache), [0, 2_002_000])
  assertPixels(await one.readRect({ x: 0, y: 0, width: 500, height: 499 }), noise(1e6).subarray(0, 998_000))
  await three.dispose()
  await one.dispose()
  one.dispose()
  assert.deepEqual(
    [one.disposed, one.size, one.width, one.height, one.bytesPerPixel],
    [true, 1_002_000, 500, 501, 4],
  )
  assert.deepEqual(counters(cache), [0, 0])
})

// The time limit is for work that grows with the size of the surface: it would take hours.
inPage('surfaces larger than any memory', { timeout: 60_000 }, async (kit) => {
  const { load, assert, noise, assertPixels, counters, rejectsWith, MiB } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const side = 2 ** 31 - 1
  const surface = await cache.allocateSurface({ width: side, height: 2 ** 22, bytesPerPixel: 1 })
  assert.equal(surface.size, side * 2 ** 22)
  const corner = { x: side - 300, y: 2 ** 22 - 300, width: 300, height: 300 }
  await surface.writeRect(corner, noise(90_000))
  await surface.flush()
  assertPixels(await surface.readRect(corner), noise(90_000))
  await rejectsWith('CACHE_FULL', surface.readRect(), 'all of it')
  const snapshot = await surface.snapshot()
  assert.deepEqual(cache.difference(surface, snapshot), [])
  assert.equal(snapshot.diskBytes, surface.diskBytes - surface.size + snapshot.diskBytes)
  await surface.reallocate({ width: side, height: 2 ** 21 })
  await surface.reallocate({ width: side - 1, height: 2 ** 22 })
  assertPixels(
    await surface.readRect({ ...corner, width: 299 }),
    new Uint8Array(299 * 300),
    'cut off and grown again',
  )
  await snapshot.dispose()
  await surface.dispose()
  assert.deepEqual(counters(cache), [0, 0])
  cache.cacheType = 'cacheInMemoryOnly'
  const small = await cache.allocateSurface({ width: 300, height: 300 })
  await small.writeRect({ x: 0, y: 0, width: 300, height: 300 }, noise(360_000))
  const { wasmBytes } = cache.statistics()
  for (const height of [100_000, 2 ** 18])
    await rejectsWith('CACHE_FULL', small.reallocate({ width: side, height }))
  assert.isBelow(
    cache.statistics().wasmBytes,
    wasmBytes + 4 * MiB, // the Go heap may grow at any time, but not by the table of such a surface
    'the memory can not shrink, so it must not grow in vain',
  )
  assertPixels(await small.readRect(), noise(360_000))
  assert.deepEqual(counters(cache), [360_000, 0])
})
