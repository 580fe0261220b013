import './pictures.css'
import {
  type AsposeCache,
  CacheError,
  CacheFullError,
  type CacheSettings,
  loadAsposeCache,
} from 'asposecache'
import { isInert, part, setInert, setText } from './dom'
import { acceptDrops } from './drop'
import { Entry } from './entry'
import { explain, hasRoom } from './errors'
import { bytes, duration } from './format'
import { Gauge } from './gauges'
import { clearErrors, clearSolved, logEvent, showError, showStatus } from './notices'
import { openFile, type Picture } from './picture'
import { Plot } from './plot'
import { preview } from './preview'
import { askSize } from './resize'
import { Row, type RowActions } from './row'
import { nextSample } from './samples'
import { SettingsForm } from './settings'
import { StatisticsPanel } from './statistics'
import { Queue } from './tasks'

let cache: AsposeCache | null = null
let starting: Promise<void> = Promise.resolve()
/** Says again why there is no cache, to someone who dismissed it and goes on. */
let tellWhy = () => {}
const rows = new Map<Entry, Row>()
const queue = new Queue()

const list = part<HTMLUListElement>('rows')
const empty = part('empty')
const summary = part('summary')
const fileInput = part<HTMLInputElement>('file-input')
const disposeAll = part<HTMLButtonElement>('dispose-all')
const flush = part<HTMLButtonElement>('flush')

const gauges = [new Gauge('memory'), new Gauge('disk')]
const plot = new Plot(part('plot'))
const statistics = new StatisticsPanel()
const settings = new SettingsForm(
  () => cache,
  (error) => (error === null ? showStatus('Settings applied') : fail(error, 'Settings')),
)

// ---- The cache

function start(kept?: CacheSettings): void {
  starting = load(kept)
}

async function load(kept?: CacheSettings): Promise<void> {
  document.body.dataset.state = 'loading'
  try {
    // A name of its own: other pages of this site may use the cache too.
    const started = await loadAsposeCache({ settings: { ...kept, cacheFolder: 'asposeCacheDemo' } })
    listen(started)
    cache = started
    settings.show(started.settings)
    document.body.dataset.state = 'ready'
    logEvent('start', 'The cache is ready.')
    // For whoever opens the console to play with it.
    Object.assign(globalThis, { cache })
  } catch (error) {
    broken(error, 'Try again', kept)
  }
  refresh()
}

function listen(started: AsposeCache): void {
  started.addEventListener('spill', ({ detail }) => {
    logEvent('spill', `“${detail.label}” moved from memory to disk (${bytes(detail.bytes)}).`)
  })
  started.addEventListener('full', ({ detail: { error } }) => {
    const place = error.medium === 'memory' ? 'in memory' : 'on disk'
    const limit = error.limit ? ` of ${bytes(error.limit)}` : ''
    const taken = `${bytes(error.allocated)}${limit} in use`
    logEvent('full', `No room ${place} for ${bytes(error.requested)}: ${taken}.`)
  })
  started.addEventListener('lost', ({ detail }) => {
    logEvent('lost', `The browser removed ${bytes(detail.length)} of “${detail.label}”.`)
  })
  started.addEventListener('storeerror', ({ detail }) => {
    logEvent('storeerror', `Storing failed and is tried again with the next call: ${detail.error.message}`)
  })
  started.addEventListener('leak', ({ detail }) => {
    logEvent('leak', `“${detail.label}” (${bytes(detail.size)}) was forgotten without being disposed of.`)
  })
  started.addEventListener('crash', ({ detail }) => {
    if (cache !== started) return
    cache = null
    for (const entry of [...rows.keys()]) remove(entry)
    logEvent('crash', detail.error.message)
    broken(detail.error, 'Start again', { ...started.settings })
  })
}

function broken(error: unknown, label: string, kept?: CacheSettings): void {
  document.body.dataset.state = 'failed'
  tellWhy = () => showError(explain(error, 'The cache'), { action: { label, run: () => start(kept) } })
  tellWhy()
  refresh()
}

function fail(error: unknown, subject: string): void {
  // A crash is told once, by its event, and not by each of the calls that it ends.
  if (error instanceof CacheError && error.code === 'CACHE_CRASHED') return
  const told = explain(error, subject)
  const refused = error instanceof CacheFullError ? error : null
  showError(told, { solved: () => refused !== null && cache !== null && hasRoom(cache, refused) })
  // What the cache reports as an event is in the log already.
  if (!refused) logEvent('error', `${told.title}. ${told.text}`)
  refresh()
}

// ---- Pictures

const actions: RowActions = {
  readBack: (entry) => run(entry, () => preview(entry)),
  resize: (entry, newSize) => run(entry, () => resize(entry, newSize)),
  askSize: (entry) =>
    run(entry, async () => {
      const newSize = await askSize(entry)
      if (newSize !== null) await resize(entry, newSize)
    }),
  dispose: (entry) => {
    const next = list.children[[...list.children].indexOf(rows.get(entry)!.element) + 1]
    remove(entry)
    // Keep the keyboard where it was, in the list.
    const target = next ?? list.lastElementChild
    ;(target ? part('dispose', target) : fileInput).focus({ preventScroll: true })
  },
}

async function run(entry: Entry, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    fail(error, entry.name)
  }
  refresh()
}

async function resize(entry: Entry, newSize: number): Promise<void> {
  const before = entry.allocation?.medium
  await entry.resize(newSize)
  if (entry.gone) return
  const moved = entry.allocation?.medium !== before ? ' and moved to disk' : ''
  showStatus(`“${entry.name}” has ${bytes(entry.size)} now${moved}`)
}

function add(name: string, open: () => Promise<Picture>): void {
  if (document.body.dataset.state === 'failed') {
    tellWhy()
    return
  }
  const entry: Entry = new Entry(name, open, () => {
    rows.get(entry)?.update()
    scheduleRefresh()
  })
  const row = new Row(entry, actions)
  rows.set(entry, row)
  list.append(row.element)
  refresh()
  void queue.add(async () => {
    // Someone can be faster than the program loads.
    await starting
    if (!cache) return remove(entry)
    try {
      await entry.fill(cache)
      row.drawThumbnail()
    } catch (error) {
      // What could not be written whole is of no use.
      remove(entry)
      fail(error, name)
    }
    refresh()
  })
}

function addFiles(files: Iterable<File>): void {
  for (const file of files) add(file.name, () => openFile(file))
}

function addSample(width: number, height: number): void {
  const sample = nextSample(width, height)
  add(width === 100 && height === 100 ? '100 × 100 sample' : sample.name, sample.open)
}

function remove(entry: Entry): void {
  const row = rows.get(entry)
  if (!row) return
  rows.delete(entry)
  row.element.remove()
  entry.dispose().catch((error: unknown) => fail(error, entry.name))
  refresh()
}

// ---- What is shown

let refreshWanted = false

/** Progress comes often: the page is brought up to date once a frame at most. */
function scheduleRefresh(): void {
  if (refreshWanted) return
  refreshWanted = true
  requestAnimationFrame(() => {
    refreshWanted = false
    refresh()
  })
}

function refresh(): void {
  empty.hidden = rows.size > 0
  setInert(disposeAll, rows.size === 0)
  setInert(flush, cache === null)
  const pictures = rows.size === 1 ? '1 picture' : rows.size > 1 ? `${rows.size} pictures` : ''
  setText(summary, document.body.dataset.state === 'loading' ? 'Starting the cache …' : pictures)
  for (const gauge of gauges) gauge.update(cache)
  clearSolved()
}

function tick(): void {
  if (!cache) return
  plot.add(cache.allocatedMemoryBytesCount, cache.allocatedDiskBytesCount)
  if (document.hidden) return
  statistics.update(cache.statistics())
  settings.follow(cache.settings)
  for (const [entry, row] of rows) {
    // An allocation can move by itself.
    row.update()
    if (entry.phase === 'writing') row.drawThumbnail()
  }
  refresh()
}

// ---- Controls

fileInput.addEventListener('change', () => {
  addFiles([...(fileInput.files ?? [])])
  // So that the same file can be chosen again.
  fileInput.value = ''
})
acceptDrops(part('drop-overlay'), addFiles)

for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-sample]')) {
  const [width, height] = button.dataset.sample!.split('x').map(Number)
  button.addEventListener('click', () => addSample(width!, height!))
}

part('show-me').addEventListener('click', async () => {
  await starting
  if (!cache) return tellWhy()
  try {
    // Room for two of three pictures of 45.8 MiB: the third shows what the cache is for.
    settings.show(
      await cache.configure({ cacheType: 'auto', maxMemoryForCache: 96 << 20, maxDiskSpaceForCache: 0 }),
    )
    for (let i = 0; i < 3; i++) addSample(4000, 3000)
    showStatus('Memory is limited to 96 MiB: two pictures fit, the third goes to disk')
  } catch (error) {
    fail(error, 'Show me')
  }
})

disposeAll.addEventListener('click', () => {
  if (isInert(disposeAll)) return
  for (const entry of [...rows.keys()]) remove(entry)
  clearErrors()
  showStatus('Everything is disposed of')
})

flush.addEventListener('click', async () => {
  if (!cache || isInert(flush)) return
  const begun = performance.now()
  try {
    await cache.flush()
    showStatus(`Everything is stored (${duration(performance.now() - begun)})`)
  } catch (error) {
    fail(error, 'Flush')
  }
})

setInterval(tick, plot.interval)
start()
