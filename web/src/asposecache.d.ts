/**
 * asposeCache: a two-tier scratch cache for image editors in the browser.
 *
 * Temporary storage is allocated in memory and, when there is no more room, on disk (IndexedDB).
 * All sizes and offsets are bytes: whole numbers from 0 to `Number.MAX_SAFE_INTEGER`.
 *
 * Every method that returns a promise reports failure by rejecting it; none of them throws. A wrong
 * argument is a `TypeError` or a `RangeError` that names it, an aborted call rejects with the
 * signal's reason, and everything else is a {@link CacheError}. A call that fails changes nothing.
 */

/** Where new allocations are placed. */
export type CacheTypeName = 'auto' | 'cacheInMemoryOnly' | 'cacheOnDiskOnly'

export const CacheType: {
  /** In memory while there is room, then on disk. */
  readonly Auto: 'auto'
  /** In memory, or not at all. */
  readonly CacheInMemoryOnly: 'cacheInMemoryOnly'
  /** On disk, or not at all. */
  readonly CacheOnDiskOnly: 'cacheOnDiskOnly'
}

/** What holds the bytes of an allocation. */
export type Medium = 'memory' | 'disk'

export interface CacheSettings {
  /** Where new allocations are placed. Default `'auto'`. */
  cacheType: CacheTypeName
  /**
   * The names of the IndexedDB databases start with it; it is never empty. Default `'asposeCache'`.
   * It can be changed until the disk is first used; after that another value is a `TypeError`.
   */
  cacheFolder: string
  /** Upper limit of the bytes allocated in memory; 0 = none. Default 0. */
  maxMemoryForCache: number
  /** Upper limit of the bytes allocated on disk; 0 = none. Default 0. */
  maxDiskSpaceForCache: number
  /**
   * What `reallocate` does when the new size passes a limit. `false` (default): the allocation stays
   * on its medium, past the limit. `true`: it moves from memory to disk, or the call is refused.
   */
  exactReallocateOnly: boolean
}

export interface LoadOptions {
  /** Address of `asposecache.wasm`. Default: beside the module. */
  wasmURL?: string | URL
  /** The program, compiled already; wins over `wasmURL`. */
  wasmModule?: WebAssembly.Module
  /** Settings to start with; the others have their defaults. */
  settings?: Partial<CacheSettings>
  /** Keep the stack of each allocation's creation, for leak reports. It costs time. Default `false`. */
  captureStacks?: boolean
  /**
   * Gives the callbacks of `forEachView` copies, to find what misuses a view. A write without the option
   * `write` is a `TypeError`. A write, or a transfer, after the callback has returned does not reach the
   * cache, and is reported by a `lateviewwrite` event: the last 64 views are looked at when `forEachView`,
   * `statistics`, `dispose` or `close` is called, and a second after the last `forEachView`. Correct
   * programs see no difference but time and up to 32 MiB. Default `false`.
   */
  debugViews?: boolean
}

/**
 * Starts an instance with data and counters of its own.
 *
 * Rejects with a {@link CacheError} of code `CACHE_LOAD_FAILED` that says what failed; the call can be
 * made again. It does not fail where there is no IndexedDB: the cache then works in memory alone.
 */
export function loadAsposeCache(options?: LoadOptions): Promise<AsposeCache>

/**
 * What the script `asposecache.global.js` makes of `globalThis.asposeCache`: an instance that is there at
 * once and starts loading. Until it has loaded, calls that return promises wait, settings are kept, and
 * counters are 0.
 */
export interface GlobalAsposeCache extends AsposeCache {
  /** Resolves when it has loaded; rejects with `CACHE_LOAD_FAILED`, as do the calls that wait. */
  readonly ready: Promise<void>
  /** Tries again after loading has failed. The address defaults to `data-wasm-url` of the script's tag. */
  load(options?: LoadOptions): Promise<void>
  readonly CacheType: typeof CacheType
  readonly CacheError: typeof CacheError
  readonly CacheFullError: typeof CacheFullError
}

export interface CallOptions {
  /** Honoured until the call begins to take effect; from then on it completes. */
  signal?: AbortSignal
  /** Told, from time to time, how many of the call's bytes are done. */
  onProgress?: (progress: { done: number; total: number }) => void
}

export interface AllocateOptions {
  /** Shown by `allocations()` and in events; for people. */
  label?: string
  signal?: AbortSignal
}

export interface AsposeCache extends EventTarget, AsyncDisposable {
  /** The settings in force. They can also be set one by one; a value that is not allowed throws. */
  readonly settings: Readonly<CacheSettings>
  cacheType: CacheTypeName
  cacheFolder: string
  maxMemoryForCache: number
  maxDiskSpaceForCache: number
  exactReallocateOnly: boolean

  /**
   * Changes the settings given, all or none. They are applied at the call: calls made later go by
   * them, calls made before by the ones before. What is allocated stays where it is.
   */
  configure(settings: Partial<CacheSettings>): Promise<CacheSettings>
  /** Sets every setting to its default, but for `cacheFolder` once the disk is in use. */
  setDefaults(): Promise<CacheSettings>

  /** Sum of the sizes allocated in memory, in bytes, reservations included: exact at any time. */
  readonly allocatedMemoryBytesCount: number
  /** Sum of the sizes allocated on disk, in bytes, reservations included: exact at any time. */
  readonly allocatedDiskBytesCount: number
  statistics(): CacheStatistics
  /** What is allocated now, oldest first. */
  allocations(): AllocationInfo[]

  /**
   * Takes room for `size` bytes, all zero. The room is taken at the call, in the order of calls, and
   * given back if the call rejects. May wait for IndexedDB to open (5 seconds at most).
   *
   * Rejects with a {@link CacheFullError} when there is no room, and with `CACHE_UNAVAILABLE` when
   * only the disk is asked for and there is none.
   */
  allocate(size: number, options?: AllocateOptions): Promise<CacheAllocation>
  /**
   * Allocates in memory, at once. Throws a {@link CacheFullError} when there is no room, and
   * `CACHE_NOT_IN_MEMORY` when the settings allow the disk only.
   */
  allocateSync(size: number, options?: { label?: string }): CacheAllocation
  /** Allocates what `source` holds and fills it. A stream is read to its end. */
  allocateFrom(
    source: BufferSource | Blob | ReadableStream<Uint8Array>,
    options?: AllocateOptions & CallOptions,
  ): Promise<CacheAllocation>

  /** Resolves once everything written so far is stored; rejects if some of it could not be. */
  flush(): Promise<void>
  /**
   * Ends the instance: disposes of every allocation, removes its database, and resolves when nothing
   * of it remains. Later calls reject with `CACHE_CLOSED`.
   */
  close(): Promise<void>

  addEventListener<K extends keyof CacheEventMap>(
    type: K,
    listener: ((event: CustomEvent<CacheEventMap[K]>) => void) | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<K extends keyof CacheEventMap>(
    type: K,
    listener: ((event: CustomEvent<CacheEventMap[K]>) => void) | null,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void
}

/**
 * Room for bytes, in memory or on disk. Calls on one allocation take effect in the order in which they
 * were made, also when they are not awaited; ranges are checked when a call's turn comes.
 */
export interface CacheAllocation extends AsyncDisposable, Disposable {
  readonly id: number
  readonly label: string
  readonly size: number
  readonly role: 'working' | 'history'
  /** Where the bytes are counted. It can change from memory to disk, never back. */
  readonly medium: Medium
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly disposed: boolean

  /** Resolves to a copy of the bytes, the caller's own. Default: from `offset` to the end. */
  read(offset?: number, length?: number, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Fills `target` and resolves to its `byteLength`. Leave the target alone until then; after a
   * rejection its content is unspecified.
   */
  readInto(target: AllowSharedBufferSource, offset?: number, options?: CallOptions): Promise<number>
  /**
   * Replaces bytes from `offset` on. The data is copied at the call, so the caller may reuse it at
   * once, except that more than 64 MiB in one call is taken piece by piece: leave such a buffer alone
   * until the promise settles; taken away in the middle, a part of it may have been written to memory.
   * Resolves when every later read sees the bytes and the cache holds
   * them safely; bytes on their way to the disk are held in a bounded buffer.
   *
   * At most 256 MiB of copies wait at a time for calls made before them; past that it rejects with a
   * {@link CacheFullError} of reason `'memory'`.
   */
  write(data: AllowSharedBufferSource, offset?: number, options?: CallOptions): Promise<void>
  /**
   * The same at once, for bytes in memory. They throw `CACHE_NOT_IN_MEMORY` for bytes on disk, and
   * `CACHE_BUSY` while calls made before on this allocation wait.
   */
  readSync(offset?: number, length?: number): Uint8Array<ArrayBuffer>
  readIntoSync(target: AllowSharedBufferSource, offset?: number): number
  writeSync(data: AllowSharedBufferSource, offset?: number): void
  /**
   * Calls back with views of the bytes themselves, in order, without a copy: one for each page of
   * 256 KiB that the range touches, with the offset where it begins. Throws as `readSync` does, and
   * what the callback throws.
   *
   * A view is valid until the callback returns: keep none, post none, for its buffer is all of the
   * program's memory. It is for reading, unless `write` is asked for: see `debugViews`. Calls to the
   * cache from inside throw `CACHE_BUSY`.
   */
  forEachView(
    offset: number,
    length: number,
    callback: (view: Uint8Array, offset: number) => void,
    options?: { write?: boolean },
  ): void
  /**
   * Changes the size. The bytes up to the smaller size stay, new ones are zero. Shrinking always
   * succeeds. See `exactReallocateOnly` for what growth does at a limit.
   */
  reallocate(newSize: number, options?: CallOptions): Promise<void>
  /** Resolves once all that was written before is stored; rejects if it could not be. */
  flush(options?: CallOptions): Promise<void>
  /** The bytes as a stream, read as it is consumed. */
  readable(offset?: number, length?: number): ReadableStream<Uint8Array<ArrayBuffer>>
  /** Writes what it is given, one chunk after the other, from `offset` on. It does not grow. */
  writable(offset?: number): WritableStream<BufferSource>
  /**
   * Frees the allocation. The counters fall at the call; reads called before it finish. Calling it
   * again does nothing.
   */
  dispose(): Promise<void>
}

export interface AllocationInfo {
  readonly id: number
  readonly label: string
  readonly size: number
  readonly medium: Medium
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly role: 'working' | 'history'
  /** Milliseconds since the epoch, as of `Date.now()`. */
  readonly createdAt: number
  /** With `captureStacks` only. */
  readonly stack?: string
}

export interface CacheStatistics {
  readonly memory: {
    readonly allocations: number
    readonly allocatedBytes: number
    readonly peakBytes: number
    /** What the allocations really take, rounding included. */
    readonly occupiedBytes: number
    /** Kept for reuse. */
    readonly freeBytes: number
  }
  readonly disk: {
    readonly allocations: number
    readonly allocatedBytes: number
    readonly peakBytes: number
    /** Written, readable, and not stored yet. */
    readonly waitingBytes: number
    /** Bytes read from and written to the store since the start. */
    readonly readBytes: number
    readonly writtenBytes: number
    readonly transactions: number
    /** Transactions that were tried again after a failure, and the failures. */
    readonly retries: number
    readonly failures: number
  }
  /** Copies held for writes that wait for calls made before them. */
  readonly queuedBytes: number
  /** Size of the WebAssembly memory, which never shrinks. */
  readonly wasmBytes: number
  /** How often data moved from memory to disk. */
  readonly spills: number
  readonly reallocations: number
  /** What `navigator.storage.estimate()` last said; `null` where it has not or cannot. */
  readonly quota: { readonly usage: number; readonly quota: number } | null
}

/** What the `detail` of each event holds. */
export interface CacheEventMap {
  /** Data moved from memory to disk. */
  spill: { id: number; label: string; bytes: number; reason: 'reallocate' }
  /** A call was refused for want of room. */
  full: { error: CacheFullError }
  /** An allocation was garbage collected before it was disposed; its room was freed. */
  leak: { id: number; label: string; size: number; stack?: string }
  /** Stored data is gone; reading it rejects with `CACHE_LOST` until it is overwritten. */
  lost: { id: number; label: string; offset: number; length: number }
  /** Storing failed. Nothing is lost: the bytes wait in memory and the next call tries again. */
  storeerror: { error: CacheError }
  /**
   * With `debugViews` only: the view of these bytes was written to after its callback had returned. `stack`
   * is of the call of `forEachView`. Goes to the console as well, unless a listener prevents the default.
   */
  lateviewwrite: { id: number; label: string; offset: number; length: number; stack?: string }
  /** The program ended; every pending and later call rejects with `CACHE_CRASHED`. */
  crash: { error: CacheError }
}

export type CacheErrorCode =
  | 'CACHE_FULL'
  | 'CACHE_DISPOSED'
  | 'CACHE_CLOSED'
  | 'CACHE_NOT_IN_MEMORY'
  | 'CACHE_BUSY'
  | 'CACHE_NOT_READY'
  | 'CACHE_UNAVAILABLE'
  | 'CACHE_LOST'
  | 'CACHE_LOAD_FAILED'
  | 'CACHE_CRASHED'

export class CacheError extends Error {
  readonly name: string
  readonly code: CacheErrorCode
  constructor(code: CacheErrorCode, message: string, options?: { cause?: unknown })
}

/** There is no room. In `'auto'` it is about the disk, and `cause` is the refusal in memory. */
export class CacheFullError extends CacheError {
  readonly code: 'CACHE_FULL'
  readonly medium: Medium
  /** Bytes asked for. */
  readonly requested: number
  /** Bytes allocated on the medium at that time. */
  readonly allocated: number
  /** The limit then in force; 0 = none. */
  readonly limit: number
  /** What was in the way: the limit set, the machine's memory, or the browser's quota. */
  readonly reason: 'limit' | 'memory' | 'quota'
  constructor(
    message: string,
    details: {
      medium: Medium
      requested: number
      allocated: number
      limit: number
      reason: 'limit' | 'memory' | 'quota'
    },
    options?: { cause?: unknown },
  )
}
