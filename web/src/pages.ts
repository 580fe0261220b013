import type { Rect } from './asposecache'
import type { Execution } from './execution'
import type { Runtime } from './runtime'

/**
 * What bytes are wanted for: 0 reading, 1 writing, 2 replacing all of them, before anything else is done and
 * without the caller's code in between. Until then they may be what others have left behind.
 */
type Purpose = 0 | 1 | 2

/** Where an allocation's bytes from `from` to `end` were found, while the program has not run since. */
export class Place {
  readonly id: number
  runs = -1
  from = 0
  end = 0
  address = 0
  purpose = 0

  constructor(id: number) {
    this.id = id
  }
}

/**
 * The bytes of the allocations in memory, where they lie: in pages of the WebAssembly memory.
 *
 * It can grow whenever the program runs, which detaches every view that was made before: their length is
 * then 0. So the view of it is looked at anew after each call.
 */
export class Pages {
  readonly #execution: Execution
  readonly #runtime: Runtime
  readonly #pageSize: number
  readonly #tileSide: number
  #view = new Uint8Array(0)

  constructor(execution: Execution, runtime: Runtime) {
    this.#execution = execution
    this.#runtime = runtime
    this.#pageSize = runtime.pageSize
    this.#tileSide = runtime.tileSide
  }

  /** Lets go of the memory. */
  letGo() {
    this.#view = new Uint8Array(0)
  }

  /**
   * Copies bytes out of an allocation, into `target` or an array of their own. Answers `undefined` when
   * that is not possible at once.
   */
  copyOut(place: Place, offset: number, n: number): Uint8Array<ArrayBuffer> | undefined
  copyOut(place: Place, offset: number, n: number, target: Uint8Array): Uint8Array | undefined
  copyOut(place: Place, offset: number, n: number, target?: Uint8Array) {
    let address = this.#access(place, offset, n, 0)
    if (address === 0) return
    const into = target ?? this.newArray(n)
    if (!into) return
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(place.id, offset + at)
      const length = this.#length(place, offset + at, n - at)
      into.set(this.#memory.subarray(address, address + length), at)
      at += length
    }
    return into
  }

  /** An array, or `undefined` when JavaScript has no memory for it: the program finds the words. */
  newArray(n: number): Uint8Array<ArrayBuffer> | undefined {
    try {
      return new Uint8Array(n)
    } catch {
      return
    }
  }

  /** Copies bytes into an allocation, or answers false when that is not possible at once. */
  copyIn(place: Place, offset: number, source: Uint8Array): boolean {
    const n = source.byteLength
    let address = this.#access(place, offset, n, 2)
    if (address === 0) return false
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(place.id, offset + at)
      const length = this.#length(place, offset + at, n - at)
      this.#memory.set(length === n ? source : source.subarray(at, at + length), address)
      at += length
    }
    return true
  }

  /**
   * Hands out the memory of a range, page by page, or answers false when that is not possible at once.
   */
  forEachView(
    place: Place,
    offset: number,
    n: number,
    write: boolean,
    callback: (view: Uint8Array, offset: number) => void,
  ): boolean {
    let address = this.#access(place, offset, n, write ? 1 : 0)
    if (address === 0) return false
    for (let at = 0; at < n;) {
      if (at > 0) address = this.#chunk(place.id, offset + at)
      const length = this.#chunkLength(offset + at, n - at)
      this.#lend(address, length, (view) => callback(view, offset + at))
      at += length
    }
    return true
  }

  /** Nothing of the program may run meanwhile: it could move what the view looks at. */
  #lend(address: number, length: number, callback: (view: Uint8Array) => void) {
    this.#execution.lent = true
    this.#execution.runs++ // so that it is looked at
    try {
      callback(this.#memory.subarray(address, address + length))
    } finally {
      this.#execution.lent = false
    }
  }

  /** Copies a rectangle out of a surface, or answers `undefined` when that is not possible at once. */
  copyOutRect(id: number, rect: Rect, bytesPerPixel: number): Uint8ClampedArray<ArrayBuffer> | undefined {
    if (!this.#accessRect(id, rect, 0)) return
    const array = this.newArray(rect.width * rect.height * bytesPerPixel)
    if (!array) return
    const into = new Uint8ClampedArray(array.buffer)
    this.#trayful(rect, bytesPerPixel, (x, y, width, height, at, length) => {
      this.#copyRect(id, x, y, width, height, 0)
      into.set(this.#tray(length), at)
    })
    return into
  }

  /** Copies rows, `stride` bytes apart, to a rectangle, or answers false. */
  copyInRect(id: number, rect: Rect, bytesPerPixel: number, source: Uint8Array, stride: number): boolean {
    if (!this.#accessRect(id, rect, 2)) return false
    const row = rect.width * bytesPerPixel
    this.#trayful(rect, bytesPerPixel, (x, y, width, height, at, length) => {
      const tray = this.#tray(length)
      if (row === stride) tray.set(source.subarray(at, at + length))
      else
        for (let i = 0, from = (y - rect.y) * stride + (at % row); i < height; i++, from += stride)
          tray.set(source.subarray(from, from + length / height), i * (length / height))
      this.#copyRect(id, x, y, width, height, 1)
    })
    return true
  }

  /** Goes through a rectangle by what the tray has room for: rows, or a part of one; `at` is where in its bytes. */
  #trayful(
    rect: Rect,
    bytesPerPixel: number,
    each: (x: number, y: number, width: number, height: number, at: number, length: number) => void,
  ) {
    const room = Math.floor(this.#pageSize / bytesPerPixel)
    const columns = Math.min(rect.width, room)
    const rows = Math.floor(room / (columns || 1))
    for (let y = 0; y < rect.height; y += rows)
      for (let x = 0; x < rect.width; x += columns) {
        const width = Math.min(columns, rect.width - x)
        const height = Math.min(rows, rect.height - y)
        const at = (y * rect.width + x) * bytesPerPixel
        each(rect.x + x, rect.y + y, width, height, at, width * height * bytesPerPixel)
      }
  }

  #tray(length: number): Uint8Array {
    const address = this.#execution.look(() => this.#runtime.exports.trayAddress()) >>> 0
    return this.#memory.subarray(address, address + length)
  }

  #copyRect(id: number, x: number, y: number, width: number, height: number, fromTray: 0 | 1) {
    const copy = () => this.#runtime.exports.copyRect(id, x, y, width, height, fromTray)
    if (this.#execution.look(copy) !== 1) throw this.#execution.crash('a rectangle was not copied')
  }

  #accessRect(id: number, { x, y, width, height }: Rect, purpose: Purpose): boolean {
    return (
      this.#execution.guard(() => this.#runtime.exports.accessRect(id, x, y, width, height, purpose)) === 1
    )
  }

  /** Hands out the memory of each tile that a rectangle touches, or answers false. */
  forEachTile(
    id: number,
    rect: Rect,
    bytesPerPixel: number,
    write: boolean,
    callback: (view: Uint8Array, tile: Rect) => void,
  ): boolean {
    const { x, y, width, height } = rect
    if (!this.#accessRect(id, rect, write ? 1 : 0)) return false
    if (width === 0 || height === 0) return true
    const tileSide = this.#tileSide // but at the right and bottom edge
    const right = this.#execution.look(() => this.#runtime.exports.width(id))
    const bottom = this.#execution.look(() => this.#runtime.exports.height(id))
    for (let top = y - (y % tileSide); top < y + height; top += tileSide)
      for (let left = x - (x % tileSide); left < x + width; left += tileSide) {
        const address =
          this.#execution.look(() => this.#runtime.exports.tile(id, left / tileSide, top / tileSide)) >>> 0
        const tile = {
          x: left,
          y: top,
          width: Math.min(tileSide, right - left),
          height: Math.min(tileSide, bottom - top),
        }
        this.#lend(address, tile.width * tile.height * bytesPerPixel, (view) => callback(view, tile))
      }
    return true
  }

  /**
   * The address of a range's first byte, or 0 when it can't be had at once. The program is only asked when it has
   * run since it was asked last. This is Execution.look without a closure, for the shortest path there is.
   * Addresses come back signed.
   */
  #access(place: Place, offset: number, n: number, purpose: Purpose): number {
    const execution = this.#execution
    if (
      place.runs === execution.runs &&
      place.from <= offset &&
      offset + n <= place.end &&
      purpose <= place.purpose
    )
      return place.address + offset - place.from
    execution.check()
    place.runs = -1 // the one thing that this may move is what it asks for
    let address: number
    try {
      address = this.#runtime.exports.access(place.id, offset, n, purpose) >>> 0
      if (address > 1) {
        place.runs = execution.runs
        place.from = offset
        place.end = offset + this.#runtime.exports.steady(place.id, offset, n)
        place.address = address
        place.purpose = purpose
      }
    } catch (error) {
      throw execution.crash(error)
    }
    execution.checkAfter()
    return address
  }

  #chunk(id: number, offset: number): number {
    return this.#execution.look(() => this.#runtime.exports.chunk(id, offset)) >>> 0
  }

  /** How many of `n` bytes from an offset on follow each other. */
  #length(place: Place, offset: number, n: number): number {
    return Math.max(Math.min(n, place.end - offset), this.#chunkLength(offset, n))
  }

  /** How many of them lie in one page. */
  #chunkLength(offset: number, n: number): number {
    return Math.min(n, this.#pageSize - (offset % this.#pageSize))
  }

  /** All of the program's memory, made anew after it has grown. */
  get #memory(): Uint8Array {
    if (this.#view.byteLength === 0) this.#view = new Uint8Array(this.#runtime.exports.mem.buffer)
    return this.#view
  }
}
