// Every way to call every method, each in a loop, one after the other. A round has all of them.
import { callable, covered, make, subjects, titleOf } from './calls.js'
import { bytesOf, sizes } from './subjects.js'

/** How often in one round: as many bytes as can be moved in some tenths of a second, and hundreds of times at most. */
function times({ moves }, place, size) {
  if (moves === 'program') return 1
  if (moves === 'nothing') return 500
  const [most, bytes] = place === 'in memory' ? [200, 3e8] : [25, 4e7]
  return moves === 'part' ? most : Math.max(1, Math.min(most, Math.round(bytes / size)))
}

/**
 * The short form has what is small everywhere, and a photo in memory. What takes long, a photo on disk and what is
 * larger, is for the long one, and for the ways to freeze.
 */
const isShort = ({ name, size, place }) =>
  size === 'small' || (name.startsWith('CacheSurface') && size === '24 megapixels' && place === 'in memory')

const tour = (subject) => {
  const { name, size, place, ways } = subject
  const schedule = (some) => some.map((one) => ({ one, times: times(one, place, bytesOf(sizes[size])) }))
  return {
    name: `every method: ${name}`,
    covers: ways.map(covered),
    short: isShort(subject),
    rounds: 2,
    largest: bytesOf(sizes[size]),
    async prepare(kit, seed) {
      const s = subject.make(kit)
      await s.prepare()
      const next = kit.random(seed)
      const left = []
      let calls = 0
      let loop
      return {
        /** One call. When a loop is over, the next way has its turn; when all had it, a round is over. */
        async step() {
          if (!loop) {
            if (left.length === 0) left.push(...schedule(callable(ways)))
            loop = left.splice(next(left.length), 1)[0]
            await s.acquire(loop.one.needs)
          }
          await make(loop.one, s, calls++)
          if (--loop.times === 0) {
            await s.release(loop.one.needs)
            loop = undefined
          }
        },
        doing: () => loop && titleOf(loop.one),
        roundIsOver: () => !loop && left.length === 0,
      }
    },
  }
}

export const tours = subjects.map(tour)
