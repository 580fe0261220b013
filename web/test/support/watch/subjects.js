// What the calls of scenarios are made on: allocations and surfaces of several sizes, in several places.

/** Bytes that do not compress, made quickly: a MiB of noise, again and again. */
export function filled(size) {
  const bytes = new Uint8Array(size)
  let x = 2_654_435_761
  for (let i = 0; i < Math.min(size, 1 << 20); i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  for (let done = 1 << 20; done < size; done *= 2) bytes.copyWithin(done, 0, Math.min(done, size - done))
  return bytes
}

/** Writes all of a surface, in rows of tiles, so that no copy of all of it is needed. */
export async function fillSurface(surface) {
  const { width, height, bytesPerPixel } = surface
  const data = filled(width * Math.min(256, height) * bytesPerPixel)
  for (let y = 0; y < height; y += 256) {
    const rows = Math.min(256, height - y)
    const rect = { x: 0, y, width, height: rows }
    await surface.writeRect(rect, data.subarray(0, width * rows * bytesPerPixel))
  }
}
