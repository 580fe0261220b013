import told from './told.js'

const worker = () => told(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }))
globalThis.ask = { ...globalThis.ask, worker }
