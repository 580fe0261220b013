// What a person reads of the numbers of scenarios.

export const MiB = 1024 * 1024

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
const ms = (n) => (n === undefined ? '-' : n < 10 ? n.toFixed(1) : n.toFixed(0))
const mib = (n) => (n === undefined ? '-' : (n / MiB).toFixed(1))

/** One line for one scenario. */
export function byNumbers({ calls, longestGap, longestCall, longestSilence, wasm, heap, series = [] }) {
  const over = thinned(series, 12).map(([at, bytes]) => `${mib(bytes)} after ${at}`)
  return (
    `${calls} calls, longest call ${ms(longestCall)} ms, longest gap ${ms(longestGap)} ms, ` +
    `longest time without an answer ${ms(longestSilence)} ms, WebAssembly memory ${mib(wasm.half)} MiB at half ` +
    `and ${mib(wasm.end)} at the end, JavaScript heap ${mib(heap.half)} MiB at half, ${mib(heap.end)} at the ` +
    `end, ${mib(heap.most)} at most; memory over time: ${over.join(', ')}`
  )
}

const thinned = (list, n) => {
  const every = Math.ceil(list.length / n)
  return list.filter((_, i) => i % every === 0 || i === list.length - 1)
}

/** A table with a row for each scenario. What the statistics tell of the runtime comes last. */
export function table(all) {
  const heads = [
    'scenario',
    'calls',
    's',
    'gap ms',
    'call ms',
    'wasm MiB',
    'end',
    'heap MiB',
    'end',
    'runtime',
  ]
  const rows = all.map(
    ({ name, calls, milliseconds, longestGap, longestCall, wasm, heap, runtime, failed }) => [
      failed ? `FAILED ${name}` : name,
      String(calls),
      milliseconds === undefined ? '-' : (milliseconds / 1000).toFixed(1),
      ms(longestGap),
      ms(longestCall),
      mib(wasm.half),
      mib(wasm.end),
      mib(heap.half),
      mib(heap.end),
      Object.entries(runtime ?? {})
        .map(([key, value]) => `${key} ${typeof value === 'number' ? Math.round(value * 10) / 10 : value}`)
        .join(', '),
    ],
  )
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)))
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')
  return [line(heads), ...rows.map(line)].join('\n')
}
