// The page goes on while a call takes long.
import { useBrowser } from './support/browser.js'

const { inPage } = useBrowser()

inPage(
  'tasks of the page run while a large picture is read, written or reduced',
  { timeout: 120_000 },
  async ({ load, assert, MiB }) => {
    const cache = await load({ settings: { cacheType: 'cacheInMemoryOnly' } })
    const side = 4400
    const all = { x: 0, y: 0, width: side, height: side }
    const surface = await cache.allocateSurface({ width: side, height: side })
    const allocation = await cache.allocate(surface.size)
    const data = new Uint8Array(surface.size).fill(7)
    const image = new ImageData(new Uint8ClampedArray(data.buffer), side)

    /** How many tasks of the page run until a promise is settled. */
    async function tasksDuring(call) {
      let tasks = 0
      let over = false
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        tasks++
        if (!over) port2.postMessage(null)
      }
      port2.postMessage(null)
      const answer = await call()
      over = true
      port1.close()
      return [tasks, answer]
    }

    const reduced = (filter) => () => surface.readRect(all, { scale: 1 / 2, filter })
    /** @type {[string, () => Promise<any>, ((answer: any) => boolean)?][]} */
    const calls = [
      ['writeRect', () => surface.writeRect(all, data)],
      ['writeImageData', () => surface.writeImageData(image)],
      ['write', () => allocation.write(data)],
      ['readRect', () => surface.readRect(), (bytes) => bytes[surface.size - 1] === 7],
      ['readImageData', () => surface.readImageData(), ({ data }) => data[surface.size - 1] === 7],
      ['read', () => allocation.read(), (bytes) => bytes[surface.size - 1] === 7],
      ['readInto', () => allocation.readInto(data), () => data[surface.size - 1] === 7],
      ['readRect, picked', reduced('pick'), (bytes) => bytes[surface.size / 4 - 1] === 7],
      ['readRect, averaged', reduced('average'), (bytes) => bytes[surface.size / 4 - 1] === 7],
    ]
    for (const [name, call, check] of calls) {
      const [tasks, answer] = await tasksDuring(call)
      if (check) assert.isTrue(check(answer), name)
      // A pause after 8 MiB at the latest. In WebKit a message does not come in each of them.
      assert.isAtLeast(tasks, Math.floor(surface.size / (16 * MiB)), name)
    }
  },
)
