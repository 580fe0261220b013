// The worker of stores/opfs-messages.js.
import { serve } from './serve.js'

const name = 'messages'
let handle

serve({
  async open() {
    const root = await navigator.storage.getDirectory()
    const file = await root.getFileHandle(name, { create: true })
    handle = await file.createSyncAccessHandle()
  },
  write({ at, bytes }) {
    handle.write(bytes, { at })
  },
  read({ at, size }) {
    const bytes = new Uint8Array(size)
    handle.read(bytes, { at })
    return bytes
  },
  async close() {
    handle.close()
    const root = await navigator.storage.getDirectory()
    await root.removeEntry(name)
  },
})
