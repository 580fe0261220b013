import type * as api from '../asposecache.painterro'
import type { CacheEventMap } from '../asposecache'
import { type Editor, reachable, type State, updateButtons, type Worklog } from './editor'
import { Fingerprints } from './fingerprint'
import { HeldInput } from './input'
import { Picture, Pictures } from './picture'
import { type Cache, type Tile, TileStore } from './tiles'

/** What is asked for: a step, or a certain state. */
type Step = 'undo' | 'redo' | State

/** Steps that are done together: the picture changes once, to that of `target`. */
interface Run {
  steps: number
  moves: ('undo' | 'redo')[]
  target: State | undefined
}

/** What is replaced on the editor's list, as properties of its own. */
const replaced = ['ctx', 'captureState', 'applyState', 'undoState', 'redoState'] as const

/** Codes of errors after which trying again is of no use. */
const gone = new Set<unknown>(['CACHE_LOST', 'CACHE_CRASHED', 'CACHE_CLOSED', 'CACHE_DISPOSED'])

/**
 * Stands between an editor and its list of states. The list is the editor's own, and so is everything
 * that happens when it changes; only the pixels are elsewhere. The editor's undo, which wants them at
 * once, is called when they are there.
 */
export class CachedHistory implements api.CachedHistory {
  readonly #editor: Editor
  readonly #worklog: Worklog
  /** The list's own methods. */
  readonly #own: Pick<Worklog, 'captureState' | 'applyState' | 'undoState' | 'redoState'>
  readonly #before: [string, PropertyDescriptor | undefined][]
  readonly #cache: Cache
  readonly #onError: (error: unknown) => void
  readonly #store: TileStore
  readonly #pictures: Pictures
  readonly #input: HeldInput
  /** The pictures whose tiles are kept: those of states, once `#sweep` has been here. */
  readonly #kept = new Set<Picture>()
  #steps: Step[] = []
  /** Pending while pixels are read. */
  #loading: Promise<void> | undefined
  /** Counts what makes pixels that are being read useless. */
  #generation = 0
  /** The state to which the editor is going, with its pixels, or without them if it only passes by. */
  #arriving: { state: State; image: ImageData | undefined } | undefined
  #running = false
  #disposing: Promise<void> | undefined
  #disposed = false

  constructor(editor: Editor, cache: Cache, label: string, onError: (error: unknown) => void) {
    const { worklog } = editor
    this.#editor = editor
    this.#worklog = worklog
    this.#own = {
      captureState: worklog.captureState,
      applyState: worklog.applyState,
      undoState: worklog.undoState,
      redoState: worklog.redoState,
    }
    this.#before = replaced.map((name) => [name, Object.getOwnPropertyDescriptor(worklog, name)])
    this.#cache = cache
    this.#onError = onError
    this.#store = new TileStore(cache, label, onError)
    this.#pictures = new Pictures(this.#store, new Fingerprints())
    this.#input = new HeldInput(editor.baseEl, () => this.#loading !== undefined)
    for (const state of reachable(worklog))
      if (state.data instanceof ImageData) state.data = this.#keep(state.data)
    // The list asks its context for an ImageData and keeps what it is given.
    worklog.ctx = {
      getImageData: (...area) => this.#keep(editor.ctx.getImageData(...area)),
    } as Worklog['ctx']
    worklog.captureState = (initial) => this.#capture(initial)
    worklog.applyState = (state) => this.#apply(state)
    worklog.undoState = () => this.#ask('undo')
    worklog.redoState = () => this.#ask('redo')
    cache.addEventListener('crash', this.#rescue)
    cache.addEventListener('lost', this.#rescue)
  }

  get bytes(): api.CachedHistory['bytes'] {
    const total = { memory: 0, disk: 0, waiting: 0 }
    for (const { memory, disk, waiting } of this.states) {
      total.memory += memory
      total.disk += disk
      total.waiting += waiting
    }
    return total
  }

  get states(): readonly api.CachedState[] {
    const seen = new Set<Tile>()
    return [...reachable(this.#worklog)].map((state) => {
      const held = { memory: 0, disk: 0, waiting: 0 }
      if (state.data instanceof Picture)
        for (const tile of state.data.tiles) {
          if (seen.has(tile)) continue
          seen.add(tile)
          if (tile.bytes) held.waiting += tile.size
          else {
            held.memory += tile.allocation?.memoryBytes ?? 0
            held.disk += tile.allocation?.diskBytes ?? 0
          }
        }
      return {
        // Painterro keeps a size that came as text as text.
        width: Number(state.sizew),
        height: Number(state.sizeh),
        current: state === this.#worklog.current,
        ...held,
      }
    })
  }

  get disposed(): boolean {
    return this.#disposed
  }

  async settled(): Promise<void> {
    for (;;) {
      const pending = this.#loading ?? this.#store.storing
      if (!pending) return
      await pending
    }
  }

  /** A property of its own, as that of a CacheEntity, and for the same reason. */
  readonly dispose = (): Promise<void> => {
    this.#disposing ??= this.#dispose()
    return this.#disposing
  }

  #keep(image: ImageData): Picture {
    const picture = this.#pictures.keep(image)
    this.#kept.add(picture)
    return picture
  }

  /** Releases what the editor has dropped, for whatever reason: what its list no longer leads to. */
  #sweep(): void {
    const used = new Set([...reachable(this.#worklog)].map(({ data }) => data))
    for (const picture of this.#kept) {
      if (used.has(picture)) continue
      this.#kept.delete(picture)
      this.#pictures.release(picture)
    }
  }

  // ---- Edits

  #capture(initial: boolean | undefined): void {
    // An edit has come, of a picture that was loaded meanwhile, say, before what was asked for could be
    // shown. It wins: undone now, it would be the one to go.
    this.#steps = []
    this.#loading = undefined
    this.#generation++
    try {
      this.#own.captureState.call(this.#worklog, initial)
    } finally {
      this.#sweep()
      this.#advance()
    }
  }

  // ---- Undo and redo

  #ask(step: Step): void {
    this.#steps.push(step)
    this.#advance()
  }

  /** Stands for the editor's own, which is called with pixels in it. */
  #apply(state: State): void {
    if (this.#arriving?.state !== state) this.#ask(state)
    else if (this.#arriving.image)
      this.#own.applyState.call(this.#worklog, { ...state, data: this.#arriving.image })
  }

  /** Does what is asked for, until something has to be read. */
  #advance(): void {
    if (this.#running || this.#loading) return
    while (this.#steps.length > 0) {
      const run = this.#next()
      if (!run.target) {
        this.#steps.splice(0, run.steps)
        continue
      }
      const { image, rest } = this.#pixels(run.target)
      if (rest) return this.#wait(run, image, rest)
      this.#go(run, image)
    }
    this.#input.release()
  }

  /** As many steps as lead to one picture. Steps beyond the ends of the list are none. */
  #next(): Run {
    const [first] = this.#steps
    if (typeof first === 'object') return { steps: 1, moves: [], target: first }
    const run: Run = { steps: 0, moves: [], target: undefined }
    let state = this.#worklog.current
    for (const step of this.#steps) {
      if (typeof step === 'object') break
      run.steps++
      const next = step === 'undo' ? state?.prev : state?.next
      if (!next) continue
      run.moves.push(step)
      run.target = state = next
    }
    return run
  }

  /** The pixels of a state, with what has still to be read. */
  #pixels({ data }: State): { image: ImageData; rest?: (() => Promise<void>) | undefined } {
    if (!(data instanceof Picture)) return { image: data as ImageData }
    const { canvas, ctx } = this.#editor
    const { width, height } = data
    // Most of it is on the canvas.
    const alike = canvas.width === width && canvas.height === height
    const image = alike ? ctx.getImageData(0, 0, width, height) : new ImageData(width, height)
    return { image, rest: this.#pictures.show(data, image, alike) }
  }

  #wait(run: Run, image: ImageData, rest: () => Promise<void>): void {
    const generation = this.#generation
    this.#input.hold()
    const done = (then: () => void) => {
      if (generation !== this.#generation) return
      this.#loading = undefined
      try {
        then()
      } catch (error) {
        // The page's own callbacks are called from in there.
        reportError(error)
      }
      this.#advance()
    }
    this.#loading = rest().then(
      () => done(() => this.#go(run, image)),
      (error) => done(() => this.#fail(run, error)),
    )
  }

  /** Lets the editor take the steps. Between the first and the last the canvas is not touched. */
  #go({ steps, moves, target }: Run, image: ImageData): void {
    const generation = this.#generation
    this.#steps.splice(0, steps)
    this.#running = true
    try {
      if (moves.length === 0) {
        this.#arriving = { state: target!, image }
        this.#own.applyState.call(this.#worklog, { ...target!, data: image })
      }
      for (const [i, move] of moves.entries()) {
        const { current } = this.#worklog
        const state = move === 'undo' ? current!.prev! : current!.next!
        this.#arriving = { state, image: i === moves.length - 1 ? image : undefined }
        this.#own[`${move}State`].call(this.#worklog)
        // A callback of the page may have captured a state, and the way on is another.
        if (generation !== this.#generation) return
      }
    } finally {
      this.#arriving = undefined
      this.#running = false
      this.#sweep()
    }
  }

  /** The pixels could not be read. */
  #fail({ steps, target }: Run, error: unknown): void {
    this.#onError(error)
    const state = target!
    if (!gone.has((error as { code?: unknown } | null)?.code) || state === this.#worklog.current) {
      // It can be asked for again.
      this.#steps.splice(0, steps)
      return
    }
    // Nobody can ever go there. The steps then lead to the one behind it.
    if (state.prev) state.prev.next = state.next
    if (state.next) state.next.prev = state.prev
    if (this.#worklog.first === state) this.#worklog.first = state.next!
    updateButtons(this.#editor)
    this.#sweep()
  }

  /** What was lost of the current state is on the canvas still, if nothing was drawn since. */
  readonly #rescue = (event: Event): void => {
    const { detail } = event as CustomEvent<CacheEventMap['crash'] | CacheEventMap['lost']>
    if ('id' in detail && !this.#store.lose(detail.id)) return
    const { canvas, ctx, worklog } = this.#editor
    const data = worklog.current?.data
    if (data instanceof Picture && canvas.width === data.width && canvas.height === data.height)
      this.#pictures.mend(data, ctx)
  }

  // ---- The end

  async #dispose(): Promise<void> {
    let image: ImageData | undefined
    for (let state: State | null | undefined; state !== this.#worklog.current;) {
      await this.settled()
      state = this.#worklog.current
      image = state ? await this.#read(state) : undefined
    }
    this.#disposed = true
    this.#cache.removeEventListener('crash', this.#rescue)
    this.#cache.removeEventListener('lost', this.#rescue)
    for (const [name, descriptor] of this.#before) {
      if (descriptor) Object.defineProperty(this.#worklog, name, descriptor)
      else Reflect.deleteProperty(this.#worklog, name)
    }
    const { current } = this.#worklog
    if (current) {
      current.data = image
      current.prev = null
      current.next = null
      this.#worklog.first = current
      this.#worklog.clearedCount = current.prevCount
      updateButtons(this.#editor)
    }
    this.#sweep()
    await this.#store.disposals()
  }

  async #read(state: State): Promise<ImageData> {
    const { image, rest } = this.#pixels(state)
    try {
      await rest?.()
    } catch (error) {
      // The canvas is what is left of it.
      this.#onError(error)
    }
    return image
  }
}
