import { bytes, type CallOptions, callOptions, object, report, signals, view, wrong } from './arguments'
import type * as api from './asposecache'
import { disposedError } from './errors'
import type { Program } from './program'
import { readable, writable } from './streams'

/**
 * Up to so many bytes are copied to or from memory at once. More is done in pieces, with pauses for
 * the page's other tasks.
 */
const mostAtOnce = 64 << 20

/**
 * See the types for what each member does.
 *
 * Where the bytes are in memory and nothing waits, reads and writes are done before the method
 * returns; else the program is asked, and it also finds the words for what is wrong.
 */
export class CacheAllocation implements api.CacheAllocation {
  readonly id: number
  readonly label: string
  readonly role = 'working'
  readonly #program: Program
  readonly #onDispose: () => void
  /** What it was when it was disposed of. */
  #last: { size: number; medium: api.Medium } | undefined

  constructor(program: Program, id: number, label: string, onDispose: () => void) {
    this.#program = program
    this.id = id
    this.label = label
    this.#onDispose = onDispose
  }

  get size(): number {
    return this.disposed ? (this.#last?.size ?? 0) : this.#program.size(this.id)
  }

  get medium(): api.Medium {
    if (this.disposed) return this.#last?.medium ?? 'memory'
    return this.#program.isOnDisk(this.id) ? 'disk' : 'memory'
  }

  get memoryBytes(): number {
    return this.disposed ? 0 : this.#program.held(this.id, 0)
  }

  get diskBytes(): number {
    return this.disposed ? 0 : this.#program.held(this.id, 1)
  }

  get disposed(): boolean {
    return this.#last !== undefined || this.#program.over
  }

  async read(offset = 0, length?: number, options?: api.CallOptions): Promise<Uint8Array<ArrayBuffer>> {
    const from = bytes('offset', offset)
    const given = length === undefined ? -1 : bytes('length', length)
    const call = this.#call(options)
    // The size may change before the call's turn comes; but then nothing can be read at once.
    const n = given < 0 ? this.size - from : given
    const copy = n >= 0 && n <= mostAtOnce ? this.#program.copyOut(this.id, from, n) : undefined
    if (!copy) return (await this.#begin('read', call, from, given)) as Uint8Array<ArrayBuffer>
    report(call, n, n)
    return copy
  }

  async readInto(target: AllowSharedBufferSource, offset = 0, options?: api.CallOptions): Promise<number> {
    const into = view('target', target)
    const from = bytes('offset', offset)
    const call = this.#call(options)
    const n = into.byteLength
    if (n > mostAtOnce || !this.#program.copyOut(this.id, from, n, into))
      return (await this.#begin('readInto', call, from, into)) as number
    report(call, n, n)
    return n
  }

  async write(data: AllowSharedBufferSource, offset = 0, options?: api.CallOptions): Promise<void> {
    const from = view('data', data)
    const at = bytes('offset', offset)
    const call = this.#call(options)
    const n = from.byteLength
    if (n > mostAtOnce || !this.#program.copyIn(this.id, at, from)) await this.#begin('write', call, at, from)
    else report(call, n, n)
  }

  readSync(offset = 0, length?: number): Uint8Array<ArrayBuffer> {
    const from = bytes('offset', offset)
    const given = length === undefined ? undefined : bytes('length', length)
    this.#call(undefined)
    const n = given ?? Math.max(0, this.size - from)
    return this.#program.copyOut(this.id, from, n) ?? this.#program.cannotAccess(this.id, from, n, false)
  }

  readIntoSync(target: AllowSharedBufferSource, offset = 0): number {
    const into = view('target', target)
    const from = bytes('offset', offset)
    this.#call(undefined)
    const n = into.byteLength
    if (!this.#program.copyOut(this.id, from, n, into)) this.#program.cannotAccess(this.id, from, n, false)
    return n
  }

  writeSync(data: AllowSharedBufferSource, offset = 0): void {
    const from = view('data', data)
    const at = bytes('offset', offset)
    this.#call(undefined)
    if (!this.#program.copyIn(this.id, at, from))
      this.#program.cannotAccess(this.id, at, from.byteLength, true)
  }

  forEachView(
    offset: number,
    length: number,
    callback: (view: Uint8Array, offset: number) => void,
    options?: { write?: boolean },
  ): void {
    const from = bytes('offset', offset)
    const n = bytes('length', length)
    if (typeof callback !== 'function') throw wrong('callback', callback, 'a function')
    const { write } = object('options', options)
    if (write !== undefined && typeof write !== 'boolean')
      throw wrong('options.write', write, 'true or false')
    this.#call(undefined)
    this.#program.forEachView(this.id, from, n, callback, write ?? false)
  }

  async reallocate(newSize: number, options?: api.CallOptions): Promise<void> {
    const size = bytes('newSize', newSize)
    await this.#begin('reallocate', this.#call(options), size)
  }

  /** Grows within the limits, whatever `exactReallocateOnly` says: for what is still being allocated. */
  async grow(newSize: number, options: CallOptions): Promise<void> {
    await this.#begin('grow', this.#call(options), newSize)
  }

  async flush(options?: api.CallOptions): Promise<void> {
    await this.#begin('flush', this.#call(options))
  }

  readable(offset = 0, length?: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    return readable(this, bytes('offset', offset), length === undefined ? undefined : bytes('length', length))
  }

  writable(offset = 0): WritableStream<BufferSource> {
    return writable(this, bytes('offset', offset))
  }

  async dispose(): Promise<void> {
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    if (this.disposed) return
    this.#last = { size: this.size, medium: this.medium }
    this.#program.dispose(this.id)
    this.#onDispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** Checks the options, and whether the call can be made at all. */
  #call(options: unknown): CallOptions {
    const call = callOptions(options)
    if (this.#program.end) throw this.#program.end
    if (this.#last) throw disposedError()
    signals.throwIfAborted(call.signal)
    return call
  }

  #begin(name: string, call: CallOptions, ...args: unknown[]): Promise<unknown> {
    return this.#program.begin(name, call, this, this.id, call.onProgress !== undefined, ...args)
  }
}
