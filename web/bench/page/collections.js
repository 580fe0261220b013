// What Go's garbage collector costs each kind of call.
import { KiB, MiB, pixels } from './bytes.js'
import { pause } from './clock.js'
import { withCache } from './memory.js'

/**
 * What the traced program says of a collection: of the time that it took, first the wall clock's, then the processor's,
 * of which the parts of the mark phase stand between slashes.
 */
const told = /^gc \d+ @.* ms clock, ([\d.+/]+) ms cpu/

/**
 * Milliseconds of each collection while `use` runs: `take` answers those since it was called last, `count` how many there
 * were. All of a collection is counted as one stretch, which is the most that it can keep the page's thread.
 */
async function traced(use) {
  const { log } = console
  let collections = []
  let all = 0
  console.log = (line, ...rest) => {
    const match = told.exec(line)
    if (!match) return log.call(console, line, ...rest)
    all++
    collections.push(match[1].split(/[+/]/).reduce((sum, ms) => sum + Number(ms), 0))
  }
  try {
    return await use({
      take() {
        const taken = collections
        collections = []
        return taken
      },
      count: () => all,
    })
  } finally {
    console.log = log
  }
}

/**
 * Calls of each kind, again and again for `atLeast` milliseconds, beside slabs of so many bytes and so many live
 * allocations. For each kind: how many collections there were in 1,000 calls, the milliseconds of them and of the calls;
 * and the longest collection of all.
 */
export const collections = ({ slabs, live: n, side, atLeast }) =>
  traced(({ take, count }) =>
    withCache({ wasmURL: '/traced.wasm', settings: { cacheType: 'cacheInMemoryOnly' } }, async (cache) => {
      const live = Array.from({ length: n }, () => cache.allocateSync(4 * KiB))
      const kinds = await kindsOf(cache, side)
      const { memory } = cache.statistics()
      // In several: the address space need not have room for them in one piece.
      for (let left = slabs - memory.occupiedBytes - memory.freeBytes; left > 0; left -= 64 * MiB)
        live.push(cache.allocateSync(Math.min(left, 64 * MiB)))
      const answer = { longest: 0 }
      for (const [kind, call] of Object.entries(kinds)) {
        for (let i = 0; i < 10; i++) await call(i)
        take()
        let calls = 0
        const start = performance.now()
        while (performance.now() - start < atLeast) {
          await call(calls)
          // As an editor's calls come: in tasks of their own.
          if (++calls % 64 === 0) await pause()
        }
        const ms = performance.now() - start
        const collected = take()
        const collecting = collected.reduce((sum, one) => sum + one, 0)
        answer.longest = Math.max(answer.longest, ...collected)
        Object.assign(answer, {
          [`${kind}, count`]: (collected.length / calls) * 1000,
          [`${kind}, collecting`]: (collecting / calls) * 1000,
          [`${kind}, calls`]: (ms / calls) * 1000,
        })
      }
      const { collector } = cache.statistics()
      if (count() !== collector.collections)
        throw new Error(`the console tells of ${count()} of ${collector.collections} collections`)
      if (live.some(({ disposed }) => disposed)) throw new Error('allocations are missing')
      return answer
    }),
  )

/** The kinds of call, each with what it needs. */
async function kindsOf(cache, side) {
  const { createHistory } = await import('/asposecache.js')
  const few = pixels(64)
  const allocation = await cache.allocate(MiB)
  const surface = await cache.allocateSurface({ width: side, height: side })
  const all = { x: 0, y: 0, width: side, height: side }
  const picture = pixels(surface.size)
  const tile = pixels(256 * KiB)
  const tileAt = (i) => ({ x: (i % Math.floor(side / 256)) * 256, y: 0, width: 256, height: 256 })
  const target = new Uint8Array(surface.size)
  const whole = await cache.allocate(surface.size)

  const edited = await cache.allocateSurface({ width: side, height: side })
  const history = await createHistory(edited, { maxEntries: 100 })
  const stroke = async (i) => {
    await edited.writeRect(
      { x: (i * 37) % (side - 16), y: (i * 91) % (side - 16), width: 16, height: 16 },
      brush,
    )
    await history.commit('stroke')
  }
  const brush = pixels(16 * 16 * 4)
  for (let i = 0; i < 20; i++) await stroke(i)
  const changed = await surface.snapshot()
  for (let i = 0; i < 20; i++) await surface.writeRect(tileAt(i), tile)
  return {
    'small read': (i) => allocation.read((i % 1000) * 64, 64),
    'small write': (i) => allocation.write(few, (i % 1000) * 64),
    'readRect of a tile': (i) => surface.readRect(tileAt(i)),
    'writeRect of a tile': (i) => surface.writeRect(tileAt(i), tile),
    'readRect of all': () => surface.readRect(),
    'writeRect of all': () => surface.writeRect(all, picture),
    'readInto of all': () => whole.readInto(target),
    'allocate and dispose': async () => (await cache.allocate(64 * KiB)).dispose(),
    'allocateSync and dispose': () => cache.allocateSync(64 * KiB).dispose(),
    'snapshot and dispose': async () => (await surface.snapshot()).dispose(),
    'write and commit': stroke,
    'undo and redo': (i) => (i % 2 ? history.redo() : history.undo()),
    'write, commit, entries': async (i) => {
      await stroke(i)
      return history.entries
    },
    difference: () => cache.difference(surface, changed),
    statistics: () => cache.statistics(),
  }
}
