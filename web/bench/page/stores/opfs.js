// A file of the origin private file system, through the synchronous handle that only workers have: no
// database, and what the machine's disk allows. The times are the worker's own.

export async function open({ size }) {
  const worker = new Worker('/opfs-worker.js', { type: 'module' })
  const ask = (what) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.answer))
      worker.onerror = (event) => reject(new Error(event.message))
      worker.postMessage(what)
    })
  await ask({ call: 'open', size })
  return {
    writeAll: (n) => ask({ call: 'write', n }),
    readAll: (n) => ask({ call: 'read', n }),
    readThese: (numbers) => ask({ call: 'readThese', numbers }),
    async close() {
      await ask({ call: 'close' })
      worker.terminate()
    },
  }
}
