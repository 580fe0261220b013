// One editor, in a frame of its own: painterro listens to all of its document. With `?cached` its undo
// states are in the cache.
import { type AsposeCache, loadAsposeCache } from 'asposecache'
import { type CachedHistory, cacheHistory } from 'asposecache/painterro'
import painterro, { type PainterroEditor, type PainterroState } from 'painterro'
import { sceneOf } from './samples'

export interface Held {
  /** Bytes of ImageData in the editor's own list. */
  imageData: number
  memory: number
  disk: number
  /** On the way into the cache. */
  waiting: number
}

export interface Told {
  what: 'stroke' | 'undo' | 'redo'
  milliseconds: number
}

/** What the page around the frame finds in it. */
export interface EditorFrame {
  open(width: number, height: number, maxMemoryForCache: number): Promise<void>
  /** Draws as a person does, and resolves when the editor has told of it. */
  stroke(points: [number, number][]): Promise<void>
  undo(): Promise<void>
  redo(): Promise<void>
  held(): Held
  onTold: (told: Told) => void
}

declare global {
  var frame: EditorFrame
}

const cached = location.search === '?cached'
let editor: PainterroEditor | undefined
let cache: AsposeCache | undefined
let history: CachedHistory | undefined

async function open(width: number, height: number, maxMemoryForCache: number): Promise<void> {
  editor?.hide()
  await history?.dispose()
  await cache?.close()
  document.getElementById('editor')!.replaceChildren()
  try {
    localStorage.removeItem('painterro-data')
  } catch {}
  editor = painterro.default({
    id: 'editor',
    defaultSize: `${width}x${height}`,
    defaultTool: 'brush',
    activeColor: '#4453c9',
    defaultLineWidth: Math.round(width / 100),
    hiddenTools: [
      'save',
      'open',
      'close',
      'settings',
      'pixelize',
      'crop',
      'select',
      'filters',
      'zoomin',
      'zoomout',
    ],
  })
  if (cached) {
    cache = await loadAsposeCache({ settings: { maxMemoryForCache, cacheFolder: 'asposeCacheDemo' } })
    history = cacheHistory(editor, cache)
  }
  editor.show()
  // All of the picture in the frame, as it does with pictures that are opened.
  editor.setZoom(1)
  sceneOf(width, height)(editor.ctx, 0, height)
  // The blank canvas of before is no state to go back to.
  editor.worklog.current = null
  editor.worklog.captureState(true)
  await history?.settled()
  measureSteps(editor)
}

window.addEventListener('resize', () => editor?.setZoom(1))

// ---- What is measured: the time for which the editor keeps its page busy, and for a step until it shows

let busy = 0
let states = 0

for (const type of ['mousedown', 'mousemove', 'mouseup']) {
  let begun = 0
  window.addEventListener(
    type,
    () => {
      if (type === 'mousedown') busy = 0
      begun = performance.now()
      states = editor?.worklog.current?.prevCount ?? 0
    },
    true,
  )
  window.addEventListener(type, () => {
    busy += performance.now() - begun
    const now = editor?.worklog.current?.prevCount ?? 0
    if (type === 'mouseup' && now > states) tell('stroke', busy)
  })
}

function measureSteps({ worklog }: PainterroEditor): void {
  for (const what of ['undo', 'redo'] as const) {
    const step = worklog[`${what}State`]
    worklog[`${what}State`] = async () => {
      const begun = performance.now()
      const before = worklog.current
      step.call(worklog)
      await history?.settled()
      if (worklog.current !== before) tell(what, performance.now() - begun)
    }
  }
}

function tell(what: Told['what'], milliseconds: number): void {
  frame.onTold({ what, milliseconds })
}

// ---- What the page around asks for

async function stroke(points: [number, number][]): Promise<void> {
  const { left, top, width, height } = editor!.canvas.getBoundingClientRect()
  const mouse = (type: string, [x, y]: [number, number]) =>
    editor!.toolContainer.dispatchEvent(
      new MouseEvent(type, { bubbles: true, clientX: left + x * width, clientY: top + y * height }),
    )
  mouse('mousedown', points[0]!)
  for (const point of points.slice(1)) mouse('mousemove', point)
  mouse('mouseup', points.at(-1)!)
  await history?.settled()
}

async function step(what: 'undo' | 'redo'): Promise<void> {
  editor!.worklog[`${what}State`]()
  await history?.settled()
}

function held(): Held {
  let imageData = 0
  let state: PainterroState | null = editor?.worklog.current ?? null
  while (state?.prev) state = state.prev
  for (; state; state = state.next)
    if (state.data instanceof ImageData) imageData += state.data.data.byteLength
  return { imageData, ...(history?.bytes ?? { memory: 0, disk: 0, waiting: 0 }) }
}

globalThis.frame = {
  open,
  stroke,
  undo: () => step('undo'),
  redo: () => step('redo'),
  held,
  onTold: () => {},
}
