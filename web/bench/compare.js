// Whether two runs agree within the noise that they report: if they do not, their noise is no measure of how far
// a number can be trusted.
import { aligned, key, told } from './report.js'

/** As far may numbers lie apart that have no noise, as sizes. */
const exact = 0.01

/**
 * @param {Array<{ browser: string, rows: object[] }>} first
 * @param {Array<{ browser: string, rows: object[] }>} second
 * @returns for each browser in both: how many rows agree, the pairs of those that do not, and how many rows could
 *   not be compared, because one of the runs has no number for them
 */
export function compare(first, second) {
  return first.flatMap(({ browser, rows }) => {
    const other = second.find((one) => one.browser === browser)
    return other ? [{ browser, ...compareRows(rows, other.rows) }] : []
  })
}

function compareRows(first, second) {
  const [ours, theirs] = [byKey(first), byKey(second)]
  const pairs = [...ours].filter(([name]) => theirs.has(name)).map(([name, line]) => [line, theirs.get(name)])
  const differ = pairs.filter(([a, b]) => !agree(a, b))
  const alone = ours.size + theirs.size - 2 * pairs.length
  return { agree: pairs.length - differ.length, differ, alone }
}

const byKey = (lines) => new Map(lines.filter(comparable).map((line) => [key(line), line]))

const valueOf = ({ against, ratio, ours }) => (against ? ratio : ours)

/** A noise that is not finite, or null, as files have it, is that of a median of zero: it cannot be told how much. */
const comparable = (line) =>
  valueOf(line) !== undefined && (line.noise === undefined || Number.isFinite(line.noise))

/** Whether the values lie no further apart than both noises together. */
export function agree(a, b) {
  const values = [valueOf(a), valueOf(b)]
  const noise = (a.noise ?? 0) * Math.abs(values[0]) + (b.noise ?? 0) * Math.abs(values[1])
  const largest = Math.max(...values.map(Math.abs))
  const allowed = noise > 0 ? noise : exact * largest
  // Where ranges only touch, rounding must not decide.
  return Math.abs(values[0] - values[1]) <= allowed + 1e-9 * largest
}

/**
 * For people: how many rows of each browser agree, and which do not.
 *
 * @param {ReturnType<typeof compare>} results
 */
export function comparison(results) {
  if (results.length === 0) return 'The two runs have no browser in common.'
  return results.map(({ browser, ...result }) => `${browser}: ${compared(result)}`).join('\n\n')
}

function compared({ agree, differ, alone }) {
  const all = agree + differ.length
  const first = `${agree} of ${all} rows agree within the noise that the two runs report.`
  const left =
    alone > 0 ? ` ${alone} could not be compared: they have a number, or a noise, in one run only.` : ''
  if (differ.length === 0) return first + left
  const cells = differ.map(([a, b]) => [a.name, a.against ?? '', told(a), told(b)])
  const head = ['these do not', 'compared with', 'first', 'second']
  return `${first}${left}\n\n${aligned(head, cells, new Set([2, 3]))}`
}
