// The worker of stores/opfs.js.
import { Tiles } from './bytes.js'
import { serve } from './serve.js'

const name = 'tiles'
let handle
let tiles
let target

serve({
  async open({ size }) {
    tiles = new Tiles(size)
    target = new Uint8Array(size)
    const root = await navigator.storage.getDirectory()
    const file = await root.getFileHandle(name, { create: true })
    handle = await file.createSyncAccessHandle()
  },
  write({ n }) {
    for (let i = 0; i < n; i++) handle.write(tiles.tile(i), { at: i * tiles.size })
    handle.flush()
  },
  read({ n }) {
    for (let i = 0; i < n; i++) read(i)
  },
  readThese({ numbers }) {
    return numbers.map((i) => {
      const start = performance.now()
      read(i)
      return performance.now() - start
    })
  },
  async close() {
    handle.close()
    const root = await navigator.storage.getDirectory()
    await root.removeEntry(name)
  },
})

function read(i) {
  handle.read(target, { at: i * tiles.size })
  tiles.check(target, i)
}
