// Calls drawn at random, from all ways to call every method, some of them at once.
import { callable, covered, make, subjects, titleOf } from './calls.js'
import { bytesOf, sizes } from './subjects.js'

/** In how many of a thousand draws a way that moves everything is taken, so that a mixture is not made of those alone. */
const ofAThousand = (size) => Math.max(20, Math.min(1000, Math.round(1e8 / size)))

const mixture = (subject) => {
  const { name, size, place, ways } = subject
  const isSmall = size === 'small'
  const wholes = ofAThousand(bytesOf(sizes[size]))
  return {
    name: `mixture: ${name}`,
    covers: ways.map(covered),
    largest: bytesOf(sizes[size]),
    short: isSmall || (size === '24 megapixels' && place === 'in memory'),
    calls: isSmall && place === 'in memory' ? 2000 : 300,
    async prepare(kit, seed) {
      const s = subject.make(kit)
      await s.prepare()
      const all = callable(ways).filter(({ moves }) => moves !== 'program')
      await s.acquire([...new Set(all.flatMap(({ needs }) => needs))])
      if (!isSmall && place === 'in memory') await s.takeOnce(6)
      if (!isSmall && place.startsWith('on disk')) await s.moveOnce()
      const next = kit.random(seed)
      const draw = () => {
        for (;;) {
          const one = all[next(all.length)]
          if (one.moves !== 'whole' || next(1000) < wholes) return one
        }
      }
      let calls = 0
      let drawn = []
      return {
        async step() {
          drawn = Array.from({ length: 1 + next(4) }, draw)
          const alone = drawn.find((one) => one.alone || (one.moves === 'whole' && !isSmall))
          if (alone) drawn = [alone]
          await Promise.all(drawn.map((one) => patiently(make(one, s, calls++), one, drawn)))
        },
        doing: () => drawn.map(titleOf).join(' and '),
      }
    },
  }
}

/**
 * A synchronous call may come while others are under way, and is then refused. So is a step to an entry that a commit
 * beside it may have removed.
 */
const patiently = (made, { call }, drawn) =>
  made.catch((error) => {
    const busy = error.code === 'CACHE_BUSY' && (call.endsWith('Sync') || call.startsWith('forEach'))
    const gone = call === 'goTo' && error instanceof RangeError && drawn.some((one) => one.call === 'commit')
    if (!busy && !gone) throw error
  })

export const mixtures = subjects.filter(({ size }) => size !== '100 megapixels').map(mixture)
