import { label, object, onlyKeys, wrong } from '../arguments'
import type * as api from '../asposecache.painterro'
import { editorOf } from './editor'
import { CachedHistory } from './history'
import type { Cache } from './tiles'

export function cacheHistory(painterro: unknown, asposeCache: unknown, options?: unknown): api.CachedHistory {
  const editor = editorOf(painterro)
  const cache = asposeCache as Partial<Cache> | null | undefined
  if (typeof cache?.allocate !== 'function' || typeof cache.addEventListener !== 'function')
    throw wrong('asposeCache', asposeCache, 'what loadAsposeCache() resolves to')
  const { onError = (error: unknown) => console.warn('painterro undo:', error) } = object('options', options)
  if (options !== undefined) onlyKeys('options', options as object, ['label', 'onError'])
  if (typeof onError !== 'function') throw wrong('options.onError', onError, 'a function')
  return new CachedHistory(
    editor,
    cache as Cache,
    label(options) || 'painterro undo',
    onError as (error: unknown) => void,
  )
}
