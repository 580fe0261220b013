// Which sizes of records and transactions suit this browser on this machine best: everything is tried once,
// and what comes out first a few times more.
import { median } from './numbers.js'

const size = (bytes) => {
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `64 KiB - ${65536 - bytes} B`
}

const metrics = ['write', 'read', 'both']

/**
 * @param {typeof import('./scale.js').full.sweep} scale
 * @param {(task: string, arg: object, note: string) => Promise<any>} run
 * @returns the best for writing, for reading, and for both; and everything that was measured
 */
export async function sweep({ total, records, transactions, finalists, finals }, run) {
  const tried = []
  for (const record of records)
    for (const transaction of transactions)
      if (record <= transaction)
        tried.push({
          record,
          transaction,
          name: `${size(record)} x ${Math.floor(transaction / record)}`,
          samples: [],
        })
  const measure = async (one) => {
    const arg = { store: 'raw', size: one.record, transaction: one.transaction, total }
    one.samples.push(await run('stream', arg, `sweep ${one.name}`))
  }
  for (const one of tried) await measure(one)
  const speed = (one, metric) => median(one.samples.map((sample) => sample[metric]))
  const ranked = (metric) => [...tried].sort((a, b) => speed(b, metric) - speed(a, metric))
  const inFinal = new Set(metrics.flatMap((metric) => ranked(metric).slice(0, finalists)))
  for (let i = 0; i < finals; i++) for (const one of inFinal) await measure(one)
  const best = Object.fromEntries(
    metrics.map((metric) => [metric, ranked(metric).find((one) => inFinal.has(one))]),
  )
  return {
    best,
    tried: tried.map(({ name, record, transaction, samples }) => ({ name, record, transaction, samples })),
  }
}
