// What was written, remembered as SHA-256 digests. WebCrypto digests only whole buffers, so each strip
// has a digest of its own and the picture's is the digest of those, in order.

/** Pages that are not secure (plain http, but for localhost) have no WebCrypto. */
export const canDigest = globalThis.crypto?.subtle !== undefined

async function digest(data: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data))
  let text = ''
  for (const byte of hash) text += byte.toString(16).padStart(2, '0')
  return text
}

export class Fingerprint {
  readonly #strips: string[] = []
  #zeroStrip = ''

  constructor(
    readonly stripBytes: number,
    public size = 0,
  ) {}

  /** Takes the strip with this number, which may be the last and shorter one. */
  async set(strip: number, data: BufferSource): Promise<void> {
    this.#strips[strip] = canDigest ? await digest(data) : ''
  }

  same(strip: number, other: Fingerprint): boolean {
    return this.#strips[strip] === other.#strips[strip]
  }

  /** The digest of the digests. */
  async whole(): Promise<string> {
    if (!canDigest) return ''
    return digest(new TextEncoder().encode(this.#strips.join('')))
  }

  equals(other: Fingerprint): boolean {
    return this.size === other.size && this.#strips.join() === other.#strips.join()
  }

  /** The strip that a change to `newSize` cuts or lengthens, as `[number, bytes it has now]`. */
  cut(newSize: number): [strip: number, length: number] | null {
    const edge = Math.min(this.size, newSize)
    const strip = Math.floor(edge / this.stripBytes)
    if (edge % this.stripBytes === 0) return null
    return [strip, Math.min(this.stripBytes, this.size - strip * this.stripBytes)]
  }

  /**
   * What is expected after a reallocation: the old bytes up to the smaller size, then zeros. `old` is
   * the content of the strip named by `cut`; without it that strip will be equal to nothing.
   */
  async resize(newSize: number, old: Uint8Array | null): Promise<void> {
    const cut = this.cut(newSize)
    const strips = Math.ceil(newSize / this.stripBytes)
    const kept = Math.floor(Math.min(this.size, newSize) / this.stripBytes)
    this.#strips.length = Math.min(this.#strips.length, kept)
    for (let strip = kept; strip < strips; strip++) {
      const length = Math.min(this.stripBytes, newSize - strip * this.stripBytes)
      if (cut && strip === cut[0]) {
        this.#strips[strip] = 'unknown'
        if (!old) continue
        const content = new Uint8Array(length)
        content.set(old.subarray(0, Math.min(length, old.length)))
        await this.set(strip, content)
      } else if (length === this.stripBytes) {
        this.#zeroStrip ||= canDigest ? await digest(new Uint8Array(length)) : ''
        this.#strips[strip] = this.#zeroStrip
      } else {
        await this.set(strip, new Uint8Array(length))
      }
    }
    this.size = newSize
  }
}
