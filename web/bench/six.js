// Six rows for a README, side by side what an editor can use: medians, and of strokes the longest of all rounds.
import { median } from './numbers.js'
import { figure } from './report.js'

/** Who is compared, and how the contestants of most suites call them. */
const contestants = Object.entries({
  asposeCache: 'ours',
  'asposeCache, files': 'ours on files',
  'raw IndexedDB': 'raw',
  'idb-keyval': 'idb-keyval',
  'opfs-tools': 'opfs-tools',
})

/** Of raw IndexedDB, that which a sweep has found best. */
const streamed = (number) => (who) => `stream ${who} ${who === 'raw' ? number : '256 KiB'}:${number}`
const longest = (all) => Math.max(...all)

/** What is measured, the name of each contestant's number, and what is told of its rounds. Not all have each number. */
const rows = [
  { name: 'tiles of 256 KiB to disk, MB/s', numberOf: streamed('write') },
  { name: 'the same from disk, in order, MB/s', numberOf: streamed('read') },
  { name: 'a random tile of 64 KiB from disk, ms', numberOf: (who) => `random ${who} 64 KiB:read` },
  { name: 'random tiles of 64 KiB rewritten, MB/s', numberOf: (who) => `rewrite ${who}:write` },
  {
    name: 'the longest that a task of the page waits while 1 GiB goes to disk, ms',
    numberOf: (who) => `smooth ${who}:wait`,
  },
  {
    name: 'the longest of the strokes that make 2 GiB of history, ms',
    numberOf: (who) => `${who.replace('ours', 'large history')}:longestStroke`,
    tell: longest,
  },
]

/** The six rows of one browser, as Markdown. */
export function six({ browser, samples }) {
  const lines = rows.map(({ name, numberOf, tell = median }) => [
    name,
    ...contestants.map(([, called]) => {
      const rounds = samples[numberOf(called)]
      return rounds ? figure(tell(rounds)) : ''
    }),
  ])
  const names = contestants.map(([name]) => name)
  return [[browser, ...names], ['---', ...names.map(() => '---:')], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
