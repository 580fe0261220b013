// The load option that finds what misuses the views of forEachView.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage('what uses views as it may sees no difference, and nothing is reported', async (kit) => {
  const { load, assert, collect, random, noise, assertBytes, PAGE } = kit
  const size = 3 * PAGE + 77
  const play = async (debugViews) => {
    const cache = await load({ debugViews })
    const late = collect(cache, 'lateviewwrite')
    const allocation = cache.allocateSync(size)
    const model = noise(size, 1)
    allocation.writeSync(model)
    const next = random(4)
    const seen = []
    for (let round = 0; round < 60; round++) {
      const from = next(size)
      const length = next(size - from + 1)
      const write = next(2) === 1
      const end = next(4) === 0 ? from + next(PAGE) : Infinity // there it throws
      const use = (view, offset) => {
        seen.push([offset, view.constructor.name, view.byteLength, view.byteOffset % 8])
        assertBytes(view, model.subarray(offset, offset + view.byteLength), `round ${round}`)
        if (write) {
          view.set(noise(view.byteLength, round))
          model.set(noise(view.byteLength, round), offset)
        }
        if (offset + view.byteLength > end) throw new Error('mine')
      }
      try {
        allocation.forEachView(from, length, use, { write })
        seen.push('done')
      } catch (error) {
        assert.equal(error.message, 'mine')
        seen.push('thrown')
      }
      assertBytes(allocation.readSync(), model, `round ${round}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 1200))
    cache.statistics()
    await cache.close()
    assert.deepEqual(late, [])
    return seen
  }
  const plain = await play(false)
  assert.include(plain, 'done')
  assert.include(plain, 'thrown')
  assert.deepEqual(await play(true), plain)
})

inPage(
  'without the option a view kept too long is of the memory of others',
  async ({ load, assert, PAGE }) => {
    for (const options of [undefined, { debugViews: undefined }, { debugViews: false }]) {
      const cache = await load(options)
      const first = cache.allocateSync(PAGE)
      let kept
      first.forEachView(0, PAGE, (view) => {
        kept = view
      })
      assert.isAbove(kept.buffer.byteLength, 1 << 20, 'the buffer is all of the memory')
      await first.dispose()
      const second = cache.allocateSync(PAGE)
      assert.equal(second.readSync()[0], 0)
      kept.fill(9)
      assert.equal(second.readSync()[0], 9, 'it has taken over the page of the first')
    }
  },
)

const noticed = {
  'the next forEachView': (cache, other) => other.forEachView(0, 1, () => {}),
  statistics: (cache) => cache.statistics(),
  'a disposal': (cache, other) => other.dispose(),
  close: (cache) => cache.close(),
  'waiting for a second': () => new Promise((resolve) => setTimeout(resolve, 1500)),
}
for (const [name, act] of Object.entries(noticed)) {
  inPage(
    `a late write is noticed by ${name}, and reaches nobody's bytes`,
    { arg: String(act) },
    async (kit, act) => {
      const { load, assert, collect, noise, assertBytes, PAGE } = kit
      // a function that came as text
      const notice = globalThis.eval(act)
      const said = []
      console.error = (text) => said.push(text)
      for (const write of [false, true]) {
        const cache = await load({ debugViews: true })
        const late = collect(cache, 'lateviewwrite')
        const [first, other] = [2 * PAGE, 10].map((size, i) =>
          cache.allocateSync(size, { label: `layer ${i}` }),
        )
        first.writeSync(noise(2 * PAGE, 1))
        const kept = []
        function careless() {
          first.forEachView(PAGE - 10, 110, (view) => kept.push(view), { write })
        }
        careless()
        kept[1][99] ^= 1 // a single bit of the last byte
        assertBytes(first.readSync(), noise(2 * PAGE, 1))
        const { id } = first
        await first.dispose()
        await Promise.resolve()
        const heir = cache.allocateSync(2 * PAGE)
        heir.writeSync(noise(2 * PAGE, 2))
        kept[0].fill(5)
        assertBytes(heir.readSync(), noise(2 * PAGE, 2))

        const views = [
          { id, label: 'layer 0', offset: PAGE, length: 100 },
          { id, label: 'layer 0', offset: PAGE - 10, length: 10 },
        ]
        const told = () => late.map(({ stack, ...rest }) => rest)
        assert.deepEqual(told(), views.slice(0, 1), 'disposing has noticed the first')
        await notice(cache, other)
        await Promise.resolve()
        assert.deepEqual(told(), views)
        for (const { stack } of late) assert.include(stack, 'careless')
        assert.lengthOf(said, 2)
        for (const text of said.splice(0)) {
          assert.include(text, '"layer 0"')
          assert.include(text, 'careless')
        }
        await cache.close()
        await Promise.resolve()
        assert.lengthOf(late, 2, 'each view is told once')
      }
      assert.deepEqual(said, [])
    },
  )
}

inPage('a late write is noticed among many views, and within one call', async (kit) => {
  const { load, assert, collect, PAGE } = kit
  const cache = await load({ debugViews: true })
  const late = collect(cache, 'lateviewwrite')
  cache.addEventListener('lateviewwrite', (event) => event.preventDefault()) // keeps it off the console
  const allocation = cache.allocateSync(200 * PAGE)
  const kept = []
  allocation.forEachView(0, 200 * PAGE, (view, offset) => {
    kept.push(view)
    // It is among the last 64 now, and no longer at the end of the call.
    if (offset === 40 * PAGE) kept[10][0] = 1
  })
  kept[199][PAGE - 1] = 1
  cache.statistics()
  await Promise.resolve()
  assert.deepEqual(
    late.map(({ offset }) => offset / PAGE),
    [10, 199],
  )
  assert.isTrue(allocation.readSync().every((byte) => byte === 0))
})

inPage('a view that is not for writing is not to be written to', async (kit) => {
  const { load, assert, collect, noise, assertBytes, PAGE } = kit
  const cache = await load({ debugViews: true })
  const late = collect(cache, 'lateviewwrite')
  const allocation = cache.allocateSync(3 * PAGE)
  allocation.writeSync(noise(3 * PAGE, 1))
  const seen = []
  for (const options of [undefined, {}, { write: false }]) {
    const write = (view, offset) => {
      seen.push(offset)
      if (offset === PAGE) view[7] ^= 1
    }
    assert.throws(() => allocation.forEachView(0, 3 * PAGE, write, options), TypeError, 'write: true')
    assert.deepEqual(seen.splice(0), [0, PAGE], 'it does not go on')
    assertBytes(allocation.readSync(), noise(3 * PAGE, 1))
  }
  const both = (view) => {
    view[0] ^= 1
    throw new RangeError('mine')
  }
  assert.throws(() => allocation.forEachView(0, 1, both), RangeError, 'mine')
  assertBytes(allocation.readSync(), noise(3 * PAGE, 1))
  cache.statistics()
  await Promise.resolve()
  assert.deepEqual(late, [], 'it was told already')
})

inPage('a view is not to be transferred, in the callback or later', async (kit) => {
  const { load, assert, collect, noise, assertBytes } = kit
  const cache = await load({ debugViews: true })
  const late = collect(cache, 'lateviewwrite')
  cache.addEventListener('lateviewwrite', (event) => event.preventDefault())
  const allocation = cache.allocateSync(100)
  allocation.writeSync(noise(100, 1))
  const transfer = ({ buffer }) => structuredClone(buffer, { transfer: [buffer] })
  for (const write of [false, true])
    assert.throws(() => allocation.forEachView(0, 100, transfer, { write }), TypeError, 'transferred')
  let kept
  allocation.forEachView(3, 50, (view) => {
    kept = view
  })
  transfer(kept)
  cache.statistics()
  await Promise.resolve()
  assert.deepEqual(
    late.map(({ offset, length }) => [offset, length]),
    [[3, 50]],
  )
  assertBytes(allocation.readSync(), noise(100, 1))
})
