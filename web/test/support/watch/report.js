// What a person reads of the numbers of scenarios.

export const MiB = 1024 * 1024

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
const ms = (n) => (n === undefined ? '-' : n < 10 ? n.toFixed(1) : n.toFixed(0))
const mib = (n) => (n === undefined ? '-' : (n / MiB).toFixed(1))

/** One line for one scenario. */
export function byNumbers(numbers) {
  const { calls, longestGap, longestGapIn, longestCall, longestCallIn, longestSilence, series = [] } = numbers
  const inside = (what) => (what ? ` (${what})` : '')
  const over = thinned(series, 12).map(([at, bytes]) => `${mib(bytes)} after ${at}`)
  return (
    `${calls} calls, longest call ${ms(longestCall)} ms${inside(longestCallIn)}, longest gap ${ms(longestGap)} ms` +
    `${inside(longestGapIn)}, longest time without an answer ${ms(longestSilence)} ms, WebAssembly memory ` +
    `${atTimes(numbers.wasm)}, JavaScript heap ${atTimes(numbers.heap)}, ` +
    `arrays ${atTimes(numbers.arrays)}; WebAssembly memory over time: ${over.join(', ')}`
  )
}

const atTimes = ({ begin, half, end }) =>
  `${mib(begin)} MiB at the beginning, ${mib(half)} at half and ${mib(end)} at the end`

const thinned = (list, n) => {
  const every = Math.ceil(list.length / n)
  return list.filter((_, i) => i % every === 0 || i === list.length - 1)
}

/** A table with a row for each scenario: time, gaps, and memory at its beginning, half of it and its end. */
export function table(all) {
  const heads = [
    'scenario',
    ...['calls', 's', 'gap ms', 'call ms'],
    ...['wasm MiB', 'half', 'end', 'heap MiB', 'half', 'end', 'arrays MiB', 'half', 'end', 'collections'],
  ]
  const rows = all.map((numbers) => {
    const { name, calls, milliseconds, longestGap, longestCall, wasm, heap, arrays, collector, failed } =
      numbers
    return [
      failed ? `FAILED ${name}` : name,
      String(calls),
      milliseconds === undefined ? '-' : (milliseconds / 1000).toFixed(1),
      ...[longestGap, longestCall].map(ms),
      ...[
        wasm.begin,
        wasm.half,
        wasm.end,
        heap.begin,
        heap.half,
        heap.end,
        arrays.begin,
        arrays.half,
        arrays.end,
      ].map(mib),
      collector
        ? `${collector.collections}${collector.loosened ? `, loosened ${collector.loosened}` : ''}`
        : '-',
    ]
  })
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)))
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')
  return [line(heads), ...rows.map(line)].join('\n')
}
