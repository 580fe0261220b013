// The page to paint on, used as a person would: strokes with the mouse, undo with the keyboard.
import assert from 'node:assert/strict'
import { useBrowser } from './support/browser.js'

const used = useBrowser()

/** A test with the page. Chromium has an opinion on how the tests read the canvas. */
const withPage = (name, ...rest) => {
  const [options, body] = rest.length > 1 ? rest : [{}, rest[0]]
  used.withPage(name, { ...options, expected: /willReadFrequently/ }, body)
}

const hook = (name) => `[data-testid="${name}"]`
const MiB = 2 ** 20

/** Opens the page with a picture that is quick to draw, unless another is asked for. */
async function openPaint(open, { picture = '4000x3000', memory = '512', disk = '0' } = {}) {
  const page = await open('/demo/paint.html')
  await page.setViewport({ width: 1280, height: 900 })
  // Other limits hold for what comes, and the other picture starts again at once.
  for (const [name, value] of Object.entries({ 'limit-memory': memory, 'limit-disk': disk, picture }))
    if ((await page.$eval(hook(name), (select) => select.value)) !== value)
      await page.select(hook(name), value)
  return page
}

async function ready(page) {
  await page.waitForSelector('body[data-state="ready"]', { timeout: 120_000 })
  await shown(page)
}

const shown = (page) => page.waitForSelector(`${hook('canvas')}[data-state="shown"]`, { timeout: 60_000 })
const text = (page, name) => page.$eval(hook(name), (element) => element.textContent)
const bytesOf = (page, name) => page.$eval(hook(name), (element) => Number(element.dataset.bytes))
const counters = (page) =>
  page.evaluate(() => [cache.allocatedMemoryBytesCount, cache.allocatedDiskBytesCount])
const entries = (page) => page.evaluate(() => undoHistory.entries)

/** Where the history is, counted in strokes, once it is there. */
const at = async (page, strokes) => {
  try {
    await page.waitForFunction(
      (strokes) => undoHistory.entries.findIndex(({ current }) => current) === strokes,
      { timeout: 60_000 },
      strokes,
    )
  } catch (cause) {
    const found = await page.evaluate(() => ({
      entries: undoHistory.entries.map(({ label, current }) => `${label}${current ? ' (current)' : ''}`),
      error: document.querySelector('[data-testid="error"]')?.textContent,
      statistics: cache.statistics(),
    }))
    throw new Error(`not at stroke ${strokes}: ${JSON.stringify(found)}`, { cause })
  }
}

/** A stroke with the mouse between two points, in parts of the canvas. */
async function stroke(page, [x0, y0], [x1, y1], steps = 6) {
  const canvas = await page.$(hook('canvas'))
  const { x, y, width, height } = await canvas.boundingBox()
  await page.mouse.move(x + x0 * width, y + y0 * height)
  await page.mouse.down()
  await page.mouse.move(x + x1 * width, y + y1 * height, { steps })
  await page.mouse.up()
}

/** What the canvas shows, and what the surface holds, each as one number. */
async function digests(page) {
  await page.mouse.move(2, 2)
  // Undo and redo are told to the view after they are done.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  )
  await shown(page)
  return page.evaluate(async () => {
    const digest = async (pixels) =>
      [...new Uint8Array(await crypto.subtle.digest('SHA-256', pixels))].slice(0, 8).join(' ')
    const canvas = document.querySelector('[data-testid="canvas"]')
    const seen = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const rows = []
    for (let y = 0; y < surface.height; y += 500)
      rows.push(await digest(await surface.readRect({ x: 0, y, width: surface.width, height: 500 })))
    return { seen: await digest(seen.data), held: rows.join() }
  })
}

async function pressed(page, keys, ...held) {
  for (const key of held) await page.keyboard.down(key)
  await Promise.all([...keys].map((key) => page.keyboard.press(key)))
  for (const key of held) await page.keyboard.up(key)
}

async function played(page, button) {
  await page.click(hook(button))
  await page.waitForFunction(
    () => / in [\d.]+ s$/.test(document.querySelector('[data-testid="doing"]').textContent),
    { timeout: 200_000 },
  )
}

withPage('strokes, and bursts of undo and redo', { timeout: 120_000 }, async ({ open }) => {
  const page = await openPaint(open)
  await ready(page)
  const size = 4000 * 3000 * 4
  assert.deepEqual(await counters(page), [size, 0])
  const pictures = [await digests(page)]
  for (let i = 0; i < 6; i++) {
    await stroke(page, [0.3 + 0.05 * i, 0.2], [0.35 + 0.05 * i, 0.7])
    await at(page, i + 1)
    pictures.push(await digests(page))
  }
  assert.equal(new Set(pictures.map(({ seen }) => seen)).size, 7, 'each stroke is seen')

  // A stroke adds the tiles that it touches, and the counters are the sum.
  const states = await entries(page)
  const added = states.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { bytes } of states.slice(0, 6)) assert.ok(bytes > 0 && bytes < size / 4, String(bytes))
  assert.deepEqual(await counters(page), [size + added, 0])
  await page.waitForFunction(
    (added) => Number(document.querySelector('[data-testid="history-bytes"]').dataset.bytes) === added,
    {},
    added,
  )
  assert.equal(await bytesOf(page, 'memory-bytes'), size + added)

  let now = 6
  for (const burst of ['zzz', 'y', 'zzyzz', 'yyyyyyyyy', 'zzzzzzzzzz', 'yzyzyzyyy', 'zyzyzyzyz']) {
    await pressed(page, burst, 'Control')
    for (const key of burst) now = key === 'z' ? Math.max(0, now - 1) : Math.min(6, now + 1)
    await at(page, now)
    assert.deepEqual(await digests(page), pictures[now], burst)
  }
  await page.click(hook('undo'))
  await page.click(hook('undo'))
  await at(page, now - 2)
  assert.deepEqual(await digests(page), pictures[now - 2])
  await pressed(page, 'Z', 'Control', 'Shift')
  await at(page, now - 1)
  assert.deepEqual(await digests(page), pictures[now - 1])

  // A stroke after an undo: what was undone is gone.
  await stroke(page, [0.5, 0.4], [0.7, 0.4])
  await page.waitForFunction((n) => undoHistory.entries.length === n + 1, {}, now)
  await page.waitForFunction(
    (selector, n) => document.querySelectorAll(selector).length === n,
    {},
    `${hook('entries')} li`,
    now + 1,
  )
  // One beside the picture is none.
  await stroke(page, [0.005, 0.2], [0.005, 0.6])
  await pressed(page, 'y', 'Control')
  await pressed(page, 'z', 'Control')
  await at(page, now - 1)
  assert.equal((await entries(page)).length, now + 1)
  assert.deepEqual(await digests(page), pictures[now - 1])
})

withPage('a brush covers what it should, an eraser takes it away', async ({ open }) => {
  const page = await openPaint(open)
  await ready(page)
  await page.$eval(hook('opacity'), (input) => (input.value = '100'))
  await page.$eval(hook('softness'), (input) => (input.value = '0'))
  await page.$eval(hook('colour'), (input) => (input.value = '#102030'))
  await page.$eval(hook('tools'), (form) => form.dispatchEvent(new Event('input')))
  await stroke(page, [0.4, 0.5], [0.6, 0.5])
  await at(page, 1)
  const middle = () =>
    page.evaluate(async () => [...(await surface.readRect({ x: 2000, y: 1500, width: 1, height: 1 }))])
  assert.deepEqual(await middle(), [16, 32, 48, 255])
  await page.keyboard.press('e')
  await stroke(page, [0.5, 0.4], [0.5, 0.6])
  await at(page, 2)
  assert.equal((await middle())[3], 0)
  // By the keyboard alone: a dot in the middle.
  await page.keyboard.press('b')
  await page.focus(hook('canvas'))
  await page.keyboard.press('Enter')
  await at(page, 3)
  assert.deepEqual(await middle(), [16, 32, 48, 255])
})

withPage('zoomed in, the pixels of the surface are seen', async ({ open }) => {
  const page = await openPaint(open)
  await ready(page)
  const whole = await digests(page)
  await page.click(hook('full'))
  const equal = () =>
    page.evaluate(async () => {
      const canvas = document.querySelector('[data-testid="canvas"]')
      const [x, y] = [surface.width / 2 - canvas.width / 2, surface.height / 2 - canvas.height / 2]
      // Without the map in the corner, and what is half a pixel away.
      const [width, height] = [400, 200]
      const seen = canvas.getContext('2d').getImageData(0, 0, width, height).data
      const held = await surface.readRect({ x: Math.ceil(x), y: Math.ceil(y), width, height })
      return seen.every((value, i) => value === held[i])
    })
  await digests(page)
  assert.equal(await text(page, 'zoom'), '100%')
  assert.ok(await equal())
  await stroke(page, [0.05, 0.05], [0.3, 0.2])
  await at(page, 1)
  await digests(page)
  assert.ok(await equal(), 'after a stroke')
  await pressed(page, 'z', 'Control')
  await at(page, 0)
  await digests(page)
  assert.ok(await equal(), 'after an undo')
  await page.click(hook('fit'))
  assert.deepEqual(await digests(page), whole)
})

withPage(
  'a hundred strokes on 100 megapixels: part of the states on disk, and all of them undone',
  { long: true, timeout: 400_000 },
  async ({ open }) => {
    const page = await openPaint(open, { picture: '10000x10000' })
    await ready(page)
    const before = await digests(page)
    assert.deepEqual(await counters(page), [400_000_000, 0])
    await played(page, 'hundred')
    assert.match(await text(page, 'doing'), /^100 strokes/)
    const states = await entries(page)
    assert.equal(states.length, 101)
    const added = states.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(added > 0 && added < 400_000_000, `${added} bytes for a hundred strokes`)
    assert.notEqual((await digests(page)).held, before.held)
    await page.evaluate(() => cache.flush())
    const [memory, disk] = await counters(page)
    assert.ok(memory <= 512 * MiB && disk > 0, `${memory}, ${disk}`)
    assert.equal(memory + disk, 400_000_000 + added)
    assert.equal(states[0].medium, 'disk')
    assert.equal(states[99].medium, 'memory')

    await played(page, 'undo-all')
    assert.match(await text(page, 'doing'), /^100 undone/)
    assert.deepEqual(await digests(page), before)
  },
)

withPage(
  'states lie on disk, the oldest first, and are told to',
  { long: true, timeout: 240_000 },
  async ({ open }) => {
    const page = await openPaint(open, { memory: '64' })
    await ready(page)
    const before = await digests(page)
    await played(page, 'hundred')
    await page.evaluate(() => cache.flush())
    const states = await entries(page)
    const [memory, disk] = await counters(page)
    assert.ok(memory <= 64 * MiB && disk > 0, `${memory}, ${disk}`)
    assert.equal(states[0].medium, 'disk')
    const badges = await page.$$eval(`${hook('entries')} ${hook('entry-medium')}`, (all) =>
      all.map(({ dataset }) => dataset.medium),
    )
    assert.equal(badges.length, 101)
    assert.equal(badges[1], 'disk')
    assert.ok((await page.$$(`${hook('events')} [data-kind="spill"]`)).length > 0)
    await played(page, 'undo-all')
    assert.deepEqual(await digests(page), before)
  },
)

withPage(
  'a picture that lies on disk can be painted on',
  { long: true, timeout: 240_000 },
  async ({ open }) => {
    const page = await openPaint(open, { picture: '10000x10000', memory: '64' })
    await ready(page)
    assert.deepEqual(await counters(page), [0, 400_000_000])
    const before = await digests(page)
    await stroke(page, [0.4, 0.3], [0.6, 0.5])
    await at(page, 1)
    assert.notDeepEqual(await digests(page), before)
    await pressed(page, 'z', 'Control')
    await at(page, 0)
    assert.deepEqual(await digests(page), before)
  },
)

withPage(
  'a stroke for which there is no room is told, and nothing of it stays',
  { long: true, timeout: 240_000 },
  async ({ open }) => {
    const page = await openPaint(open, { memory: '64', disk: '32' })
    await ready(page)
    let strokes = 0
    let last = await digests(page)
    await page.$eval(hook('brush-size'), (input) => (input.value = '95'))
    await page.$eval(hook('tools'), (form) => form.dispatchEvent(new Event('input')))
    while (!(await page.$(hook('error')))) {
      assert.ok(strokes < 20, 'the cache is never full')
      last = await digests(page)
      const n = (await entries(page)).length
      await stroke(page, [0.25, 0.2 + 0.03 * strokes], [0.75, 0.8 - 0.03 * strokes])
      await page.waitForFunction(
        (n) => undoHistory.entries.length > n || document.querySelector('[data-testid="error"]'),
        { timeout: 60_000 },
        n,
      )
      strokes++
    }
    assert.ok(strokes > 1)
    assert.match(await text(page, 'error-text'), /no room in memory or on disk/)
    assert.equal((await entries(page)).length, strokes)
    assert.deepEqual(await digests(page), last)
    // One goes on from there.
    await pressed(page, 'z', 'Control')
    await at(page, strokes - 2)
  },
)

withPage('leaving frees everything', { long: true, timeout: 120_000 }, async ({ open, origin }) => {
  const page = await openPaint(open, { memory: '64' })
  await ready(page)
  await played(page, 'hundred')
  const left = await page.evaluate(async () => {
    const closed = cache
    dispatchEvent(new PageTransitionEvent('pagehide'))
    while ((await indexedDB.databases()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    return [closed.allocatedMemoryBytesCount, closed.allocatedDiskBytesCount, closed.allocations().length]
  })
  assert.deepEqual(left, [0, 0, 0])
  // And really left: the next visit finds nothing of this one.
  const other = await openPaint(open, { memory: '64' })
  await ready(other)
  await played(other, 'hundred')
  await other.goto(`${origin}/demo/index.html`)
  await other.waitForSelector('body[data-state="ready"]')
  await other.click('nav a[href="./paint.html"]')
  await other.waitForSelector('body.paint[data-state="ready"]', { timeout: 60_000 })
  await other.waitForFunction(() => indexedDB.databases().then((all) => all.length === 0), { polling: 200 })
  assert.deepEqual(await counters(other), [400_000_000, 0])
})

withPage('a click on a state of the history goes there, and so do the keys', async ({ open }) => {
  const page = await openPaint(open)
  await ready(page)
  const pictures = [await digests(page)]
  for (let i = 0; i < 4; i++) {
    await stroke(page, [0.3 + 0.1 * i, 0.2], [0.35 + 0.1 * i, 0.7])
    await at(page, i + 1)
    pictures.push(await digests(page))
  }
  const state = (n) => `${hook('entries')} li:nth-child(${n + 1}) button`
  await page.waitForSelector(state(4))
  for (const n of [1, 3, 0]) {
    await page.click(state(n))
    await at(page, n)
    assert.deepEqual(await digests(page), pictures[n])
  }
  await page.waitForSelector(`${state(0)}[aria-current="step"]`)
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
  await at(page, 2)
  assert.deepEqual(await digests(page), pictures[2])
  await page.waitForSelector(`${state(2)}[aria-current="step"]`)
  assert.ok(await page.$eval(state(2), (button) => button === document.activeElement))
  assert.equal((await entries(page)).length, 5)

  await page.waitForSelector(`${hook('redo-all')}[aria-disabled="false"]`)
  await played(page, 'redo-all')
  assert.match(await text(page, 'doing'), /^2 redone/)
  assert.deepEqual(await digests(page), pictures[4])

  // Who presses both has the first.
  await page.click(state(2))
  await at(page, 2)
  await page.waitForSelector(`${hook('redo-all')}[aria-disabled="false"]`)
  await page.evaluate(
    (names) => {
      for (const name of names) document.querySelector(`[data-testid="${name}"]`).click()
    },
    ['undo-all', 'redo-all'],
  )
  await page.waitForFunction(() =>
    /^2 undone in/.test(document.querySelector('[data-testid="doing"]').textContent),
  )
  assert.deepEqual(await digests(page), pictures[0])
})

withPage(
  'where strokes were refused, they go on without the oldest states',
  { long: true, timeout: 240_000 },
  async (t) => {
    const page = await openPaint(t.open, { memory: '64', disk: '32' })
    await ready(page)
    await page.$eval(hook('brush-size'), (input) => (input.value = '95'))
    await page.$eval(hook('tools'), (form) => form.dispatchEvent(new Event('input')))
    const paint = async (n) => {
      await stroke(page, [0.25, 0.2 + 0.03 * n], [0.75, 0.8 - 0.03 * n])
      // It is over when the next thing asked for is.
      await page.evaluate(() => surface.flush())
    }
    let strokes = 0
    while (!(await page.$(hook('error')))) {
      assert.ok(strokes < 20, 'the cache is never full')
      await paint(strokes++)
      await page.waitForFunction(
        (n) => undoHistory.entries.length > n || document.querySelector('[data-testid="error"]'),
        { timeout: 60_000 },
        strokes,
      )
    }
    const kept = await entries(page)
    const before = await digests(page)
    assert.ok(kept.length > 3)

    // Another choice keeps the states, each with its pixels.
    await page.evaluate(() => void (globalThis.old = undoHistory))
    await page.select(hook('when-full'), 'dropOldest')
    await page.waitForFunction(() => undoHistory !== old)
    assert.deepEqual(await entries(page), kept)
    assert.deepEqual(await digests(page), before)
    await page.waitForFunction(() => !document.querySelector('[data-testid="error"]'))
    await paint(strokes)
    await page.waitForFunction(() => undoHistory.entries.at(-1).current && undoHistory.entries.length > 1)
    await page.waitForSelector(`${hook('events')} [data-kind="dropped"]`)
    assert.match(await text(page, 'events'), /No room: \d+ states? dropped, .* \(the picture as it was/)
    assert.notEqual((await entries(page))[0].label, kept[0].label)
    assert.notDeepEqual(await digests(page), before)

    // What was the oldest state then is still called so when the choice is taken back.
    const oldest = () =>
      page.$eval(`${hook('entries')} li [data-testid="entry-label"]`, (label) => label.textContent)
    await page.waitForFunction(() =>
      /^Stroke/.test(document.querySelector('[data-testid="entry-label"]').textContent),
    )
    const name = await oldest()
    await page.evaluate(() => void (globalThis.old = undoHistory))
    await page.select(hook('when-full'), 'refuse')
    await page.waitForFunction(() => undoHistory !== old)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500))) // the list is shown anew by then
    assert.equal(await oldest(), name)
  },
)

withPage('other limits keep the picture with its strokes', { timeout: 240_000 }, async ({ open }) => {
  const page = await openPaint(open, { memory: '64', disk: '32' })
  await ready(page)
  await page.evaluate(() => void (globalThis.old = cache))
  for (let i = 0; i < 2; i++) {
    await stroke(page, [0.4, 0.2 + 0.2 * i], [0.5, 0.3 + 0.2 * i])
    await at(page, i + 1)
  }
  const kept = [await entries(page), await digests(page)]
  await page.select(hook('limit-memory'), '512')
  await page.select(hook('limit-disk'), '0')
  await page.waitForFunction(
    () => cache.maxMemoryForCache === 512 * 2 ** 20 && cache.maxDiskSpaceForCache === 0,
  )
  await ready(page)
  assert.ok(await page.evaluate(() => cache === old))
  assert.deepEqual([await entries(page), await digests(page)], kept)
})

withPage('what the disk lies on can be chosen, and is shown', { needs: ['files'] }, async ({ open }) => {
  const page = await openPaint(open, { memory: '64' })
  for (const [disk, told] of [
    ['opfs', 'files (OPFS), in a worker'],
    ['page', 'IndexedDB, on the page'],
    ['worker', 'IndexedDB, in a worker'],
  ]) {
    await page.select(hook('disk'), disk)
    await page.waitForSelector('body:not([data-state="ready"])')
    await ready(page)
    await (await page.$(hook('hundred'))).click()
    await at(page, 100)
    await page.waitForFunction(
      (selector, told) => document.querySelector(selector).textContent === told,
      { timeout: 10_000 },
      hook('disk-place'),
      told,
    )
    assert.ok((await bytesOf(page, 'disk-bytes')) > 0)
    await page.click(hook('undo'))
    await at(page, 99)
  }
})

withPage('a photo of one’s own is painted on; what is no picture changes nothing', async ({ open }) => {
  const page = await openPaint(open)
  await ready(page)
  await stroke(page, [0.4, 0.4], [0.5, 0.5])
  await at(page, 1)
  const before = await digests(page)
  const choose = (name, dropped) =>
    page.evaluate(
      async (name, dropped) => {
        const canvas = new OffscreenCanvas(700, 300)
        const context = canvas.getContext('2d')
        context.fillStyle = '#336699'
        context.fillRect(0, 0, 700, 300)
        const blob = name.endsWith('.png') ? await canvas.convertToBlob() : new Blob(['no picture'])
        const transfer = new DataTransfer()
        transfer.items.add(new File([blob], name))
        if (dropped) {
          document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }))
          return
        }
        const input = document.querySelector('[data-testid="file-input"]')
        input.files = transfer.files
        input.dispatchEvent(new Event('change'))
      },
      name,
      dropped,
    )
  await choose('words.txt', false)
  await page.waitForSelector(hook('error'))
  assert.match(await text(page, 'error-text'), /cannot open “words.txt” as a picture/)
  assert.deepEqual(await digests(page), before)
  assert.equal((await entries(page)).length, 2)

  for (const dropped of [false, true]) {
    await page.evaluate(() => void (globalThis.old = surface))
    await choose(dropped ? 'dropped.png' : 'chosen.png', dropped)
    await page.waitForFunction(() => surface !== old)
    await ready(page)
    assert.equal(await page.$eval(hook('own'), (option) => option.selected), true)
    const held = await page.evaluate(async () => {
      const pixels = await surface.readRect()
      return [
        surface.width,
        surface.height,
        new Set(new Uint32Array(pixels.buffer)).size,
        ...pixels.slice(0, 4),
      ]
    })
    assert.deepEqual(held, [700, 300, 1, 0x33, 0x66, 0x99, 255])
  }
  await stroke(page, [0.4, 0.4], [0.6, 0.6])
  await at(page, 1)
})
