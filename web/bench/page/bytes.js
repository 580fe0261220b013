// Bytes as pictures have them. What is all zero or repeats is compressed by some of the stores, and would
// show several times the speed that an editor sees.

export const KiB = 1024
export const MiB = 1024 * KiB

/** RGBA pixels: smooth gradients, with noise in the low bits as sensors leave it. */
export function pixels(size, seed = 1) {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, size >>> 2)
  let noise = Math.imul(seed, 2654435761) | 1
  for (let i = 0; i < words.length; i++) {
    noise ^= noise << 13
    noise ^= noise >>> 17
    noise ^= noise << 5
    const x = i & 2047
    const y = i >>> 11
    const red = (x >>> 4) + (y >>> 5) + seed
    const green = (y >>> 3) - (x >>> 5)
    const blue = 255 - (x >>> 3) + (y >>> 4)
    words[i] =
      (0xff000000 | ((blue & 0xff) << 16) | ((green & 0xff) << 8) | (red & 0xff)) ^ (noise & 0x0f0f0f)
  }
  return bytes
}

/**
 * Tiles of one size, each with a buffer of its own, to be stored over and over under a stamp that tells one
 * from the other: whoever reads tile i back can tell that it is that one, and whole.
 */
export class Tiles {
  #tiles

  constructor(size, total = 16 * MiB) {
    this.size = size
    const n = Math.max(2, Math.ceil(total / size))
    const all = pixels(n * size)
    this.#tiles = Array.from({ length: n }, (_, i) => all.slice(i * size, (i + 1) * size))
  }

  /** The bytes of tile `i`, until the next call for one with the same buffer. */
  tile(i) {
    const tile = this.#tiles[i % this.#tiles.length]
    stamp(tile, i)
    return tile
  }

  /** Tiles that exist at the same time. */
  run(first, n) {
    if (n > this.#tiles.length) throw new Error(`there are ${this.#tiles.length} tiles, not ${n}`)
    return Array.from({ length: n }, (_, i) => this.tile(first + i))
  }

  /** Throws unless these are the bytes of tile `i`; looks at the ends and at one byte in the middle. */
  check(bytes, i) {
    const expected = this.#tiles[i % this.#tiles.length]
    const middle = this.size >>> 1
    if (
      bytes?.byteLength !== this.size ||
      bytes[middle] !== expected[middle] ||
      readStamp(bytes, 0) !== i ||
      readStamp(bytes, this.size - 4) !== i
    )
      throw new Error(`tile ${i} is not what was written`)
  }
}

function stamp(tile, i) {
  const view = new DataView(tile.buffer, tile.byteOffset, tile.byteLength)
  view.setUint32(0, i)
  view.setUint32(tile.byteLength - 4, i)
}

const readStamp = (tile, at) => new DataView(tile.buffer, tile.byteOffset, tile.byteLength).getUint32(at)

/** The numbers below n in an order that looks like chance and is always the same. */
export function shuffled(n, seed = 1) {
  const numbers = Array.from({ length: n }, (_, i) => i)
  let state = Math.imul(seed, 2654435761) | 1
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const j = (state >>> 0) % (i + 1)
    const number = numbers[i]
    numbers[i] = numbers[j]
    numbers[j] = number
  }
  return numbers
}
