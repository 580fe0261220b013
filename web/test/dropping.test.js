// Histories whose oldest entries give way to what finds no room.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const settings of [
  { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 7 << 18 },
  { cacheType: 'cacheOnDiskOnly', maxDiskSpaceForCache: 7 << 18 },
  { maxMemoryForCache: 5 << 18, maxDiskSpaceForCache: 2 << 18 },
  { maxMemoryForCache: 5 << 18, maxDiskSpaceForCache: 2 << 18, spillPolicy: 'coldest' },
])
  inPage(`painting goes on, ${JSON.stringify(settings)}`, { arg: settings }, async (kit, settings) => {
    const { load, assert, noise, assertPixels, counters, collect, asposecache, PAGE } = kit
    const cache = await load({ settings })
    const drops = collect(cache, 'historydropped')
    const full = collect(cache, 'full')
    const surface = await cache.allocateSurface({ width: 512, height: 512, label: 'layer' })
    await surface.writeRect({ x: 0, y: 0, width: 512, height: 512 }, noise(4 * PAGE))
    const history = await asposecache.createHistory(surface, { whenFull: 'dropOldest' })
    const rect = { x: 256, y: 0, width: 256, height: 256 }
    for (let i = 1; i <= 12; i++) {
      await surface.writeRect(rect, noise(PAGE, i))
      await history.commit(`\u{feff}stroke ${i}`)
      const [memory, disk] = counters(cache)
      assert.isAtMost(memory + disk, 7 * PAGE)
    }
    const labels = (from, to) => {
      const all = []
      for (let i = from; i <= to; i++) all.push(i ? `\u{feff}stroke ${i}` : '')
      return all
    }
    assert.deepEqual(
      history.entries.map(({ label }) => label),
      labels(9, 12),
    )
    assert.deepEqual(
      drops.flatMap((drop) => drop.labels),
      labels(0, 8),
    )
    for (const { history: whose, id, label, bytes } of drops) {
      assert.strictEqual(whose, history)
      assert.deepEqual([id, label, bytes], [surface.id, 'layer', PAGE])
    }
    assert.deepEqual(full, [])
    for (let i = 11; i >= 9; i--) {
      assert.isTrue(await history.undo())
      assertPixels(await surface.readRect(rect), noise(PAGE, i))
    }
    assert.isFalse(await history.undo())
    await history.dispose()
    await surface.dispose()
    await cache.flush()
    assert.deepEqual(counters(cache), [0, 0])
  })

inPage('writes that can not wait make entries give way too', async (kit) => {
  const { load, assert, noise, assertBytes, bytesOf, counters, collect, asposecache, PAGE } = kit
  const settings = { maxMemoryForCache: 3 * PAGE }
  const surfaceWays = {
    writeRectSync: (s, data, rect) => s.writeRectSync(rect, data),
    forEachTile: (s, data, rect) => s.forEachTile(rect, (pixels) => pixels.set(data), { write: true }),
  }
  const allocationWays = {
    writeSync: (a, data) => a.writeSync(data),
    forEachView: (a, data) => a.forEachView(0, PAGE, (view) => view.set(data), { write: true }),
  }
  for (const [name, write] of Object.entries({ ...surfaceWays, ...allocationWays })) {
    const cache = await load({ settings })
    const drops = collect(cache, 'historydropped')
    const full = collect(cache, 'full')
    const rect = { x: 0, y: 0, width: 256, height: 256 }
    /** @type {any} */
    const target =
      name in surfaceWays
        ? await cache.allocateSurface({ width: 256, height: 256 })
        : await cache.allocate(PAGE)
    const history = await asposecache.createHistory(target, { whenFull: 'dropOldest' })
    for (let i = 1; i <= 6; i++) {
      write(target, noise(PAGE, i), rect)
      await history.commit(`${i}`)
    }
    assert.deepEqual(
      history.entries.map(({ label }) => label),
      ['4', '5', '6'],
      name,
    )
    assert.deepEqual(
      drops.flatMap(({ labels }) => labels),
      ['', '1', '2', '3'],
    )
    assert.deepEqual(full, [])
    assert.deepEqual(counters(cache), [3 * PAGE, 0], 'nothing has moved to disk for it')
    assert.isTrue(await history.undo())
    assertBytes(bytesOf(target.readSync?.() ?? target.readRectSync()), noise(PAGE, 5), name)
    // What is held elsewhere does not go in vain; the refusal is told once.
    const held = await target.snapshot()
    await history.goTo(0)
    await history.commit('a')
    const others = [held, await target.snapshot()]
    const rest = await cache.allocate(3 * PAGE - cache.allocatedMemoryBytesCount)
    const before = history.entries
    assert.throws(() => write(target, noise(PAGE, 9), rect), asposecache.CacheFullError)
    await new Promise((resolve) => setTimeout(resolve))
    assert.lengthOf(full, 1, name)
    assert.deepEqual(history.entries, before)
    for (const one of [...others, rest, target]) await one.dispose()
    await history.dispose()
    assert.deepEqual(counters(cache), [0, 0])
  }
})

inPage('a write that can wait goes to disk before anything is dropped', async (kit) => {
  const { load, assert, noise, counters, collect, asposecache, PAGE } = kit
  const cache = await load({ settings: { maxMemoryForCache: PAGE } })
  const drops = collect(cache, 'historydropped')
  const target = await cache.allocate(PAGE)
  const history = await asposecache.createHistory(target, { whenFull: 'dropOldest' })
  for (let i = 1; i <= 6; i++) {
    await target.write(noise(PAGE, i))
    await history.commit(`${i}`)
  }
  assert.deepEqual([drops, history.entries.length, counters(cache)], [[], 7, [PAGE, 6 * PAGE]])
})

inPage('whenFull: refused by default, and when it is something else', async (kit) => {
  const { load, assert, noise, collect, rejection, asposecache, PAGE } = kit
  const settings = { cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 2 * PAGE }
  /** @type {import('../src/asposecache.js').HistoryOptions[]} */
  const refusing = [undefined, {}, { whenFull: undefined }, { whenFull: 'refuse' }]
  for (const options of refusing) {
    const cache = await load({ settings })
    const drops = collect(cache, 'historydropped')
    const full = collect(cache, 'full')
    const target = await cache.allocate(PAGE)
    const history = await asposecache.createHistory(target, options)
    await target.write(noise(PAGE, 1))
    await history.commit()
    const error = await rejection(target.write(noise(PAGE, 2)))
    assert.instanceOf(error, asposecache.CacheFullError)
    assert.deepEqual([drops, full.length, history.entries.length], [[], 1, 2])
    /** @type {any[]} */
    const unknown = [null, 0, true, {}, 'dropoldest', 'DropOldest', '', Symbol('s'), 1n]
    for (const whenFull of unknown) {
      const wrong = await rejection(asposecache.createHistory(target, { whenFull }))
      assert.instanceOf(wrong, TypeError)
      assert.match(wrong.message, /^options\.whenFull: .*"refuse", "dropOldest"$/)
    }
    // @ts-expect-error there is no such option
    const typo = await rejection(asposecache.createHistory(target, { whenfull: 'dropOldest' }))
    assert.match(typo.message, /^options\.whenfull: there is no such option/)
  }
})
