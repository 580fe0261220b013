// The browser is killed while the cache writes, and started again: what was left behind goes, and nothing else does.
// KILLS is how often, with each store.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { engine } from './support/browser.js'
import { lack, launch } from './support/browsers.js'
import { startSite } from './support/site.js'

const kills = Number(process.env.KILLS ?? 2)

for (const diskStore of ['indexedDB', 'opfs'])
  test(
    `a browser that is killed leaves nothing behind for ever, on ${diskStore}`,
    { skip: lack(engine, 'restart') ?? false, timeout: 60_000 * (kills + 1) },
    async () => {
      const userDataDir = mkdtempSync(join(tmpdir(), 'asposecache-killed-'))
      const site = await startSite()
      const origin = site.origin()
      let browser
      const start = async () => {
        browser = await launch(engine, { userDataDir })
        const page = await browser.newPage()
        await page.goto(origin)
        return page
      }
      try {
        for (let i = 0; i < kills; i++) {
          const page = await start()
          const left = await page.evaluate(begin, diskStore)
          // or there would be nothing to remove
          assert.equal(left, i === 0 ? 0 : 1, `what was left behind before start ${i + 1}`)
          await sleep(100 + 150 * i)
          await kill(browser)
        }
        const page = await start()
        assert.equal(
          await page.evaluate(stored),
          2,
          'what another folder has, and what the last kill has left',
        )
        assert.deepEqual(await page.evaluate(end, diskStore), { content: true, left: 1 })
        await browser.close()
      } finally {
        if (browser?.connected) await kill(browser)
        await site.close()
        rmSync(userDataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
      }
    },
  )

async function kill(browser) {
  const process = browser.process()
  const exit = once(process, 'exit')
  process.kill('SIGKILL')
  await exit
  await sleep(500) // puppeteer puts the profile's preferences back
}

/** How many databases and files the origin has. */
async function stored() {
  const databases = await indexedDB.databases()
  let files = 0
  const root = await navigator.storage.getDirectory()
  for await (const name of root.keys()) if (name) files++
  return databases.length + files
}

/** Waits until what the killed one has left is gone, and begins to write for ever. Returns how much that was. */
async function begin(diskStore) {
  const stored = async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name)
    for await (const name of (await navigator.storage.getDirectory()).keys())
      names.push(decodeURIComponent(name))
    return names.filter((name) => name.startsWith('killed/')).length
  }
  // A database that is nobody's business.
  await new Promise((resolve, reject) => {
    const request = indexedDB.open('killed')
    request.onsuccess = () => resolve(request.result.close())
    request.onerror = () => reject(request.error)
  })
  const left = await stored()
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache({
    diskStore,
    settings: { cacheType: 'cacheOnDiskOnly', cacheFolder: 'killed' },
  })
  while ((await stored()) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const a = await cache.allocate(64 << 20)
  const bytes = new Uint8Array(1 << 20).fill(left + 1)
  await a.write(bytes)
  await a.flush()
  if (cache.statistics().disk.store !== diskStore) throw new Error('it is another store')
  ;(async () => {
    for (let at = 0; ; at = (at + bytes.length) % a.size) await a.write(bytes, at)
  })()
  return left
}

/** Whether a cache works after all that, and how many databases and files there are when it is closed. */
async function end(diskStore) {
  const { loadAsposeCache } = await import('/asposecache.js')
  const cache = await loadAsposeCache({
    diskStore,
    settings: { cacheType: 'cacheOnDiskOnly', cacheFolder: 'killed' },
  })
  const a = await cache.allocate(8 << 20)
  const bytes = Uint8Array.from({ length: a.size }, (_, i) => i % 251)
  await a.write(bytes)
  await a.flush()
  const content = (await a.read()).every((byte, i) => byte === bytes[i])
  await cache.close()
  const stored = async () => {
    let files = 0
    for await (const name of (await navigator.storage.getDirectory()).keys()) if (name) files++
    return (await indexedDB.databases()).length + files
  }
  for (let i = 0; i < 100 && (await stored()) > 1; i++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  return { content, left: await stored() }
}
