import { mostRead, mostWritten } from './allocation'
import {
  bytes,
  callback as checked,
  callKeys,
  flag,
  isImageData,
  object,
  type Options,
  optionsFrom,
  report,
  view,
  viewKeys,
  wrong,
} from './arguments'
import type * as api from './asposecache'
import { CacheEntity, handleOf } from './entity'
import type { Pages } from './pages'

/** What makes a surface, beside the options of every allocation. */
export const surfaceKeys = ['width', 'height', 'bytesPerPixel']

const strideKeys = ['stride']
const writeKeys = [...callKeys, ...strideKeys]
const readKeys = [...callKeys, 'scale', 'filter']

/** Width, height and bytes per pixel, as far as JavaScript knows what is right. */
export function surfaceArguments({ width, height, bytesPerPixel = 4 }: Options): [number, number, number] {
  return [bytes('width', width), bytes('height', height), bytes('bytesPerPixel', bytesPerPixel)]
}

const rectFrom = (value: unknown): api.Rect => {
  if (value === undefined) throw wrong('rect', value, 'an object')
  const { x, y, width, height } = object('rect', value)
  return {
    x: bytes('rect.x', x),
    y: bytes('rect.y', y),
    width: bytes('rect.width', width),
    height: bytes('rect.height', height),
  }
}

/** As the program takes it. What is meant by all of a surface is known when a call's turn has come. */
const parts = (rect: api.Rect | undefined): [x: number, y: number, width: number, height: number] =>
  rect ? [rect.x, rect.y, rect.width, rect.height] : [0, 0, -1, -1]

/** The bytes of rows that begin `stride` bytes after each other. Throws if the data does not fit. */
function strideOf(
  rect: api.Rect,
  bytesPerPixel: number,
  data: Uint8Array,
  { stride: given }: Options,
): number {
  const row = rect.width * bytesPerPixel
  const stride = given === undefined ? row : bytes('options.stride', given)
  if (stride < row)
    throw new RangeError(`options.stride: ${stride} was given, a row of the rectangle has ${row} bytes`)
  const n = data.byteLength
  const least = rect.height === 0 || row === 0 ? 0 : stride * (rect.height - 1) + row
  const most = stride * rect.height
  if (n < least || n > most) {
    const allowed = least === most ? String(most) : `${least} to ${most}`
    throw new RangeError(`data: ${n} bytes were given, the rectangle takes ${allowed}`)
  }
  return stride
}

/** log2 of how many times smaller a picture is. */
function shiftOf(scale: unknown): number {
  if (scale === undefined) return 0
  if (typeof scale !== 'number') throw wrong('options.scale', scale, '1, 1/2, 1/4 to 1/256')
  const shift = -Math.log2(scale)
  if (!Number.isInteger(shift) || shift < 0 || shift > 8)
    throw new RangeError(`options.scale: ${scale} was given, allowed is 1, 1/2, 1/4 to 1/256`)
  return shift
}

/**
 * See the types for what each member does.
 *
 * As for allocations: where the pixels are in memory and nothing waits, reads and writes are done before
 * the method returns; else the program is asked, and it also finds the words for what is wrong.
 */
export class CacheSurface extends CacheEntity implements api.CacheSurface {
  readonly #handle = handleOf(this)
  readonly #program = this.#handle.program
  #bytesPerPixel = 0

  get width(): number {
    const { last, disposed } = this.#handle
    return disposed ? (last?.width ?? 0) : this.#program.width(this.id)
  }

  get height(): number {
    const { last, disposed } = this.#handle
    return disposed ? (last?.height ?? 0) : this.#program.height(this.id)
  }

  get bytesPerPixel(): number {
    // It never changes; there is always one pixel.
    if (!this.#bytesPerPixel) this.#bytesPerPixel = this.size / (this.width * this.height) || 0
    return this.#bytesPerPixel
  }

  async writeRect(
    rect: api.Rect,
    data: AllowSharedBufferSource,
    options?: api.CallOptions & { stride?: number },
  ): Promise<void> {
    const to = rectFrom(rect)
    const call = this.#handle.call(options, writeKeys)
    const from = view('data', data) // after the options, whose getters are the caller's code
    const stride = strideOf(to, this.bytesPerPixel, from, call)
    const n = from.byteLength
    if (n <= mostWritten && this.#program.pages.copyInRect(this.id, to, this.bytesPerPixel, from, stride))
      report(call, n, n)
    else await this.#handle.begin('writeRect', call, ...parts(to), stride, from)
  }

  async readRect(
    rect?: api.Rect,
    options?: api.CallOptions & { scale?: number; filter?: 'pick' | 'average' },
  ): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const from = rect === undefined ? undefined : rectFrom(rect)
    const call = optionsFrom(options, readKeys)
    const { scale, filter = 'pick' } = call
    const shift = shiftOf(scale)
    if (filter !== 'pick' && filter !== 'average') throw wrong('options.filter', filter, '"pick", "average"')
    this.#handle.check(call)
    if (shift === 0) return (await this.#read(from, call)).data
    const how = filter === 'average' ? 1 : 0
    return clamped(await this.#handle.begin('readRectScaled', call, ...parts(from), shift, how))
  }

  /** The bytes of a rectangle, or of all there is when the turn has come, and how wide that is. */
  async #read(
    rect: api.Rect | undefined,
    call: Options,
  ): Promise<{ data: Uint8ClampedArray<ArrayBuffer>; width: number }> {
    const now = rect ?? this.#all
    const { width } = now
    const n = width * now.height * this.bytesPerPixel
    const data = n <= mostRead ? this.#program.pages.copyOutRect(this.id, now, this.bytesPerPixel) : undefined
    if (!data) {
      const read = await this.#handle.begin('readRect', call, ...parts(rect))
      return { data: clamped(read.data), width: read.width }
    }
    report(call, n, n)
    return { data, width }
  }

  get #all(): api.Rect {
    return { x: 0, y: 0, width: this.width, height: this.height }
  }

  async writeImageData(imageData: ImageData, x = 0, y = 0, options?: api.CallOptions): Promise<void> {
    this.#handle.call(options)
    const { width, height, data } = this.#pixels(imageData)
    await this.writeRect({ x, y, width, height }, data, options)
  }

  /** An ImageData as the surface takes it. */
  #pixels(imageData: unknown): ImageData {
    const pixels = imageData as ImageData & { pixelFormat?: string }
    if (!isImageData(imageData)) throw wrong('imageData', imageData, 'an ImageData')
    // Where ImageData has neither of them, it is of no other kind.
    const { colorSpace = 'srgb', pixelFormat = 'rgba-unorm8' } = pixels
    if (colorSpace !== 'srgb' || pixelFormat !== 'rgba-unorm8')
      throw new TypeError(`imageData: ${colorSpace}, ${pixelFormat} was given, allowed is srgb, rgba-unorm8`)
    this.#needRGBA()
    return pixels
  }

  #needRGBA() {
    if (this.bytesPerPixel !== 4)
      throw new TypeError(`imageData: the surface has ${this.bytesPerPixel} bytes per pixel, not 4`)
  }

  async readImageData(rect?: api.Rect, options?: api.CallOptions): Promise<ImageData> {
    const call = this.#handle.call(options)
    this.#needRGBA()
    const { data, width } = await this.#read(rect === undefined ? rect : rectFrom(rect), call)
    if (!data.length) throw new RangeError('rect: an ImageData has one pixel at least')
    return new ImageData(data, width)
  }

  writeRectSync(rect: api.Rect, data: AllowSharedBufferSource, options?: { stride?: number }): void {
    const to = rectFrom(rect)
    const call = this.#handle.call(options, strideKeys)
    const from = view('data', data)
    const stride = strideOf(to, this.bytesPerPixel, from, call)
    this.#atOnce(to, true, (pages) => pages.copyInRect(this.id, to, this.bytesPerPixel, from, stride))
  }

  readRectSync(rect?: api.Rect): Uint8ClampedArray<ArrayBuffer> {
    const given = rect === undefined ? undefined : rectFrom(rect)
    this.#handle.call(undefined)
    const from = given ?? this.#all
    const n = from.width * from.height * this.bytesPerPixel
    return this.#atOnce(from, false, (pages) => pages.copyOutRect(this.id, from, this.bytesPerPixel), n)!
  }

  /** Does what can be done at once with a rectangle, or throws why it can't. */
  #atOnce<T>(rect: api.Rect, forWriting: boolean, attempt: (pages: Pages) => T, length?: number): T {
    const program = this.#program
    return program.atOnce(
      () => attempt(program.pages),
      () => program.accessRect(this.id, rect, forWriting),
      length,
    )
  }

  forEachTile(
    rect: api.Rect,
    callback: (pixels: Uint8ClampedArray<ArrayBuffer>, tile: api.Rect) => void,
    options?: { write?: boolean },
  ): void {
    const from = rectFrom(rect)
    checked('callback', callback)
    const write = flag('options.write', optionsFrom(options, viewKeys).write)
    this.#handle.call(undefined)
    const { width } = this
    let current: api.Rect
    const use = (view: Uint8Array) => callback(clamped(view), current)
    const copying = this.#handle.owner.debugViews?.copying(this, write, use) ?? use
    const each = (view: Uint8Array, tile: api.Rect) => {
      current = tile
      copying(view, (tile.y * width + tile.x * tile.height) * this.bytesPerPixel)
    }
    this.#atOnce(from, write, (pages) => pages.forEachTile(this.id, from, this.bytesPerPixel, write, each))
  }

  async reallocate(size: { width: number; height: number }, options?: api.CallOptions): Promise<void> {
    const { width, height } = object('size', size)
    const [w, h] = [bytes('size.width', width), bytes('size.height', height)]
    await this.#handle.begin('resize', this.#handle.call(options), w, h)
  }

  snapshot(options?: { label?: string; signal?: AbortSignal }): Promise<CacheSurface> {
    return this.#handle.snapshot(CacheSurface, options)
  }

  restore(from: api.CacheSurface, options?: { signal?: AbortSignal }): Promise<void> {
    return this.#handle.restore(CacheSurface, from, options)
  }
}

/** The same bytes, as canvases have them. */
function clamped({ buffer, byteOffset, byteLength }: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  return new Uint8ClampedArray(buffer as ArrayBuffer, byteOffset, byteLength)
}
