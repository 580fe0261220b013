import type { AsposeCache, Medium } from 'asposecache'
import { part, setText } from './dom'
import { bytes, count } from './format'

/** A counter against its limit. */
export class Gauge {
  readonly #number: HTMLElement
  readonly #bar: HTMLElement
  readonly #fill: HTMLElement
  readonly #mark: HTMLElement
  readonly #against: HTMLElement
  #highest = 0

  constructor(readonly medium: Medium) {
    this.#number = part(`${medium}-bytes`)
    this.#bar = part(`${medium}-bar`)
    this.#fill = this.#bar.querySelector<HTMLElement>('.fill')!
    this.#mark = this.#bar.querySelector<HTMLElement>('.mark')!
    this.#against = part(`${medium}-against`)
  }

  update(cache: AsposeCache | null): void {
    if (this.medium === 'disk') setText(part('disk-place'), place(cache))
    const inMemory = this.medium === 'memory'
    const value = (inMemory ? cache?.allocatedMemoryBytesCount : cache?.allocatedDiskBytesCount) ?? 0
    const limit = (inMemory ? cache?.settings.maxMemoryForCache : cache?.settings.maxDiskSpaceForCache) ?? 0
    this.#highest = Math.max(this.#highest, value)

    // A reallocation may pass the limit: then the whole bar is the value and a mark shows the limit.
    // Without a limit the bar is measured against a round size above the highest value so far.
    const scale = limit > 0 ? Math.max(limit, value) : roundScale(this.#highest)
    const over = limit > 0 && value > limit
    this.#number.dataset.bytes = String(value)
    setText(this.#number, count(value))
    this.#fill.style.width = `${(value / scale) * 100}%`
    this.#mark.style.left = `${(limit / scale) * 100}%`
    this.#bar.classList.toggle('over', over)
    this.#bar.classList.toggle('open', limit === 0)
    setText(
      this.#against,
      limit === 0
        ? `${bytes(value)} · no limit`
        : over
          ? `${bytes(value)} · ${bytes(value - limit)} over the limit of ${bytes(limit)}`
          : `${bytes(value)} of ${bytes(limit)} · ${bytes(limit - value)} free`,
    )
  }
}

/** What the disk lies on, and where it is worked on. Before it is used nobody knows. */
function place(cache: AsposeCache | null): string {
  const { store, thread } = cache?.statistics().disk ?? {}
  if (!store) return ''
  return `${store === 'opfs' ? 'files (OPFS)' : 'IndexedDB'}, ${thread === 'worker' ? 'in a worker' : 'on the page'}`
}

/** The next power of two that leaves some room, 64 MiB at least. */
function roundScale(value: number): number {
  let scale = 64 * 1024 ** 2
  while (scale < value * 1.15) scale *= 2
  return scale
}
