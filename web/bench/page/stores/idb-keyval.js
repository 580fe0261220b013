import * as keyval from 'idb-keyval'

export async function open() {
  const store = keyval.createStore('idb-keyval', 'tiles')
  return {
    put: (i, tile) => keyval.set(i, tile, store),
    get: (i) => keyval.get(i, store),
    putMany: (first, tiles) =>
      keyval.setMany(
        tiles.map((tile, k) => [first + k, tile]),
        store,
      ),
    getMany: (first, n) =>
      keyval.getMany(
        Array.from({ length: n }, (_, k) => first + k),
        store,
      ),
    async close() {
      // It never closes its connection; the origin goes with the page.
      await keyval.clear(store)
    },
  }
}
