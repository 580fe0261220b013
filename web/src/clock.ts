// Time, of which a page under test may have replaced all that is usual: `setTimeout`, `Date`, `performance` and
// `queueMicrotask`, before this script was loaded or later. Then they stand still, or jump. What an event says of its
// time, and the timeouts of signals, are left alone by those who do that.

/** The page's clock, if it is the browser's still; to make an event takes twice as long. */
const read = String(performance.now).includes('[native code]')
  ? performance.now.bind(performance)
  : () => new Event('').timeStamp

/** Not 0, which the Go runtime takes for a clock that does not work. */
let latest = 1

/** Milliseconds since the page began, never fewer than before. */
export function now(): number {
  const time = read()
  if (time > latest) latest = time
  return latest
}

export interface Timeout {
  readonly signal: AbortSignal
  readonly end: () => void
}

/** Calls back after so many milliseconds. By then the clock has gone on by as many, however coarse it is. */
export function setTimeout(callback: () => void, ms: number): Timeout {
  const due = now() + ms
  const signal = AbortSignal.timeout(ms)
  const end = () => {
    if (due > latest) latest = due
    callback()
  }
  signal.addEventListener('abort', end)
  return { signal, end }
}

export function clearTimeout(timeout: Timeout | undefined): void {
  timeout?.signal.removeEventListener('abort', timeout.end)
}

const resolved = Promise.resolve()

/** Calls back when the caller is through; what is thrown then is reported. Node, which lacks that, reports it itself. */
export function soon(callback: () => void): void {
  resolved.then(callback).catch(globalThis.reportError)
}

/** Calls back in a task of its own, sooner than a timer would. */
export function nextTask(callback: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    callback()
  }
  port2.postMessage(null)
}

/** What takes the place of the globals of these names for the program. */
export const clock = {
  performance: { now },
  Date: class {
    static now = now
    getTime = now
    // Go's library asks for it before it writes a time down.
    getTimezoneOffset = () => 0
  },
  setTimeout,
  clearTimeout,
}
