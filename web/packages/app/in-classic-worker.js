import told from './told.js'

const classicWorker = () => told(new Worker('./classic-worker.js'))
globalThis.ask = { ...globalThis.ask, classicWorker }
