// The origin private file system through ZenFS, which reads and writes whole files: one for each tile.
import { configureSingle, fs } from '@zenfs/core'
import { WebAccess } from '@zenfs/dom'

const folder = 'zenfs'

export async function open() {
  const root = await navigator.storage.getDirectory()
  const handle = await root.getDirectoryHandle(folder, { create: true })
  await configureSingle({ backend: WebAccess, handle })
  return {
    put: (i, tile) => fs.promises.writeFile(`/${i}`, tile),
    get: (i) => fs.promises.readFile(`/${i}`),
    close: () => root.removeEntry(folder, { recursive: true }),
  }
}
