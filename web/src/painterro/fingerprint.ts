/**
 * Tells tiles apart by 128 bits, so that no copy of the picture has to be kept to see what an edit has
 * changed. Two different tiles that were taken for one would lose an edit. With the mixing of MurmurHash3
 * (x86, 128 bit) that happens, for pictures that were not made for it, once in 2^128 comparisons. And
 * pictures cannot be made for it: the multipliers are drawn anew for each instance.
 */
export class Fingerprints {
  readonly #multipliers = crypto.getRandomValues(new Uint32Array(8)).map((n) => n | 1)

  /**
   * The fingerprint of a rectangle, in words of one pixel each: `height` rows of `width` words, the first
   * of them at `start` and each `stride` words behind the one before.
   */
  of(words: Uint32Array, start: number, stride: number, width: number, height: number): string {
    const [m0, m1, m2, m3, m4, m5, m6, m7] = this.#multipliers as unknown as number[] & { length: 8 }
    const { imul } = Math
    let a = 0
    let b = 0
    let c = 0
    let d = 0
    let k = 0
    for (let row = 0; row < height; row++) {
      let i = start + row * stride
      const end = i + width
      for (; i + 3 < end; i += 4) {
        k = imul(words[i]!, m0!)
        a ^= imul((k << 15) | (k >>> 17), m1!)
        a = (imul(((a << 19) | (a >>> 13)) + b, 5) + 0x561ccd1b) | 0
        k = imul(words[i + 1]!, m2!)
        b ^= imul((k << 16) | (k >>> 16), m3!)
        b = (imul(((b << 17) | (b >>> 15)) + c, 5) + 0x0bcaa747) | 0
        k = imul(words[i + 2]!, m4!)
        c ^= imul((k << 17) | (k >>> 15), m5!)
        c = (imul(((c << 15) | (c >>> 17)) + d, 5) + 0x96cd1c35) | 0
        k = imul(words[i + 3]!, m6!)
        d ^= imul((k << 18) | (k >>> 14), m7!)
        d = (imul(((d << 13) | (d >>> 19)) + a, 5) + 0x32ac3b17) | 0
      }
      // What is left of a row goes into each of the four in turn.
      for (; i < end; i++) {
        k = imul(words[i]!, m0!)
        k = a ^ imul((k << 15) | (k >>> 17), m1!)
        k = (imul(((k << 19) | (k >>> 13)) + b, 5) + 0x561ccd1b) | 0
        a = b
        b = c
        c = d
        d = k
      }
    }
    return [width, height, a, b, c, d].join()
  }
}
