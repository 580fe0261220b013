// The page of `make run`, used as a person would.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { transform } from 'esbuild'
import { useBrowser } from './support/browser.js'

const { withPage } = useBrowser()

const slow = { timeout: 120_000 }
const hook = (name) => `[data-testid="${name}"]`

async function openDemo(open) {
  const page = await open('/demo/index.html')
  await page.waitForSelector('body[data-state="ready"]')
  return page
}

const bytesOf = (page, name) => page.$eval(hook(name), (element) => Number(element.dataset.bytes))

const shows = (page, memory, disk) =>
  page.waitForFunction(
    (memory, disk) => {
      const bytes = (name) => Number(document.querySelector(`[data-testid="${name}"]`).dataset.bytes)
      return bytes('memory-bytes') === memory && bytes('disk-bytes') === disk
    },
    {},
    memory,
    disk,
  )

const idle = (page, rows) =>
  page.waitForFunction(
    (rows) => document.querySelectorAll('[data-testid="row"][data-phase="idle"]').length === rows,
    { timeout: 50_000 },
    rows,
  )

withPage("the vendor's sample takes 40000 bytes, and none after it was disposed of", {}, async ({ open }) => {
  const page = await openDemo(open)
  await shows(page, 0, 0)
  await page.click(hook('sample-100'))
  await shows(page, 40000, 0)
  await idle(page, 1)
  await page.click(hook('dispose'))
  await shows(page, 0, 0)
  await page.select(hook('cache-type'), 'cacheOnDiskOnly')
  await page.click(hook('apply'))
  await page.click(hook('sample-100'))
  await shows(page, 0, 40000)
})

withPage('three pictures, and memory for two: all come back as they were', slow, async ({ open }) => {
  const page = await openDemo(open)
  await page.click(hook('show-me'))
  await shows(page, 96_000_000, 48_000_000)
  await idle(page, 3)
  const media = await page.$$eval(hook('row-medium'), (all) => all.map((element) => element.dataset.medium))
  assert.deepEqual(media.sort(), ['disk', 'memory', 'memory'])
  for (let row = 0; row < 3; row++) {
    await (await page.$$(hook('read-back')))[row].click()
    await page.waitForSelector(`${hook('preview-check')}[data-state="equal"]`)
    await page.click(hook('preview-close'))
  }
  const checks = await page.$$eval(hook('row-check'), (all) => all.map((element) => element.dataset.state))
  assert.deepEqual(checks, ['equal', 'equal', 'equal'])
  await page.click(hook('dispose-all'))
  await shows(page, 0, 0)
})

withPage('a refusal is told in words', { needs: ['input'] }, async ({ open }) => {
  const page = await openDemo(open)
  await page.select(hook('cache-type'), 'cacheInMemoryOnly')
  await page.$eval(hook('limit-memory'), (input) => {
    input.value = ''
  })
  await page.type(hook('limit-memory'), '1')
  await page.click(hook('apply'))
  await page.click(hook('sample-2mp'))
  const text = await (
    await page.waitForSelector(hook('error-text'))
  ).evaluate((element) => element.textContent)
  assert.match(text, /1 MiB/)
  assert.equal(await bytesOf(page, 'memory-bytes'), 0)
})

withPage('of three wrong files all are told', {}, async ({ open }) => {
  const page = await openDemo(open)
  await page.$eval(hook('file-input'), (input) => {
    const transfer = new DataTransfer()
    for (const name of ['a.txt', 'b.txt', 'c.txt']) transfer.items.add(new File(['no picture'], name))
    input.files = transfer.files
    input.dispatchEvent(new Event('change'))
  })
  await page.waitForFunction(
    () => {
      const text = document.querySelector('[data-testid="errors"]').textContent
      return ['a.txt', 'b.txt', 'c.txt'].every((name) => text.includes(name))
    },
    { timeout: 20_000 },
  )
  assert.equal((await page.$$(hook('error'))).length, 1)
})

withPage('the form refuses a limit larger than any machine, and sends the policy', {}, async ({ open }) => {
  const page = await openDemo(open)
  const limit = (text) =>
    page.$eval(
      hook('limit-memory'),
      (input, text) => {
        input.value = text
        input.dispatchEvent(new Event('input', { bubbles: true }))
      },
      text,
    )
  await page.select(hook('spill-policy'), 'coldest')
  await limit('5 TiB')
  await page.click(hook('apply'))
  assert.equal(await page.$eval(hook('limit-memory'), (input) => input.ariaInvalid), 'true')
  assert.equal(await page.evaluate(() => cache.spillPolicy), 'never')
  await limit('4 GiB')
  await page.click(hook('apply'))
  await page.waitForFunction(
    () => cache.spillPolicy === 'coldest' && cache.maxMemoryForCache === 4 * 2 ** 30,
    { timeout: 20_000 },
  )
})

withPage('the notice of a limit goes when it is no longer in the way', {}, async ({ open }) => {
  const page = await openDemo(open)
  await page.evaluate(() => cache.configure({ cacheType: 'cacheInMemoryOnly', maxMemoryForCache: 1 << 20 }))
  await page.click(hook('sample-2mp'))
  await page.waitForSelector(hook('error'))
  // Something smaller that fits changes nothing. The notice may lie over the button.
  await page.$eval(hook('sample-100'), (button) => button.click())
  await idle(page, 1)
  await page.waitForFunction(() => document.querySelector('[data-testid="error"]'))
  await page.evaluate(() => cache.configure({ maxMemoryForCache: 64 << 20 }))
  await page.waitForFunction(() => !document.querySelector('[data-testid="error"]'), { timeout: 20_000 })
})

for (const name of ['index', 'paint', 'painterro'])
  withPage(
    `${name}: documentation and source are there to read`,
    { expected: /willReadFrequently/ },
    async ({ open }) => {
      const page = await open(`/demo/${name}.html`)
      await page.waitForSelector('body[data-state="ready"]', { timeout: 100_000 })
      const links = await page.$$eval('nav.about a', (all) => all.map(({ href }) => href))
      assert.ok(links.length >= 3)
      for (const link of links) {
        const response = await fetch(link.replace(/\/\/[^:/]+/, '//127.0.0.1'))
        assert.equal(response.status, 200, link)
        assert.match(response.headers.get('content-type'), /^text\/plain/)
      }
    },
  )

test('a clock of whole milliseconds is not taken for a time of none', async () => {
  const source = readFileSync(join(import.meta.dirname, '../demo/format.ts'), 'utf8')
  const { code } = await transform(source, { loader: 'ts' })
  const { milliseconds } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  assert.deepEqual([0, 0.04, 0.05, 0.4, 1, 9.96, 12.3, 1500].map(milliseconds), [
    '< 1 ms',
    '< 1 ms',
    '0.1 ms',
    '0.4 ms',
    '1.0 ms',
    '10.0 ms',
    '12 ms',
    '1.5 s',
  ])
})
