// The same file, of which a worker writes and reads what messages bring and ask for: what a page of one's own could do.
const mostOnTheirWay = 32 << 20

export async function open({ size }) {
  const worker = new Worker('/opfs-messages-worker.js', { type: 'module' })
  const waiting = []
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = waiting.shift()
    if (data.error) reject(new Error(data.error))
    else resolve(data.answer)
  }
  worker.onerror = (event) => waiting.splice(0).forEach(({ reject }) => reject(new Error(event.message)))
  const ask = (what, transfer = []) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      worker.postMessage(what, transfer)
    })
  await ask({ call: 'open' })
  const writes = []
  return {
    async put(i, tile) {
      const bytes = tile.slice()
      writes.push(ask({ call: 'write', at: i * size, bytes }, [bytes.buffer]))
      if (writes.length * size > mostOnTheirWay) await writes.shift()
    },
    flush: () => Promise.all(writes.splice(0)),
    get: (i) => ask({ call: 'read', at: i * size, size }),
    async close() {
      await ask({ call: 'close' })
      worker.terminate()
    },
  }
}
