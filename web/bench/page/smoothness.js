// Whether the page stays usable while bytes stream to disk.
import { pause, percentile, watchTasks } from './clock.js'
import { withStore, writeAll } from './disk.js'

/**
 * Streams, or idles if there is no store. The longest task on the main thread, where the browser reports
 * those of 50 ms and more (0: there was none), how long another one had to wait at most, and the gaps between frames.
 * Milliseconds.
 */
export async function smoothness(options) {
  if (document.visibilityState !== 'visible') throw new Error('the page is not visible')
  const idle = !options.store
  return idle
    ? watch(() => pause(options.idle))
    : withStore(options, (store, tiles) => streamed(store, tiles))

  async function streamed(store, tiles) {
    return watch(() => writeAll(store, Math.ceil(options.total / options.size), tiles))
  }
}

async function watch(work) {
  await pause(500)
  const tasks = []
  const reported = PerformanceObserver.supportedEntryTypes.includes('longtask')
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  })
  if (reported) observer.observe({ type: 'longtask' })
  const gaps = []
  let last
  let running = true
  const frame = (now) => {
    if (last !== undefined) gaps.push(now - last)
    last = now
    if (running) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  const others = watchTasks()
  await pause()
  others.begin()
  await work()
  const wait = others.end()
  running = false
  await pause(200)
  observer.disconnect()
  const answer = { p99: percentile(gaps, 99), gap: Math.max(...gaps), wait, frames: gaps.length }
  return reported ? { ...answer, task: Math.max(0, ...tasks) } : answer
}
