import Dexie from 'dexie'

export async function open() {
  const db = /** @type {Dexie & { tiles: import('dexie').Table }} */ (new Dexie('dexie'))
  db.version(1).stores({ tiles: '' })
  await db.open()
  const keys = (first, n) => Array.from({ length: n }, (_, k) => first + k)
  return {
    put: (i, tile) => db.tiles.put(tile, i),
    get: (i) => db.tiles.get(i),
    putMany: (first, tiles) => db.tiles.bulkPut(tiles, keys(first, tiles.length)),
    getMany: (first, n) => db.tiles.bulkGet(keys(first, n)),
    close: () => db.delete(),
  }
}
