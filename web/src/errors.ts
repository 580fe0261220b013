import { signals } from './arguments'
import type * as api from './asposecache'

/** See the types for what each property says. */
export class CacheError extends Error implements api.CacheError {
  readonly code: api.CacheErrorCode

  constructor(code: api.CacheErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
// Not a class field: the name is the same for every error, also after minification.
Object.defineProperty(CacheError.prototype, 'name', { value: 'CacheError', configurable: true })

type FullDetails = Pick<api.CacheFullError, 'medium' | 'requested' | 'allocated' | 'limit' | 'reason'>

export class CacheFullError extends CacheError implements api.CacheFullError {
  declare readonly code: 'CACHE_FULL'
  readonly medium: api.Medium
  readonly requested: number
  readonly allocated: number
  readonly limit: number
  readonly reason: 'limit' | 'memory' | 'quota'

  constructor(message: string, details: FullDetails, options?: { cause?: unknown }) {
    super('CACHE_FULL', message, options)
    this.medium = details.medium
    this.requested = details.requested
    this.allocated = details.allocated
    this.limit = details.limit
    this.reason = details.reason
  }
}
Object.defineProperty(CacheFullError.prototype, 'name', { value: 'CacheFullError', configurable: true })

/** An error as the Go program describes it. */
export type ErrorDescription =
  | { kind: 'aborted' }
  | ({ kind: 'full'; message: string; cause: ErrorDescription | null } & FullDetails)
  | { kind: 'code'; code: api.CacheErrorCode; message: string }
  | { kind: 'thrown'; message: string; thrown: unknown }
  | { kind: 'range' | 'type' | 'error'; message: string }

/** Makes the error that the program describes. */
export function errorFrom(description: ErrorDescription, signal?: AbortSignal): unknown {
  switch (description.kind) {
    case 'aborted':
      return signal && signals.reason(signal)
    case 'full': {
      const options = description.cause ? { cause: errorFrom(description.cause) } : undefined
      return new CacheFullError(description.message, description, options)
    }
    case 'code':
      return new CacheError(description.code, description.message)
    case 'range':
      return new RangeError(description.message)
    case 'type':
      return new TypeError(description.message)
    case 'thrown':
      return description.thrown
    case 'error':
      return new Error(description.message)
  }
}

export const closedError = () => new CacheError('CACHE_CLOSED', 'the cache was closed')
export const busy = () => new CacheError('CACHE_BUSY', 'the allocation is busy')

export const disposedError = () => new CacheError('CACHE_DISPOSED', 'the allocation was disposed of')
