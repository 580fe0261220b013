// Pictures as strips of RGBA pixels, so that a huge one never needs a canvas of its full size.

const STRIP_BYTES = 2 << 20

export class Picture {
  readonly #context: OffscreenCanvasRenderingContext2D

  constructor(
    readonly width: number,
    readonly height: number,
    /** Paints at least the rows from `top` to `bottom`, in the picture's own coordinates. */
    readonly paint: (context: OffscreenCanvasRenderingContext2D, top: number, bottom: number) => void,
    readonly close: () => void = () => {},
    readonly stripRows = Math.max(1, Math.floor(STRIP_BYTES / (width * 4))),
  ) {
    const canvas = new OffscreenCanvas(width, Math.min(height, this.stripRows))
    // Kept in ordinary memory: every pixel is read back, which is slow from a GPU.
    const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' })
    if (!context) throw new Error('this browser gives no 2D canvas')
    this.#context = context
  }

  /** Bytes of every strip but the last one, which can be shorter. */
  get stripBytes(): number {
    return this.stripRows * this.width * 4
  }

  /** The pixels from row `top` on, one strip of them. */
  strip(top: number): Uint8ClampedArray<ArrayBuffer> {
    const rows = Math.min(this.stripRows, this.height - top)
    const context = this.#context
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.width, this.stripRows)
    context.setTransform(1, 0, 0, 1, 0, -top)
    this.paint(context, top, top + rows)
    return context.getImageData(0, 0, this.width, rows, { colorSpace: 'srgb' })
      .data as Uint8ClampedArray<ArrayBuffer>
  }
}

/** The browser cannot show this file as a picture. */
export class NotAPictureError extends Error {}

export async function openFile(file: File, stripRows?: number): Promise<Picture> {
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch (cause) {
    throw new NotAPictureError(file.name, { cause })
  }
  const { width, height } = bitmap
  return new Picture(
    width,
    height,
    (context, top, bottom) =>
      context.drawImage(bitmap, 0, top, width, bottom - top, 0, top, width, bottom - top),
    () => bitmap.close(),
    stripRows,
  )
}
