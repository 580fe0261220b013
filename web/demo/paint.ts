// Painting on a picture that is larger than an undo history of copies could ever hold.
import './paint.css'
import {
  type AsposeCache,
  CacheError,
  CacheFullError,
  loadAsposeCache,
  type LoadOptions,
  type WhenFullName,
} from 'asposecache'
import type { Tip } from './brush'
import { isInert, part, setInert, setText } from './dom'
import { acceptDrops } from './drop'
import { explain } from './errors'
import { fireworks } from './fireworks'
import { bytes, count } from './format'
import { Gauge } from './gauges'
import { HistoryPanel } from './history-panel'
import { Cancelled, Layer } from './layer'
import { clearErrors, clearSolved, logEvent, showError, showStatus } from './notices'
import { openFile, Picture } from './picture'
import { watchPointers, type Track } from './pointers'
import { sceneOf } from './samples'
import { breathe, Queue } from './tasks'
import { View } from './view'

const canvas = part<HTMLCanvasElement>('canvas')
const gauges = [new Gauge('memory'), new Gauge('disk')]
const panel = new HistoryPanel((index) => void goTo(index))
const view = new View(canvas, showZoom, (error) => fail(error, 'The picture'))

let cache: AsposeCache | null = null
let layer: Layer | null = null

// ---- Starting and ending

/** As high as tiles: each tile is written once. */
const STRIP_ROWS = 256

const select = part<HTMLSelectElement>('picture')
const limits = [part<HTMLSelectElement>('limit-memory'), part<HTMLSelectElement>('limit-disk')]
const disk = part<HTMLSelectElement>('disk')
const whenFull = part<HTMLSelectElement>('when-full')
const fileInput = part<HTMLInputElement>('file-input')
const starts = new Queue()
/** How often a start was asked for: only the latest counts. */
let asked = 0
/** The person's own, which the select names too. */
let photo: File | null = null
/** Of pictures: the latest is what counts. */
let choices = 0

/** Opens a photo of the person's own. What is no picture changes nothing. */
function openPhoto(file: File | undefined): void {
  if (!file) return
  const choice = ++choices
  void starts.add(async () => {
    try {
      const opened = await openFile(file, STRIP_ROWS)
      const { width, height } = opened
      opened.close()
      if (choice !== choices) return
      photo = file
      const option = part<HTMLOptionElement>('own')
      option.hidden = option.disabled = false
      setText(option, `${file.name} (${count(width)} × ${count(height)})`)
      select.value = 'own'
      start()
    } catch (error) {
      fail(error, file.name)
    }
  })
}

async function openChosen(): Promise<Picture> {
  if (select.value === 'own') return openFile(photo!, STRIP_ROWS)
  const [width, height] = select.value.split('x').map(Number) as [number, number]
  return new Picture(width, height, sceneOf(width, height, 2), undefined, STRIP_ROWS)
}

function start(): void {
  stop = true
  const number = ++asked
  const latest = () => number === asked
  document.body.dataset.state = 'loading'
  void starts.add(async () => {
    if (!latest()) return
    clearErrors()
    setText(part('doing'), '')
    showProgress('Starting …', 0)
    await end()
    try {
      await begin()
      if (latest()) document.body.dataset.state = 'ready'
    } catch (error) {
      if (latest()) document.body.dataset.state = 'failed'
      fail(error, 'The picture')
      await end()
    }
    refresh()
  })
}

async function begin(): Promise<void> {
  const started = await loadAsposeCache({
    settings: {
      // A name of its own: other pages of this site may use the cache too.
      cacheFolder: 'asposeCachePaint',
      ...limitsNow(),
      spillPolicy: 'coldest',
    },
    ...disks[disk.value],
  })
  cache = started
  listen(started)
  strokes = 0
  let shown = false
  const picture = await openChosen()
  const { width, height } = picture
  try {
    layer = await Layer.create(
      started,
      picture,
      () => whenFull.value as WhenFullName,
      (surface, strip) => {
        if (!shown) view.show(surface)
        shown = true
        view.invalidate(strip)
        const done = (strip.y + strip.height) / height
        showProgress(`Drawing ${count(Math.round((width * height) / 1e6))} megapixels`, done)
      },
      (rect) => view.invalidate(rect),
    )
  } finally {
    picture.close()
  }
  showInConsole()
}

/** For whoever opens the console to play with it. */
function showInConsole(): void {
  if (layer) Object.assign(globalThis, { cache, surface: layer.surface, undoHistory: layer.history })
}

/** What can be chosen of the disk. */
const disks: Record<string, LoadOptions> = {
  worker: {},
  page: { diskWorker: false },
  opfs: { diskStore: 'opfs' },
}

function limitsNow() {
  const [maxMemoryForCache, maxDiskSpaceForCache] = limits.map(({ value }) => Number(value) * 2 ** 20)
  return { maxMemoryForCache, maxDiskSpaceForCache }
}

/** The picture keeps its strokes; where there is none, for it did not fit, it may now. */
async function applyLimits(): Promise<void> {
  if (!cache || !layer) return start()
  const { maxMemoryForCache, maxDiskSpaceForCache } = cache
  const most = (limit: number) => limit || Infinity
  try {
    const now = await cache.configure(limitsNow())
    const raised =
      most(now.maxMemoryForCache) > most(maxMemoryForCache) ||
      most(now.maxDiskSpaceForCache) > most(maxDiskSpaceForCache)
    if (raised) successes++
  } catch (error) {
    fail(error, 'The limits')
  }
  refresh()
}

async function applyWhenFull(): Promise<void> {
  const now = layer
  if (!now) return // it is asked for when there is a history
  try {
    await now.setWhenFull(whenFull.value as WhenFullName)
    successes++
  } catch (error) {
    whenFull.value = now.whenFull
    fail(error, 'The history')
  }
  if (now === layer) showInConsole()
  refresh()
}

/** Frees everything that the page has allocated. */
async function end(): Promise<void> {
  const [ending, picture] = [cache, layer]
  cache = layer = null
  view.show(null)
  try {
    await picture?.dispose()
    await ending?.close()
  } catch (error) {
    // What has crashed has nothing left to free.
    if (!(error instanceof CacheError)) throw error
  }
}

function showProgress(text: string, done: number): void {
  setText(part('starting-text'), text)
  part('starting-bar').style.width = `${100 * done}%`
}

function listen(started: AsposeCache): void {
  let moved = 0
  started.addEventListener('spill', ({ detail }) => {
    // Pages move in small numbers: told one by one, there would be nothing else to read.
    if (moved === 0)
      setTimeout(() => {
        logEvent('spill', `${bytes(moved)} of the history moved from memory to disk.`)
        moved = 0
      }, 1000)
    moved += detail.bytes
  })
  const dropped = { labels: [] as string[], bytes: 0 }
  started.addEventListener('historydropped', ({ detail }) => {
    // A stroke asks for room again and again: what it has dropped is told at once.
    const oldest = layer?.oldest
    if (dropped.labels.length === 0)
      setTimeout(() => {
        const { labels } = dropped
        const names = labels.map((label) => label || oldest || 'the picture as it was')
        const which = names.length > 1 ? `${names[0]} to ${names.at(-1)}` : names[0]
        const states = names.length > 1 ? `${names.length} states` : '1 state'
        const told = `No room: ${states} dropped, ${bytes(dropped.bytes)} (${which}).`
        logEvent('dropped', told)
        showStatus(told)
        dropped.labels = []
        dropped.bytes = 0
      }, 500)
    dropped.labels.push(...detail.labels)
    dropped.bytes += detail.bytes
  })
  started.addEventListener('lost', ({ detail }) => {
    logEvent('lost', `The browser removed ${bytes(detail.length)} of stored pixels.`)
  })
  started.addEventListener('storeerror', ({ detail }) => {
    logEvent('storeerror', `Storing failed and is tried again with the next call: ${detail.error.message}`)
  })
  started.addEventListener('crash', ({ detail }) => {
    if (cache !== started) return
    cache = layer = null
    view.show(null)
    document.body.dataset.state = 'failed'
    logEvent('crash', detail.error.message)
    showError(explain(detail.error, 'The picture'), { action: { label: 'Start again', run: start } })
    refresh()
  })
}

/** Of strokes, and of choices that may make room: after one, nobody is told any longer that there was none. */
let successes = 0

function fail(error: unknown, subject: string): void {
  if (error instanceof Cancelled) return
  if (error instanceof CacheError && ['CACHE_CRASHED', 'CACHE_CLOSED', 'CACHE_DISPOSED'].includes(error.code))
    return
  const told = explain(error, subject)
  // The pictures of this page are one, and the settings are limits only.
  const refused = error instanceof CacheFullError ? error : null
  if (refused)
    told.text = `${subject} needs ${bytes(refused.requested)} more, and there is no room in memory or on disk. Choose a higher limit${layer ? ', or let the oldest states be dropped' : ', or a smaller picture'}.`
  const then = successes
  showError(told, { solved: () => refused !== null && successes > then })
  logEvent(refused ? 'full' : 'error', `${told.title}. ${told.text}`)
}

addEventListener('pagehide', () => {
  stop = true
  void starts.add(end)
})
// The page is shown again as it was left, but its cache was closed.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) start()
})

// ---- What is shown

function showZoom(): void {
  const percent = view.zoom * 100
  setText(part('zoom'), `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}%`)
  showTip()
}

let refreshWanted = false

/** Strokes can follow each other quickly: what is shown of them a person reads more slowly. */
function scheduleRefresh(): void {
  if (refreshWanted) return
  refreshWanted = true
  setTimeout(() => {
    refreshWanted = false
    refresh()
  }, 100)
}

function refresh(): void {
  for (const gauge of gauges) gauge.update(cache)
  panel.show(layer)
  clearSolved()
  const entries = layer?.entries ?? []
  const current = entries.findIndex((entry) => entry.current)
  setInert(buttons.undo, current <= 0 || playing)
  setInert(buttons.redo, current >= entries.length - 1 || playing)
  setInert(buttons['undo-all'], current <= 0 || playing)
  setInert(buttons['redo-all'], current >= entries.length - 1 || playing)
  setInert(buttons.hundred, !layer)
}

// ---- Brushes

const tools = part<HTMLFormElement>('tools')
const colour = part<HTMLInputElement>('colour')
const [brushSize, opacity, softness] = ['brush-size', 'opacity', 'softness'].map((name) =>
  part<HTMLInputElement>(name),
) as [HTMLInputElement, HTMLInputElement, HTMLInputElement]

const tool = () => new FormData(tools).get('tool') as 'brush' | 'eraser' | 'hand'

/** 2 to 1000 pixels; small ones differ by less. */
const sizeNow = () => Math.round(2 * 500 ** (Number(brushSize.value) / 100))

function tipNow(): Tip {
  const value = Number.parseInt(colour.value.slice(1), 16)
  return {
    erase: tool() === 'eraser',
    colour: [value >> 16, (value >> 8) & 255, value & 255],
    size: sizeNow(),
    opacity: Number(opacity.value) / 100,
    softness: Number(softness.value) / 100,
  }
}

const tip = part('tip')

/** A ring as large as the brush follows the pointer. */
function showTip(at?: { x: number; y: number }): void {
  const across = sizeNow() * view.zoom
  tip.style.width = tip.style.height = `${across}px`
  if (at) tip.style.translate = `${at.x}px ${at.y}px`
}

function showTools(): void {
  setText(part('size-value'), `${sizeNow()} px`)
  setText(part('opacity-value'), `${opacity.value}%`)
  setText(part('softness-value'), `${softness.value}%`)
  canvas.dataset.tool = tool()
  showTip()
}

tools.addEventListener('input', showTools)
canvas.addEventListener('pointermove', (event) => {
  const { left, top } = canvas.getBoundingClientRect()
  showTip({ x: event.clientX - left, y: event.clientY - top })
})

// ---- Strokes, undo and redo

let strokes = 0

async function paint(track: Track | Iterable<{ x: number; y: number; pressure: number }[]>, tip = tipNow()) {
  const { erase } = tip
  try {
    await layer?.paint(() => `${erase ? 'Eraser' : 'Stroke'} ${++strokes}`, tip, track)
    successes++
  } catch (error) {
    fail(error, 'The stroke')
    throw error
  } finally {
    scheduleRefresh()
  }
}

/** Whether there was something to undo or to redo. */
async function step(by: -1 | 1): Promise<boolean> {
  try {
    return (await layer?.step(by)) ?? false
  } catch (error) {
    fail(error, by < 0 ? 'The undo' : 'The redo')
    return false
  } finally {
    scheduleRefresh()
  }
}

async function goTo(index: number): Promise<void> {
  const entry = layer?.entries[index]
  if (playing || !entry) return
  try {
    await layer?.goTo(entry.label)
  } catch (error) {
    fail(error, 'The state')
  } finally {
    scheduleRefresh()
  }
}

let spaceIsDown = false
/** Many strokes or steps are under way. */
let playing = false
let stop = false

watchPointers(canvas, view, {
  moves: () => spaceIsDown || tool() === 'hand',
  paints: () => layer !== null && !playing,
  begin: (track) => void paint(track).catch(() => {}),
})

const buttons = Object.fromEntries(
  ['undo', 'redo', 'hundred', 'undo-all', 'redo-all'].map((name) => [name, part<HTMLButtonElement>(name)]),
) as Record<'undo' | 'redo' | 'hundred' | 'undo-all' | 'redo-all', HTMLButtonElement>

/** Does something many times, until it is stopped. Tells how far it is. */
async function play(work: (tell: (text: string) => void) => Promise<string>): Promise<void> {
  playing = true
  stop = false
  refresh()
  setText(buttons.hundred, 'Stop')
  const begun = performance.now()
  let outcome: string
  try {
    const done = await work((text) => setText(part('doing'), text))
    outcome = `${done} in ${((performance.now() - begun) / 1000).toFixed(1)} s`
  } catch {
    outcome = 'Stopped'
  }
  playing = false
  setText(buttons.hundred, 'Paint 100 strokes')
  if (layer) setText(part('doing'), outcome)
  refresh()
}

buttons.hundred.addEventListener('click', () => {
  if (playing) {
    stop = true
    return
  }
  const now = layer
  if (!now || isInert(buttons.hundred)) return
  void play(async (tell) => {
    const { width, height } = now.surface
    let n = 0
    for (const { tip, points } of fireworks(width, height, 100)) {
      if (stop) break
      await paint([points], tip)
      tell(`${++n} of 100 strokes`)
      await breathe()
    }
    return `${n} strokes`
  })
})

for (const [name, by, done] of [
  ['undo', -1, 'undone'],
  ['redo', 1, 'redone'],
] as const) {
  buttons[name].addEventListener('click', () => {
    if (!isInert(buttons[name])) void step(by)
  })
  const all = buttons[`${name}-all`]
  all.addEventListener('click', () => {
    if (playing || isInert(all)) return
    void play(async (tell) => {
      let n = 0
      while (!stop && (await step(by))) {
        tell(`${++n} ${done}`)
        await breathe()
      }
      return `${n} ${done}`
    })
  })
}

// ---- Keys

const inText = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('select, input[type="color"]'))

function choose(name: string): void {
  part<HTMLInputElement>(`tool-${name}`).checked = true
  showTools()
}

function resize(by: number): void {
  brushSize.value = String(Number(brushSize.value) + by)
  showTools()
}

const keys: Record<string, () => void> = {
  b: () => choose('brush'),
  e: () => choose('eraser'),
  h: () => choose('hand'),
  '[': () => resize(-4),
  ']': () => resize(4),
  '+': () => view.zoomTo(view.zoom * 1.4),
  '=': () => view.zoomTo(view.zoom * 1.4),
  '-': () => view.zoomTo(view.zoom / 1.4),
  0: () => view.fit(),
  1: () => view.zoomTo(1 / devicePixelRatio),
}

const canvasKeys: Record<string, () => void> = {
  ArrowLeft: () => view.pan(60, 0),
  ArrowRight: () => view.pan(-60, 0),
  ArrowUp: () => view.pan(0, 60),
  ArrowDown: () => view.pan(0, -60),
  Enter: () => {
    if (!layer || playing || tool() === 'hand') return
    const at = view.toSurface(canvas.clientWidth / 2, canvas.clientHeight / 2)
    void paint([[{ ...at, pressure: 1 }]]).catch(() => {})
  },
}

addEventListener('keydown', (event) => {
  if (inText(event.target)) return
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey || (key !== 'z' && key !== 'y')) return
    event.preventDefault()
    if (!playing) void step(key === 'y' || event.shiftKey ? 1 : -1)
    return
  }
  if (event.altKey) return
  const onCanvas = event.target === canvas
  if (key === ' ' && (onCanvas || event.target === document.body)) {
    event.preventDefault()
    spaceIsDown = true
    canvas.classList.add('movable')
    return
  }
  const action = keys[key] ?? (onCanvas ? canvasKeys[key] : undefined)
  if (!action) return
  event.preventDefault()
  action()
})

function letGo(): void {
  spaceIsDown = false
  canvas.classList.remove('movable')
}
addEventListener('keyup', ({ key }) => {
  if (key === ' ') letGo()
})
addEventListener('blur', letGo)

part('zoom-in').addEventListener('click', () => keys['+']!())
part('zoom-out').addEventListener('click', () => keys['-']!())
part('fit').addEventListener('click', () => keys[0]!())
part('full').addEventListener('click', () => keys[1]!())

for (const starting of [select, disk])
  starting.addEventListener('change', () => {
    choices++
    start()
  })
for (const limit of limits) limit.addEventListener('change', () => void applyLimits())
whenFull.addEventListener('change', () => void applyWhenFull())
fileInput.addEventListener('change', () => {
  openPhoto(fileInput.files?.[0])
  // So that the same file can be chosen again.
  fileInput.value = ''
})
acceptDrops(part('drop-overlay'), ([file]) => openPhoto(file))

setInterval(() => {
  if (!document.hidden) refresh()
}, 250)
showTools()
start()
