import type { Fingerprints } from './fingerprint'
import { isHere, type Tile, type TileStore } from './tiles'

const side = 256
const bytesPerPixel = 4

/** A whole picture by its tiles, in rows from the top: what an undo state has instead of an ImageData. */
export class Picture {
  constructor(
    readonly width: number,
    readonly height: number,
    readonly tiles: readonly Tile[],
  ) {}
}

/** Makes pictures of pixels, and pixels of pictures. */
export class Pictures {
  readonly #store: TileStore
  readonly #fingerprints: Fingerprints

  constructor(store: TileStore, fingerprints: Fingerprints) {
    this.#store = store
    this.#fingerprints = fingerprints
  }

  /** Keeps the tiles of an image; those that the store has already cost nothing. */
  keep(image: ImageData): Picture {
    const { width, height } = image
    const tiles = [...areas(width, height)].map((area) =>
      this.#store.keep(this.#fingerprint(image, area), area.width * area.height * bytesPerPixel, () =>
        copyOf(image, area),
      ),
    )
    return new Picture(width, height, tiles)
  }

  release(picture: Picture): void {
    for (const tile of picture.tiles) this.#store.release(tile)
  }

  /**
   * Makes an image show a picture of its size. If the image is `alike`, tiles that it shows already are left
   * alone: one stroke's undo then reads what the stroke has touched. What is not in memory is read by the
   * function that is returned, if any is.
   */
  show(picture: Picture, image: ImageData, alike: boolean): (() => Promise<void>) | undefined {
    const missing: [Tile, Area][] = []
    let i = 0
    for (const area of areas(picture.width, picture.height)) {
      const tile = picture.tiles[i++]!
      if (alike && this.#fingerprint(image, area) === tile.key) continue
      const bytes = this.#store.now(tile)
      if (bytes) put(image, area, bytes)
      else missing.push([tile, area])
    }
    if (missing.length === 0) return undefined
    return async () => {
      await Promise.all(missing.map(async ([tile, area]) => put(image, area, await this.#store.read(tile))))
    }
  }

  /** Stores again what is lost of a picture and can be read from a canvas that shows it. */
  mend(picture: Picture, canvas: Pick<CanvasRenderingContext2D, 'getImageData'>): void {
    let i = 0
    for (const { x, y, width, height } of areas(picture.width, picture.height)) {
      const tile = picture.tiles[i++]!
      if (isHere(tile)) continue
      const image = canvas.getImageData(x, y, width, height)
      const whole = { x: 0, y: 0, width, height }
      if (this.#fingerprint(image, whole) !== tile.key) continue
      // That makes it good for all states that have it.
      this.#store.keep(tile.key, tile.size, () => copyOf(image, whole))
      this.#store.release(tile)
    }
  }

  #fingerprint({ data, width }: ImageData, area: Area): string {
    const words = new Int32Array(data.buffer)
    return this.#fingerprints.of(words, area.y * width + area.x, width, area.width, area.height)
  }
}

interface Area {
  x: number
  y: number
  width: number
  height: number
}

function* areas(width: number, height: number): Generator<Area> {
  for (let y = 0; y < height; y += side)
    for (let x = 0; x < width; x += side)
      yield { x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) }
}

function copyOf({ data, width }: ImageData, area: Area): Uint8Array {
  const row = area.width * bytesPerPixel
  const bytes = new Uint8Array(area.height * row)
  for (let i = 0, from = (area.y * width + area.x) * bytesPerPixel; i < bytes.length; i += row) {
    bytes.set(data.subarray(from, from + row), i)
    from += width * bytesPerPixel
  }
  return bytes
}

function put({ data, width }: ImageData, area: Area, bytes: Uint8Array): void {
  const row = area.width * bytesPerPixel
  for (let i = 0, to = (area.y * width + area.x) * bytesPerPixel; i < bytes.length; i += row) {
    data.set(bytes.subarray(i, i + row), to)
    to += width * bytesPerPixel
  }
}
