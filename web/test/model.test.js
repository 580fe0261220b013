// Random operations, compared with plain arrays: the contents and both counters, after each of them.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()
const seed = Number(process.env.SEED ?? 20_251_122)

const names = { sequential: 5000, overlapping: 3000 }

inPage(
  `${names.sequential} random operations, one after the other (SEED=${seed})`,
  { arg: [seed, names.sequential], timeout: 120_000 },
  async ({ load, assert, random, noise, assertBytes, counters, PAGE }, [seed, operations]) => {
    const next = random(seed)
    const limits = { maxMemoryForCache: 6 * PAGE, maxDiskSpaceForCache: 12 * PAGE }
    const cache = await load({ settings: limits })
    const media = ['memory', 'disk']
    /** @type {import('../src/asposecache.js').CacheTypeName[]} */
    const types = ['auto', 'auto', 'cacheInMemoryOnly', 'cacheOnDiskOnly']
    let settings = { cacheType: 'auto', exactReallocateOnly: false, ...limits }
    const live = []
    const held = (medium) => live.reduce((sum, m) => sum + (m.medium === medium ? m.bytes.length : 0), 0)
    const fits = (medium, more) => {
      const limit = settings[medium === 'memory' ? 'maxMemoryForCache' : 'maxDiskSpaceForCache']
      return limit === 0 || held(medium) + more <= limit
    }
    const size = () => [next(100), next(5000), next(PAGE), next(3 * PAGE), PAGE * next(3)][next(5)]
    const range = ({ length }) => {
      const from = next(length + 1)
      return [from, next(8) ? next(Math.min(length - from, 5000) + 1) : length - from]
    }
    /** Where a new allocation has to go. */
    const place = (n) => {
      if (settings.cacheType !== 'cacheOnDiskOnly' && fits('memory', n)) return 'memory'
      if (settings.cacheType !== 'cacheInMemoryOnly' && fits('disk', n)) return 'disk'
    }
    const log = []
    try {
      for (let i = 0; i < operations; i++) {
        const kind = live.length === 0 ? 0 : next(100)
        const m = live[next(live.length)]
        if (kind < 16) {
          const bytes = new Uint8Array(size())
          const where = place(bytes.length)
          log.push(`${i}: allocate ${bytes.length}, ${where}`)
          const answer = await cache.allocate(bytes.length).catch((error) => error)
          if (where) {
            assert.equal(answer.medium, where)
            live.push({ allocation: answer, bytes, medium: where })
          } else assert.equal(answer.code, 'CACHE_FULL')
        } else if (kind < 46) {
          const [from, length] = range(m.bytes)
          log.push(`${i}: write ${m.allocation.id} ${from} ${length}`)
          const piece = noise(length, i + 1)
          await m.allocation.write(piece, from)
          m.bytes.set(piece, from)
        } else if (kind < 66) {
          const [from, length] = range(m.bytes)
          log.push(`${i}: read ${m.allocation.id} ${from} ${length}`)
          assertBytes(await m.allocation.read(from, length), m.bytes.subarray(from, from + length))
        } else if (kind < 80) {
          const n = size()
          const { length } = m.bytes
          let where = m.medium
          if (n > length && settings.exactReallocateOnly && !fits(where, n - length)) {
            const moves = where === 'memory' && settings.cacheType !== 'cacheInMemoryOnly' && fits('disk', n)
            where = moves ? 'disk' : undefined
          }
          log.push(`${i}: reallocate ${m.allocation.id} from ${length} on ${m.medium} to ${n} on ${where}`)
          const answer = await m.allocation.reallocate(n).catch((error) => error)
          if (where) {
            assert.isUndefined(answer)
            m.medium = where
            const bytes = new Uint8Array(n)
            bytes.set(m.bytes.subarray(0, n))
            m.bytes = bytes
          } else assert.equal(answer.code, 'CACHE_FULL')
        } else if (kind < 90) {
          log.push(`${i}: dispose ${m.allocation.id}`)
          live.splice(live.indexOf(m), 1)
          if (next(2)) m.allocation.dispose()
          else await m.allocation.dispose()
        } else if (kind < 94) {
          /** @type {Partial<import('../src/asposecache.js').CacheSettings>} */
          const changes = {}
          if (next(2)) changes.cacheType = types[next(4)]
          if (next(2)) changes.exactReallocateOnly = next(2) === 1
          if (next(4) === 0) changes.maxMemoryForCache = [0, 1, 3, 6, 6][next(5)] * PAGE
          if (next(4) === 0) changes.maxDiskSpaceForCache = [0, 6, 12, 12][next(4)] * PAGE
          log.push(`${i}: configure ${JSON.stringify(changes)}`)
          settings = { ...settings, ...changes }
          await cache.configure(changes)
        } else if (kind < 97) {
          log.push(`${i}: flush`)
          await (next(2) ? cache.flush() : m.allocation.flush())
        } else {
          log.push(`${i}: a refused call on ${m.allocation.id}`)
          const { length } = m.bytes
          const refused = await m.allocation
            .write(new Uint8Array(next(9) + 1), length)
            .catch((error) => error)
          assert.instanceOf(refused, RangeError)
        }
        assert.deepEqual(counters(cache), media.map(held))
        if (live.includes(m)) {
          assert.deepEqual([m.allocation.size, m.allocation.medium], [m.bytes.length, m.medium])
          assertBytes(await m.allocation.read(), m.bytes, 'all of the one that was touched')
        }
        if (i % 500 === 499) {
          for (const { allocation, bytes } of live) assertBytes(await allocation.read(), bytes, 'all of them')
          assert.equal(cache.allocations().length, live.length)
        }
      }
      for (const { allocation, bytes } of live) assertBytes(await allocation.read(), bytes, 'at the end')
      for (const { allocation } of live) allocation.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    } catch (error) {
      error.message = `seed ${seed}, ${log.slice(-5).join('; ')}: ${error.message}`
      throw error
    }
  },
)

inPage(
  `${names.overlapping} random operations that overlap (SEED=${seed})`,
  { arg: [seed, names.overlapping], timeout: 120_000 },
  async ({ load, assert, random, noise, assertBytes, counters, PAGE }, [seed, operations]) => {
    const next = random(seed + 1)
    const cache = await load({ settings: { maxMemoryForCache: 8 * PAGE, exactReallocateOnly: true } })
    let live = []
    let done = 0
    const model = (m) => m.bytes.length
    while (done < operations) {
      const calls = []
      for (let i = next(30) + 1; i > 0; i--, done++) {
        const kind = live.length === 0 ? 0 : next(100)
        const m = live[next(live.length)]
        const tag = `seed ${seed}, operation ${done}`
        if (kind < 10) {
          const bytes = new Uint8Array(next(3 * PAGE))
          const made = await cache.allocate(bytes.length)
          live.push({ allocation: made, bytes })
        } else if (kind < 45) {
          const from = next(m.bytes.length + 1)
          const piece = noise(next(Math.min(m.bytes.length - from, 2 * PAGE) + 1), done)
          calls.push(m.allocation.write(piece, from))
          m.bytes.set(piece, from)
          piece.fill(0)
        } else if (kind < 75) {
          const from = next(m.bytes.length + 1)
          const expected = m.bytes.slice(from, from + next(m.bytes.length - from + 1))
          const read = m.allocation.read(from, expected.length)
          calls.push(read.then((bytes) => assertBytes(bytes, expected, tag)))
        } else if (kind < 88) {
          const n = next(3 * PAGE)
          const bytes = new Uint8Array(n)
          bytes.set(m.bytes.subarray(0, n))
          m.bytes = bytes
          calls.push(m.allocation.reallocate(n))
        } else if (kind < 94)
          calls.push(m.allocation.flush().catch(({ code }) => assert.equal(code, 'CACHE_DISPOSED')))
        else if (live.length > 12) {
          // What waits still takes effect, but for reallocations; so only of what has none under way.
          await Promise.all(calls.splice(0))
          live = live.filter((other) => other !== m)
          calls.push(m.allocation.dispose())
        }
      }
      await Promise.all(calls)
      const total = live.map(model).reduce((a, b) => a + b, 0)
      assert.equal(counters(cache)[0] + counters(cache)[1], total)
      assert.isAtMost(cache.allocatedMemoryBytesCount, 8 * PAGE)
      assert.equal(cache.statistics().queuedBytes, 0)
    }
    for (const { allocation, bytes } of live) {
      assertBytes(await allocation.read(), bytes, 'at the end')
      allocation.dispose()
    }
    assert.deepEqual(counters(cache), [0, 0])
  },
)
