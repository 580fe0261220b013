import type { AsposeCache, CacheAllocation } from '../asposecache'

export type Cache = Pick<AsposeCache, 'allocate' | 'addEventListener' | 'removeEventListener'>

/** How many tiles are written side by side: what awaits its turn is copied again by the cache. */
const atOnce = 16

/** Pixels that one state or many have in common. Its bytes are in one place, or are lost. */
export interface Tile {
  readonly key: string
  readonly size: number
  /** In how many places of how many pictures it is. */
  uses: number
  /** Until they are stored, and for as long as they cannot be. */
  bytes: Uint8Array | undefined
  /** Where they are stored, or are being stored. */
  allocation: CacheAllocation | undefined
  /** What was stored is gone, or may be. */
  lost: boolean
}

/**
 * Keeps each tile once, in an allocation of its own: a tile is a page of the cache, so nothing is wasted
 * and nothing is freed late, and that a whole picture is 192 calls costs less than reading its canvas.
 */
export class TileStore {
  readonly #cache: Cache
  readonly #label: string
  readonly #onError: (error: unknown) => void
  readonly #tiles = new Map<string, Tile>()
  /** Tiles to be stored. They stay here when they are refused, until the next one comes. */
  readonly #waiting = new Set<Tile>()
  readonly #disposals = new Set<Promise<void>>()
  /** Pending while tiles are being stored. */
  storing: Promise<void> | undefined

  constructor(cache: Cache, label: string, onError: (error: unknown) => void) {
    this.#cache = cache
    this.#label = label
    this.#onError = onError
  }

  /** Uses a tile once more. `copy` makes its bytes, and is called if they are not here. */
  keep(key: string, size: number, copy: () => Uint8Array): Tile {
    let tile = this.#tiles.get(key)
    if (!tile) {
      tile = { key, size, uses: 0, bytes: undefined, allocation: undefined, lost: false }
      this.#tiles.set(key, tile)
    }
    tile.uses++
    if (!isHere(tile)) {
      // New; or lost, and found again for every state that has it.
      this.#dispose(tile)
      tile.lost = false
      tile.bytes = copy()
      this.#waiting.add(tile)
    }
    if (this.#waiting.size > 0) this.storing ??= this.#store()
    return tile
  }

  release(tile: Tile): void {
    if (--tile.uses > 0) return
    this.#tiles.delete(tile.key)
    this.#waiting.delete(tile)
    this.#dispose(tile)
  }

  /** The bytes, if they can be had at once. */
  now({ bytes, allocation }: Tile): Uint8Array | undefined {
    if (bytes || allocation?.medium !== 'memory') return bytes
    try {
      return allocation.readSync()
    } catch {
      // It may be in another thread, or moving. The awaited call says what is wrong, if anything is.
      return undefined
    }
  }

  async read(tile: Tile): Promise<Uint8Array> {
    if (tile.bytes) return tile.bytes
    return tile.allocation!.read()
  }

  /**
   * Takes note that what an allocation holds is gone, and answers whether that is news. It is seldom alone:
   * no tile on disk is relied on any more when a picture has it again, though it is read if it can be.
   */
  lose(id: number): boolean {
    const tiles = [...this.#tiles.values()]
    const news = tiles.some(({ allocation, lost }) => allocation?.id === id && !lost)
    if (news) for (const tile of tiles) if (tile.allocation?.medium === 'disk') tile.lost = true
    return news
  }

  /** Resolves when everything released so far is freed. */
  async disposals(): Promise<void> {
    await Promise.all(this.#disposals)
  }

  async #store(): Promise<void> {
    // What comes in the same task is stored together.
    await null
    let failure: unknown
    while (this.#waiting.size > 0 && !failure) {
      const tiles = [...this.#waiting].slice(0, atOnce)
      const results = await Promise.allSettled(tiles.map((tile) => this.#write(tile)))
      failure = results.find(({ status }) => status === 'rejected')
    }
    this.storing = undefined
    if (failure) this.#onError((failure as PromiseRejectedResult).reason)
  }

  async #write(tile: Tile): Promise<void> {
    try {
      tile.allocation = await this.#cache.allocate(tile.size, { label: this.#label })
      if (tile.uses > 0) await tile.allocation.write(tile.bytes!)
      tile.bytes = undefined
      this.#waiting.delete(tile)
    } catch (error) {
      // Nobody asks any more for what was released meanwhile.
      if (tile.uses > 0) throw error
    } finally {
      if (tile.bytes || tile.uses === 0) this.#dispose(tile)
    }
  }

  #dispose(tile: Tile): void {
    const { allocation } = tile
    tile.allocation = undefined
    if (!allocation) return
    // After a crash there is nothing left to free.
    const disposal = allocation.dispose().catch(() => {})
    this.#disposals.add(disposal)
    disposal.finally(() => this.#disposals.delete(disposal))
  }
}

/** Whether the bytes can be read, as far as is known. An allocation counts as disposed of after a crash. */
export const isHere = ({ bytes, allocation, lost }: Tile) =>
  bytes !== undefined || (allocation !== undefined && !allocation.disposed && !lost)
