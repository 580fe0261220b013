// The editor painterro with its undo states in the cache: to a person it is the editor without.
import assert from 'node:assert/strict'
import { useBrowser } from './support/browser.js'
import { captured, click, ctrl, digest, drag, edit, edits, openEditor, routes } from './support/painterro.js'

const { withPage } = useBrowser({ routes })

/**
 * A test with pages of editors. Chromium has an opinion on how the editor reads its canvas, and a program
 * that is made to end says so.
 */
const withEditor = (name, ...rest) => {
  const [options, body] = rest.length > 1 ? rest : [{}, rest[0]]
  const expected = /willReadFrequently|exit code|Go program/
  withPage(name, { ...options, expected, needs: ['input', ...(options.needs ?? [])] }, body)
}

/** Everything a person may do with a history; the pictures that are seen on the way. */
async function session(page) {
  const seen = [await digest(page)]
  const see = async () => seen.push(await digest(page))
  for (const [, action] of edits) {
    await edit(page, action)
    await see()
  }
  for (const _ of edits) {
    await ctrl(page, 'z')
    await see()
  }
  await ctrl(page, 'z') // there is none
  await see()
  for (const _ of edits) {
    await ctrl(page, 'y')
    await see()
  }
  // By the buttons, halfway back; then on from there.
  for (let i = 0; i < 15; i++) {
    await click(page, 'undo')
    await see()
  }
  for (let i = 0; i < 4; i++) {
    await click(page, 'redo')
    await see()
  }
  for (const [, action] of edits.slice(0, 3)) {
    await edit(page, action)
    await see()
  }
  await ctrl(page, 'y') // there is none
  await see()
  for (let i = 0; i < 4; i++) {
    await ctrl(page, 'z')
    await see()
  }
  return seen
}

for (const [name, settings] of /** @type {[string, { maxMemoryForCache?: number }][]} */ ([
  ['in memory', {}],
  ['with 1 MiB of memory, so that states lie on disk', { maxMemoryForCache: 2 ** 20 }],
]))
  withEditor(
    `what a person sees is the same as without the cache (${name})`,
    { long: true, timeout: 240_000 },
    async (t) => {
      const plain = await openEditor(t.open)
      const expected = await session(plain)
      assert.ok(await plain.evaluate(() => imageDataBytes() > 50e6))
      await plain.close()
      assert.ok(new Set(expected).size > edits.length, 'the edits make different pictures')

      const page = await openEditor(t.open, { cached: true, settings })
      const seen = await session(page)
      assert.equal(seen.length, expected.length)
      for (const [i, picture] of expected.entries()) assert.equal(seen[i], picture, `picture ${i}`)
      const { held, bytes, counters, states, errors } = await page.evaluate(() => ({
        held: imageDataBytes(),
        bytes: cached.bytes,
        counters: counters(),
        states: cached.states,
        errors: errors.map(String),
      }))
      assert.equal(held, 0, 'ImageData held by the history')
      assert.deepEqual([bytes.memory, bytes.disk, bytes.waiting], [...counters, 0])
      assert.equal(states.filter(({ current }) => current).length, 1)
      assert.deepEqual(errors, [])
      if (settings.maxMemoryForCache) {
        assert.ok(counters[0] <= settings.maxMemoryForCache)
        assert.ok(counters[1] > 0, 'states lie on disk')
      } else assert.equal(counters[1], 0)

      await click(page, 'close')
      await page.evaluate(() => cached.dispose())
      assert.deepEqual(await page.evaluate(() => counters()), [0, 0])
      await page.evaluate(() => cache.close())
    },
  )

/** A few lines, each a state, and the pictures of the states. */
async function drawLines(page, n = 6) {
  await click(page, 'line')
  const pictures = [await digest(page)]
  for (let i = 0; i < n; i++) {
    await edit(page, (page) => drag(page, [50 + 100 * i, 40], [80 + 100 * i, 600]))
    pictures.push(await digest(page))
  }
  return pictures
}

/** Ends a session, and nothing may be left. */
async function end(page) {
  const { counters, errors } = await page.evaluate(async () => {
    await cached.dispose()
    const left = counters()
    await cache.close()
    return { counters: left, errors: errors.map(String) }
  })
  assert.deepEqual(counters, [0, 0], 'the counters after dispose()')
  assert.deepEqual(errors, [])
}

const onDisk = { cached: true, settings: { cacheType: 'cacheOnDiskOnly' } }
const gated = { cached: true, gated: true }
const hold = (page) => page.evaluate(() => void (reads.hold = true))
const letThrough = (page) => page.evaluate(() => letThrough())
const position = (page) => page.evaluate(() => cached.states.findIndex(({ current }) => current))

withEditor('undo and redo pressed quickly end where they lead', async ({ open }) => {
  const page = await openEditor(open, onDisk)
  const pictures = await drawLines(page)
  await page.keyboard.down('Control')
  const bursts = ['zzz', 'y', 'zzyzz', 'yyyyyyyyy', 'zzzzzzzzzz', 'yzyzyzyyy', 'zyzyzyzyzyz']
  let at = 6
  for (const burst of bursts) {
    await Promise.all([...burst].map((key) => page.keyboard.press(key)))
    for (const key of burst) at = key === 'z' ? Math.max(0, at - 1) : Math.min(6, at + 1)
    assert.equal(await digest(page), pictures[at], burst)
    assert.equal(await position(page), at, burst)
  }
  await page.keyboard.up('Control')
  await end(page)
})

withEditor('steps that come while pixels are read are taken together', async ({ open }) => {
  const page = await openEditor(open, gated)
  const pictures = await drawLines(page)
  await page.evaluate(() => {
    window.puts = 0
    const { putImageData } = editor.ctx
    editor.ctx.putImageData = function (...rest) {
      puts++
      return putImageData.apply(this, rest)
    }
  })
  await hold(page)
  for (const key of 'zzzzyz') await ctrl(page, key)
  assert.equal(await position(page), 6, 'nothing has happened yet')
  await letThrough(page)
  assert.equal(await digest(page), pictures[2])
  assert.equal(await page.evaluate(() => puts), 2, 'the first step, and the other five as one')
  await end(page)
})

withEditor('what is begun while an undo is on its way is drawn on its picture', async ({ open }) => {
  const person = async (page, between, after) => {
    await drawLines(page)
    const before = await captured(page)
    await between(page)
    await ctrl(page, 'z')
    await ctrl(page, 'z')
    await click(page, 'brush')
    await drag(page, [300, 50], [400, 300], [900, 600])
    await click(page, 'rect')
    await drag(page, [200, 200], [500, 500])
    await click(page, 'undo')
    await click(page, 'undo')
    await ctrl(page, 'y') // the button is grey as yet
    await page.keyboard.press('l')
    await drag(page, [10, 500], [900, 400])
    await after(page)
    assert.equal(await captured(page), before)
    return digest(page)
  }
  const plain = await openEditor(open)
  const expected = await person(
    plain,
    () => {},
    () => {},
  )
  await plain.close()

  const page = await openEditor(open, gated)
  const seen = await person(page, hold, async (page) => {
    assert.equal(await position(page), 6, 'all of it waits')
    await letThrough(page)
    await page.evaluate(() => cached.settled())
  })
  assert.equal(seen, expected)
  await end(page)
})

withEditor('fingers wait as the mouse does', async ({ open }) => {
  const person = async (page, between, after) => {
    await drawLines(page, 3)
    await click(page, 'brush')
    await between(page)
    await ctrl(page, 'z')
    await page.touchscreen.touchStart(300, 200)
    for (let i = 1; i < 10; i++) await page.touchscreen.touchMove(300 + 40 * i, 200 + 20 * i)
    await page.touchscreen.touchEnd()
    await after(page)
    return [await captured(page), await digest(page)]
  }
  const nothing = () => {}
  const plain = await openEditor(open, { hasTouch: true })
  const expected = await person(plain, nothing, nothing)
  assert.equal(expected[0], 3)
  await plain.close()

  const page = await openEditor(open, { hasTouch: true, ...gated })
  const seen = await person(page, hold, async (page) => {
    assert.equal(await captured(page), 3)
    assert.equal(await position(page), 3, 'all of it waits')
    await letThrough(page)
    await page.evaluate(() => cached.settled())
  })
  assert.deepEqual(seen, expected)
  await end(page)
})

withEditor('an edit that comes by itself while an undo is on its way is not lost', async ({ open }) => {
  const page = await openEditor(open, gated)
  const pictures = await drawLines(page)
  await hold(page)
  await ctrl(page, 'z')
  // As text and loaded images come: some time after they were asked for.
  await page.evaluate(() => {
    editor.ctx.fillRect(100, 100, 300, 200)
    editor.worklog.captureState()
  })
  const edited = await digest(page)
  await letThrough(page)
  assert.equal(await digest(page), edited)
  assert.equal(await position(page), 7)
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[6])
  await ctrl(page, 'y')
  assert.equal(await digest(page), edited)
  await end(page)
})

withEditor('a state costs the tiles that it has changed', async ({ open }) => {
  const page = await openEditor(open, { cached: true, size: '1024x768' })
  const bytes = () => page.evaluate(() => cached.settled().then(() => counters()))
  const tile = 256 * 256 * 4
  assert.deepEqual(await bytes(), [tile, 0], 'twelve tiles, all white')
  await click(page, 'line')
  await page.evaluate(() => editor.setShadowOn(false))
  await edit(page, (page) => drag(page, [300, 300], [400, 400]))
  assert.deepEqual(await bytes(), [2 * tile, 0])
  await edit(page, (page) => drag(page, [500, 300], [600, 300]))
  assert.deepEqual(await bytes(), [4 * tile, 0])
  const states = await page.evaluate(() => cached.states)
  assert.deepEqual(
    states.map(({ memory }) => memory / tile),
    [1, 1, 2],
  )
  await ctrl(page, 'z')
  assert.deepEqual(await bytes(), [4 * tile, 0], 'it can be redone')
  await edit(page, (page) => drag(page, [800, 700], [810, 700]))
  assert.deepEqual(await bytes(), [3 * tile, 0], 'now it cannot')
  await end(page)
})

withEditor('the least change of one pixel is a state, wherever it is', async ({ open }) => {
  // Neither side is a multiple of anything.
  const page = await openEditor(open, { cached: true, size: '1003x645' })
  const expected = await page.evaluate(async () => {
    const { width, height } = editor.canvas
    const seen = [await digest()]
    const places = [0, 1, 2, 255, 256, 511, 1000, 1001, 1002].flatMap((x) =>
      [0, 255, 256, 512, 644].map((y) => [x, y]),
    )
    for (const [i, [x, y]] of places.entries()) {
      const pixel = editor.ctx.getImageData(x, y, 1, 1)
      pixel.data[i % 4]-- // red, green, blue and alpha by turns
      editor.ctx.putImageData(pixel, x, y)
      editor.worklog.captureState()
      seen.push(await digest())
    }
    if (places.some(([x, y]) => x >= width || y >= height)) throw new Error('outside')
    return seen
  })
  assert.equal(new Set(expected).size, 46)
  const seen = await page.evaluate(async (n) => {
    const seen = [await digest()]
    while (seen.length < n) {
      editor.worklog.undoState()
      seen.unshift(await digest())
    }
    return seen
  }, expected.length)
  assert.deepEqual(seen, expected)
  await end(page)
})

withEditor("states that pass the editor's own limit are freed", async ({ open }) => {
  const page = await openEditor(open, { cached: true, worklogLimit: 3 })
  await drawLines(page, 8)
  assert.equal(await page.evaluate(() => cached.states.length), 4)
  const { labels, counters } = await page.evaluate(() => ({
    labels: cache.allocations().map(({ label }) => label),
    counters: [cached.bytes.memory, cache.allocatedMemoryBytesCount],
  }))
  assert.ok(labels.every((label) => label === 'painterro undo'))
  assert.equal(counters[0], counters[1], 'nothing is held but by states')
  await end(page)
})

withEditor('a picture that is pasted and placed is one state, and can be undone', async ({ open }) => {
  const person = async (page) => {
    await drawLines(page, 2)
    await page.evaluate(() => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 300
      const context = canvas.getContext('2d')
      context.fillStyle = 'teal'
      context.fillRect(20, 20, 200, 260)
      editor.show(canvas.toDataURL())
    })
    await page.waitForFunction(() => editor.inserter.waitChoice && !editor.inserter.loading)
    await page.click(`#${await page.evaluate(() => editor.inserter.pasteOptions.paste_over.id)}`)
    await page.waitForFunction(() => editor.select.imagePlaced && editor.worklog.current.prevCount === 3)
    // The button that was clicked is hidden and loses the focus with the next frame; till then Enter is a click on it.
    await page.waitForFunction(() => document.activeElement === document.body)
    await page.keyboard.press('Enter') // the state of the placing is taken back for that of the picture
    await page.waitForFunction(() => !editor.select.imagePlaced)
    const seen = [await digest(page)]
    for (const key of 'zzyyz') {
      await ctrl(page, key)
      seen.push(await digest(page))
    }
    return seen
  }
  const plain = await openEditor(open)
  const expected = await person(plain)
  await plain.close()
  const page = await openEditor(open, onDisk)
  assert.deepEqual(await person(page), expected)
  const bytes = await page.evaluate(() => [cached.bytes.disk, cache.allocatedDiskBytesCount])
  assert.equal(bytes[0], bytes[1])
  await end(page)
})

withEditor('states from before are moved, and the editor goes on after dispose()', async ({ open }) => {
  const page = await openEditor(open)
  const pictures = await drawLines(page)
  await ctrl(page, 'z')
  await page.evaluate(async () => {
    const { loadAsposeCache } = await import('/asposecache.js')
    const { cacheHistory } = await import('/asposecache.painterro.js')
    window.own = Object.getOwnPropertyNames(editor.worklog)
    window.cache = await loadAsposeCache({ settings: { cacheType: 'cacheOnDiskOnly' } })
    window.cached = cacheHistory(editor, cache)
  })
  assert.equal(await page.evaluate(() => imageDataBytes()), 0)
  await ctrl(page, 'z')
  await ctrl(page, 'z')
  // In the middle: what was asked for is done first.
  await page.evaluate(() => cached.dispose())
  assert.equal(await digest(page), pictures[3])
  const after = await page.evaluate(() => ({
    counters: counters(),
    states: states().length,
    held: imageDataBytes(),
    context: editor.worklog.ctx === editor.ctx,
    changed: Object.getOwnPropertyNames(editor.worklog).filter((name) => !own.includes(name)),
    disposed: cached.disposed,
    again: cached.dispose() === cached.dispose(),
  }))
  assert.deepEqual(after, {
    counters: [0, 0],
    states: 1,
    held: 1000 * 640 * 4,
    context: true,
    changed: [],
    disposed: true,
    again: true,
  })
  for (const name of ['undo', 'redo'])
    assert.equal(
      await page.evaluate((name) => document.getElementById(editor.toolByName[name].buttonId).disabled, name),
      true,
    )
  // An editor as any other; and it can be cached again.
  await edit(page, (page) => drag(page, [10, 10], [700, 600]))
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[3])
  await page.evaluate(async () => {
    const { cacheHistory } = await import('/asposecache.painterro.js')
    window.cached = cacheHistory(editor, cache)
  })
  await ctrl(page, 'y')
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[3])
  await end(page)
})

withEditor('an editor that is gone from the page can still be disposed of', async ({ open }) => {
  const page = await openEditor(open, onDisk)
  await drawLines(page, 2)
  await page.evaluate(() => {
    editor.hide()
    document.getElementById('editor').remove()
  })
  await end(page)
})

withEditor('a full cache loses no state, and takes them when it has room', async ({ open }) => {
  const limit = 3 * 256 * 256 * 4
  const settings = { maxMemoryForCache: limit, maxDiskSpaceForCache: 1 }
  const page = await openEditor(open, { cached: true, settings })
  const pictures = await drawLines(page)
  const full = await page.evaluate(() => ({
    codes: [...new Set(errors.splice(0).map(({ code }) => code))],
    waiting: cached.bytes.waiting,
    counters: counters(),
    held: imageDataBytes(),
  }))
  assert.deepEqual(full.codes, ['CACHE_FULL'])
  assert.ok(full.waiting > 0 && full.held === 0)
  assert.ok(full.counters[0] <= limit && full.counters[1] <= 1)
  for (let i = 5; i >= 0; i--) {
    await ctrl(page, 'z')
    assert.equal(await digest(page), pictures[i])
  }
  for (let i = 1; i <= 6; i++) {
    await ctrl(page, 'y')
    assert.equal(await digest(page), pictures[i])
  }
  await page.evaluate(() => cache.configure({ maxMemoryForCache: 0 }))
  await edit(page, (page) => drag(page, [10, 10], [20, 20]))
  await page.evaluate(() => cached.settled())
  assert.equal(await page.evaluate(() => cached.bytes.waiting), 0)
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[6])
  await end(page)
})

withEditor('the editor outlives the cache', async ({ open }) => {
  const page = await openEditor(open, { cached: true })
  const pictures = await drawLines(page)
  await page.evaluate(() => cache.close())
  // What comes now is kept in memory.
  await edit(page, (page) => drag(page, [10, 10], [700, 600]))
  const first = await digest(page)
  await edit(page, (page) => drag(page, [10, 610], [700, 30]))
  await ctrl(page, 'z')
  assert.equal(await digest(page), first)
  await ctrl(page, 'y')
  const second = await digest(page)
  assert.ok(
    await page.evaluate(() => errors.length > 0 && errors.every(({ code }) => code === 'CACHE_CLOSED')),
  )
  // What was in the cache is gone, and said to be; the states before it are not in the way.
  for (const key of 'zzzzzzzz') await ctrl(page, key)
  const last = await digest(page)
  assert.ok(last === first || pictures.includes(last))
  await ctrl(page, 'y')
  await ctrl(page, 'y')
  assert.equal(await digest(page), second)
  await page.evaluate(() => cached.dispose())
  await edit(page, (page) => drag(page, [10, 10], [20, 600]))
  await ctrl(page, 'z')
  assert.equal(await digest(page), second)
})

withEditor(
  'site data that is removed costs the states that nothing shows any more',
  { needs: ['devtools'] },
  async ({ open, origin }) => {
    const page = await openEditor(open, onDisk)
    const pictures = await drawLines(page)
    await page.evaluate(() => cached.settled().then(() => cache.flush()))
    const session = await page.createCDPSession()
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
    await ctrl(page, 'z')
    await page.evaluate(() => cached.settled())
    // Wherever that led: it is the picture of the state that is current, and the newest is there again.
    const seen = await digest(page)
    assert.ok(pictures.includes(seen))
    const codes = await page.evaluate(() => errors.splice(0).map(({ code }) => code))
    assert.ok(codes.length > 0 && codes.every((code) => code === 'CACHE_LOST'), String(codes))
    await edit(page, (page) => drag(page, [10, 10], [700, 600]))
    const edited = await digest(page)
    await ctrl(page, 'z')
    assert.equal(await digest(page), seen)
    await ctrl(page, 'y')
    assert.equal(await digest(page), edited)
    await page.evaluate(() => errors.splice(0))
    await end(page)
  },
)

withEditor('when the cache crashes, the state that is shown stays, and those to come', async ({ open }) => {
  const page = await openEditor(open, { cached: true })
  const pictures = await drawLines(page)
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[5])
  await page.evaluate(() => {
    endProgram()
    cache.allocate(1).catch(() => {})
  })
  await edit(page, (page) => drag(page, [10, 10], [700, 600]))
  const edited = await digest(page)
  await ctrl(page, 'z')
  assert.equal(await digest(page), pictures[5])
  await ctrl(page, 'y')
  assert.equal(await digest(page), edited)
  await page.evaluate(() => cached.dispose())
  const codes = await page.evaluate(() => errors.map(({ code }) => code))
  assert.ok(codes.length > 0 && codes.every((code) => code === 'CACHE_CRASHED'), String(codes))
})

withEditor('wrong arguments are refused, and change nothing', async ({ open }) => {
  const page = await openEditor(open, { cached: true })
  const told = await page.evaluate(async () => {
    const fresh = Painterro({ id: 'editor' })
    const { undoState } = fresh.worklog
    const told = []
    const attempt = (...what) => {
      try {
        cacheHistory(...what)
        told.push('nothing')
      } catch (error) {
        told.push(`${error.name}: ${error.message}`)
      }
    }
    attempt(undefined, cache)
    attempt({}, cache)
    attempt({ ...fresh, worklog: { ...fresh.worklog, undoState: undefined } }, cache)
    attempt(editor, cache)
    attempt(fresh, undefined)
    attempt(fresh, {})
    attempt(fresh, cache, null)
    attempt(fresh, cache, { onError: 1 })
    attempt(fresh, cache, { label: 1 })
    attempt(fresh, cache, { limit: 1 })
    if (fresh.worklog.undoState !== undoState || fresh.worklog.ctx !== fresh.ctx) told.push('changed')
    return told
  })
  const expected = [
    /^TypeError: painterro: undefined was given, and it has no worklog/,
    /^TypeError: painterro: an object was given, and it has no worklog/,
    /^TypeError: painterro: an object was given, and it has no worklog\./,
    /^TypeError: painterro: .*in a cache already/,
    /^TypeError: asposeCache: undefined/,
    /^TypeError: asposeCache: an object/,
    /^TypeError: options: null/,
    /^TypeError: options\.onError: 1/,
    /^TypeError: options\.label: 1/,
    /^TypeError: options\.limit: there is no such option/,
  ]
  assert.equal(told.length, expected.length, told.join('\n'))
  for (const [i, pattern] of expected.entries()) assert.match(told[i], pattern)
  await end(page)
})

withEditor(
  'the page that shows both: thirty strokes, undone and redone',
  { long: true, timeout: 240_000 },
  async ({ open }) => {
    const page = await open('/demo/painterro.html')
    const part = (name) => `[data-testid="${name}"]`
    const idle = () => page.waitForSelector('body[data-state="ready"]', { timeout: 120_000 })
    const press = async (name) => {
      await page.click(part(name))
      await page.waitForSelector('body[data-state="busy"]')
      await idle()
    }
    const bytes = (name) => page.$eval(part(name), (element) => Number(element.dataset.bytes))
    const pictures = () =>
      page.$$eval('iframe', (frames) =>
        Promise.all(
          frames.map(async ({ contentDocument }) => {
            const canvas = contentDocument.querySelector('canvas')
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
            return String(new Uint32Array(await crypto.subtle.digest('SHA-256', data)))
          }),
        ),
      )
    await idle()
    await page.select(part('size'), '1200x900')
    await page.waitForSelector('body[data-state="busy"]')
    await idle()
    await page.select(part('limit'), '16')
    await page.waitForSelector('body[data-state="busy"]')
    await idle()
    const [drawn] = await pictures()
    const seen = []
    for (const name of ['paint', 'undo', 'redo']) {
      await press(name)
      const [plain, cached] = await pictures()
      assert.equal(plain, cached, name)
      seen.push(plain)
    }
    assert.equal(seen[0], seen[2])
    assert.notEqual(seen[0], seen[1])
    assert.equal(seen[1], drawn, '"Undo all" ends on the picture')
    assert.equal(await bytes('plain-held'), 31 * 1200 * 900 * 4)
    const held = await bytes('cached-held')
    assert.ok(held > 0 && held < 32e6, String(held))
    assert.match(
      await page.$eval(part('cached-against'), (element) => element.textContent),
      /^0 bytes of ImageData/,
    )
    // What is under way can be stopped, and both have done the same.
    await page.click(part('paint'))
    await page.waitForFunction(() => {
      const part = (name) => document.querySelector(`[data-testid="${name}"]`)
      if (Number.parseInt(part('plain-edits').textContent, 10) < 31) return false
      part('stop').click()
      return true
    })
    await idle()
    const text = await page.$eval(part('status'), (element) => element.textContent)
    assert.match(text, /^[1-9]\d? strokes in each/)
    assert.ok(Number.parseInt(text, 10) < 30, text)
    const [plain, cached] = await pictures()
    assert.equal(plain, cached)
  },
)
