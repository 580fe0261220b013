// Undo and redo, as an editor uses them.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('undo and redo of a surface and of an allocation', async (kit) => {
  const { load, assert, noise, assertBytes, bytesOf, counters, asposecache, PAGE } = kit
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly'])
    for (const kind of ['surface', 'allocation']) {
      const cache = await load({ settings: { cacheType } })
      /** @type {any} */
      const target =
        kind === 'surface'
          ? await cache.allocateSurface({ width: 512, height: 512 })
          : await cache.allocate(4 * PAGE)
      // One page, or tile, of four.
      const paint = (page, seed) => {
        const rect = { x: (page % 2) * 256, y: page < 2 ? 0 : 256, width: 256, height: 256 }
        const data = noise(PAGE, seed)
        return kind === 'surface' ? target.writeRect(rect, data) : target.write(data, page * PAGE)
      }
      const page = async (page) => {
        const rect = { x: (page % 2) * 256, y: page < 2 ? 0 : 256, width: 256, height: 256 }
        return bytesOf(await (kind === 'surface' ? target.readRect(rect) : target.read(page * PAGE, PAGE)))
      }
      const sum = () => (counters(cache)[0] + counters(cache)[1]) / PAGE
      const history = await asposecache.createHistory(target)
      const state = () => [
        history.canUndo,
        history.canRedo,
        history.entries.findIndex(({ current }) => current),
      ]
      assert.deepEqual(state(), [false, false, 0])
      assert.lengthOf(history.entries, 1)
      assert.isFalse(await history.undo())
      assert.isFalse(await history.redo())
      const disk = cacheType === 'cacheOnDiskOnly'
      assert.equal(sum(), 4)
      for (let i = 1; i <= 3; i++) {
        await paint(0, i)
        assert.isUndefined(await history.commit(`stroke ${i}`))
        assert.deepEqual(state(), [true, false, i])
      }
      // On disk the first state has nothing: it was never written.
      assert.equal(sum(), disk ? 6 : 7, 'three strokes, a page each')
      const { entries } = history
      assert.deepEqual(
        entries.map(({ label }) => label),
        ['', 'stroke 1', 'stroke 2', 'stroke 3'],
      )
      assert.deepEqual(
        entries.map(({ bytes }) => bytes / PAGE),
        [disk ? 0 : 1, 1, 1, 0],
      )
      assert.deepEqual([...new Set(entries.map(({ medium }) => medium))], [target.medium])
      assert.isTrue(await history.undo())
      assertBytes(await page(0), noise(PAGE, 2))
      assert.deepEqual(state(), [true, true, 2])
      // What was not committed is lost.
      await paint(1, 50)
      assert.isTrue(await history.undo())
      assertBytes(await page(0), noise(PAGE, 1))
      assertBytes(await page(1), new Uint8Array(PAGE))
      assert.isTrue(await history.redo())
      assert.isTrue(await history.redo())
      assert.isFalse(await history.redo())
      assertBytes(await page(0), noise(PAGE, 3))
      assert.deepEqual(state(), [true, false, 3])
      assert.isTrue(await history.undo())
      assert.isTrue(await history.undo())
      const before = sum()
      // A commit frees what it orphans: strokes 2 and 3.
      await paint(2, 60)
      await history.commit('another')
      assert.deepEqual(
        history.entries.map(({ label }) => label),
        ['', 'stroke 1', 'another'],
      )
      assert.deepEqual(state(), [true, false, 2])
      assert.equal(sum() - before, disk ? -2 : -1, 'two pages less, and in memory one more')
      assertBytes(await page(2), noise(PAGE, 60))
      assert.isFalse(await history.redo())
      await history.dispose()
      await history.dispose()
      assert.deepEqual(
        [history.disposed, history.entries, history.canUndo, history.canRedo],
        [true, [], false, false],
      )
      assert.equal(sum(), 4)
      assertBytes(await page(0), noise(PAGE, 1), 'the target stays as it is')
      for (const call of ['undo', 'redo', 'commit'])
        assert.equal((await kit.rejection(history[call]())).code, 'CACHE_DISPOSED', call)
      await target.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    }
})

for (const settings of [
  { cacheType: 'cacheInMemoryOnly' },
  { cacheType: 'cacheOnDiskOnly' },
  { maxMemoryForCache: 3 << 20, spillPolicy: 'coldest' },
])
  inPage(
    `asked for quickly, ${JSON.stringify(settings)}`,
    { arg: settings, timeout: 120_000 },
    async (kit, settings) => {
      const { load, assert, random, noise, assertPixels, Picture, counters, asposecache } = kit
      const cache = await load({ settings })
      const next = random(21)
      const surface = await cache.allocateSurface({ width: 600, height: 400 })
      let picture = new Picture(600, 400)
      const history = await asposecache.createHistory(surface, { maxEntries: 12 })
      let states = [picture.copy()]
      let at = 0
      let burst = 0
      for (let round = 0; round < 40; round++) {
        const calls = []
        for (let i = next(15); i >= 0; i--) {
          const tag = `round ${round}, ${burst++}`
          const kind = next(10)
          if (kind < 4) {
            const [x, y] = [next(600), next(400)]
            const rect = {
              x,
              y,
              width: 1 + next(Math.min(300, 600 - x)),
              height: 1 + next(Math.min(300, 400 - y)),
            }
            const data = noise(rect.width * rect.height * 4, burst)
            picture.paint(rect, data)
            calls.push(surface.writeRect(rect, data), history.commit(tag))
            states = [...states.slice(0, at + 1), picture.copy()]
            at++
            if (states.length > 13) {
              states.shift()
              at--
            }
          } else if (kind < 5) {
            const to = next(states.length + 1)
            if (to === states.length) {
              calls.push(history.goTo(to).catch((error) => assert.instanceOf(error, RangeError, tag)))
              continue
            }
            const same = to === at && picture.bytes.every((byte, i) => byte === states[to].bytes[i])
            at = to
            picture = states[at].copy()
            calls.push(history.goTo(to).then((did) => assert.equal(did, !same, tag)))
          } else if (kind < 9) {
            const by = kind < 7 ? -1 : 1
            const to = at + by
            const possible = to >= 0 && to < states.length
            if (possible) {
              at = to
              picture = states[at].copy()
            }
            const call = by < 0 ? history.undo() : history.redo()
            calls.push(call.then((did) => assert.equal(did, possible, tag)))
          } else {
            const expected = picture.bytes.slice()
            calls.push(surface.readRect().then((pixels) => assertPixels(pixels, expected, tag)))
          }
        }
        await Promise.all(calls)
        assertPixels(await surface.readRect(), picture.bytes, `round ${round}`)
        const { entries } = history
        assert.lengthOf(entries, states.length)
        assert.deepEqual(
          entries.map(({ current }) => current),
          states.map((_, i) => i === at),
        )
        if (settings.maxMemoryForCache) assert.isAtMost(counters(cache)[0], settings.maxMemoryForCache)
      }
      // All the way back, and forth again.
      const back = []
      for (let i = 0; i < 20; i++) back.push(history.undo())
      assert.equal((await Promise.all(back)).filter(Boolean).length, at)
      assertPixels(await surface.readRect(), states[0].bytes)
      for (const state of states.slice(1)) {
        assert.isTrue(await history.redo())
        assertPixels(await surface.readRect(), state.bytes)
      }
      await history.dispose()
      await surface.dispose()
      await cache.flush()
      assert.deepEqual(counters(cache), [0, 0])
    },
  )

inPage('bounds: the oldest entries go', async (kit) => {
  const { load, assert, counters, asposecache, PAGE, assertBytes, noise } = kit
  const cache = await load()
  const target = await cache.allocate(4 * PAGE)
  const few = await asposecache.createHistory(target, { maxEntries: 2 })
  const small = await asposecache.createHistory(target, { maxBytes: 3 * PAGE })
  const labels = (history) => history.entries.map(({ label }) => label)
  for (let i = 1; i <= 5; i++) {
    await target.write(noise(PAGE, i))
    await Promise.all([few.commit(`${i}`), small.commit(`${i}`)])
  }
  assert.deepEqual(labels(few), ['3', '4', '5'])
  assert.deepEqual(labels(small), ['2', '3', '4', '5'])
  assert.equal(
    small.entries.reduce((sum, { bytes }) => sum + bytes, 0),
    3 * PAGE,
  )
  assert.deepEqual(counters(cache), [7 * PAGE, 0])
  assert.deepEqual([await few.undo(), await few.undo(), await few.undo()], [true, true, false])
  assertBytes(await target.read(0, PAGE), noise(PAGE, 3))
  // A stroke larger than the bound leaves nothing to undo.
  await small.redo()
  await target.write(noise(4 * PAGE, 9))
  await small.commit('all')
  assert.deepEqual(labels(small), ['all'])
  assert.deepEqual([small.canUndo, small.canRedo, await small.undo()], [false, false, false])
  assertBytes(await target.read(), noise(4 * PAGE, 9))
  await few.dispose()
  assert.deepEqual(counters(cache), [4 * PAGE, 0])
  const zero = await asposecache.createHistory(target, { maxBytes: 0, maxEntries: 0 })
  for (let i = 0; i < 5; i++) {
    await target.write(noise(PAGE, i))
    await zero.commit()
  }
  assert.lengthOf(zero.entries, 6, '0 is no bound')
})

inPage('entries: one array, which nobody can change, until there is something else to tell', async (kit) => {
  const { load, assert, asposecache, PAGE, noise } = kit
  const cache = await load()
  const target = await cache.allocate(4 * PAGE)
  const history = await asposecache.createHistory(target)
  let last
  const changes = async (what, call) => {
    const before = JSON.stringify(last)
    await call()
    assert.notStrictEqual(history.entries, last, what)
    assert.equal(JSON.stringify(last), before, 'what was handed out stays as it was')
    last = history.entries
    assert.strictEqual(history.entries, last, `asked again after ${what}`)
    assert.notEqual(JSON.stringify(last), before, what)
  }
  const stays = async (what, call) => {
    await call()
    assert.strictEqual(history.entries, last, what)
  }
  await changes('nothing', () => {})
  for (const label of [
    'plain',
    '',
    'Pinselstrich, gr\u00fcn',
    '\u{1f58c}\u{fe0f} \u{1f600}',
    '\u0000,\n"\\',
    'end',
  ]) {
    await stays('a write', () => target.write(noise(PAGE)))
    await changes('a commit', () => history.commit(label))
    assert.equal(history.entries.at(-1).label, label)
  }
  assert.deepEqual(
    history.entries.map(({ label }) => label),
    ['', 'plain', '', 'Pinselstrich, gr\u00fcn', '\u{1f58c}\u{fe0f} \u{1f600}', '\u0000,\n"\\', 'end'],
  )
  await changes('an undo', () => history.undo())
  await changes('a redo', () => history.redo())
  await stays('a redo of nothing', () => history.redo())
  await stays('a read', () => target.read())
  await stays('a question', () => assert.deepEqual([history.canUndo, history.canRedo], [true, false]))
  const other = await cache.allocate(PAGE)
  await stays('a move of something else', () => other.moveToDisk())
  // Six pages of the history are in memory; what the latest has moves with the target.
  await changes('a move of what the latest has', () => target.moveToDisk())
  assert.deepEqual([...new Set(history.entries.map(({ medium }) => medium))], ['memory', 'disk'])
  assert.isFrozen(last)
  for (const entry of last) assert.isFrozen(entry)
  await changes('its end', () => history.dispose())
  assert.deepEqual(history.entries, [])
  assert.isFrozen(history.entries)
})

inPage('goTo: to any state in one step', async (kit) => {
  const { load, assert, noise, assertBytes, rejection, asposecache, PAGE } = kit
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
    const cache = await load({ settings: { cacheType } })
    const target = await cache.allocateFrom(noise(PAGE))
    const history = await asposecache.createHistory(target)
    for (let i = 1; i <= 6; i++) {
      await target.write(noise(PAGE, i))
      await history.commit(`${i}`)
    }
    const shows = async (i) => {
      assertBytes(await target.read(), noise(PAGE, i || undefined))
      assert.deepEqual([history.canUndo, history.canRedo], [i > 0, i < 6])
      assert.isTrue(history.entries[i].current)
    }
    for (const to of [2, 0, 6, 5]) {
      assert.isTrue(await history.goTo(to))
      await shows(to)
    }
    assert.isFalse(await history.goTo(5), 'it is there')
    await target.write(noise(10, 99), 7)
    assert.isTrue(await history.goTo(5), 'what was not committed is lost')
    await shows(5)
    assert.isTrue(await history.undo())
    await shows(4)
    for (const index of [7, -1, 1.5, Number.NaN, Infinity]) {
      const error = await rejection(history.goTo(index))
      assert.instanceOf(error, RangeError, `${index}`)
      assert.include(error.message, 'index')
    }
    for (const index of /** @type {any[]} */ ([undefined, null, '1', 1n, {}])) {
      const error = await rejection(history.goTo(index))
      assert.instanceOf(error, TypeError)
      assert.include(error.message, 'index')
    }
    await shows(4)
    // Each call has the entries of its turn.
    const calls = [target.write(noise(PAGE, 50)), history.goTo(1), target.write(noise(PAGE, 51))]
    calls.push(history.commit('another'), history.goTo(0), history.goTo(2))
    const tooFar = rejection(history.goTo(3))
    assert.deepEqual(await Promise.all(calls), [undefined, true, undefined, undefined, true, true])
    assert.instanceOf(await tooFar, RangeError)
    assertBytes(await target.read(), noise(PAGE, 51))
    assert.deepEqual(
      history.entries.map(({ label }) => label),
      ['', '1', 'another'],
    )
    await history.dispose()
    assert.equal((await rejection(history.goTo(0))).code, 'CACHE_DISPOSED')
    await cache.close()
    assert.equal((await rejection(history.goTo(0))).code, 'CACHE_CLOSED')
  }
})

inPage('a thousand states', { timeout: 120_000 }, async (kit) => {
  const { load, assert, asposecache, counters } = kit
  const cache = await load()
  const surface = await cache.allocateSurface({ width: 16, height: 16 })
  const history = await asposecache.createHistory(surface, { maxEntries: 1000 })
  const rect = { x: 0, y: 0, width: 1, height: 1 }
  for (let i = 0; i < 1500; i++) {
    surface.writeRectSync(rect, Uint8Array.of(i, i >> 8, 0, 255))
    await history.commit(`stroke ${i}`)
  }
  const { entries } = history
  assert.strictEqual(history.entries, entries)
  assert.lengthOf(entries, 1001)
  for (const [i, { label, bytes, current, medium }] of entries.entries()) {
    assert.equal(label, `stroke ${499 + i}`)
    assert.deepEqual([bytes, current, medium], [i < 1000 ? 1024 : 0, i === 1000, 'memory'])
  }
  assert.deepEqual(counters(cache), [1001 * 1024, 0])
  await history.goTo(500)
  assert.isTrue(history.entries[500].current)
  assert.deepEqual([...(await surface.readRect(rect))], [999 & 255, 999 >> 8, 0, 255])
  await history.dispose()
  assert.deepEqual(counters(cache), [1024, 0])
})

inPage('labels come back as they were, whatever the first one begins with', async (kit) => {
  const { load, assert, asposecache, PAGE } = kit
  const cache = await load()
  const history = await asposecache.createHistory(await cache.allocate(PAGE), { maxEntries: 3 })
  // Decoders take a byte order mark for no part of the text where it comes first.
  const labels = ['\ufeffmark', 'next', '', '\ufefflast']
  for (const label of ['dropped', ...labels]) await history.commit(label)
  assert.deepEqual(
    history.entries.map(({ label }) => label),
    labels,
  )
})

inPage('half a character in a label comes back as another, and nothing else is changed', async (kit) => {
  const { load, assert, asposecache } = kit
  const cache = await load()
  const cut = 'a brush \u{1f58c}'.slice(0, -1)
  const one = await cache.allocate(10, { label: cut })
  assert.equal(one.label, cut)
  const history = await asposecache.createHistory(one)
  for (const label of [cut, 'next', '\udc00\ud800', '\u{1f58c}']) await history.commit(label)
  assert.deepEqual(
    history.entries.slice(1).map(({ label }) => label),
    ['a brush \ufffd', 'next', '\ufffd\ufffd', '\u{1f58c}'],
  )
})

const ends = 'a target that is disposed of, a cache that is closed, a history that nobody has'
inPage(ends, { needs: ['gc'] }, async (kit) => {
  const { load, assert, counters, asposecache, rejectsWith, PAGE, noise } = kit
  const cache = await load()
  const surface = await cache.allocateSurface({ width: 256, height: 256 })
  const history = await asposecache.createHistory(surface)
  await surface.writeRect({ x: 0, y: 0, width: 1, height: 1 }, new Uint8Array(4))
  await history.commit('one')
  assert.deepEqual(counters(cache), [2 * PAGE, 0])
  await surface.dispose()
  await rejectsWith('CACHE_DISPOSED', history.undo())
  await rejectsWith('CACHE_DISPOSED', history.commit('x'))
  assert.lengthOf(history.entries, 2, 'nothing has changed')
  assert.isTrue(history.entries[1].current)
  assert.deepEqual(counters(cache), [2 * PAGE, 0], 'the history has what it had')
  await history.dispose()
  assert.deepEqual(counters(cache), [0, 0])

  // Calls that wait when it is disposed of.
  const other = await cache.allocateFrom(noise(PAGE))
  const waiting = await asposecache.createHistory(other)
  const moving = other.moveToDisk()
  const calls = [waiting.commit('a'), waiting.undo(), waiting.redo()].map((call) =>
    call.catch((error) => error),
  )
  await waiting.dispose()
  for (const answer of await Promise.all(calls)) assert.equal(answer?.code, 'CACHE_DISPOSED')
  await moving
  assert.equal(counters(cache)[0] + counters(cache)[1], PAGE)
  await other.write(noise(10)) // no turn is left over

  // In the middle of a view nothing can be called; it can be disposed of afterwards.
  const inMemory = cache.allocateSync(10)
  const third = await asposecache.createHistory(inMemory)
  let refused
  inMemory.forEachView(0, 10, () => {
    refused = third.dispose().catch((error) => error)
  })
  assert.equal((await refused).code, 'CACHE_BUSY')
  assert.isFalse(third.disposed)
  await inMemory.write(noise(10))
  const held = counters(cache)[0]
  await third.dispose()
  assert.equal(counters(cache)[0], held - 10)
  await inMemory.dispose()

  // One that is garbage frees its entries.
  const last = await cache.allocate(PAGE)
  const before = counters(cache)
  await (async () => {
    const forgotten = await asposecache.createHistory(last)
    await last.write(noise(PAGE))
    await forgotten.commit('never undone')
  })()
  assert.equal(counters(cache)[0], before[0] + PAGE)
  while (counters(cache)[0] !== before[0]) {
    await kit.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve))
  }
  assert.lengthOf(cache.allocations(), 2)

  const closed = await load()
  const target = await closed.allocate(10)
  const ended = await asposecache.createHistory(target)
  await closed.close()
  assert.deepEqual([ended.disposed, ended.entries, ended.canUndo], [true, [], false])
  await rejectsWith('CACHE_CLOSED', ended.undo())
  await rejectsWith('CACHE_CLOSED', ended.commit())
  await rejectsWith('CACHE_CLOSED', asposecache.createHistory(target))
  await ended.dispose()
})

inPage('an undo reaches across a change of size', async (kit) => {
  const { load, assert, noise, assertPixels, counters, asposecache, Picture } = kit
  for (const cacheType of ['cacheInMemoryOnly', 'cacheOnDiskOnly']) {
    const cache = await load({ settings: { cacheType } })
    const picture = new Picture(300, 300, 4, noise(360_000))
    const surface = await cache.allocateSurface(picture)
    await surface.writeRect(picture.all, picture.bytes)
    const history = await asposecache.createHistory(surface)
    await Promise.all([surface.reallocate({ width: 100, height: 600 }), history.commit('another size')])
    const undone = history.undo()
    const read = surface.readImageData()
    assert.isTrue(await undone)
    assert.deepEqual([surface.width, surface.height, surface.size], [300, 300, 360_000])
    assertPixels((await read).data, picture.bytes)
    assert.equal((await read).width, 300)
    assert.isTrue(await history.redo())
    assert.deepEqual([surface.width, surface.height], [100, 600])
    assertPixels(await surface.readRect(), picture.resized(100, 600).bytes)
    await history.dispose()
    assert.equal(counters(cache)[0] + counters(cache)[1], 240_000)
  }
})

inPage('coldest: the history goes to disk, and comes back by undoing', { timeout: 120_000 }, async (kit) => {
  const { load, assert, noise, assertPixels, counters, collect, asposecache, Picture, MiB } = kit
  const limit = 6 * MiB
  const cache = await load({ settings: { maxMemoryForCache: limit, spillPolicy: 'coldest' } })
  const spills = collect(cache, 'spill')
  const picture = new Picture(1024, 768) // 3 MiB
  const surface = await cache.allocateSurface(picture)
  const history = await asposecache.createHistory(surface)
  const states = [picture.copy()]
  let over = 0
  const sample = () => {
    over = Math.max(over, counters(cache)[0] - limit)
  }
  cache.addEventListener('spill', sample)
  for (let i = 1; i <= 30; i++) {
    const rect = { x: (i * 37) % 700, y: (i * 53) % 460, width: 300, height: 300 }
    const data = noise(360_000, i)
    picture.paint(rect, data)
    await surface.writeRect(rect, data)
    sample()
    await history.commit(`stroke ${i}`)
    sample()
    states.push(picture.copy())
    assert.equal(surface.medium, 'memory')
  }
  assert.equal(over, 0)
  assert.isAbove(spills.length, 0)
  for (const { reason, bytes } of spills) {
    assert.oneOf(reason, ['copy', 'allocate'])
    assert.isAbove(bytes, 0)
  }
  const { entries } = history
  assert.deepEqual([entries[0].medium, entries.at(-1).medium], ['disk', 'memory'])
  assert.isAbove(counters(cache)[1], 5 * MiB)
  await cache.flush()
  for (let i = 29; i >= 0; i--) {
    assert.isTrue(await history.undo())
    assertPixels(await surface.readRect(), states[i].bytes, `back to ${i}`)
    sample()
  }
  for (let i = 1; i <= 30; i++) assert.isTrue(await history.redo())
  assertPixels(await surface.readRect(), states[30].bytes)
  // What was undone from disk lies on disk; it can be painted on all the same.
  await surface.writeRect({ x: 0, y: 0, width: 1024, height: 768 }, noise(3 * MiB, 99))
  assertPixels(await surface.readRect(), noise(3 * MiB, 99))
  assert.isTrue(await history.undo())
  assertPixels(await surface.readRect(), states[29].bytes)
  assert.equal(over, 0)
  await history.dispose()
  await surface.dispose()
  assert.deepEqual(counters(cache), [0, 0])
})

inPage('what is no target and no option is refused', async (kit) => {
  const { load, assert, counters, asposecache, rejection } = kit
  const cache = await load()
  const target = await cache.allocate(10)
  /** @type {any} */
  const { createHistory } = asposecache
  const refused = async (Kind, name, call) => {
    const error = await rejection(call, name)
    assert.strictEqual(error.constructor, Kind, String(error))
    assert.include(error.message, name)
    assert.deepEqual(counters(cache), [10, 0])
  }
  for (const value of [undefined, null, 5, {}, cache])
    await refused(TypeError, 'target', createHistory(value))
  for (const value of [null, 5, 'x', true]) await refused(TypeError, 'options', createHistory(target, value))
  for (const name of ['maxBytes', 'maxEntries']) {
    for (const value of [null, '5', 5n, {}, true])
      await refused(TypeError, name, createHistory(target, { [name]: value }))
    for (const value of [-1, 1.5, Number.NaN, Infinity, 2 ** 53])
      await refused(RangeError, name, createHistory(target, { [name]: value }))
  }
  await refused(TypeError, 'maxByte', createHistory(target, { maxByte: 5 }))
  const history = await createHistory(target, { maxBytes: undefined, maxEntries: Number.MAX_SAFE_INTEGER })
  for (const value of [null, 5, {}, Symbol('s'), 1n]) await refused(TypeError, 'label', history.commit(value))
  assert.lengthOf(history.entries, 1)
  await target.dispose()
  assert.equal((await rejection(createHistory(target))).code, 'CACHE_DISPOSED')
  for (const name of ['undo', 'redo', 'commit', 'goTo'])
    for (const other of [undefined, {}, target])
      assert.instanceOf(await rejection(history[name].call(other), name), TypeError)
})

inPage('a state that the browser has removed is not gone back to', { store: 'indexedDB' }, async (kit) => {
  const { load, assert, asposecache, rejectsWith, collect, databases } = kit
  const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
  const lost = collect(cache, 'lost')
  const layer = await cache.allocateSurface({ width: 256, height: 256 })
  const history = await asposecache.createHistory(layer)
  const paint = async (value) => {
    await layer.writeRect({ x: 0, y: 0, width: 256, height: 256 }, new Uint8Array(layer.size).fill(value))
    await history.commit(`${value}`)
    await cache.flush()
  }
  await paint(1)
  await paint(2)
  const before = await layer.snapshot()
  await paint(3)
  // A site's data are cleared, but for the last record.
  const [name] = await databases()
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  await new Promise((resolve, reject) => {
    const [store] = database.objectStoreNames
    const transaction = database.transaction(store, 'readwrite')
    const records = transaction.objectStore(store)
    records.getAllKeys().onsuccess = ({ target }) => {
      records.delete(IDBKeyRange.upperBound(target.result.at(-1), true))
    }
    transaction.oncomplete = resolve
    transaction.onerror = reject
  })
  database.close()
  const shows = async (value) => {
    const [first] = await layer.readRect({ x: 0, y: 0, width: 1, height: 1 })
    assert.equal(first, value)
  }
  await shows(3)
  await rejectsWith('CACHE_LOST', history.goTo(1), 'goTo')
  await shows(3)
  await rejectsWith('CACHE_LOST', layer.restore(before), 'restore')
  await rejectsWith('CACHE_LOST', history.undo(), 'undo')
  await shows(3)
  assert.isNotEmpty(lost)
  assert.equal(
    history.entries.findIndex(({ current }) => current),
    3,
  )
  assert.isTrue(await history.goTo(0)) // there was nothing yet
  await shows(0)
})
