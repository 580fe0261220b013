// Watches, from the page, a worker that runs a scenario: it is asked four times a second whether it is there.

const every = 250

/**
 * Starts a scenario. `look()` on what this returns tells how it stands: `state` is `'running'`, `'begin'`,
 * `'half'` or `'end'` (it waits for `goOn()`), `'done'`, `'failed'`, `'silent'` or `'stuck'`.
 *
 * `silence` is for how many milliseconds the worker may not answer, `patience` how long one call may take
 * while it does.
 */
export function watch(what, { silence, patience }) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  const told = { state: 'running', calls: 0, longestSilence: 0, wasm: [] }
  let quiet = 0
  let last = performance.now()

  const finish = (state, more) => {
    if (['done', 'failed', 'silent', 'stuck'].includes(told.state)) return
    clearInterval(timer)
    worker.terminate()
    Object.assign(told, { state }, more)
  }
  const heard = () => {
    told.longestSilence = Math.max(told.longestSilence, quiet)
    quiet = 0
  }
  // The time that this page did not have either, because the machine was busy or asleep, is not the worker's.
  const timer = setInterval(() => {
    const now = performance.now()
    quiet += Math.min(now - last, 2 * every)
    last = now
    if (quiet >= silence) finish('silent', { silentFor: quiet })
    else worker.postMessage(['ping'])
  }, every)

  worker.onmessage = ({ data: { pong, state, result, error, wasmBytes } }) => {
    heard()
    if (pong) {
      const { calls, inCall } = pong
      Object.assign(told, pong)
      told.wasm.push([calls, pong.wasmBytes])
      if (inCall > patience) finish('stuck')
    } else if (state === 'done') finish('done', { result })
    else if (state === 'failed') finish('failed', { error })
    else {
      told.state = state
      told.wasm.push([told.calls, wasmBytes])
    }
  }
  worker.onerror = (event) => {
    event.preventDefault()
    finish('failed', { error: event.message || 'the worker could not be started' })
  }
  worker.postMessage(['start', what])

  return {
    look: () => told,
    goOn() {
      told.state = 'running'
      worker.postMessage(['goOn'])
    },
  }
}
