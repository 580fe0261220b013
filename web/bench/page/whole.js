// Rectangles and ranges that are all of a picture.
import { median, pause, watchTasks } from './clock.js'
import { pixels } from './bytes.js'
import { withCache } from './memory.js'

/**
 * All of a picture of so many pixels, read and written in every way, `calls` times after a first one. Nanoseconds for
 * each byte, the median; and the milliseconds for which other tasks of the page had to wait, at most.
 */
export const wholePicture = ({ width, height, calls }) =>
  withCache({ settings: { cacheType: 'cacheInMemoryOnly' } }, async (cache) => {
    const surface = await cache.allocateSurface({ width, height })
    const n = surface.size
    const all = { x: 0, y: 0, width, height }
    const gap = 64
    const rows = pixels((width * 4 + gap) * height)
    const data = rows.subarray(0, n)
    const image = new ImageData(new Uint8ClampedArray(rows.buffer, 0, n), width)
    const progress = { onProgress() {} }
    const answer = {}
    const measure = async (ways) => {
      for (const [name, call] of Object.entries(ways)) {
        const times = []
        const waits = []
        for (let i = 0; i <= calls; i++) {
          const { ms, longest } = await watched(call)
          if (i > 0) times.push(ms)
          waits.push(longest)
        }
        answer[name] = (median(times) / n) * 1e6
        answer[`${name}, kept`] = Math.max(...waits.slice(1))
        answer[`${name}, first`] = waits[0]
      }
    }
    await measure({
      writeRect: () => surface.writeRect(all, data),
      'writeRect, stride': () => surface.writeRect(all, rows, { stride: width * 4 + gap }),
      'writeRect, onProgress': () => surface.writeRect(all, data, progress),
      readRect: () => surface.readRect(),
      'readRect, onProgress': () => surface.readRect(undefined, progress),
      'readRect, scale 1/2': () => surface.readRect(undefined, { scale: 1 / 2 }),
      'readRect, scale 1/2, averaged': () => surface.readRect(undefined, { scale: 1 / 2, filter: 'average' }),
      writeImageData: () => surface.writeImageData(image),
      readImageData: () => surface.readImageData(),
    })
    await surface.dispose()
    const allocation = await cache.allocate(n)
    await measure({
      write: () => allocation.write(data),
      'write, onProgress': () => allocation.write(data, 0, progress),
      read: () => allocation.read(),
      'read, onProgress': () => allocation.read(0, n, progress),
      readInto: () => allocation.readInto(data),
    })
    return answer
  })

/** Makes a call, and tells how long it takes and how long a task of the page had to wait at most. */
async function watched(call) {
  await pause(20)
  const tasks = watchTasks()
  await pause()
  tasks.begin()
  const start = performance.now()
  await call()
  const ms = performance.now() - start
  await pause()
  return { ms, longest: tasks.end() }
}
