import type { CacheEventMap } from './asposecache'
import { clearTimeout, setTimeout, type Timeout } from './clock'

/** How many views are watched at a time; each is of one page at most, and is held twice. */
const mostWatched = 64
/** After so many milliseconds without another call they are looked at all the same. */
const patience = 1000

type LateWrite = CacheEventMap['lateviewwrite']

interface Watched {
  detail: LateWrite
  buffer: ArrayBuffer
  expected: ArrayBuffer
}

/**
 * Hands out copies in place of the views of the memory, to find code that writes to one when it may not:
 * after its call, or without having asked for it. Such writes miss the cache's bytes, and are told.
 *
 * JavaScript does not say when a buffer is written to. So the copies handed out last are kept, and compared
 * with what they were when their call was over.
 */
export class DebugViews {
  readonly #onLateWrite: (detail: LateWrite) => void
  #watched: Watched[] = []
  #timer: Timeout | undefined

  constructor(onLateWrite: (detail: LateWrite) => void) {
    this.#onLateWrite = onLateWrite
  }

  /** What to call with views of the memory, for `callback` to be called with copies. */
  copying(
    { id, label }: { id: number; label: string },
    write: boolean,
    callback: (view: Uint8Array, offset: number) => void,
  ): (view: Uint8Array, offset: number) => void {
    this.check()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.check(), patience)
    const stack = new Error('forEachView was called here').stack
    return (view, offset) => {
      const copy = copyOf(view)
      const { buffer } = copy
      const before = buffer.slice(0)
      try {
        callback(copy, offset)
      } finally {
        // As without copies, what was written before an exception stays. A buffer without bytes has been
        // transferred; that of the memory can't be.
        if (buffer.byteLength > 0) {
          if (write) view.set(copy)
          this.#watch({ id, label, offset, length: view.byteLength, stack }, buffer)
        }
      }
      if (buffer.byteLength === 0) throw new TypeError('view: its buffer was transferred in forEachView')
      if (!write && !equal(buffer, before))
        throw new TypeError('view: it was written to in forEachView, which needs the option `write: true`')
    }
  }

  #watch(detail: LateWrite, buffer: ArrayBuffer) {
    this.#watched.push({ detail, buffer, expected: buffer.slice(0) })
    if (this.#watched.length > mostWatched) this.#isUnchanged(this.#watched.shift()!)
  }

  /** Looks for late writes. Each view is told once. */
  check() {
    this.#watched = this.#watched.filter((watched) => this.#isUnchanged(watched))
  }

  #isUnchanged({ detail, buffer, expected }: Watched): boolean {
    const unchanged = equal(buffer, expected)
    if (!unchanged) this.#onLateWrite(detail)
    return unchanged
  }
}

/** Aligned as the original is, so that what fails for its alignment fails here, too. In whole words. */
function copyOf(view: Uint8Array): Uint8Array<ArrayBuffer> {
  const shift = view.byteOffset % 8
  const words = Math.ceil((shift + view.byteLength) / 4)
  const copy = new Uint8Array(new ArrayBuffer(words * 4), shift, view.byteLength)
  copy.set(view)
  return copy
}

function equal(a: ArrayBuffer, b: ArrayBuffer): boolean {
  if (a.byteLength !== b.byteLength) return false // one was transferred
  const words = new Int32Array(b)
  return new Int32Array(a).every((word, i) => word === words[i])
}
