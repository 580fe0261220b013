import { optionsFrom, wrong } from '../arguments'
import type * as api from '../asposecache.painterro'
import { editorOf } from './editor'
import { CachedHistory } from './history'
import type { Cache } from './tiles'

export function cacheHistory(painterro: unknown, asposeCache: unknown, options?: unknown): api.CachedHistory {
  const editor = editorOf(painterro)
  const cache = asposeCache as Partial<Cache> | null | undefined
  if (typeof cache?.allocate !== 'function' || typeof cache.addEventListener !== 'function')
    throw wrong('asposeCache', asposeCache, 'what loadAsposeCache() resolves to')
  const warn = (error: unknown) => console.warn('painterro undo:', error)
  const { label, onError = warn } = optionsFrom(options, ['label', 'onError'])
  return new CachedHistory(
    editor,
    cache as Cache,
    label || 'painterro undo',
    onError as (error: unknown) => void,
  )
}
