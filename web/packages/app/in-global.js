import 'asposecache/global'
import { cacheHistory } from 'asposecache/painterro'
import viaGlobal from './via-global.js'

// The subpath for painterro is used too, or a bundler would not look for it.
const global = async () =>
  `${await viaGlobal()}${typeof cacheHistory === 'function' ? '' : ', without painterro'}`
globalThis.ask = { ...globalThis.ask, global }
