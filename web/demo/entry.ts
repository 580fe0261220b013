import type { AsposeCache, CacheAllocation } from 'asposecache'
import { Downscaler } from './downscale'
import { canDigest, Fingerprint } from './fingerprint'
import type { Picture } from './picture'
import { breathe } from './tasks'

export type Phase = 'waiting' | 'opening' | 'writing' | 'idle' | 'reading' | 'resizing' | 'gone'
/** Whether what was read back is what was written. */
export type Check = 'none' | 'unread' | 'equal' | 'different' | 'unavailable'

const THUMB_WIDTH = 192
const THUMB_HEIGHT = 144

/** One picture and its allocation, from the wish to have it to its end. */
export class Entry {
  phase: Phase = 'waiting'
  /** Of the phase, 0 to 1. */
  progress = 0
  check: Check = 'none'
  /** Of what was written, and of what was last read back. */
  digest = ''
  readDigest = ''
  width = 0
  height = 0
  thumbnail: ImageData | null = null
  allocation: CacheAllocation | null = null

  #expected: Fingerprint | null = null
  readonly #ended = new AbortController()

  constructor(
    readonly name: string,
    readonly open: () => Promise<Picture>,
    readonly changed: () => void,
  ) {}

  get size(): number {
    return this.allocation?.size ?? 0
  }

  get gone(): boolean {
    return this.phase === 'gone'
  }

  /** Opens the picture, takes room for its pixels and writes them strip by strip. */
  async fill(cache: AsposeCache): Promise<void> {
    if (this.gone) return
    this.#enter('opening')
    const picture = await this.open()
    try {
      if (this.gone) return
      this.width = picture.width
      this.height = picture.height
      const allocation = await cache.allocate(picture.width * picture.height * 4, {
        label: this.name,
        signal: this.#ended.signal,
      })
      // Disposed of while the allocation was made, and too late to abort it.
      if (this.gone) return void allocation.dispose()
      this.allocation = allocation
      this.#enter('writing')
      await this.#write(picture, allocation)
      if (!this.gone) this.#enter('idle')
    } catch (error) {
      // What the person gave up is no error.
      if (!this.gone) throw error
    } finally {
      picture.close()
    }
  }

  async #write(picture: Picture, allocation: CacheAllocation): Promise<void> {
    const written = new Fingerprint(picture.stripBytes, allocation.size)
    const small = new Downscaler(picture.width, picture.height, THUMB_WIDTH, THUMB_HEIGHT)
    this.thumbnail = small.image
    for (let top = 0, strip = 0; top < picture.height; top += picture.stripRows, strip++) {
      const pixels = picture.strip(top)
      await Promise.all([
        allocation.write(pixels, top * picture.width * 4),
        written.set(strip, pixels).then(() => small.add(pixels, top)),
      ])
      if (this.gone) return
      this.#report(Math.min(1, (top + picture.stripRows) / picture.height))
      await breathe()
    }
    this.#expected = written
    this.digest = await written.whole()
    this.check = canDigest ? 'unread' : 'unavailable'
  }

  /**
   * Reads everything back, in the strips it was written in, and compares. `onStrip` is given the bytes as
   * they come; `signal` stops without a verdict.
   */
  async readBack(
    onStrip: (bytes: Uint8Array<ArrayBuffer>, offset: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { allocation } = this
    const expected = this.#expected
    if (this.phase !== 'idle' || !allocation || !expected) return
    this.#enter('reading')
    const read = new Fingerprint(expected.stripBytes, allocation.size)
    try {
      for (let offset = 0, strip = 0; offset < allocation.size; strip++) {
        const length = Math.min(expected.stripBytes, allocation.size - offset)
        const bytes = await allocation.read(offset, length)
        if (signal.aborted || this.gone) return
        await read.set(strip, bytes)
        onStrip(bytes, offset)
        offset += length
        this.#report(offset / allocation.size)
        await breathe()
        if (signal.aborted) return
      }
      this.readDigest = await read.whole()
      if (canDigest) this.check = read.equals(expected) ? 'equal' : 'different'
    } catch (error) {
      if (!this.gone) throw error
    } finally {
      if (!this.gone) this.#enter('idle')
    }
  }

  /**
   * Reallocates. The digest that is expected afterwards needs the content of the one strip that is cut or
   * lengthened; that strip is read first and trusted only if it is what was written.
   */
  async resize(newSize: number): Promise<void> {
    const { allocation } = this
    const expected = this.#expected
    if (this.phase !== 'idle' || !allocation || !expected) return
    this.#enter('resizing')
    try {
      const cut = expected.cut(newSize)
      let old: Uint8Array<ArrayBuffer> | null = null
      if (cut) {
        const [strip, length] = cut
        old = await allocation.read(strip * expected.stripBytes, length)
        const found = new Fingerprint(expected.stripBytes)
        await found.set(strip, old)
        // A digest of wrong bytes would call them right.
        if (!found.same(strip, expected)) old = null
      }
      await allocation.reallocate(newSize)
      await expected.resize(newSize, old)
      this.digest = await expected.whole()
      if (canDigest) this.check = 'unread'
    } catch (error) {
      if (!this.gone) throw error
    } finally {
      if (!this.gone) this.#enter('idle')
    }
  }

  /** Ends it in whatever phase it is: what is under way stops at its next step. */
  async dispose(): Promise<void> {
    if (this.gone) return
    this.#enter('gone')
    this.#ended.abort()
    await this.allocation?.dispose()
  }

  #enter(phase: Phase): void {
    this.phase = phase
    this.progress = 0
    this.changed()
  }

  #report(progress: number): void {
    this.progress = progress
    this.changed()
  }
}
