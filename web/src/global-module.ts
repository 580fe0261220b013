import { install } from './global-cache'
import { packaged } from './place'

// For bundlers, which know this form, and bring the file along.
install(() => packaged(new URL('./asposecache.wasm', import.meta.url)))
