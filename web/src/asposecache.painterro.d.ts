import type { AsposeCache } from './asposecache.js'

/**
 * Moves the undo states of a painterro editor into a cache, and keeps them there.
 *
 * painterro 1.2.92 (npm) keeps a copy of the whole picture for each undo state. From this call on a state
 * is a list of tiles of 256 x 256 pixels, and only those are stored that no other state has; what the
 * editor drops is freed. Undo and redo go as before: at once while the bytes needed are in memory, and as
 * soon as they are read when they are on disk. Until then mouse and keyboard wait for the editor, so that
 * nothing is drawn on a picture that is about to change.
 *
 * Throws a `TypeError`, and changes nothing, if `painterro` is not what `Painterro()` of that version
 * returns or has a cached history already, or another argument is wrong.
 *
 * @param painterro what `Painterro(params)` returned; shown already, or not yet
 * @param asposeCache where the states go. It stays the caller's: dispose of the history before closing it
 */
export function cacheHistory(
  painterro: object,
  asposeCache: Pick<AsposeCache, 'allocate' | 'addEventListener' | 'removeEventListener'>,
  options?: CacheHistoryOptions,
): CachedHistory

export interface CacheHistoryOptions {
  /** The label of what is allocated, for people. Default `'painterro undo'`. */
  label?: string
  /**
   * Told what goes wrong: the editor goes on in any case. While the cache takes nothing (it is full, or
   * closed) new tiles stay in ordinary memory and are tried again with the next edit: no state is lost.
   * If the bytes of a state are gone for good (`CACHE_LOST`, `CACHE_CRASHED`, `CACHE_CLOSED`), it is
   * told when an undo or a redo meets that state; it then leaves the list and the next one is tried.
   *
   * Default: `console.warn`.
   */
  onError?: (error: unknown) => void
}

export interface CachedHistory extends AsyncDisposable {
  /** What the undo states of the editor hold now, in bytes. */
  readonly bytes: {
    readonly memory: number
    readonly disk: number
    /** In ordinary memory: on the way into the cache, or refused by it. */
    readonly waiting: number
  }
  /** The states that the editor can go to, oldest first. */
  readonly states: readonly CachedState[]
  readonly disposed: boolean
  /** Resolves when what was asked for so far is done: states are stored, undo and redo are applied. */
  settled(): Promise<void>
  /**
   * Gives the history back and frees all that is stored. The editor works on as it was made; of its
   * states it keeps the current one. Resolves when nothing is left in the cache. Any number of times.
   */
  dispose(): Promise<void>
}

export interface CachedState {
  /** In pixels. */
  readonly width: number
  readonly height: number
  /** Whether it is the one that the editor shows. */
  readonly current: boolean
  /** The bytes of the tiles that no state before it has, by where they are. */
  readonly memory: number
  readonly disk: number
  readonly waiting: number
}
