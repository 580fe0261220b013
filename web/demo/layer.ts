// A picture in the cache that can be painted on, with its history. What is asked for is done in order.
import {
  type AsposeCache,
  type CacheHistory,
  type CacheSurface,
  createHistory,
  type HistoryEntry,
  type Rect,
  type WhenFullName,
} from 'asposecache'
import { type Point, Stroke, type Tip } from './brush'
import type { Picture } from './picture'
import { breathe, Queue } from './tasks'

/** A stroke was taken back while it was painted. */
export class Cancelled extends Error {}

export class Layer {
  readonly #queue = new Queue()
  /** How long the commit of each stroke took, in milliseconds, by its label. */
  readonly #commits = new Map<string, number>()
  /** The entries of the history, with a label for the oldest. */
  #named: { from?: readonly HistoryEntry[]; entries: readonly HistoryEntry[] } = { entries: [] }
  /** How long each undo, redo and jump took, in milliseconds. */
  readonly steps: number[] = []

  /** The label of the oldest entry, where a history that was made anew has none. */
  oldest = ''

  private constructor(
    readonly cache: AsposeCache,
    readonly surface: CacheSurface,
    public history: CacheHistory,
    public whenFull: WhenFullName,
    /** Told of each rectangle whose pixels are others now. */
    readonly changed: (rect: Rect) => void,
  ) {}

  /**
   * Makes room for a picture and draws it, strip by strip.
   *
   * @param whenFull asked when the picture is drawn
   * @param drawn told of each strip, and of the surface
   */
  static async create(
    cache: AsposeCache,
    picture: Picture,
    whenFull: () => WhenFullName,
    drawn: (surface: CacheSurface, strip: Rect) => void,
    changed: (rect: Rect) => void,
  ): Promise<Layer> {
    const { width, height, stripRows: rows } = picture
    const surface = await cache.allocateSurface({ width, height, label: 'picture' })
    try {
      for (let y = 0; y < height; y += rows) {
        const strip = { x: 0, y, width, height: Math.min(rows, height - y) }
        await surface.writeRect(strip, picture.strip(y))
        drawn(surface, strip)
        await breathe()
      }
      const chosen = whenFull()
      const history = await createHistory(surface, { whenFull: chosen })
      return new Layer(cache, surface, history, chosen, changed)
    } catch (error) {
      await surface.dispose()
      throw error
    }
  }

  /** The same object as long as nothing is new. */
  get entries(): readonly HistoryEntry[] {
    const { entries } = this.history
    const [oldest] = entries
    if (!oldest || oldest.label || !this.oldest) return entries
    if (this.#named.from !== entries)
      this.#named = { from: entries, entries: [{ ...oldest, label: this.oldest }, ...entries.slice(1)] }
    return this.#named.entries
  }

  /** How long the commit of each entry but the first took, in milliseconds. */
  get commits(): number[] {
    return this.entries.slice(1).map(({ label }) => this.#commits.get(label) ?? 0)
  }

  /** How many times are known: of commits, and of steps. */
  get timings(): number {
    return this.#commits.size + this.steps.length
  }

  /** What an undo state costs that is a copy of the picture, in bytes. */
  get copyBytes(): number {
    return this.surface.size
  }

  /**
   * Paints a stroke through points as they come, and commits it if it has touched the picture. If it fails,
   * nothing of it stays.
   *
   * @param label asked for when the stroke is over; no two strokes have the same
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
        this.#commits.set(name, performance.now() - begun)
      } catch (error) {
        await this.#redrawing(() => this.surface.restore(before))
        throw error
      } finally {
        await before.dispose()
      }
    })
  }

  /** Undoes, by -1, or redoes, by 1; resolves to whether there was something to. */
  step(by: -1 | 1): Promise<boolean> {
    return this.#move(() => (by < 0 ? this.history.undo() : this.history.redo()))
  }

  /** Goes to the entry with a label, if it is still there; resolves to whether anything has changed. */
  goTo(label: string): Promise<boolean> {
    return this.#move(async () => {
      const index = this.entries.findIndex((entry) => entry.label === label)
      return index >= 0 && this.history.goTo(index)
    })
  }

  async #move(move: () => Promise<boolean>): Promise<boolean> {
    let done = false
    await this.#queue.add(async () => {
      await this.#redrawing(async () => {
        const begun = performance.now()
        done = await move()
        if (done) this.steps.push(performance.now() - begun)
      })
    })
    return done
  }

  /** Makes the history anew with another choice, and with the same entries: it copies no pixels. */
  setWhenFull(whenFull: WhenFullName): Promise<void> {
    return this.#queue.add(async () => {
      const { history: old, surface, entries } = this
      const current = entries.findIndex((entry) => entry.current)
      let made: CacheHistory | undefined
      try {
        await old.goTo(0)
        made = await createHistory(surface, { whenFull })
        for (let i = 1; i < entries.length; i++) {
          await old.goTo(i)
          await made.commit(entries[i]!.label)
        }
        await made.goTo(current)
      } catch (error) {
        await made?.dispose()
        await old.goTo(current)
        throw error
      } finally {
        // Whoever has read the picture meanwhile may have read another state.
        const { width, height } = surface
        this.changed({ x: 0, y: 0, width, height })
      }
      this.oldest = entries[0]!.label
      this.history = made
      this.whenFull = whenFull
      await old.dispose()
    })
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
