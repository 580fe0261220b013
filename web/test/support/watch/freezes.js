// Ordinary use that once ended with a program that collected garbage for ever and never answered again.
import { filled, fillSurface } from './subjects.js'

const freeze = (name, calls, prepare) => ({
  name: `freeze: ${name}`,
  calls,
  short: true,
  pace: 'timer',
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
  freeze('a surface of 5000 x 5000 in memory, read whole', 40, readWhole(5000)),
  freeze('a surface of 5000 x 5000 in memory, written whole', 60, writeWhole(5000)),
  freeze('a surface of 10000 x 10000 in memory, read whole', 16, readWhole(10_000)),
  freeze('a surface of 10000 x 10000 in memory, written whole', 16, writeWhole(10_000)),

  freeze(
    'a surface of 4000 x 4000 on disk, never written, read and then written a little',
    12,
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
  ),

  freeze('the entries of a history with 700 states', 1500, async ({ load, asposecache, assert }) => {
    const cache = await load()
    const surface = await cache.allocateSurface({ width: 16, height: 16 })
    const history = await asposecache.createHistory(surface)
    for (let i = 0; i < 700; i++) {
      await surface.writeRect({ x: 0, y: 0, width: 1, height: 1 }, Uint8Array.of(i, i >> 8, 0, 255))
      await history.commit(`stroke ${i}`)
    }
    return { step: () => assert.equal(history.entries.length, 701) }
  }),


  ...['message','timer'].flatMap((pace)=>['rect','tiles','apart'].map((how)=>({...freeze(`variant ${pace} ${how}`, 2500, async ({ load, assert }) => {
    const cache = await load()
    const surface = await cache.allocateSurface({ width: 10_240, height: 10_240, bytesPerPixel: 1 })
    const before = await surface.snapshot()
    if (how==='rect') await surface.writeRect({ x:0, y:0, width: 5120, height: 5120 }, new Uint8Array(5120*5120))
    else for (let k = 0; k < 400; k++) {
      const [x,y] = [(k%20)*512, Math.floor(k/20)*512] 
      const side = how==='tiles' ? 256 : 1
      await surface.writeRect({ x, y, width: side, height: side }, new Uint8Array(side*side))
    }
    return { step: () => void cache.difference(before, surface) }
  }), pace}))),
]
