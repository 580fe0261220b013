// The calls that answer at once, for bytes in memory.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('bytes written at once are read at once', async ({ load, assert, noise, assertBytes, PAGE }) => {
  const cache = await load()
  for (const size of [0, 1, 4096, PAGE, 3 * PAGE + 5]) {
    const allocation = cache.allocateSync(size, { label: 'now' })
    assert.equal(allocation.medium, 'memory')
    assert.equal(allocation.label, 'now')
    assertBytes(allocation.readSync(), new Uint8Array(size))
    const content = noise(size, 1)
    allocation.writeSync(content)
    assertBytes(allocation.readSync(), content)
    assertBytes(await allocation.read(), content)
    const target = new Uint8Array(size)
    assert.equal(allocation.readIntoSync(target), size)
    assertBytes(target, content)
    if (size > 10) {
      allocation.writeSync(new Uint8Array([1, 2, 3]), size - 4)
      assertBytes(allocation.readSync(size - 4, 3), new Uint8Array([1, 2, 3]))
    }
    allocation.dispose()
  }
  assert.equal(cache.allocatedMemoryBytesCount, 0)
})

inPage(
  'views are of the bytes themselves, page by page',
  async ({ load, assert, noise, assertBytes, PAGE }) => {
    const cache = await load()
    const size = 2 * PAGE + 100
    const allocation = cache.allocateSync(size)
    const content = noise(size, 2)
    allocation.writeSync(content)
    const seen = []
    allocation.forEachView(50, size - 60, (view, offset) => {
      seen.push([offset, view.byteLength])
      assertBytes(view, content.subarray(offset, offset + view.byteLength))
    })
    assert.deepEqual(seen, [
      [50, PAGE - 50],
      [PAGE, PAGE],
      [2 * PAGE, 90],
    ])
    allocation.forEachView(PAGE - 2, 4, (view) => view.fill(7), { write: true })
    content.fill(7, PAGE - 2, PAGE + 2)
    assertBytes(allocation.readSync(), content)
    allocation.forEachView(0, 0, () => assert.fail('there is nothing to look at'))
  },
)

inPage('nothing of the cache can be called while a view is out', async ({ load, assert }) => {
  const cache = await load()
  const allocation = cache.allocateSync(10)
  const refused = []
  allocation.forEachView(0, 10, () => {
    for (const call of [
      () => allocation.readSync(),
      () => allocation.size,
      () => cache.allocateSync(1),
      () => cache.allocatedMemoryBytesCount,
      () => allocation.forEachView(0, 1, () => {}),
    ])
      assert.equal(attempt(call)?.code, 'CACHE_BUSY', String(call))
    refused.push(allocation.read(), cache.allocate(5), allocation.dispose())
    function attempt(call) {
      try {
        call()
      } catch (error) {
        return error
      }
    }
  })
  for (const call of refused) assert.equal((await call.catch((error) => error)).code, 'CACHE_BUSY')
  assert.equal(allocation.disposed, false)
  assert.throws(
    () =>
      allocation.forEachView(0, 1, () => {
        throw new Error('mine')
      }),
    'mine',
  )
  assert.equal(allocation.readSync().byteLength, 10)
})

inPage(
  'bytes that were found once are looked for again when they may have moved',
  async ({ load, assert, noise, assertBytes, PAGE }) => {
    const cache = await load()
    const content = noise(2 * PAGE, 3)
    const filled = () => {
      const allocation = cache.allocateSync(2 * PAGE)
      allocation.writeSync(content)
      allocation.writeSync(content.subarray(10, 20), 10)
      assertBytes(allocation.readSync(10, 10), content.subarray(10, 20))
      return allocation
    }
    const ones = new Uint8Array(10).fill(1)

    const original = filled()
    const snapshot = await original.snapshot()
    assertBytes(snapshot.readSync(10, 10), content.subarray(10, 20))
    original.writeSync(ones, 10)
    assertBytes(original.readSync(10, 10), ones)
    assertBytes(snapshot.readSync(), content)
    snapshot.writeSync(new Uint8Array(10).fill(2), 10)
    assertBytes(original.readSync(10, 10), ones)

    const copied = filled()
    const twin = await copied.snapshot()
    const held = cache.allocatedMemoryBytesCount
    copied.readSync(10, 10)
    copied.writeSync(new Uint8Array(0), 10)
    assert.equal(cache.allocatedMemoryBytesCount, held, 'what changes nothing takes nothing')
    twin.writeSync(ones, 10)
    assertBytes(copied.readSync(10, 10), content.subarray(10, 20))

    const grown = filled()
    await grown.reallocate(3 * PAGE)
    grown.writeSync(ones, 3 * PAGE - 10)
    assertBytes(grown.readSync(3 * PAGE - 10), ones)
    await grown.reallocate(15)
    assert.throws(() => grown.readSync(10, 10), RangeError)
    assert.throws(() => grown.writeSync(ones, 10), RangeError)
    assertBytes(grown.readSync(), content.subarray(0, 15))

    const moved = filled()
    await moved.moveToDisk()
    let error
    try {
      moved.readSync(10, 10)
    } catch (thrown) {
      error = thrown
    }
    assert.equal(error?.code, 'CACHE_NOT_IN_MEMORY')
    assertBytes(await moved.read(10, 10), content.subarray(10, 20))

    const gone = filled()
    await gone.dispose()
    const next = cache.allocateSync(2 * PAGE)
    assert.throws(() => gone.writeSync(ones, 10))
    assertBytes(next.readSync(), new Uint8Array(2 * PAGE))

    const waiting = filled()
    const before = waiting.read(10, 10)
    waiting.writeSync(ones, 10)
    assertBytes(await before, content.subarray(10, 20))
    assertBytes(await waiting.read(10, 10), ones)

    const last = filled()
    await cache.close()
    assert.throws(() => last.readSync(10, 10))
  },
)

inPage('what is written to pages that are shared changes nothing else', async (kit) => {
  const { load, random, noise, assertBytes, PAGE } = kit
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
  const next = random(16)
  const size = 3 * PAGE + 1000
  const content = noise(size, 1)
  const allocation = cache.allocateSync(size)
  allocation.writeSync(content)
  for (let i = 0; i < 40; i++) {
    // The copies of the pages come to lie in memory that is not zero.
    const used = cache.allocateSync(size)
    used.writeSync(new Uint8Array(size).fill(0xa5))
    await used.dispose()
    const snapshot = await allocation.snapshot()
    const before = content.slice()
    const from = next(size)
    const data = noise(1 + next(size - from), i + 2)
    if (i % 4 === 0) allocation.writeSync(data, from)
    else if (i % 4 === 1) await allocation.write(data, from)
    else
      allocation.forEachView(
        from,
        data.length,
        (view, at) => {
          if (i % 4 === 2) view[0] = content[at] = i
        },
        { write: true },
      )
    if (i % 4 < 2) content.set(data, from)
    assertBytes(allocation.readSync(), content, `${i}`)
    assertBytes(snapshot.readSync(), before, `${i}: the snapshot`)
    await snapshot.dispose()
  }
})

inPage('what can not be answered at once is refused', async ({ load, assert }) => {
  const cache = await load({ settings: { maxMemoryForCache: 100 } })
  const allocation = cache.allocateSync(60)
  const code = (call) => {
    try {
      call()
    } catch (error) {
      return error.code ?? error.name
    }
    return 'nothing'
  }
  assert.equal(
    code(() => allocation.readSync(61)),
    'RangeError',
  )
  assert.equal(
    code(() => allocation.readSync(1, 60)),
    'RangeError',
  )
  assert.equal(
    code(() => allocation.readIntoSync(new Uint8Array(61))),
    'RangeError',
  )
  assert.equal(
    code(() => allocation.writeSync(new Uint8Array(2), 59)),
    'RangeError',
  )
  assert.equal(
    code(() => allocation.forEachView(60, 1, () => {})),
    'RangeError',
  )
  assert.equal(
    // @ts-expect-error no bytes
    code(() => allocation.writeSync('abc')),
    'TypeError',
  )
  assert.equal(
    code(() => allocation.readSync(-1)),
    'RangeError',
  )
  assert.equal(
    code(() => allocation.readSync(1.5)),
    'RangeError',
  )
  assert.equal(
    // @ts-expect-error no number
    code(() => allocation.readSync(1n)),
    'TypeError',
  )
  assert.equal(
    // @ts-expect-error no function
    code(() => allocation.forEachView(0, 1, 5)),
    'TypeError',
  )
  assert.equal(
    // @ts-expect-error no boolean
    code(() => allocation.forEachView(0, 1, () => {}, { write: 1 })),
    'TypeError',
  )
  assert.equal(
    code(() => cache.allocateSync(-1)),
    'RangeError',
  )

  let full
  cache.addEventListener('full', (event) => {
    full = event.detail.error
  })
  assert.equal(
    code(() => cache.allocateSync(41)),
    'CACHE_FULL',
  )
  await Promise.resolve()
  assert.equal(full?.requested, 41)
  assert.equal(cache.allocatedMemoryBytesCount, 60)

  await cache.configure({ cacheType: 'cacheOnDiskOnly' })
  assert.equal(
    code(() => cache.allocateSync(1)),
    'CACHE_NOT_IN_MEMORY',
  )
  const onDisk = await cache.allocate(10)
  assert.equal(
    code(() => onDisk.readSync()),
    'CACHE_NOT_IN_MEMORY',
  )
  assert.equal(
    code(() => onDisk.writeSync(new Uint8Array(1))),
    'CACHE_NOT_IN_MEMORY',
  )

  await allocation.dispose()
  assert.equal(
    code(() => allocation.readSync()),
    'CACHE_DISPOSED',
  )
  await cache.close()
  assert.equal(
    code(() => cache.allocateSync(1)),
    'CACHE_CLOSED',
  )
  assert.equal(
    code(() => onDisk.readSync()),
    'CACHE_CLOSED',
  )
})

inPage(
  'order holds between awaited calls and those at once',
  async ({ load, assert, noise, assertBytes, PAGE }) => {
    const cache = await load({ settings: { maxMemoryForCache: 4 * PAGE, exactReallocateOnly: true } })
    const allocation = cache.allocateSync(2 * PAGE)
    const content = noise(2 * PAGE, 3)
    const written = allocation.write(content)
    assertBytes(allocation.readSync(), content, 'a write to memory is done when it returns')
    await written
    const moved = allocation.reallocate(5 * PAGE)
    const later = allocation.write(new Uint8Array([1]), 0)
    assert.throws(() => allocation.readSync(0, 1), /waiting/)
    assert.throws(() => allocation.writeSync(new Uint8Array(1)), /waiting/)
    await Promise.all([moved, later])
    content[0] = 1
    assertBytes(await allocation.read(0, 2 * PAGE), content)
  },
)

inPage('growth of the memory between two calls is survived', async ({ load, assert, noise, assertBytes }) => {
  const cache = await load()
  const first = cache.allocateSync(100_000)
  const content = noise(100_000, 4)
  first.writeSync(content)
  let size = cache.statistics().wasmBytes
  let grown = 0
  const others = []
  for (let i = 0; i < 24; i++) {
    const other = cache.allocateSync(3_000_000)
    other.writeSync(noise(1000, i), 2_999_000)
    others.push(other)
    assertBytes(first.readSync(), content)
    first.writeSync(content.subarray(0, 50), 0)
    const now = cache.statistics().wasmBytes
    if (now > size) grown++
    size = now
  }
  assert.isAbove(grown, 3)
  for (const [i, other] of others.entries()) assertBytes(other.readSync(2_999_000, 1000), noise(1000, i))
})

inPage('closing and aborting from inside of a view', async ({ load, assert, holdOpen }) => {
  const cache = await load()
  const allocation = cache.allocateSync(10)
  const opening = holdOpen()
  cache.cacheType = 'cacheOnDiskOnly'
  const controller = new AbortController()
  const waiting = cache.allocate(10, { signal: controller.signal }).catch((error) => error)
  let closing
  allocation.forEachView(0, 10, () => {
    closing = cache.close().catch((error) => error)
    controller.abort('enough')
  })
  assert.equal((await closing).code, 'CACHE_BUSY')
  assert.equal(await waiting, 'enough')
  await opening.release()
  assert.equal(allocation.readSync().byteLength, 10)
  await cache.close()
  assert.deepEqual(await indexedDB.databases(), [])
})

inPage(
  'awaited calls and those at once take effect in the order in which they were made, or are refused',
  async (kit) => {
    const { load, assert, noise, assertBytes, random, rejection, holdOpen, PAGE } = kit
    const cache = await load({ settings: { maxMemoryForCache: 2 * PAGE, exactReallocateOnly: true } })
    const opening = holdOpen() // so that a move to disk waits until it is aborted
    const next = random(31)
    const allocation = cache.allocateSync(PAGE)
    let model = new Uint8Array(PAGE)
    let pending = []
    let move // while there is one, calls wait
    const seen = { done: 0, refused: 0 }
    const atOnce = (call) => {
      try {
        call()
        seen.done++
        return true
      } catch (error) {
        if (error.code !== 'CACHE_BUSY') throw error
        assert.isDefined(move, 'nothing waits')
        seen.refused++
        return false
      }
    }
    for (let i = 0; i < 1000; i++) {
      const from = next(model.length + 1)
      const to = from + next(model.length - from + 1)
      const piece = noise(to - from, i)
      const kind = next(20)
      if (kind < 5) {
        if (atOnce(() => allocation.writeSync(piece, from))) model.set(piece, from)
      } else if (kind < 8) {
        const write = (view, offset) =>
          view.set(piece.subarray(offset - from, offset - from + view.byteLength))
        if (atOnce(() => allocation.forEachView(from, to - from, write, { write: true })))
          model.set(piece, from)
      } else if (kind < 11) {
        atOnce(() => assertBytes(allocation.readSync(from, to - from), model.subarray(from, to), `${i}`))
      } else if (kind < 15) {
        pending.push(allocation.write(piece, from))
        model.set(piece, from)
      } else if (kind < 19) {
        const expected = model.slice(from, to)
        pending.push(allocation.read(from, to - from).then((bytes) => assertBytes(bytes, expected, `${i}`)))
      } else if (next(2)) {
        const changed = new Uint8Array(PAGE - 1000 + next(2000))
        changed.set(model.subarray(0, changed.length))
        model = changed
        pending.push(allocation.reallocate(changed.length))
      } else if (!move) {
        move = new AbortController()
        pending.push(rejection(allocation.reallocate(3 * PAGE, { signal: move.signal })))
      }
      if (next(10) === 0) {
        move?.abort()
        await Promise.all(pending)
        pending = []
        move = undefined
      }
    }
    move?.abort()
    await Promise.all(pending)
    assertBytes(allocation.readSync(), model)
    assert.isAbove(seen.done, 100)
    assert.isAbove(seen.refused, 20)
    await opening.release()
  },
)

inPage('growth of the memory inside of a call is survived', async (kit) => {
  const { load, assert, noise, assertBytes, PAGE } = kit
  let growing = false
  let grown = 0
  const { instantiate } = WebAssembly
  // When a call comes back the memory has grown: as it has when the program has grown it.
  WebAssembly.instantiate = async (module, imports) => {
    const { exports } = await instantiate.call(WebAssembly, module, imports)
    const growingAfter =
      (name) =>
      (...args) => {
        const answer = exports[name](...args)
        if (growing) {
          exports.mem.grow(1)
          imports.gojs['runtime.resetMemoryDataView'](0)
          grown++
        }
        return answer
      }
    const access = growingAfter('access')
    const chunk = growingAfter('chunk')
    return Object.create(WebAssembly.Instance.prototype, {
      exports: { value: { ...exports, access, chunk } },
    })
  }
  const cache = await load()
  const size = 3 * PAGE + 10
  const allocation = cache.allocateSync(size)
  // The second page is to lie elsewhere, for what follows each other is had by one call.
  const snapshot = await allocation.snapshot()
  allocation.writeSync(new Uint8Array(1), PAGE)
  await snapshot.dispose()
  growing = true
  for (let i = 0; i < 20; i++) {
    const content = noise(size, i + 1)
    const before = grown
    if (i % 2) await allocation.write(content)
    else allocation.writeSync(content)
    assertBytes(allocation.readSync(), content)
    assertBytes(await allocation.read(), content)
    const target = new Uint8Array(size)
    allocation.readIntoSync(target)
    assertBytes(target, content)
    allocation.forEachView(
      5,
      size - 5,
      (view, offset) => {
        assertBytes(view, content.subarray(offset, offset + view.byteLength))
        view.fill(i)
      },
      { write: true },
    )
    assertBytes(allocation.readSync(5), new Uint8Array(size - 5).fill(i))
    assert.equal(grown - before, 24, 'six calls, at the first of four pages and at each that follows')
  }
})
