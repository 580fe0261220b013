// The same in a worker, which the page gives copies of its tiles, a transaction's worth in a message: what stands
// between raw.js and this is the thread.
import { inTwoLanes, perTransaction } from './raw.js'
import { startWorker } from './worker.js'

/** @param {{ size: number, transaction?: number }} options bytes of a record, of a transaction */
export async function open({ size, transaction = size }) {
  const { ask, end } = startWorker('/raw-worker.js')
  await ask('open')
  const most = perTransaction({ size, transaction })
  return {
    writeAll: (n, tiles) =>
      inTwoLanes(n, most, (first, count) => {
        const copies = tiles.run(first, count).map((tile) => tile.slice())
        return ask(
          'putMany',
          { first, tiles: copies },
          copies.map(({ buffer }) => buffer),
        )
      }),
    readAll: (n, tiles) =>
      inTwoLanes(n, most, async (first, count) => {
        const got = await ask('getMany', { first, count })
        got.forEach((tile, k) => {
          tiles.check(tile, first + k)
        })
      }),
    get: (i) => ask('get', { i }),
    async close() {
      await ask('close')
      end()
    },
  }
}
