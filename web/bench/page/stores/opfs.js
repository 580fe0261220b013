// A file of the origin private file system, through the synchronous handle that only workers have: no
// database, and what the machine's disk allows. The times are the worker's own.
import { startWorker } from './worker.js'

export async function open({ size }) {
  const { ask, end } = startWorker('/opfs-worker.js')
  await ask('open', { size })
  return {
    writeAll: (n) => ask('write', { n }),
    readAll: (n) => ask('read', { n }),
    readThese: (numbers) => ask('readThese', { numbers }),
    async close() {
      await ask('close')
      end()
    },
  }
}
