// A worker that answers calls, as serve.js does on the other side.

/**
 * @param {string} path of the worker's script
 * @returns `ask(call, what, transfer)`, which answers what the call does, and `end`
 */
export function startWorker(path) {
  const worker = new Worker(path, { type: 'module' })
  const waiting = new Map()
  let asked = 0
  worker.onmessage = ({ data: { number, answer, error } }) => {
    const { resolve, reject } = waiting.get(number)
    waiting.delete(number)
    if (error) reject(new Error(error))
    else resolve(answer)
  }
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message))
    waiting.clear()
  }
  return {
    ask: (call, what = {}, transfer = []) =>
      new Promise((resolve, reject) => {
        waiting.set(++asked, { resolve, reject })
        worker.postMessage({ number: asked, call, what }, transfer)
      }),
    end: () => worker.terminate(),
  }
}
