// A picture in the cache that can be painted on, with its history. What is asked for is done in order.
import {
  type AsposeCache,
  type CacheHistory,
  type CacheSurface,
  createHistory,
  type HistoryEntry,
  type Rect,
} from 'asposecache'
import { type Point, Stroke, type Tip } from './brush'
import { Picture } from './picture'
import { sceneOf } from './samples'
import { breathe, Queue } from './tasks'

/** A stroke was taken back while it was painted. */
export class Cancelled extends Error {}

export class Layer {
  readonly #queue = new Queue()
  /** How long the commit of each stroke took, in milliseconds, the oldest first. */
  readonly commits: number[] = []
  /** How long each undo and redo took, in milliseconds. */
  readonly steps: number[] = []

  private constructor(
    readonly cache: AsposeCache,
    readonly surface: CacheSurface,
    readonly history: CacheHistory,
    /** Told of each rectangle whose pixels are others now. */
    readonly changed: (rect: Rect) => void,
  ) {}

  /**
   * Makes room for a picture and draws one, strip by strip.
   *
   * @param drawn told of each strip, and of the surface
   */
  static async create(
    cache: AsposeCache,
    width: number,
    height: number,
    drawn: (surface: CacheSurface, strip: Rect) => void,
    changed: (rect: Rect) => void,
  ): Promise<Layer> {
    const surface = await cache.allocateSurface({ width, height, label: 'picture' })
    try {
      // Strips as high as tiles: each tile is written once.
      const rows = 256
      const picture = new Picture(width, height, sceneOf(width, height, 2), undefined, rows)
      for (let y = 0; y < height; y += rows) {
        const strip = { x: 0, y, width, height: Math.min(rows, height - y) }
        await surface.writeRect(strip, picture.strip(y))
        drawn(surface, strip)
        await breathe()
      }
      return new Layer(cache, surface, await createHistory(surface), changed)
    } catch (error) {
      await surface.dispose()
      throw error
    }
  }

  get entries(): readonly HistoryEntry[] {
    return this.history.entries
  }

  /** What an undo state costs that is a copy of the picture, in bytes. */
  get copyBytes(): number {
    return this.surface.size
  }

  /**
   * Paints a stroke through points as they come, and commits it if it has touched the picture. If it fails,
   * nothing of it stays.
   *
   * @param label asked for when the stroke is over
   */
  paint(label: () => string, tip: Tip, points: Iterable<Point[]> | AsyncIterable<Point[]>): Promise<void> {
    return this.#queue.add(async () => {
      const before = await this.surface.snapshot({ label: 'before the stroke' })
      try {
        const stroke = new Stroke(this.surface, before, tip, this.changed)
        for await (const batch of points) await stroke.extend(batch)
        if (!stroke.touched) return
        const name = label()
        const begun = performance.now()
        await this.history.commit(name)
        const took = performance.now() - begun
        // Strokes that were undone are gone with the commit.
        this.commits.length = this.entries.length - 2
        this.commits.push(took)
      } catch (error) {
        await this.#redrawing(() => this.surface.restore(before))
        throw error
      } finally {
        await before.dispose()
      }
    })
  }

  /** Undoes, by -1, or redoes, by 1; resolves to whether there was something to. */
  async step(by: -1 | 1): Promise<boolean> {
    let done = false
    await this.#queue.add(async () => {
      await this.#redrawing(async () => {
        const begun = performance.now()
        done = await (by < 0 ? this.history.undo() : this.history.redo())
        if (done) this.steps.push(performance.now() - begun)
      })
    })
    return done
  }

  /** Does what puts other pages in place, and tells where the picture differs. */
  async #redrawing(work: () => Promise<void>): Promise<void> {
    const shown = await this.surface.snapshot({ label: 'what is shown' })
    try {
      await work()
      for (const rect of this.cache.difference(shown, this.surface)) this.changed(rect)
    } finally {
      await shown.dispose()
    }
  }

  async dispose(): Promise<void> {
    await this.history.dispose()
    await this.surface.dispose()
  }
}
