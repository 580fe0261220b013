import localforage from 'localforage'

export async function open() {
  const name = 'localforage'
  const tiles = localforage.createInstance({ name, storeName: 'tiles', driver: localforage.INDEXEDDB })
  await tiles.ready()
  return {
    put: (i, tile) => tiles.setItem(String(i), tile),
    get: (i) => tiles.getItem(String(i)),
    close: () => tiles.dropInstance({ name }),
  }
}
