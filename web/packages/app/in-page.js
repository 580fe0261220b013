import record from './record.js'

globalThis.ask = { ...globalThis.ask, page: record }
