import type { AsposeCache } from './cache'
import { load } from './load'
import { packaged } from './place'

export { CacheError, CacheFullError } from './errors'
export { createHistory } from './history'
export { CacheType } from './settings'

export function loadAsposeCache(options?: unknown): Promise<AsposeCache> {
  return load(options, {
    // Bundlers know this form, and bring the files along.
    url: () => packaged(new URL('./asposecache.wasm', import.meta.url)),
    workerURL: () => packaged(new URL('./asposecache.worker.js', import.meta.url)),
    line: `loadAsposeCache({ wasmURL: '/asposecache.wasm' })`,
  })
}
