import { install } from './global-cache'
import { packaged } from './place'

// For bundlers, which know this form, and bring the files along.
install({
  url: () => packaged(new URL('./asposecache.wasm', import.meta.url)),
  workerURL: () => packaged(new URL('./asposecache.worker.js', import.meta.url)),
})
