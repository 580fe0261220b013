// IndexedDB as well as it can be used by hand: records of a chosen size, so many in a transaction, two
// transactions under way at a time. The page may freeze as it likes; asposeCache may not.

const name = 'raw'
const store = 'tiles'

/** @param {{ size: number, transaction: number }} options bytes of a record, of a transaction */
export async function open({ size, transaction = size }) {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(store)
  const db = await answer(opening)
  const records = (mode) => db.transaction(store, mode, { durability: 'relaxed' }).objectStore(store)
  const perTransaction = Math.max(1, Math.floor(transaction / size))

  /** Does the steps below n, a transaction's worth after the other, in two lanes. */
  const inTwoLanes = async (n, step) => {
    let next = 0
    const lane = async () => {
      while (next < n) {
        const first = next
        next = Math.min(n, first + perTransaction)
        await step(first, next)
      }
    }
    await Promise.all([lane(), lane()])
  }

  return {
    writeAll: (n, tiles) =>
      inTwoLanes(n, (first, end) => {
        const objects = records('readwrite')
        for (let i = first; i < end; i++) objects.put(tiles.tile(i), i)
        objects.transaction.commit()
        return completed(objects.transaction)
      }),
    readAll: (n, tiles) =>
      inTwoLanes(n, async (first, end) => {
        const objects = records('readonly')
        const requests = []
        for (let i = first; i < end; i++) requests.push(answer(objects.get(i)))
        const got = await Promise.all(requests)
        got.forEach((tile, k) => {
          tiles.check(tile, first + k)
        })
      }),
    get: (i) => answer(records('readonly').get(i)),
    async close() {
      db.close()
      await answer(indexedDB.deleteDatabase(name))
    },
  }
}

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** @returns {Promise<void>} */
const completed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
