// Rows with their numbers, and the table for people.
import { median, ratios, confidence } from './numbers.js'

/**
 * Puts the numbers of one browser into the rows.
 *
 * @param {any[]} rows see rows.js
 * @param {Pick<import('./measure.js').Measured, 'samples' | 'sweep'>} measured
 */
export function evaluate(rows, { samples, sweep }) {
  return rows.flatMap((row) => {
    const ours = samples[row.ours]
    const { name, unit, better, none, worst } = row
    const typical = worst ? (all) => Math.max(...all) : median
    const own = { name, unit, better, none, ours: ours && typical(ours) }
    const lines = row.against.map(({ what, theirs, target }) => {
      const their = samples[theirs]
      const line = { ...own, against: label(what, theirs, sweep), theirs: their && median(their) }
      if (!ours || !their) return judged(line, undefined, target)
      const all = ratios(ours, their)
      // Two zeros, or something divided by one: there is nothing to compare.
      if (!all.every(Number.isFinite)) return judged(line, undefined, undefined)
      return judged({ ...line, ratio: median(all), noise: confidence(all) }, median(all), target)
    })
    if (row.target === undefined && lines.length > 0) return lines
    return [
      judged({ ...own, noise: ours && confidence(ours), absolute: true }, own.ours, row.target),
      ...lines,
    ]
  })
}

function label(what, theirs, sweep) {
  const best = { 'stream raw write': 'write', 'stream raw read': 'read', 'picture raw': 'both' }
  const metric = best[theirs.split(':')[0]]
  return metric && sweep ? `${what}, ${sweep.best[metric].name}` : what
}

function judged(line, value, target) {
  if (target === undefined) return line
  if (value === undefined) return { ...line, target, verdict: 'not measured' }
  // Also a target of 0 can be met.
  if (value === target) return { ...line, target, met: true, missedBy: 0 }
  const missedBy = line.better === 'less' ? value / target - 1 : 1 - value / target
  return { ...line, target, met: missedBy <= 0, missedBy: Math.max(0, missedBy) }
}

const head = ['what', 'asposeCache', 'compared with', 'theirs', 'ratio', 'target', 'verdict', 'noise']

/** A table that is readable as it is, and as Markdown. */
export function table(lines) {
  let last
  const cells = lines.map((line) => {
    const first = line.name !== last
    last = line.name
    return [
      first ? line.name : '',
      first ? quantity(line.ours, line) : '',
      line.against ?? '',
      line.against ? quantity(line.theirs, line) : '',
      times(line.ratio),
      target(line),
      verdict(line),
      plusMinus(line.noise),
    ]
  })
  return aligned(head, cells, new Set([1, 3, 4, 7]))
}

/** Columns of one width each; `right` has the numbers of those with figures. */
export function aligned(head, cells, right) {
  const all = [head, ...cells]
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)))
  const print = (row) =>
    `| ${row.map((cell, i) => (right.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`
  const rule = `|${widths.map((n, i) => (right.has(i) ? `${'-'.repeat(n + 1)}:` : '-'.repeat(n + 2))).join('|')}|`
  return [print(head), rule, ...cells.map(print)].join('\n')
}

/**
 * The rows that have a target, or are compared with something other than ours, as short as they can be told: for
 * a README. Several browsers stand side by side.
 *
 * @param {Array<{ browser: string, rows: any[] }>} browsers
 */
export function summary(browsers) {
  const others = browsers.slice(1).map(({ rows }) => new Map(rows.map((line) => [key(line), line])))
  const value = (line) => (line ? told(line) : '')
  const names = browsers.map(({ browser }, i) => {
    const isAgain = browsers.slice(0, i).some((one) => one.browser === browser)
    return browser[0].toUpperCase() + browser.slice(1) + (isAgain ? ', again' : '')
  })
  const lines = browsers[0].rows
    .filter((line) => line.target !== undefined)
    .map((line) => [
      `${line.name}${line.against ? `, against ${line.against}` : ''}`,
      `${target(line)}${line.met === false ? ', **missed**' : ''}`,
      value(line),
      ...others.map((rows) => value(rows.get(key(line)))),
    ])
  return [['what', 'target', ...names], ['---', '---', ...names.map(() => '---')], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** The same for a line of every run: what a sweep has found best is not part of it. */
export const key = ({ name, against }) => `${name}|${against?.split(',')[0] ?? ''}`

/** The ratio, or where there is nothing to compare with, the quantity; and its noise. */
export function told(line) {
  const value = line.against ? times(line.ratio) : quantity(line.ours, line)
  return `${value || 'n/a'} ${line.noise ? plusMinus(line.noise) : ''}`.trim()
}

/** Of a median of zero there is no part. */
function plusMinus(noise) {
  return Number.isFinite(noise) ? `±${Math.round(noise * 100)}%` : ''
}

function target({ target, better, absolute, unit }) {
  if (target === undefined) return ''
  const least = better === 'less' ? 'at most' : 'at least'
  return `${least} ${absolute ? quantity(target, { unit }) : `${target}x`}`
}

function verdict({ met, missedBy, verdict }) {
  if (met === undefined) return verdict ?? ''
  return met ? 'met' : `missed by ${Math.ceil(missedBy * 100)}%`
}

function quantity(value, { unit, none = undefined }) {
  if (value === undefined) return 'n/a'
  return value === 0 && none ? none : `${figure(value)} ${unit}`.trim()
}

const times = (ratio) => (ratio === undefined ? '' : `${figure(ratio)}x`)

/** Three figures. */
export function figure(n) {
  if (n === 0 || n >= 100) return n.toFixed(0)
  return n.toPrecision(3)
}
