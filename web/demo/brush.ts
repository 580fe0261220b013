// One stroke of a brush on a surface: only the tiles that it covers are read and written.
import type { CacheSurface, Rect } from 'asposecache'

/** The side of a surface's tiles: what is written together is cut along them. */
const TILE = 256
/** How many tiles are read and written at a time. */
const AT_ONCE = 8

/** What touches the picture. */
export interface Tip {
  erase: boolean
  colour: [red: number, green: number, blue: number]
  /** The diameter, in pixels of the picture. */
  size: number
  /** From 0 to 1: how much of what is below is covered, however often the stroke crosses itself. */
  opacity: number
  /** From 0, a hard edge, to 1, soft up to the middle. */
  softness: number
}

export interface Point {
  x: number
  y: number
  /** From 0 to 1: how much of the size. */
  pressure: number
}

/** How much of a tile the stroke covers, and which part has changed since it was written. */
class Cover {
  readonly mask = new Uint8Array(TILE * TILE)
  left = TILE
  top = TILE
  right = 0
  bottom = 0

  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

/**
 * The pixels are those of before the stroke, blended with as much of the colour as the stroke covers by
 * now: so what is written does not depend on how the points came.
 */
export class Stroke {
  readonly #covers = new Map<number, Cover>()
  #last: Point | undefined

  /**
   * @param before a snapshot of the surface when the stroke began
   * @param changed told of each rectangle that was written
   */
  constructor(
    readonly surface: CacheSurface,
    readonly before: CacheSurface,
    readonly tip: Tip,
    readonly changed: (rect: Rect) => void,
  ) {}

  /** Whether it has touched the picture. */
  get touched(): boolean {
    return this.#covers.size > 0
  }

  /** Goes on to these points. */
  async extend(points: readonly Point[]): Promise<void> {
    const touched = new Set<Cover>()
    for (const point of points) {
      this.#cover(this.#last ?? point, point, touched)
      this.#last = point
    }
    const covers = [...touched]
    for (let i = 0; i < covers.length; i += AT_ONCE)
      await Promise.all(covers.slice(i, i + AT_ONCE).map((cover) => this.#write(cover)))
  }

  /** Covers a line from one point to another, with round ends. */
  #cover(from: Point, to: Point, touched: Set<Cover>): void {
    const { width, height } = this.surface
    const { size, softness } = this.tip
    const radius = (at: Point) => Math.max(0.5, (size / 2) * at.pressure)
    const widest = Math.max(radius(from), radius(to)) + 1
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - widest))
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - widest))
    const right = Math.min(width, Math.ceil(Math.max(from.x, to.x) + widest))
    const bottom = Math.min(height, Math.ceil(Math.max(from.y, to.y) + widest))
    if (left >= right || top >= bottom) return

    const dx = to.x - from.x
    const dy = to.y - from.y
    const lengthSquared = dx * dx + dy * dy || 1
    const [r0, dr] = [radius(from), radius(to) - radius(from)]

    for (let tileY = top - (top % TILE); tileY < bottom; tileY += TILE)
      for (let tileX = left - (left % TILE); tileX < right; tileX += TILE) {
        const l = Math.max(left - tileX, 0)
        const t = Math.max(top - tileY, 0)
        const r = Math.min(right - tileX, TILE)
        const b = Math.min(bottom - tileY, TILE)
        let cover: Cover | undefined
        for (let y = t; y < b; y++) {
          for (let x = l; x < r; x++) {
            const px = tileX + x + 0.5 - from.x
            const py = tileY + y + 0.5 - from.y
            const along = Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared))
            const ex = px - along * dx
            const ey = py - along * dy
            const reach = r0 + along * dr
            const squared = ex * ex + ey * ey
            if (squared >= (reach + 0.5) * (reach + 0.5)) continue
            // A hard edge is one pixel wide, or it would be jagged.
            const soft = Math.max(1, reach * softness)
            const inside = Math.min(1, (reach + 0.5 - Math.sqrt(squared)) / soft)
            const value = Math.round(255 * inside * inside * (3 - 2 * inside))
            if (value === 0) continue
            cover ??= this.#coverAt(tileX, tileY)
            const at = y * TILE + x
            if (cover.mask[at]! >= value) continue
            cover.mask[at] = value
            if (x < cover.left) cover.left = x
            if (x >= cover.right) cover.right = x + 1
            if (y < cover.top) cover.top = y
            if (y >= cover.bottom) cover.bottom = y + 1
          }
        }
        if (cover && cover.right > 0) touched.add(cover)
      }
  }

  #coverAt(x: number, y: number): Cover {
    const key = (y / TILE) * Math.ceil(this.surface.width / TILE) + x / TILE
    let cover = this.#covers.get(key)
    if (!cover) this.#covers.set(key, (cover = new Cover(x, y)))
    return cover
  }

  async #write(cover: Cover): Promise<void> {
    const { left, top, right, bottom } = cover
    const rect = { x: cover.x + left, y: cover.y + top, width: right - left, height: bottom - top }
    Object.assign(cover, { left: TILE, top: TILE, right: 0, bottom: 0 })
    const pixels = await this.before.readRect(rect)
    blend(pixels, rect.width, cover.mask, top * TILE + left, this.tip)
    await this.surface.writeRect(rect, pixels)
    this.changed(rect)
  }
}

/** Puts colour over the pixels, or takes them away, as far as the mask says, of which `at` is the corner. */
function blend(pixels: Uint8ClampedArray, width: number, mask: Uint8Array, at: number, tip: Tip): void {
  const [red, green, blue] = tip.colour
  const most = tip.opacity / 255
  for (let i = 0, x = 0; i < pixels.length; i += 4) {
    const amount = mask[at + x]! * most
    if (++x === width) {
      x = 0
      at += TILE
    }
    if (amount === 0) continue
    const alpha = pixels[i + 3]! / 255
    if (tip.erase) {
      pixels[i + 3] = 255 * alpha * (1 - amount)
      continue
    }
    const both = amount + alpha * (1 - amount)
    const share = amount / both
    pixels[i] = pixels[i]! + (red - pixels[i]!) * share
    pixels[i + 1] = pixels[i + 1]! + (green - pixels[i + 1]!) * share
    pixels[i + 2] = pixels[i + 2]! + (blue - pixels[i + 2]!) * share
    pixels[i + 3] = 255 * both
  }
}
