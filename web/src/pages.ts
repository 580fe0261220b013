import type { Execution } from './execution'
import type { Exports } from './runtime'

/**
 * The bytes of the allocations in memory, where they lie: in pages of the WebAssembly memory.
 *
 * It can grow whenever the program runs, which detaches every view that was made before: their length is
 * then 0. So the view of it is looked at anew after each call.
 */
export class Pages {
  readonly #execution: Execution
  readonly #exports: Exports
  readonly #pageSize: number
  #view = new Uint8Array(0)

  constructor(execution: Execution, exports: Exports, pageSize: number) {
    this.#execution = execution
    this.#exports = exports
    this.#pageSize = pageSize
  }

  /**
   * Copies bytes out of an allocation, into `target` or an array of their own. Answers `undefined` when
   * that is not possible at once.
   */
  copyOut(id: number, offset: number, n: number): Uint8Array<ArrayBuffer> | undefined
  copyOut(id: number, offset: number, n: number, target: Uint8Array): Uint8Array | undefined
  copyOut(id: number, offset: number, n: number, target?: Uint8Array) {
    let address = this.#access(id, offset, n)
    if (address === 0) return
    const into = target ?? this.#newArray(n)
    if (!into) return
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      into.set(this.#memory.subarray(address, address + length), at)
      at += length
    }
    return into
  }

  /** An array, or `undefined` when JavaScript has no memory for it: the program finds the words. */
  #newArray(n: number): Uint8Array<ArrayBuffer> | undefined {
    try {
      return new Uint8Array(n)
    } catch {
      return
    }
  }

  /** Copies bytes into an allocation, or answers false when that is not possible at once. */
  copyIn(id: number, offset: number, source: Uint8Array): boolean {
    const n = source.byteLength
    let address = this.#access(id, offset, n)
    if (address === 0) return false
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      this.#memory.set(length === n ? source : source.subarray(at, at + length), address)
      at += length
    }
    return true
  }

  /**
   * Hands out the memory of a range, page by page, or answers false when that is not possible at once.
   * Nothing of the program may run meanwhile: it could move what the view looks at.
   */
  forEachView(
    id: number,
    offset: number,
    n: number,
    callback: (view: Uint8Array, offset: number) => void,
  ): boolean {
    let address = this.#access(id, offset, n)
    if (address === 0) return false
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      this.#execution.lent = true
      try {
        callback(this.#memory.subarray(address, address + length), offset + at)
      } finally {
        this.#execution.lent = false
      }
      at += length
    }
    return true
  }

  /**
   * The address of a range's first byte, or 0 when it can't be had at once. This is Execution.guard
   * without a closure, for the shortest path there is. Addresses come back signed.
   */
  #access(id: number, offset: number, n: number): number {
    this.#execution.check()
    let address: number
    try {
      address = this.#exports.access(id, offset, n)
    } catch (error) {
      throw this.#execution.crash(error)
    }
    this.#execution.checkAfter()
    return address >>> 0
  }

  #chunk(id: number, offset: number): number {
    return this.#execution.guard(() => this.#exports.chunk(id, offset)) >>> 0
  }

  /** How many of `n` bytes from an offset on lie in one page. */
  #chunkLength(offset: number, n: number): number {
    return Math.min(n, this.#pageSize - (offset % this.#pageSize))
  }

  /** All of the program's memory, made anew after it has grown. */
  get #memory(): Uint8Array {
    if (this.#view.byteLength === 0) this.#view = new Uint8Array(this.#exports.mem.buffer)
    return this.#view
  }
}
