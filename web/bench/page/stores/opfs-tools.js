// A file of the origin private file system through opfs-tools, which has workers of its own for it.
import { file } from 'opfs-tools'

export async function open({ size }) {
  const tiles = file('/opfs-tools')
  const writer = await tiles.createWriter()
  const reader = await tiles.createReader()
  return {
    // It takes the array away.
    put: (i, tile) => writer.write(tile.slice(), { at: i * size }),
    flush: () => writer.flush(),
    get: async (i) => new Uint8Array(await reader.read(size, { at: i * size })),
    async close() {
      await writer.close()
      await reader.close()
      await tiles.remove()
    },
  }
}
