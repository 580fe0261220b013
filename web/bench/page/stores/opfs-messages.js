// The same file, of which a worker writes and reads what messages bring and ask for: what a page of one's own could do.
import { startWorker } from './worker.js'

const mostOnTheirWay = 32 << 20

export async function open({ size }) {
  const { ask, end } = startWorker('/opfs-messages-worker.js')
  await ask('open')
  const writes = []
  return {
    async put(i, tile) {
      const bytes = tile.slice()
      writes.push(ask('write', { at: i * size, bytes }, [bytes.buffer]))
      if (writes.length * size > mostOnTheirWay) await writes.shift()
    },
    flush: () => Promise.all(writes.splice(0)),
    get: (i) => ask('read', { at: i * size, size }),
    async close() {
      await ask('close')
      end()
    },
  }
}
