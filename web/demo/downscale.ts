/**
 * Makes a small picture of a big one that arrives in strips: every small pixel is the mean of the big
 * ones it covers. Scaling each strip on a canvas would leave seams where strips meet.
 */
export class Downscaler {
  readonly image: ImageData
  readonly #scaleX: number
  readonly #scaleY: number
  /** Of every run of this many columns and rows one is looked at, which is plenty for a preview. */
  readonly #step: number
  readonly #sums: Float64Array
  #row = 0

  constructor(
    readonly width: number,
    readonly height: number,
    maxWidth: number,
    maxHeight: number,
  ) {
    const scale = Math.min(1, maxWidth / width, maxHeight / height)
    const smallWidth = Math.max(1, Math.round(width * scale))
    const smallHeight = Math.max(1, Math.round(height * scale))
    this.image = new ImageData(smallWidth, smallHeight)
    this.#scaleX = smallWidth / width
    this.#scaleY = smallHeight / height
    this.#step = Math.max(1, Math.floor(1 / scale / 3))
    this.#sums = new Float64Array(smallWidth * 5)
  }

  /** Takes whole rows, the first of which is row `top`; strips come in order. */
  add(pixels: Uint8Array | Uint8ClampedArray, top: number): void {
    const rows = Math.floor(pixels.length / (this.width * 4))
    for (let row = 0; row < rows; row++) {
      const target = Math.min(this.image.height - 1, Math.floor((top + row) * this.#scaleY))
      if (target !== this.#row) {
        this.#finishRow()
        this.#sums.fill(0)
        this.#row = target
      } else if ((top + row) % this.#step !== 0) {
        continue
      }
      this.#addRow(pixels, row * this.width * 4)
    }
    this.#finishRow()
  }

  #addRow(pixels: Uint8Array | Uint8ClampedArray, start: number): void {
    const sums = this.#sums
    for (let x = 0; x < this.width; x += this.#step) {
      const at = start + x * 4
      const sum = Math.floor(x * this.#scaleX) * 5
      const alpha = pixels[at + 3]!
      // Weighted by alpha, so that what is transparent does not darken its neighbours.
      sums[sum] = sums[sum]! + pixels[at]! * alpha
      sums[sum + 1] = sums[sum + 1]! + pixels[at + 1]! * alpha
      sums[sum + 2] = sums[sum + 2]! + pixels[at + 2]! * alpha
      sums[sum + 3] = sums[sum + 3]! + alpha
      sums[sum + 4] = sums[sum + 4]! + 1
    }
  }

  #finishRow(): void {
    const { data, width } = this.image
    const sums = this.#sums
    for (let x = 0; x < width; x++) {
      const alpha = sums[x * 5 + 3]!
      const seen = sums[x * 5 + 4]!
      const at = (this.#row * width + x) * 4
      data[at] = alpha ? sums[x * 5]! / alpha : 0
      data[at + 1] = alpha ? sums[x * 5 + 1]! / alpha : 0
      data[at + 2] = alpha ? sums[x * 5 + 2]! / alpha : 0
      data[at + 3] = seen ? alpha / seen : 0
    }
  }
}
