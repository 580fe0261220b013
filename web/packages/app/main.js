// What a page is made of in every environment. The test asks `ask[...]()` and is told what the lines said.
import 'asposecache/global'
import { cacheHistory } from 'asposecache/painterro'
import record from './record.js'

/** The first message from a worker. */
const told = (port, worker = port) =>
  new Promise((resolve, reject) => {
    port.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message ?? 'the worker did not start'))
  })

globalThis.ask = {
  page: record,
  async global() {
    const layer = await asposeCache.allocate(48_000_000)
    const counters = [asposeCache.allocatedMemoryBytesCount, asposeCache.allocatedDiskBytesCount]
    await layer.dispose()
    return [layer.medium, ...counters, typeof cacheHistory === 'function' ? '' : 'without painterro'].join(
      ' ',
    )
  },
  worker: () => told(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })),
  sharedWorker() {
    const worker = new SharedWorker(new URL('./shared-worker.js', import.meta.url), { type: 'module' })
    return told(worker.port, worker)
  },
}
