import told from './told.js'

const sharedWorker = () => {
  const worker = new SharedWorker(new URL('./shared-worker.js', import.meta.url), { type: 'module' })
  return told(worker.port, worker)
}
globalThis.ask = { ...globalThis.ask, sharedWorker }
