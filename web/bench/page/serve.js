/**
 * Answers calls by name in a worker; see stores/worker.js. Arrays that are answered are transferred.
 *
 * @param {Record<string, (what: any) => any>} calls
 */
export const serve = (calls) =>
  addEventListener('message', async ({ data: { number, call, what } }) => {
    try {
      const answer = await calls[call](what)
      const arrays = [answer].flat().filter((one) => ArrayBuffer.isView(one))
      postMessage({ number, answer }, { transfer: arrays.map(({ buffer }) => buffer) })
    } catch (error) {
      postMessage({ number, error: String(error) })
    }
  })
