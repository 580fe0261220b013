import { show } from '../arguments'

// What is used of painterro 1.2.92's insides. They are nobody's promise: hence the check.

/** An undo state; they are a list in both directions. */
export interface State {
  sizew: number | string
  sizeh: number | string
  /** Painterro's is an ImageData of the whole picture. */
  data: unknown
  prev: State | null
  next: State | null
  prevCount: number
}

/** The list, and the calls by which all of the editor uses it. */
export interface Worklog {
  current: State | null
  /** The oldest state; unset while there is none. */
  first?: State
  /** How many states were dropped at the old end. */
  clearedCount?: number
  /** Used for reading the canvas, and nothing else. */
  ctx: { getImageData(x: number, y: number, width: number, height: number): unknown }
  /** Adds a state with what is on the canvas. What could be redone is out of reach then. */
  captureState(initial?: boolean): void
  /** Shows a state: sets the size of the canvas, which resets its context, and puts `data`. */
  applyState(state: State): void
  undoState(): void
  redoState(): void
}

export interface Editor {
  worklog: Worklog
  ctx: CanvasRenderingContext2D
  canvas: HTMLCanvasElement
  /** Everything that the editor shows is in it. */
  baseEl: HTMLElement
  toolByName: Record<'undo' | 'redo', object>
  setToolEnabled(tool: object, enabled: boolean): void
}

const needed: Record<string, (editor: Editor) => boolean> = {
  'worklog.captureState': ({ worklog }) => typeof worklog.captureState === 'function',
  'worklog.applyState': ({ worklog }) => typeof worklog.applyState === 'function',
  'worklog.undoState': ({ worklog }) => typeof worklog.undoState === 'function',
  'worklog.redoState': ({ worklog }) => typeof worklog.redoState === 'function',
  'worklog.current': ({ worklog }) => typeof worklog.current === 'object',
  'worklog.ctx': ({ worklog }) => typeof worklog.ctx.getImageData === 'function',
  ctx: ({ ctx }) => typeof ctx.putImageData === 'function',
  canvas: ({ canvas }) => typeof canvas.width === 'number',
  baseEl: ({ baseEl }) => typeof baseEl.contains === 'function',
  toolByName: ({ toolByName }) => typeof toolByName.undo === 'object' && typeof toolByName.redo === 'object',
  setToolEnabled: (editor) => typeof editor.setToolEnabled === 'function',
}

/** The editor, if it is one whose history can be cached. */
export function editorOf(value: unknown): Editor {
  for (const [name, has] of Object.entries(needed)) if (!safely(() => has(value as Editor))) throw lacks(name)
  const editor = value as Editor
  if (editor.worklog.ctx !== editor.ctx) throw new TypeError('painterro: its history is in a cache already')
  return editor

  function lacks(name: string) {
    return new TypeError(
      `painterro: ${show(value)} was given, and it has no ${name} as it is known from painterro 1.2.92`,
    )
  }
}

function safely(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

/** Every state that the editor can go to, oldest first. */
export function* reachable({ current }: Worklog): Generator<State> {
  let state = current
  while (state?.prev) state = state.prev
  for (; state; state = state.next) yield state
}

/** The buttons, which the editor itself brings up to date only when it changes its list. */
export function updateButtons(editor: Editor): void {
  const { current } = editor.worklog
  // A page may have removed the editor already, and there are none.
  if (!editor.baseEl.isConnected) return
  editor.setToolEnabled(editor.toolByName.undo, Boolean(current?.prev))
  editor.setToolEnabled(editor.toolByName.redo, Boolean(current?.next))
}
