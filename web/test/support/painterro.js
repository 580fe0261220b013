// Drives the editor painterro as a person does: with the mouse on its tools and its canvas, and the keyboard.
import { createRequire } from 'node:module'
import { file, html } from './site.js'

const script = createRequire(import.meta.url).resolve('painterro/build/painterro.min.js')

/** Pages of an editor: at `/editor`. `open` in the page makes one, of a size, plain or with a cache. */
export const routes = {
  '/painterro.js': file(script, 'text/javascript'),
  '/editor':
    html(`<!doctype html><title>editor</title><div id="editor"></div><script src="/painterro.js"></script>
<script type="module">
  import { loadAsposeCache } from '/asposecache.js'
  import { cacheHistory } from '/asposecache.painterro.js'

  window.errors = []
  window.open = async ({ size = '1000x640', cached = false, gated = false, settings = {}, ...params } = {}) => {
    const { instantiate } = WebAssembly
    WebAssembly.instantiate = (module, imports) => {
      window.endProgram = () => imports.gojs['runtime.wasmExit'](0)
      return instantiate.call(WebAssembly, module, imports)
    }
    localStorage.clear() // the editor keeps its colors and widths there
    window.editor = Painterro({ id: 'editor', defaultSize: size, hiddenTools: [], ...params })
    if (cached) {
      window.cache = await loadAsposeCache({ settings })
      window.cacheHistory = cacheHistory
      const onError = (error) => errors.push(error)
      window.cached = cacheHistory(editor, gated ? gate(cache) : cache, { onError })
    }
    editor.show()
  }

  /** A cache whose reads wait, as reads from a very slow disk do, while 'hold' is true. */
  window.reads = { hold: false, waiting: [] }
  window.letThrough = () => {
    reads.hold = false
    for (const go of reads.waiting.splice(0)) go()
  }
  const gate = (cache) => ({
    addEventListener: (...listener) => cache.addEventListener(...listener),
    removeEventListener: (...listener) => cache.removeEventListener(...listener),
    async allocate(...what) {
      const allocation = await cache.allocate(...what)
      return new Proxy(allocation, {
        get: (_, name) => {
          if (name === 'medium') return 'disk'
          if (name === 'read')
            return async (...range) => {
              if (reads.hold) await new Promise((go) => reads.waiting.push(go))
              return allocation.read(...range)
            }
          const value = allocation[name]
          return typeof value === 'function' ? value.bind(allocation) : value
        },
      })
    },
  })

  /** The picture as text that is equal only for equal pixels and sizes. */
  window.digest = async () => {
    await window.cached?.settled()
    const { width, height } = editor.canvas
    const { data } = editor.ctx.getImageData(0, 0, width, height)
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data))
    return width + 'x' + height + ' ' + [...hash].map((n) => n.toString(16).padStart(2, '0')).join('')
  }

  window.states = () => {
    let state = editor.worklog.current
    while (state.prev) state = state.prev
    const all = []
    for (; state; state = state.next) all.push(state)
    return all
  }
  window.imageDataBytes = () =>
    states().reduce((sum, { data }) => sum + (data instanceof ImageData ? data.data.byteLength : 0), 0)
  window.counters = () => [cache.allocatedMemoryBytesCount, cache.allocatedDiskBytesCount]
  window.loaded = true
</script>`),
}

/** A page with an editor in it. */
export async function openEditor(
  open,
  /** @type {{ hasTouch?: boolean, [forThePage: string]: any }} */ { hasTouch = false, ...options } = {},
) {
  const page = await open('/editor')
  await page.setViewport({ width: 1280, height: 800, hasTouch })
  await page.bringToFront()
  await page.waitForFunction('window.loaded')
  await page.evaluate((options) => window.open(options), options)
  return page
}

export const digest = (page) => page.evaluate(() => window.digest())
export const captured = (page) => page.evaluate(() => editor.worklog.current.prevCount)

/** Clicks a button of the toolbar. */
export async function click(page, tool) {
  const id = await page.evaluate((tool) => editor.toolByName[tool].buttonId, tool)
  await page.click(`#${id}`)
}

/** Types into the n-th field of the tool that is in use. */
export async function set(page, n, value) {
  const field = (await page.$$('.ptro-tool-controls input'))[n]
  await field.click({ count: 3 })
  await field.type(String(value))
}

/** Chooses the n-th color of the tool that is in use. */
export async function color(page, n, value) {
  await (await page.$$('.ptro-tool-controls .ptro-color-btn'))[n].click()
  const field = await page.waitForSelector('.ptro-color-edit input', { visible: true })
  await field.click({ count: 3 })
  await field.type(value)
  await page.click('.ptro-color-widget-wrapper .ptro-close-color-picker')
}

/** Presses the mouse, moves it along, and lets go; in pixels of the canvas. */
export async function drag(page, ...points) {
  const [first, ...others] = await page.evaluate((points) => {
    const { left, top, width } = editor.canvas.getBoundingClientRect()
    const scale = width / editor.canvas.width
    return points.map(([x, y]) => [left + x * scale, top + y * scale])
  }, points)
  await page.mouse.move(...first)
  await page.mouse.down()
  for (const point of others) await page.mouse.move(...point, { steps: 3 })
  await page.mouse.up()
}

export async function ctrl(page, key) {
  await page.keyboard.down('Control')
  await page.keyboard.press(key)
  await page.keyboard.up('Control')
}

/** Does something that ends with a new state, which may take the editor a while. */
export async function edit(page, action) {
  const before = await captured(page)
  await action(page)
  await page.waitForFunction((before) => editor.worklog.current.prevCount > before, {}, before)
}

const toolThenDrag = (tool, ...points) => [
  tool,
  async (page) => {
    await click(page, tool)
    await drag(page, ...points)
  },
]

const again = (name, ...points) => [name, (page) => drag(page, ...points)]

/** More than thirty edits, with every tool that makes some, and what a person does between them. */
export const edits = [
  toolThenDrag('brush', [100, 100], [180, 140], [300, 120], [420, 300]),
  [
    'a thick green brush',
    async (page) => {
      await color(page, 0, '#22aa44')
      await set(page, 0, 24)
      await drag(page, [600, 80], [640, 300], [500, 400])
    },
  ],
  again('the same brush over the edge', [900, 500], [1040, 600], [980, 700]),
  again('a dot', [50, 600]),
  toolThenDrag('rect', [200, 200], [460, 380]),
  [
    'a filled rectangle',
    async (page) => {
      await color(page, 1, '#ffcc00')
      await drag(page, [250, 260], [420, 330])
    },
  ],
  toolThenDrag('line', [20, 20], [980, 620]),
  again('a short line', [700, 100], [760, 90]),
  toolThenDrag('eraser', [150, 150], [300, 250], [350, 420]),
  [
    'a wide eraser',
    async (page) => {
      await set(page, 0, 60)
      await drag(page, [500, 500], [700, 520])
    },
  ],
  toolThenDrag('ellipse', [520, 120], [760, 260]),
  toolThenDrag('arrow', [820, 200], [640, 420]),
  toolThenDrag('bucket', [330, 290]),
  [
    'a blue fill',
    async (page) => {
      await color(page, 0, '#3355ff')
      await drag(page, [20, 320])
    },
  ],
  toolThenDrag('brush', [10, 10], [60, 600], [120, 20]),
  [
    'text',
    async (page) => {
      await click(page, 'text')
      await drag(page, [560, 560])
      await page.keyboard.type('asposeCache')
      await page.click('.ptro-text-tool-apply')
    },
  ],
  [
    'pixels of a selection',
    async (page) => {
      await click(page, 'select')
      await drag(page, [400, 200], [600, 420])
      await click(page, 'pixelize')
    },
  ],
  [
    'an erased selection',
    async (page) => {
      await click(page, 'select')
      await drag(page, [20, 420], [220, 560])
      await page.keyboard.press('Delete')
    },
  ],
  ['rotate', (page) => click(page, 'rotate')],
  toolThenDrag('brush', [30, 30], [500, 400], [600, 950]),
  ['rotate back', (page) => click(page, 'rotate')],
  toolThenDrag('rect', [40, 40], [240, 140]),
  ...['a', 'b', 'c', 'd', 'e'].map((name, i) =>
    again(`rectangle ${name}`, [100 + 120 * i, 400 + 10 * i], [180 + 120 * i, 500]),
  ),
  [
    'resize',
    async (page) => {
      await click(page, 'resize')
      const field = await page.waitForSelector('.ptro-resize-width-input', { visible: true })
      await field.click({ count: 3 })
      await field.type('1300')
      await page.click('button.ptro-resize')
    },
  ],
  toolThenDrag('line', [1200, 30], [1250, 800]),
  [
    'scale',
    async (page) => {
      await click(page, 'resize')
      const field = await page.waitForSelector('.ptro-resize-width-input', { visible: true })
      await field.click({ count: 3 })
      await field.type('777')
      await page.click('button.ptro-scale')
    },
  ],
  [
    'crop',
    async (page) => {
      await click(page, 'select')
      await drag(page, [100, 100], [620, 400])
      await click(page, 'crop')
    },
  ],
  toolThenDrag('brush', [10, 200], [400, 20], [500, 280]),
  ['clear', (page) => click(page, 'clear')],
  toolThenDrag('line', [300, 600], [900, 40]),
]
