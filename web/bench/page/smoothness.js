// Whether the page stays usable while bytes stream to disk.
import { pause, percentile } from './clock.js'
import { withStore, writeAll } from './disk.js'

/**
 * Streams, or idles if there is no store. The longest task on the main thread, where the browser reports
 * those of 50 ms and more (0: there was none), how late a timer was at most, and the gaps between frames.
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

/** Milliseconds: browsers make more of fewer in a chain of timers. */
const every = 4

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
  // A chain of timers: with one that repeats, those that are late catch up.
  let late = 0
  const tick = (due) => {
    late = Math.max(late, performance.now() - due)
    if (running) setTimeout(tick, every, performance.now() + every)
  }
  tick(performance.now())
  await work()
  running = false
  await pause(200)
  observer.disconnect()
  const answer = { p99: percentile(gaps, 99), gap: Math.max(...gaps), late, frames: gaps.length }
  return reported ? { ...answer, task: Math.max(0, ...tasks) } : answer
}
