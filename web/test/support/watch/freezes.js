// Ordinary use that once ended with a program that collected garbage for ever and never answered again.
import { filled, fillSurface } from './subjects.js'

const freeze = (name, calls, prepare, largest) => ({
  name: `freeze: ${name}`,
  calls,
  short: true,
  pace: 'timer',
  largest,
  prepare,
})

const surfaceInMemory = async ({ load }, side) => {
  const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
  const surface = await cache.allocateSurface({ width: side, height: side })
  const data = filled(surface.size)
  await surface.writeRect({ x: 0, y: 0, width: side, height: side }, data)
  return { surface, data, all: { x: 0, y: 0, width: side, height: side } }
}

const readWhole = (side) => async (kit) => {
  const { surface } = await surfaceInMemory(kit, side)
  return { step: () => surface.readRect() }
}

const writeWhole = (side) => async (kit) => {
  const { surface, data, all } = await surfaceInMemory(kit, side)
  return { step: () => surface.writeRect(all, data) }
}

export const freezes = [
  freeze('a surface of 5000 x 5000 in memory, read whole', 24, readWhole(5000), 5000 ** 2 * 4),
  freeze('a surface of 5000 x 5000 in memory, written whole', 30, writeWhole(5000), 5000 ** 2 * 4),
  freeze('a surface of 10000 x 10000 in memory, read whole', 10, readWhole(10_000), 10_000 ** 2 * 4),
  freeze('a surface of 10000 x 10000 in memory, written whole', 10, writeWhole(10_000), 10_000 ** 2 * 4),

  freeze(
    'a surface of 4000 x 4000 on disk, never written, read and then written a little',
    8,
    async ({ load }) => {
      const cache = await load({ settings: { cacheType: 'cacheOnDiskOnly' } })
      const surface = await cache.allocateSurface({ width: 4000, height: 4000 })
      const piece = filled(16 * 16 * 4)
      return {
        async step() {
          await surface.readRect({ x: 1, y: 1, width: 3998, height: 3998 })
          await surface.writeRect({ x: 0, y: 0, width: 16, height: 16 }, piece)
          await surface.flush()
        },
      }
    },
    4000 ** 2 * 4,
  ),

  freeze('the entries of a history with 700 states', 1000, async ({ load, asposecache, assert }) => {
    const cache = await load()
    const surface = await cache.allocateSurface({ width: 16, height: 16 })
    const history = await asposecache.createHistory(surface)
    for (let i = 0; i < 700; i++) {
      await surface.writeRect({ x: 0, y: 0, width: 16, height: 16 }, new Uint8Array(16 * 16 * 4).fill(i))
      await history.commit(`s${i}`)
    }
    return { step: () => assert.equal(history.entries.length, 701) }
  }),

  freeze('the difference of a surface of 10240 x 10240 and a snapshot', 3000, async ({ load, assert }) => {
    const cache = await load()
    const surface = await cache.allocateSurface({ width: 10_240, height: 10_240, bytesPerPixel: 1 })
    await fillSurface(surface)
    const before = await surface.snapshot()
    // Every second tile of every second row of tiles, so that no two can be told as one rectangle.
    for (let y = 0; y < 10_240; y += 512)
      for (let x = 0; x < 10_240; x += 512)
        await surface.writeRect({ x, y, width: 1, height: 1 }, Uint8Array.of(1))
    return { step: () => assert.equal(cache.difference(before, surface).length, 400) }
  }),
]
