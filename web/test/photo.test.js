// A photo: decoded, kept, and read back.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

for (const cacheType of ['auto', 'cacheOnDiskOnly', 'cacheInMemoryOnly']) {
  inPage(
    `the pixels of a photo come back bit for bit (${cacheType})`,
    { arg: cacheType },
    async (kit, cacheType) => {
      const { load, assert, counters, assertBytes, stored, random } = kit
      const [width, height] = [2000, 1500]
      const canvas = new OffscreenCanvas(width, height)
      const context = canvas.getContext('2d', { willReadFrequently: true })
      const sky = context.createLinearGradient(0, 0, 0, height)
      /** @type {[number, string][]} */
      const stops = [
        [0, '#3b6fb5'],
        [0.55, '#c9dcea'],
        [0.56, '#48603a'],
        [1, '#1d2a16'],
      ]
      for (const [stop, color] of stops) sky.addColorStop(stop, color)
      context.fillStyle = sky
      context.fillRect(0, 0, width, height)
      const next = random(8)
      for (let i = 0; i < 3000; i++) {
        context.fillStyle = `hsla(${next(360)} ${next(60)}% ${next(80)}% / 0.3)`
        context.beginPath()
        context.arc(next(width), next(height), next(40), 0, 7)
        context.fill()
      }
      const grain = context.getImageData(0, 0, width, height)
      for (let i = 0; i < grain.data.length; i++) if (i % 4 < 3) grain.data[i] += next(15) - 7
      context.putImageData(grain, 0, 0)
      const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })
      assert.equal(jpeg.type, 'image/jpeg')

      const bitmap = await createImageBitmap(jpeg)
      const photo = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
        willReadFrequently: true,
      })
      photo.drawImage(bitmap, 0, 0)
      const pixels = photo.getImageData(0, 0, width, height)
      const { byteLength } = pixels.data
      assert.equal(byteLength, width * height * 4)
      const original = new Uint8Array(pixels.data.buffer).slice()

      const inMemory = cacheType === 'cacheInMemoryOnly'
      const maxMemoryForCache = inMemory ? 0 : byteLength - 1
      const cache = await load({ settings: { cacheType, maxMemoryForCache } })
      const allocation = await cache.allocate(byteLength, { label: 'photo.jpg' })
      assert.equal(allocation.medium, inMemory ? 'memory' : 'disk')
      assert.deepEqual(counters(cache), inMemory ? [byteLength, 0] : [0, byteLength])
      // As an editor does it: in strips.
      const rows = 64 * width * 4
      for (let at = 0; at < byteLength; at += rows)
        await allocation.write(pixels.data.subarray(at, at + rows), at)
      await allocation.flush()
      pixels.data.fill(0)
      if (!inMemory) {
        // Two pages share a record, which stays until both are replaced.
        const { bytes } = await stored()
        assert.isAtLeast(bytes, byteLength, 'the pixels are in IndexedDB')
        assert.isAtMost(bytes, 2 * byteLength)
      }
      assertBytes(await allocation.read(), original)
      await allocation.readInto(pixels.data)
      assertBytes(new Uint8Array(pixels.data.buffer), original)
      // What a canvas shows of it is the same picture.
      photo.putImageData(pixels, 0, 0)
      assertBytes(new Uint8Array(photo.getImageData(0, 0, width, height).data.buffer), original)
      await allocation.dispose()
      assert.deepEqual(counters(cache), [0, 0])
    },
  )
}

inPage('twenty pictures on two media', async ({ load, assert, counters, noise, assertBytes }) => {
  const size = 640 * 480 * 4
  const cache = await load({ settings: { maxMemoryForCache: 10 * size, maxDiskSpaceForCache: 10 * size } })
  const pictures = await Promise.all(
    Array.from({ length: 20 }, (_, i) => cache.allocateFrom(noise(size, i + 1))),
  )
  assert.deepEqual(counters(cache), [10 * size, 10 * size])
  assert.equal((await cache.allocate(1).catch((error) => error)).code, 'CACHE_FULL')
  for (const [i, picture] of pictures.entries()) {
    assert.equal(picture.medium, i < 10 ? 'memory' : 'disk')
    assertBytes(await picture.read(), noise(size, i + 1))
  }
  for (const picture of pictures) picture.dispose()
  assert.deepEqual(counters(cache), [0, 0])
})
