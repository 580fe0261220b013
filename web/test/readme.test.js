// The examples of README.md, as they are printed there.
import assert from 'node:assert/strict'
import { html } from './support/site.js'
import { useBrowser } from './support/browser.js'
import { example } from './support/readme.js'

const layer = example('A layer with undo')

const { withPage } = useBrowser({
  routes: {
    '/layer.html': html(`<!doctype html>
      <style>body { margin: 0 } canvas { display: block }</style>
      <canvas width="900" height="600"></canvas>
      <script type="importmap">{ "imports": { "asposecache": "/asposecache.js" } }</script>
      <script>
        const context = document.querySelector('canvas').getContext('2d', { willReadFrequently: true })
        context.fillStyle = '#7fb2e5'
        context.fillRect(0, 0, 900, 600)
        context.fillStyle = '#b3261e'
      </script>
      <script type="module">
        ${layer}
        window.cache = cache
      </script>`),
  },
})

withPage('a layer with undo', {}, async ({ open }) => {
  assert.ok(layer.trimEnd().split('\n').length <= 30, 'it is no longer than 30 lines')
  const page = await open('/layer.html')
  await page.setViewport({ width: 1000, height: 700 })
  await page.waitForFunction(() => window.cache)
  const digest = () =>
    page.evaluate(async () => {
      const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, 900, 600)
      return String(new Uint32Array(await crypto.subtle.digest('SHA-256', data)))
    })
  const size = 900 * 600 * 4
  const held = () => page.evaluate(() => cache.allocatedMemoryBytesCount)
  const counts = (bytes) =>
    page.waitForFunction((bytes) => cache.allocatedMemoryBytesCount === bytes, {}, bytes)
  await counts(size)

  // Inside of a tile each; the last one at the edge.
  const pictures = [await digest()]
  const bytes = [await held()]
  for (const [x, y, toX, toY] of [
    [20, 20, 200, 200],
    [300, 30, 480, 220],
    [800, 560, 899, 599],
  ]) {
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(toX, toY, { steps: 5 })
    await page.mouse.up()
    pictures.push(await digest())
    bytes.push(await held())
  }
  assert.equal(new Set(pictures).size, 4)
  const tile = 256 * 256 * 4
  const corner = (900 - 768) * (600 - 512) * 4
  assert.deepEqual(bytes, [size, size + tile, size + 2 * tile, size + 2 * tile + corner])

  let at = 3
  for (const keys of ['z', 'zz', 'y', 'zyyzy', 'yyzzzzz', 'yyyy', 'zzzz']) {
    await page.keyboard.down('Control')
    await Promise.all([...keys].map((key) => page.keyboard.press(key)))
    await page.keyboard.up('Control')
    for (const key of keys) at = key === 'z' ? Math.max(0, at - 1) : Math.min(3, at + 1)
    // Whoever comes to rest shows what is right, and what was on the way does not stay.
    await page.waitForFunction(() => cache.allocations().length === 1)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)))
    assert.equal(await digest(), pictures[at], keys)
  }
  assert.equal(await held(), bytes[3])
  await page.evaluate(() => cache.close())
  assert.equal(await held(), 0)
})
