// Taking times.

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** The number that so many per cent of them do not exceed. */
export const percentile = (numbers, percent) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
}

/** Milliseconds that a call takes. */
export async function milliseconds(call) {
  const start = performance.now()
  await call()
  return performance.now() - start
}

export const perSecond = (bytes, ms) => bytes / 1e6 / (ms / 1000)

/**
 * Runs synchronous bodies turn by turn, and answers for each the microseconds of one call, median of
 * `turns`. How often each is called in its turn is found out first, by calling them until they take
 * `atLeast` milliseconds; that also lets the engine compile them.
 */
export function turnByTurn(bodies, { turns, atLeast }) {
  const counts = bodies.map((body) => {
    for (let n = 8; ; n *= 2) if (timed(body, n) >= atLeast / 2) return n * 2
  })
  const times = bodies.map(() => [])
  for (let turn = 0; turn < turns; turn++)
    bodies.forEach((body, k) => {
      times[k].push((timed(body, counts[k]) / counts[k]) * 1000)
    })
  return times.map(median)
}

function timed(body, n) {
  const start = performance.now()
  body(n)
  return performance.now() - start
}

export const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms))

/** Has task follow task, and tells how many milliseconds the next one had to wait at most since `begin`. */
export function watchTasks() {
  const { port1, port2 } = new MessageChannel()
  let longest = 0
  let last = performance.now()
  port1.onmessage = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    port2.postMessage(null)
  }
  port2.postMessage(null)
  return {
    begin() {
      longest = 0
      last = performance.now()
    },
    end() {
      port1.close()
      return longest
    },
  }
}
