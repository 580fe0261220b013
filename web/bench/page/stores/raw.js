// IndexedDB as well as it can be used by hand: records of a chosen size, so many in a transaction, two
// transactions under way at a time. The page may freeze as it likes; asposeCache may not.

const name = 'raw'
const store = 'tiles'

/** @param {{ size: number, transaction?: number }} options bytes of a record, of a transaction */
export async function open({ size, transaction = size }) {
  const { close, ...calls } = await connect()
  return {
    writeAll: (n, tiles) =>
      inTwoLanes(n, perTransaction({ size, transaction }), (first, count) =>
        calls.putMany(first, tiles.run(first, count)),
      ),
    readAll: (n, tiles) =>
      inTwoLanes(n, perTransaction({ size, transaction }), async (first, count) => {
        const got = await calls.getMany(first, count)
        got.forEach((tile, k) => {
          tiles.check(tile, first + k)
        })
      }),
    get: (i) => calls.get(i),
    close,
  }
}

/** A database of its own; each call is a transaction. */
export async function connect() {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(store)
  const db = await answer(opening)
  const records = (mode) => db.transaction(store, mode, { durability: 'relaxed' }).objectStore(store)
  return {
    putMany(first, tiles) {
      const objects = records('readwrite')
      tiles.forEach((tile, k) => objects.put(tile, first + k))
      objects.transaction.commit()
      return completed(objects.transaction)
    },
    getMany(first, count) {
      const objects = records('readonly')
      return Promise.all(Array.from({ length: count }, (_, k) => answer(objects.get(first + k))))
    },
    get: (i) => answer(records('readonly').get(i)),
    async close() {
      db.close()
      await answer(indexedDB.deleteDatabase(name))
    },
  }
}

export const perTransaction = ({ size, transaction }) => Math.max(1, Math.floor(transaction / size))

/** Does the steps below n, a transaction's worth after the other, two at a time. */
export async function inTwoLanes(n, most, step) {
  let next = 0
  const lane = async () => {
    while (next < n) {
      const first = next
      next = Math.min(n, first + most)
      await step(first, next - first)
    }
  }
  await Promise.all([lane(), lane()])
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
