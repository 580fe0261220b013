import type { GlobalAsposeCache } from './asposecache.js'

declare global {
  var asposeCache: GlobalAsposeCache
}
