/**
 * asposeCache: a two-tier scratch cache for image editors in the browser.
 *
 * Temporary storage is allocated in memory and, when there is no more room, on disk (IndexedDB, or a file of the OPFS).
 * All sizes and offsets are bytes: whole numbers from 0 to `Number.MAX_SAFE_INTEGER`.
 *
 * Every method that returns a promise reports failure by rejecting it; none of them throws. A wrong
 * argument is a `TypeError` or a `RangeError` that names it, an aborted call rejects with the
 * signal's reason, and everything else is a {@link CacheError}. A call that fails changes nothing. An option
 * that a call does not know is a `TypeError` as well.
 *
 * An instance, and what it has made, can't be posted or cloned: that throws a `DataCloneError`.
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

/** A `Uint8Array` whose buffer is an `ArrayBuffer`, which TypeScript tells apart from 5.7 on. */
export type OwnBytes = ReturnType<Uint8Array['slice']>
/** The same for `Uint8ClampedArray`. */
export type OwnPixels = ReturnType<Uint8ClampedArray['slice']>

/** What holds the bytes of an allocation. */
export type Medium = 'memory' | 'disk'

export interface CacheSettings {
  /** Where new allocations are placed. Default `'auto'`. */
  cacheType: CacheTypeName
  /**
   * The names of the IndexedDB databases start with it; it is well-formed
   * (see `String.prototype.isWellFormed`) and never empty. Default `'asposeCache'`. Firefox opens no database
   * whose name begins with U+FEFF or U+FFFE: there is no disk then, as where it fails for another reason.
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
  /**
   * What happens in `'auto'` when something new does not fit in memory. `'never'` (default): it is placed
   * on disk. `'coldest'`: it stays in memory, and what is coldest moves to disk to make room: history
   * before working allocations, then what was used least recently. Nothing comes back by itself.
   */
  spillPolicy: SpillPolicyName
}

export type SpillPolicyName = 'never' | 'coldest'

export interface LoadOptions {
  /** Address of `asposecache.wasm`. Default: beside the module. */
  wasmURL?: string | URL
  /** The program, compiled already; wins over `wasmURL`. */
  wasmModule?: WebAssembly.Module
  /**
   * What the disk lies on. `'opfs'`: a file of the origin private file system, which is two to five times as fast; it takes a
   * worker, and a browser whose workers can open such files (not in private windows of Firefox and Safari), and where
   * there is none of these what goes to disk is `CACHE_UNAVAILABLE`. `'auto'`: such a file where it can be had, else
   * IndexedDB. Default `'indexedDB'`.
   */
  diskStore?: 'indexedDB' | 'opfs' | 'auto'
  /**
   * Whether what goes to disk is written in a worker of the cache's own, so that the page's thread only copies it; or a function
   * that makes one of `asposecache.worker.js`, for bundlers that do not find it. The worker is started when the disk is
   * first used. Where none can be started, or the cache is loaded in a worker, the disk is written here. Default `true`.
   */
  diskWorker?: boolean | (() => Worker)
  /** Address of `asposecache.worker.js`. Default: beside the module. */
  workerURL?: string | URL
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
  /**
   * Tries again after loading has failed. The address defaults to `data-wasm-url` of the script's tag. Once the
   * program is there, or on its way, only the `settings` matter: they are set as by `configure`.
   */
  load(options?: LoadOptions): Promise<void>
  readonly CacheType: typeof CacheType
  readonly createHistory: typeof createHistory
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
  spillPolicy: SpillPolicyName

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
  /** What is allocated now, in the order in which it came to be: calls that waited for the disk come after. */
  allocations(): AllocationInfo[]

  /**
   * Takes room for `size` bytes, all zero. The room is taken at the call, in the order of calls, and
   * given back if the call rejects. May wait for IndexedDB to open (5 seconds at most, in which the machine is
   * awake).
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
  /**
   * Allocates what `source` holds and fills it. A stream is read to its end. Bytes are copied at the call, except that
   * more than 64 MiB are taken piece by piece: leave such a buffer alone until the promise settles.
   */
  allocateFrom(
    source: AllowSharedBufferSource | Blob | ReadableStream<Uint8Array>,
    options?: AllocateOptions & CallOptions,
  ): Promise<CacheAllocation>

  /**
   * Takes room for `width` x `height` pixels, all zero, as `allocate` does for
   * `width * height * bytesPerPixel` bytes.
   */
  allocateSurface(options: SurfaceOptions): Promise<CacheSurface>
  /** The same in memory, at once, as `allocateSync` does it. */
  allocateSurfaceSync(options: Omit<SurfaceOptions, 'signal'>): CacheSurface
  /**
   * Where two versions of one allocation differ, by the pages they have in common: no byte is read, and
   * bytes that were written anew with what they had count as different. Both must have the same size.
   */
  difference(a: CacheAllocation, b: CacheAllocation): Array<{ offset: number; length: number }>
  /** Of two surfaces: rectangles of whole tiles, which do not overlap. Both must have the same size. */
  difference(a: CacheSurface, b: CacheSurface): Rect[]

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
 * What allocations and surfaces have in common. They have the methods that `using` and `await using` call where the
 * browser has symbols for them; `dispose` is everywhere.
 */
export interface CacheEntity extends AsyncDisposable, Disposable {
  readonly id: number
  readonly label: string
  /** In bytes. */
  readonly size: number
  /** `'history'`: it was made by `snapshot`. */
  readonly role: 'working' | 'history'
  /** `'memory'` while any of its bytes are there. They come back from disk only by `moveToMemory`. */
  readonly medium: Medium
  /**
   * Bytes that it has on each medium, those that it shares with others included; the counters of the cache
   * have those once. A snapshot has nothing reserved for bytes on disk that were never written.
   */
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly disposed: boolean

  /**
   * Moves all of it to disk: when it resolves, all is stored and its memory is free; when it rejects, all is
   * where it was. It can be read and written meanwhile.
   */
  moveToDisk(options?: CallOptions): Promise<void>
  /**
   * Moves all of it to memory, whatever `cacheType` says, and gives it memory for bytes that were never written: its
   * `memoryBytes` are its `size` then, and the calls without a promise find all of it. What it shares with others comes back
   * for them, too. Room is taken first, with `spillPolicy: 'coldest'` from what is colder; it rejects with `CACHE_FULL` if
   * there is none, and with `CACHE_LOST` if the store no longer has all of it. When it rejects, all is where it was. It can
   * be read and written meanwhile.
   */
  moveToMemory(options?: CallOptions): Promise<void>
  /** Resolves once all that was written before is stored; rejects if it could not be. */
  flush(options?: CallOptions): Promise<void>
  /**
   * Frees it. The counters fall at the call, by what no other has; reads called before it finish. Calling
   * it again does nothing.
   */
  dispose(): Promise<void>
}

/**
 * Room for bytes, in memory or on disk. Calls on one allocation take effect in the order in which they
 * were made, also when they are not awaited; ranges are checked when a call's turn comes.
 */
export interface CacheAllocation extends CacheEntity {
  /** Resolves to a copy of the bytes, the caller's own. Default: from `offset` to the end. */
  read(offset?: number, length?: number, options?: CallOptions): Promise<OwnBytes>
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
  readSync(offset?: number, length?: number): OwnBytes
  readIntoSync(target: AllowSharedBufferSource, offset?: number): number
  writeSync(data: AllowSharedBufferSource, offset?: number): void
  /**
   * Calls back with views of the bytes themselves, in order, without a copy: one for each page of
   * 256 KiB that the range touches, with the offset where it begins. Throws as `readSync` does, and
   * what the callback throws; with `write` also a {@link CacheFullError} when there is no room for copies
   * of what snapshots share.
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
  /** The bytes as a stream, read as it is consumed. `for await` can go through it in every browser. */
  readable(offset?: number, length?: number): ReadableStream<OwnBytes>
  /** Writes what it is given, one chunk after the other, from `offset` on. It does not grow. */
  writable(offset?: number): WritableStream<AllowSharedBufferSource>
  /**
   * An allocation with the content of this moment, all writes called before included. No bytes are copied:
   * both have the same pages until one of them writes, and what it writes to then takes room. When there is
   * none in memory, in `'auto'` the old bytes of those pages go to disk; else the write rejects with a
   * {@link CacheFullError}.
   */
  snapshot(options?: { label?: string; signal?: AbortSignal }): Promise<CacheAllocation>
  /**
   * Takes the content of another of the same size, without copying bytes: what undo needs. Rejects with `CACHE_LOST`,
   * and changes nothing, when the browser has removed something of it.
   */
  restore(from: CacheAllocation, options?: { signal?: AbortSignal }): Promise<void>
}

export interface SurfaceOptions extends AllocateOptions {
  /** In pixels, 1 or more. */
  width: number
  height: number
  /** 1 to 16. Default 4: RGBA. */
  bytesPerPixel?: number
}

/** Pixels `x` to `x + width - 1` and `y` to `y + height - 1`, from the top left corner, whole numbers. */
export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Pixels in tiles of 256 x 256, so that a rectangle touches only the tiles that it covers. Tiles at the right
 * and bottom edge take only their own pixels. The order of calls is that of {@link CacheAllocation}; a
 * rectangle that is not inside of the surface is a `RangeError`, an empty one is allowed.
 */
export interface CacheSurface extends CacheEntity {
  readonly width: number
  readonly height: number
  readonly bytesPerPixel: number

  /**
   * Replaces a rectangle by rows of bytes, each `stride` bytes after the one before; default: without a
   * gap. The data ends with the last row, or with its stride. It is copied as `write` does it.
   */
  writeRect(
    rect: Rect,
    data: AllowSharedBufferSource,
    options?: CallOptions & { stride?: number },
  ): Promise<void>
  /**
   * Resolves to a copy of a rectangle, row after row; default: all of the surface. With `scale` 1/2, 1/4,
   * to 1/256 it is that much smaller in both directions, rounded up, and no copy in full size is made: each
   * pixel is the first of its square (`'pick'`, the default) or the mean of each byte of its pixels
   * (`'average'`, for channels of 8 bits). Pixels written after the call do not show in it,
   * although it lets the page go on while it works.
   */
  readRect(
    rect?: Rect,
    options?: CallOptions & { scale?: number; filter?: 'pick' | 'average' },
  ): Promise<OwnPixels>
  /**
   * The pixels of an `ImageData`, with its top left corner at `x`, `y`: 8-bit RGBA in sRGB, 4 bytes each, which is
   * what it is where the browser does not say.
   */
  writeImageData(imageData: ImageData, x?: number, y?: number, options?: CallOptions): Promise<void>
  readImageData(rect?: Rect, options?: CallOptions): Promise<ImageData>
  /** The same at once, for pixels in memory; they throw as those of {@link CacheAllocation} do. */
  writeRectSync(rect: Rect, data: AllowSharedBufferSource, options?: { stride?: number }): void
  readRectSync(rect?: Rect): OwnPixels
  /**
   * Calls back with each tile that a rectangle touches, whole, without a copy: its bytes, row after row, and
   * where it lies. With 4 bytes per pixel, `new ImageData(pixels, width)` takes them as they are, for
   * `putImageData`. What is said of the views of {@link CacheAllocation.forEachView} holds here too.
   */
  forEachTile(
    rect: Rect,
    callback: (pixels: OwnPixels, tile: Rect) => void,
    options?: { write?: boolean },
  ): void
  /** Changes width and height. Pixels keep their coordinates, new ones are zero. */
  reallocate(size: { width: number; height: number }, options?: CallOptions): Promise<void>
  /** See {@link CacheAllocation.snapshot}. */
  snapshot(options?: { label?: string; signal?: AbortSignal }): Promise<CacheSurface>
  /** Takes the content of another of the same width and height. See {@link CacheAllocation.restore}. */
  restore(from: CacheSurface, options?: { signal?: AbortSignal }): Promise<void>
}

/**
 * Begins to keep versions of a surface, or of an allocation, as it is now. Each is a snapshot: it takes only
 * what has changed since, and under `spillPolicy: 'coldest'` the oldest go to disk first.
 */
export function createHistory(
  target: CacheSurface | CacheAllocation,
  options?: HistoryOptions,
): Promise<CacheHistory>

export type WhenFullName = 'refuse' | 'dropOldest'

export interface HistoryOptions {
  /** The most that the history may hold and its target has not, in bytes; 0 = no limit, the default. */
  maxBytes?: number
  /** How often one can undo at most; 0 = no limit, the default. */
  maxEntries?: number
  /**
   * What happens when a write to the target finds no room, of whatever kind, also `writeSync` or `forEachView` with
   * `write`. `'refuse'` (default): it rejects, or throws, a {@link CacheFullError}.
   *
   * `'dropOldest'`: when nothing else makes room, entries are freed until the write fits, and `historydropped` tells.
   * They are those of all histories of the cache with this option, the oldest first, whichever history they are of;
   * when those before the current ones are not enough, also those that were undone, the latest first, which the next
   * commit would free anyway. The current entry of a history always stays. If the write would not fit even then,
   * nothing is freed and it is refused. A commit asks for no room, and neither do `undo`, `redo` and `goTo`.
   */
  whenFull?: WhenFullName
}

/** Calls take effect in the order in which they were made, among themselves and with calls on the target. */
export interface CacheHistory extends AsyncDisposable {
  /**
   * Oldest first. The first one is what there was at the beginning, or before what was dropped. The array never
   * changes: while there is nothing else to tell it is the same one, which costs next to nothing to ask for.
   */
  readonly entries: ReadonlyArray<HistoryEntry>
  readonly canUndo: boolean
  readonly canRedo: boolean
  readonly disposed: boolean
  /**
   * Makes an entry of the target as it is now, all writes called before included. Entries that were undone
   * are freed, and the oldest ones past `maxBytes` or `maxEntries`. Half of a surrogate pair in the label comes back
   * as U+FFFD.
   */
  commit(label?: string): Promise<void>
  /**
   * Gives the target the content of the entry before the current one; what was written since the last
   * commit is lost. Resolves to whether there was one. Rejects with `CACHE_LOST`, and changes nothing, when the browser
   * has removed something that this entry needs and that is nowhere in memory: a look that can wait for the disk.
   */
  undo(): Promise<boolean>
  /** The same with the entry after the current one. */
  redo(): Promise<boolean>
  /**
   * Gives the target the content of the entry at `index` of `entries`, as they are when the call's turn comes: one
   * step, however far, in which no byte is read or copied. It waits for calls made before it, on the history and on
   * its target, and as `undo` does for a look at the disk. What was written since the last commit is lost, also by going to the current
   * entry. Resolves to whether anything has changed: `false` if it was the current one and nothing was written since.
   *
   * An index that is not there is a `RangeError`, and changes nothing; what is no number is a `TypeError`.
   */
  goTo(index: number): Promise<boolean>
  /** Frees the entries. The target stays as it is. */
  dispose(): Promise<void>
}

export interface HistoryEntry {
  readonly label: string
  /** What this entry alone holds: what the next one has replaced. 0 for the latest. */
  readonly bytes: number
  /** Whether it is what the target had after the last `commit`, `undo`, `redo` or `goTo`. */
  readonly current: boolean
  /** Where these bytes lie: `'memory'` while any of them are there. */
  readonly medium: Medium
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
    /** Held for what is written, readable, and not stored yet: where a part of a page was written, often all of it. */
    readonly waitingBytes: number
    /** Bytes read from and written to the store since the start. */
    readonly readBytes: number
    readonly writtenBytes: number
    readonly transactions: number
    /** Transactions that were tried again after a failure, and the failures. */
    readonly retries: number
    readonly failures: number
    /** What the disk lies on; `null` until it is used. */
    readonly store: 'indexedDB' | 'opfs' | null
    /** Where it is written now: in a worker of the cache's own, or on the thread where the cache was loaded. */
    readonly thread: 'worker' | 'page' | null
  }
  /** Copies held for writes that wait for calls made before them. */
  readonly queuedBytes: number
  /** Copies on their way to the disk's worker; 16 MiB at most. */
  readonly copiedBytes: number
  /** Size of the WebAssembly memory, which never shrinks. */
  readonly wasmBytes: number
  /** How often data moved from memory to disk. */
  readonly spills: number
  readonly reallocations: number
  /**
   * The program's garbage collector: how many collections there were, and how often it had to be let run less often
   * because many came in a row, which is not expected to happen.
   */
  readonly collector: { readonly collections: number; readonly loosened: number }
  /** What `navigator.storage.estimate()` last said; `null` where it has not or cannot. */
  readonly quota: { readonly usage: number; readonly quota: number } | null
}

/**
 * What data moved to disk for: an allocation, a growth, the copy of a page that is shared, what was asked to move to
 * memory, or by request.
 */
export type SpillReason = 'allocate' | 'reallocate' | 'copy' | 'moveToMemory' | 'moveToDisk'

/** What the `detail` of each event holds. */
export interface CacheEventMap {
  /** Data moved from memory to disk: to make room, or because `moveToDisk` was called. */
  spill: { id: number; label: string; bytes: number; reason: SpillReason }
  /** A call was refused for want of room: `error` is what it ends with. There are as many events as such calls. */
  full: { error: CacheFullError }
  /** An allocation was garbage collected before it was disposed; its room was freed. */
  leak: { id: number; label: string; size: number; stack?: string }
  /** Stored data is gone; reading it rejects with `CACHE_LOST` until it is overwritten. */
  lost: { id: number; label: string; offset: number; length: number }
  /** Storing failed. Nothing is lost: the bytes wait in memory and the next call tries again. */
  storeerror: { error: CacheError }
  /**
   * A write found no room, and entries of a history with `whenFull: 'dropOldest'` were freed for it: `labels` are
   * theirs, in the order in which they went, `bytes` is what that has freed, `id` and `label` are the target's. There is
   * one event for each history, and no `full` event.
   */
  historydropped: { history: CacheHistory; id: number; label: string; labels: string[]; bytes: number }
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

/**
 * There is no room. In `'auto'` it is about the disk, and `cause` is the refusal in memory; where there is no disk to be
 * had, it is about memory, and `cause` is why there is none.
 */
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
