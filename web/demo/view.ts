// A canvas that shows a surface, all of it or a part: it reads what is seen, as small as it is seen.
import type { CacheSurface, Rect } from 'asposecache'
import { breathe } from './tasks'

/** What is kept of the pixels that were read, in bytes. */
const MOST_KEPT = 64 << 20
/** How many patches are read at a time. */
const AT_ONCE = 4
const HIGHEST_LEVEL = 5
const MOST_ZOOM = 32

/** Patches of level n have one pixel for 2^n x 2^n of the surface. */
interface Patch {
  level: number
  /** What it shows, in pixels of the surface. */
  rect: Rect
  canvas: OffscreenCanvas
  context: OffscreenCanvasRenderingContext2D
  /** Something was drawn into it. */
  shows: boolean
  /** What has to be read, in pixels of the surface. */
  stale: Rect | null
  /** The number of the frame that last needed it. */
  used: number
}

export class View {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #squares: CanvasPattern
  readonly #patches = new Map<string, Patch>()
  #surface: CacheSurface | null = null
  /** The point of the surface in the middle of the canvas, and CSS pixels for each of its pixels. */
  #x = 0
  #y = 0
  #zoom = 1
  /** All of it is shown, also when the canvas changes its size. */
  #fits = true
  #frame = 0
  #frameWanted = false
  #reading = false

  /**
   * @param moved told when another part is shown
   * @param failed told why pixels could not be read
   */
  constructor(
    canvas: HTMLCanvasElement,
    readonly moved: () => void,
    readonly failed: (error: unknown) => void,
  ) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d')!
    this.#squares = squares(this.#context)
    new ResizeObserver(() => this.#resize()).observe(canvas)
  }

  get zoom(): number {
    return this.#zoom
  }

  /** Shows another surface, or none. */
  show(surface: CacheSurface | null): void {
    this.#surface = surface
    this.#patches.clear()
    this.fit()
  }

  /** Pixels of the surface were written. */
  invalidate(rect: Rect): void {
    for (const patch of this.#patches.values()) {
      const part = intersection(patch.rect, rect)
      if (part) patch.stale = union(patch.stale, part)
    }
    this.#redraw()
  }

  fit(): void {
    if (!this.#surface) return this.#redraw()
    const { width, height } = this.#surface
    this.#fits = true
    this.#zoom = this.#smallest
    this.#x = width / 2
    this.#y = height / 2
    this.#move()
  }

  /** Keeps the point of the surface at x, y, in CSS pixels of the canvas, where it is. */
  zoomTo(zoom: number, x = this.#canvas.clientWidth / 2, y = this.#canvas.clientHeight / 2): void {
    if (!this.#surface) return
    const smallest = this.#smallest
    if (zoom <= smallest) return this.fit()
    const at = this.toSurface(x, y)
    this.#fits = false
    this.#zoom = Math.min(MOST_ZOOM, zoom)
    this.#x = at.x - (x - this.#canvas.clientWidth / 2) / this.#zoom
    this.#y = at.y - (y - this.#canvas.clientHeight / 2) / this.#zoom
    this.#move()
  }

  /** Moves the picture, in CSS pixels. */
  pan(dx: number, dy: number): void {
    if (!this.#surface || this.#fits) return
    this.#x -= dx / this.#zoom
    this.#y -= dy / this.#zoom
    this.#move()
  }

  toSurface(x: number, y: number): { x: number; y: number } {
    return {
      x: this.#x + (x - this.#canvas.clientWidth / 2) / this.#zoom,
      y: this.#y + (y - this.#canvas.clientHeight / 2) / this.#zoom,
    }
  }

  get #smallest(): number {
    const { width, height } = this.#surface!
    const { clientWidth, clientHeight } = this.#canvas
    return Math.min((clientWidth - 24) / width, (clientHeight - 24) / height)
  }

  #move(): void {
    const { width, height } = this.#surface!
    this.#x = Math.min(width, Math.max(0, this.#x))
    this.#y = Math.min(height, Math.max(0, this.#y))
    this.moved()
    this.#redraw()
  }

  #resize(): void {
    const ratio = devicePixelRatio
    this.#canvas.width = Math.max(1, Math.round(this.#canvas.clientWidth * ratio))
    this.#canvas.height = Math.max(1, Math.round(this.#canvas.clientHeight * ratio))
    if (this.#fits) this.fit()
    // An empty canvas would be seen until the next frame.
    this.#draw()
  }

  #redraw(): void {
    if (this.#frameWanted) return
    this.#frameWanted = true
    this.#canvas.dataset.state = 'reading'
    requestAnimationFrame(() => {
      this.#frameWanted = false
      this.#draw()
      void this.#read()
    })
  }

  // ---- Drawing

  #draw(): void {
    const { width, height } = this.#canvas
    const context = this.#context
    this.#frame++
    context.clearRect(0, 0, width, height)
    if (!this.#surface) return
    const picture = this.#onCanvas({ x: 0, y: 0, width: this.#surface.width, height: this.#surface.height })
    context.fillStyle = this.#squares
    context.fillRect(picture.x, picture.y, picture.width, picture.height)
    context.imageSmoothingEnabled = this.#zoom < 2
    context.imageSmoothingQuality = 'high'
    for (const patch of this.#patchesOf(this.#level, this.#visible)) {
      if (patch.shows) this.#put(patch)
      else this.#putInstead(patch)
    }
    if (!this.#fits) this.#drawMap()
  }

  #put(patch: Patch): void {
    const to = this.#onCanvas(patch.rect)
    this.#context.drawImage(patch.canvas, to.x, to.y, to.width, to.height)
  }

  /** Where a patch was not read yet: what there is of other levels, the coarsest below. */
  #putInstead(patch: Patch): void {
    const others = [...this.#patches.values()].filter(
      (other) => other.shows && other.stale === null && intersection(other.rect, patch.rect),
    )
    if (others.length === 0) return
    const context = this.#context
    const { x, y, width, height } = this.#onCanvas(patch.rect)
    context.save()
    context.beginPath()
    context.rect(x, y, width, height)
    context.clip()
    for (const other of others.sort((a, b) => b.level - a.level)) this.#put(other)
    context.restore()
  }

  /** All of the picture in a corner, and which part of it is shown. */
  #drawMap(): void {
    const surface = this.#surface!
    const context = this.#context
    const ratio = devicePixelRatio
    const scale = (130 * ratio) / Math.max(surface.width, surface.height)
    const left = Math.round(this.#canvas.width - surface.width * scale - 12 * ratio)
    const top = Math.round(this.#canvas.height - surface.height * scale - 12 * ratio)
    const at = (rect: Rect) => ends(left + rect.x * scale, top + rect.y * scale, rect, scale)
    const whole = at({ x: 0, y: 0, width: surface.width, height: surface.height })
    context.fillStyle = '#0b0e15'
    context.fillRect(whole.x - ratio, whole.y - ratio, whole.width + 2 * ratio, whole.height + 2 * ratio)
    context.imageSmoothingEnabled = true
    for (const patch of this.#patchesOf(this.#overview, this.#all)) {
      const to = at(patch.rect)
      if (patch.shows) context.drawImage(patch.canvas, to.x, to.y, to.width, to.height)
    }
    const seen = intersection(this.#visible, this.#all)
    if (!seen) return
    const { x, y, width, height } = at(seen)
    context.lineWidth = 3 * ratio
    context.strokeStyle = 'rgb(0 0 0 / 0.6)'
    context.strokeRect(x, y, Math.max(width, 3), Math.max(height, 3))
    context.lineWidth = 1.5 * ratio
    context.strokeStyle = '#fff'
    context.strokeRect(x, y, Math.max(width, 3), Math.max(height, 3))
  }

  /** Whole pixels of the canvas, so that neighbours leave no gap. */
  #onCanvas(rect: Rect): Rect {
    const scale = this.#zoom * devicePixelRatio
    const x = this.#canvas.width / 2 + (rect.x - this.#x) * scale
    const y = this.#canvas.height / 2 + (rect.y - this.#y) * scale
    return ends(x, y, rect, scale)
  }

  // ---- Patches

  get #all(): Rect {
    return { x: 0, y: 0, width: this.#surface!.width, height: this.#surface!.height }
  }

  get #visible(): Rect {
    const { clientWidth, clientHeight } = this.#canvas
    const from = this.toSurface(0, 0)
    return { ...from, width: clientWidth / this.#zoom, height: clientHeight / this.#zoom }
  }

  /** One level finer than what would do: where single pixels are picked, the browser has four to mix. */
  get #level(): number {
    return levelOf(this.#zoom * devicePixelRatio)
  }

  get #overview(): number {
    return levelOf(this.#smallest * devicePixelRatio)
  }

  /** The patches of a level that show a part of the surface, some of them still empty. */
  #patchesOf(level: number, part: Rect): Patch[] {
    const all = this.#all
    const within = intersection(part, all)
    if (!within) return []
    // The same part of the surface whatever the level, but for the finest: a patch is read at once.
    const side = Math.min(1024, 256 << level)
    const found: Patch[] = []
    for (let y = Math.floor(within.y / side) * side; y < within.y + within.height; y += side)
      for (let x = Math.floor(within.x / side) * side; x < within.x + within.width; x += side) {
        const key = `${level} ${x} ${y}`
        let patch = this.#patches.get(key)
        if (!patch) {
          const rect = intersection({ x, y, width: side, height: side }, all)!
          const canvas = new OffscreenCanvas(reduced(rect.width, level), reduced(rect.height, level))
          const context = canvas.getContext('2d')!
          const stale = rect
          patch = { level, rect, canvas, context, shows: false, stale, used: 0 }
          this.#patches.set(key, patch)
        }
        patch.used = this.#frame
        found.push(patch)
      }
    return found
  }

  /** Reads what is seen and not up to date until nothing is. */
  async #read(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    try {
      for (;;) {
        const wanted = this.#wanted()
        if (wanted.length === 0) break
        await Promise.all(wanted.slice(0, AT_ONCE).map((patch) => this.#readPatch(patch)))
        this.#redraw()
        await breathe()
      }
    } finally {
      this.#reading = false
    }
    this.#forget()
    if (!this.#frameWanted) this.#canvas.dataset.state = this.#surface ? 'shown' : 'empty'
  }

  #wanted(): Patch[] {
    if (!this.#surface) return []
    const distance = ({ rect }: Patch) =>
      Math.hypot(rect.x + rect.width / 2 - this.#x, rect.y + rect.height / 2 - this.#y)
    const stale = (patch: Patch) => patch.stale !== null
    const seen = this.#patchesOf(this.#level, this.#visible).filter(stale)
    if (this.#fits) return seen
    if (seen.length > 0) return seen.sort((a, b) => distance(a) - distance(b))
    return this.#patchesOf(this.#overview, this.#all).filter(stale)
  }

  async #readPatch(patch: Patch): Promise<void> {
    const surface = this.#surface!
    // Squares of pixels that become one begin at the corner of the patch.
    const { rect, level } = patch
    const from = aligned(patch.stale!, 1 << level, rect)
    patch.stale = null
    try {
      const pixels = await surface.readRect(from, level > 0 ? { scale: 1 / (1 << level) } : undefined)
      const image = new ImageData(pixels, reduced(from.width, level))
      patch.context.putImageData(image, (from.x - rect.x) >> level, (from.y - rect.y) >> level)
      patch.shows = true
    } catch (error) {
      // Not again and again: the next change or move asks for it.
      if (this.#surface === surface) this.failed(error)
    }
  }

  /** Forgets what was not needed for the longest time. */
  #forget(): void {
    const bytes = ({ canvas }: Patch) => canvas.width * canvas.height * 4
    let kept = 0
    for (const patch of this.#patches.values()) kept += bytes(patch)
    const oldest = [...this.#patches].sort(([, a], [, b]) => a.used - b.used)
    for (const [key, patch] of oldest) {
      if (kept <= MOST_KEPT || patch.used === this.#frame) break
      kept -= bytes(patch)
      this.#patches.delete(key)
    }
  }
}

const levelOf = (scale: number) => Math.min(HIGHEST_LEVEL, Math.max(0, Math.floor(-Math.log2(scale)) - 1))

const reduced = (length: number, level: number) => Math.ceil(length / (1 << level))

/** A rectangle at x, y, scaled and rounded to whole pixels. */
function ends(x: number, y: number, { width, height }: Rect, scale: number): Rect {
  const left = Math.round(x)
  const top = Math.round(y)
  return {
    x: left,
    y: top,
    width: Math.round(x + width * scale) - left,
    height: Math.round(y + height * scale) - top,
  }
}

function intersection(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x)
  const y = Math.max(a.y, b.y)
  const width = Math.min(a.x + a.width, b.x + b.width) - x
  const height = Math.min(a.y + a.height, b.y + b.height) - y
  return width > 0 && height > 0 ? { x, y, width, height } : null
}

function union(a: Rect | null, b: Rect): Rect {
  if (!a) return b
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  const width = Math.max(a.x + a.width, b.x + b.width) - x
  const height = Math.max(a.y + a.height, b.y + b.height) - y
  return { x, y, width, height }
}

/** The smallest rectangle of whole squares around another, inside of `all`, where the squares begin. */
function aligned(rect: Rect, side: number, all: Rect): Rect {
  const x = rect.x - ((rect.x - all.x) % side)
  const y = rect.y - ((rect.y - all.y) % side)
  const right = Math.min(all.x + all.width, x + Math.ceil((rect.x + rect.width - x) / side) * side)
  const bottom = Math.min(all.y + all.height, y + Math.ceil((rect.y + rect.height - y) / side) * side)
  return { x, y, width: right - x, height: bottom - y }
}

/** What is seen through transparent pixels. */
function squares(context: CanvasRenderingContext2D): CanvasPattern {
  const canvas = new OffscreenCanvas(16, 16)
  const two = canvas.getContext('2d')!
  two.fillStyle = '#fff'
  two.fillRect(0, 0, 16, 16)
  two.fillStyle = '#d9dce3'
  two.fillRect(0, 0, 8, 8)
  two.fillRect(8, 8, 8, 8)
  return context.createPattern(canvas, 'repeat')!
}
