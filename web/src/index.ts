import type { AsposeCache } from './cache'
import { load } from './load'

export { CacheError, CacheFullError } from './errors'
export { createHistory } from './history'
export { CacheType } from './settings'

export function loadAsposeCache(options?: unknown): Promise<AsposeCache> {
  // Bundlers know this form, and bring the file along.
  return load(options, () => new URL('./asposecache.wasm', import.meta.url))
}
