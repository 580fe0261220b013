import {
  bytes,
  callback as checked,
  flag,
  type Options,
  optionsFrom,
  report,
  view,
  viewKeys,
} from './arguments'
import type * as api from './asposecache'
import { CacheEntity, handleOf } from './entity'
import { busy } from './errors'
import { type Pages, Place } from './pages'
import { readable, writable } from './streams'

/**
 * Up to so many bytes are copied out of memory at once, or into it, of calls that return a promise. More is done in
 * pieces, with pauses for the page's other tasks. What is written has to be copied at the call in any case.
 */
export const mostRead = 16 << 20
export const mostWritten = 64 << 20

/** Up to so many bytes on disk are read or written at once, if they or the room for them are in memory. */
const mostNow = 8 << 20

/**
 * See the types for what each member does.
 *
 * Where the bytes are in memory and nothing waits, reads and writes are done before the method
 * returns; else the program is asked, and it also finds the words for what is wrong.
 */
export class CacheAllocation extends CacheEntity implements api.CacheAllocation {
  readonly #handle = handleOf(this)
  readonly #program = this.#handle.program
  readonly #place = new Place(this.id)

  async read(offset = 0, length?: number, options?: api.CallOptions): Promise<Uint8Array<ArrayBuffer>> {
    const from = bytes('offset', offset)
    const given = length === undefined ? -1 : bytes('length', length)
    const call = this.#handle.call(options)
    // The size may change before the call's turn comes; but then nothing can be read at once.
    const n = given < 0 ? this.size - from : given
    let copy = n >= 0 && n <= mostRead ? this.#program.pages.copyOut(this.#place, from, n) : undefined
    if (!copy && n > 0 && n <= mostNow && this.medium === 'disk') {
      const into = this.#program.pages.newArray(n)
      if (into && this.#program.readNow(this.id, from, into)) copy = into
      else if (into && n === given) {
        await this.#handle.begin('readInto', call, from, into)
        return into
      }
    }
    if (!copy) return this.#handle.begin('read', call, from, given)
    report(call, n, n)
    return copy
  }

  async readInto(target: AllowSharedBufferSource, offset = 0, options?: api.CallOptions): Promise<number> {
    const from = bytes('offset', offset)
    const call = this.#handle.call(options)
    const into = view('target', target) // after the options, whose getters are the caller's code
    const n = into.byteLength
    const done =
      (n <= mostRead && this.#program.pages.copyOut(this.#place, from, n, into)) ||
      (n <= mostNow && this.#program.readNow(this.id, from, into))
    if (!done) return this.#handle.begin('readInto', call, from, into)
    report(call, n, n)
    return n
  }

  async write(data: AllowSharedBufferSource, offset = 0, options?: api.CallOptions): Promise<void> {
    const at = bytes('offset', offset)
    const call = this.#handle.call(options)
    const from = view('data', data)
    const n = from.byteLength
    const done =
      (n <= mostWritten && this.#program.pages.copyIn(this.#place, at, from)) ||
      (n <= mostNow && this.#program.writeNow(this.id, at, from))
    if (done) report(call, n, n)
    else await this.#handle.begin('write', call, at, from)
  }

  readSync(offset = 0, length?: number): Uint8Array<ArrayBuffer> {
    const from = bytes('offset', offset)
    const given = length === undefined ? undefined : bytes('length', length)
    this.#handle.call(undefined)
    const n = given ?? Math.max(0, this.size - from)
    const program = this.#program
    return program.atOnce(
      () => program.pages.copyOut(this.#place, from, n),
      () => program.access(this.id, from, n),
      n,
    )!
  }

  readIntoSync(target: AllowSharedBufferSource, offset = 0): number {
    const from = bytes('offset', offset)
    this.#handle.call(undefined)
    const into = view('target', target)
    const n = into.byteLength
    // Without a closure, for these are the shortest paths there are.
    const { pages } = this.#program
    if (pages.copyOut(this.#place, from, n, into)) return n
    this.#program.access(this.id, from, n)
    if (!pages.copyOut(this.#place, from, n, into)) throw busy()
    return n
  }

  writeSync(data: AllowSharedBufferSource, offset = 0): void {
    const at = bytes('offset', offset)
    this.#handle.call(undefined)
    const from = view('data', data)
    const { pages } = this.#program
    if (pages.copyIn(this.#place, at, from)) return
    this.#program.access(this.id, at, from.byteLength, true)
    if (!pages.copyIn(this.#place, at, from)) throw busy()
  }

  forEachView(
    offset: number,
    length: number,
    callback: (view: Uint8Array, offset: number) => void,
    options?: { write?: boolean },
  ): void {
    const from = bytes('offset', offset)
    const n = bytes('length', length)
    checked('callback', callback)
    const write = flag('options.write', optionsFrom(options, viewKeys).write)
    this.#handle.call(undefined)
    const use = this.#handle.owner.debugViews?.copying(this, write, callback) ?? callback
    this.#atOnce(from, n, write, (pages) => pages.forEachView(this.#place, from, n, write, use))
  }

  /** Does what can be done at once with a range, or throws why it can't. */
  #atOnce<T>(offset: number, n: number, forWriting: boolean, attempt: (pages: Pages) => T): T {
    const program = this.#program
    return program.atOnce(
      () => attempt(program.pages),
      () => program.access(this.id, offset, n, forWriting),
    )
  }

  async reallocate(newSize: number, options?: api.CallOptions): Promise<void> {
    const size = bytes('newSize', newSize)
    await this.#handle.begin('reallocate', this.#handle.call(options), size)
  }

  /** Grows within the limits, whatever `exactReallocateOnly` says: for what is still being allocated. */
  async grow(newSize: number, options: Options): Promise<void> {
    await this.#handle.begin('grow', this.#handle.call(options), newSize)
  }

  readable(offset = 0, length?: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    return readable(this, bytes('offset', offset), length === undefined ? undefined : bytes('length', length))
  }

  writable(offset = 0): WritableStream<AllowSharedBufferSource> {
    return writable(this, bytes('offset', offset))
  }

  snapshot(options?: { label?: string; signal?: AbortSignal }): Promise<CacheAllocation> {
    return this.#handle.snapshot(CacheAllocation, options)
  }

  restore(from: api.CacheAllocation, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#handle.restore(CacheAllocation, from, options)
  }
}
