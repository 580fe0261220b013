// The examples of README.md, as they are printed there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { html } from './support/site.js'
import { useBrowser } from './support/browser.js'
import { example } from './support/readme.js'

const lines = example('Ten lines that do the main job')
const layer = example('A layer with undo')

const { withPage } = useBrowser({
  routes: {
    '/lines.html': html(`<!doctype html>
      <script type="importmap">{ "imports": { "asposecache": "/asposecache.js" } }</script>
      <script>
        globalThis.said = []
        console.log = (...words) => said.push(words)
      </script>
      <script type="module">
        ${lines}
        said.push([cache.allocatedMemoryBytesCount, cache.allocatedDiskBytesCount])
        await cache.close()
        window.done = true
      </script>`),
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
        window.steps = history
      </script>`),
  },
})

withPage('the ten lines run as they stand', {}, async ({ open }) => {
  const page = await open('/lines.html')
  await page.waitForFunction(() => window.done)
  assert.deepEqual(await page.evaluate(() => said), [
    ['memory', 48_000_000, 0],
    [0, 0],
  ])
})

withPage('a layer with undo', { expected: /once/ }, async ({ open }) => {
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

  // Inside of a tile each; the third at the edge, and the last one ends outside of the canvas.
  const pictures = [await digest()]
  const bytes = [await held()]
  for (const [x, y, toX, toY] of [
    [20, 20, 200, 200],
    [300, 30, 480, 220],
    [800, 560, 899, 599],
    [800, 300, 990, 330],
  ]) {
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(toX, toY, { steps: 5 })
    await page.mouse.up()
    pictures.push(await digest())
    bytes.push(await held())
  }
  assert.equal(new Set(pictures).size, 5)
  const tile = 256 * 256 * 4
  const corner = (900 - 768) * (600 - 512) * 4
  const edge = (900 - 768) * 256 * 4
  const costs = [0, tile, 2 * tile, 2 * tile + corner, 2 * tile + corner + edge]
  assert.deepEqual(
    bytes,
    costs.map((cost) => size + cost),
  )

  let at = 4
  for (const [modifier, keys] of [
    ['Control', 'z'],
    ['Meta', 'zz'],
    ['Control', 'y'],
    ['Meta', 'zZyZy'],
    ['Control', 'zyyzy'],
    ['Control', 'yyzzzzz'],
    ['Meta', 'ZZZZ'],
    ['Control', 'zzzz'],
  ]) {
    await page.keyboard.down(modifier)
    for (const key of keys) {
      const shift = key === 'Z'
      if (shift) await page.keyboard.down('Shift')
      await page.keyboard.press(key)
      if (shift) await page.keyboard.up('Shift')
      at = key === 'z' ? Math.max(0, at - 1) : Math.min(4, at + 1)
    }
    await page.keyboard.up(modifier)
    // Whoever comes to rest shows what is right, and what was on the way does not stay.
    await page.waitForFunction(() => cache.allocations().length === 1)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)))
    assert.equal(await digest(), pictures[at], `${modifier} ${keys}`)
  }
  assert.equal(await held(), bytes[4])

  // A step that fails leaves no snapshot, and the next one works. In mid-stroke there is none.
  await page.evaluate(() => {
    steps.undo = () => {
      delete steps.undo
      return Promise.reject(new Error('once'))
    }
  })
  const press = async (key) => {
    await page.keyboard.down('Control')
    await page.keyboard.press(key)
    await page.keyboard.up('Control')
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)))
    await page.waitForFunction(() => cache.allocations().length === 1)
  }
  for (const key of 'yyyy') await press(key)
  await press('z')
  assert.equal(await digest(), pictures[4])
  await press('z')
  assert.equal(await digest(), pictures[3])
  await page.mouse.move(500, 300)
  await page.mouse.down()
  await press('z')
  await page.mouse.up()
  await press('z')
  assert.equal(await digest(), pictures[3], 'only the stroke in which the key was pressed is undone')
  await page.evaluate(() => cache.close())
  assert.equal(await held(), 0)
})

test('the lines for tests run under Node', () => {
  const flags = ['--input-type=module', '--eval', example('Tests without a browser')]
  const printed = execFileSync(process.execPath, flags, { cwd: import.meta.dirname, encoding: 'utf8' })
  assert.equal(printed, 'memory disk\n')
})
