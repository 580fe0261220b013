// An editor with and without the cache, side by side.
import './painterro.css'
import { part, setInert, setText } from './dom'
import { bytes, count, milliseconds } from './format'
import type { EditorFrame, Held, Told } from './painterro-editor'
import { StepPlot } from './step-plot'

const heldPlot = new StepPlot(part('held-plot'), ['--image-data', '--disk', '--memory'], 'bars', bytes)
const strokePlot = new StepPlot(part('stroke-plot'), ['--image-data', '--memory'], 'points', milliseconds)
const undoPlot = new StepPlot(part('undo-plot'), ['--image-data', '--memory'], 'points', milliseconds)

/** One of the two editors, and what it has told. */
class Side {
  readonly #iframe: HTMLIFrameElement
  readonly held: Held[] = []
  readonly strokes: number[] = []
  readonly steps: number[] = []

  constructor(readonly name: 'plain' | 'cached') {
    this.#iframe = part(`${name}-frame`)
  }

  get frame(): EditorFrame {
    return (this.#iframe.contentWindow as unknown as { frame: EditorFrame }).frame
  }

  async ready(): Promise<void> {
    while (!this.frame) await new Promise((resolve) => setTimeout(resolve, 20))
    this.frame.onTold = (told) => this.#told(told)
  }

  forget(): void {
    for (const list of [this.held, this.strokes, this.steps]) list.length = 0
    this.held.push(this.frame.held())
  }

  #told({ what, milliseconds }: Told): void {
    if (what === 'stroke') {
      this.strokes.push(milliseconds)
      this.held.push(this.frame.held())
    } else this.steps.push(milliseconds)
    show()
  }
}

const plain = new Side('plain')
const cached = new Side('cached')
const sides = [plain, cached]

const size = part<HTMLSelectElement>('size')
const limit = part<HTMLSelectElement>('limit')
const buttons = ['paint', 'undo', 'redo', 'restart'].map((name) => part<HTMLButtonElement>(name))
const stopButton = part<HTMLButtonElement>('stop')
let stop = false

// ---- What is shown

function median(values: readonly number[]): string {
  if (values.length === 0) return ''
  return milliseconds([...values].sort((a, b) => a - b)[values.length >> 1]!)
}

function show(): void {
  const now = { plain: plain.frame.held(), cached: cached.frame.held() }
  // Tiles may have been stored since the stroke told of them.
  if (cached.held.length > 0) cached.held[cached.held.length - 1] = now.cached
  const inMemory = (held: Held) => held.memory + held.waiting
  const total = inMemory(now.cached) + now.cached.disk
  const scale = Math.max(now.plain.imageData, total, 1)
  const width = (name: string, value: number) => {
    part(name).style.width = `${(100 * value) / scale}%`
  }
  width('plain-bar', now.plain.imageData)
  width('memory-bar', inMemory(now.cached))
  width('disk-bar', now.cached.disk)
  figure('plain-held', now.plain.imageData)
  figure('cached-held', total)
  setText(part('plain-against'), `${bytes(now.plain.imageData)} of ImageData in the tab’s memory`)
  setText(
    part('cached-against'),
    `${bytes(now.cached.imageData)} of ImageData · ${bytes(inMemory(now.cached))} memory · ${bytes(now.cached.disk)} disk`,
  )
  for (const { name, strokes, steps } of sides) {
    const edits = strokes.length
    setText(part(`${name}-edits`), edits === 0 ? '' : edits === 1 ? '1 stroke' : `${edits} strokes`)
    setText(part(`${name}-stroke`), median(strokes))
    setText(part(`${name}-undo`), median(steps))
  }
  heldPlot.show([
    plain.held.map(({ imageData }) => imageData),
    // One in front of the other: what is seen of the sum is the disk.
    cached.held.map((held) => inMemory(held) + held.disk),
    cached.held.map(inMemory),
  ])
  strokePlot.show([plain.strokes, cached.strokes])
  undoPlot.show([plain.steps, cached.steps])
}

function figure(name: string, value: number): void {
  part(name).dataset.bytes = String(value)
  setText(part(name), count(value))
}

// ---- What is done

let doing = Promise.resolve()

/** One thing after the other; the buttons are grey meanwhile. */
function run(status: string, work: () => Promise<string>, canStop = false): void {
  doing = doing.then(async () => {
    document.body.dataset.state = 'busy'
    for (const button of buttons) setInert(button, true)
    stop = false
    setInert(stopButton, !canStop)
    setText(part('status'), status)
    let outcome: string
    try {
      outcome = await work()
      document.body.dataset.state = 'ready'
    } catch (error) {
      outcome = String(error)
      document.body.dataset.state = 'failed'
    }
    for (const button of buttons) setInert(button, false)
    setInert(stopButton, true)
    setText(part('status'), outcome)
    if (sides.every(({ held }) => held.length > 0)) show()
  })
}

/** Lets the page be drawn between two steps. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 10))

async function restart(): Promise<string> {
  const [width, height] = size.value.split('x').map(Number)
  for (const side of sides) {
    await side.ready()
    await side.frame.open(width!, height!, Number(limit.value) * 2 ** 20)
    side.forget()
  }
  return 'Paint in either of them; Ctrl+Z and Ctrl+Y work in both.'
}

/** A wave across a part of the picture, another one each time. */
function wave(n: number): [number, number][] {
  const at = (n * 0.37) % 1
  return Array.from({ length: 9 }, (_, i) => [
    0.05 + 0.65 * at + i * 0.03,
    0.1 + 0.8 * ((n * 0.61) % 1) + 0.05 * Math.sin(i),
  ])
}

let painted = 0

async function paint(): Promise<string> {
  let n = 0
  for (; n < 30 && !stop; n++) {
    const points = wave(painted++)
    // Turn by turn, and each first as often as second: what slows the page down meets both alike.
    for (const side of n % 2 ? sides : [...sides].reverse()) {
      await side.frame.stroke(points)
      await pause()
    }
  }
  return `${n} strokes in each, the same.`
}

async function steps(what: 'undo' | 'redo'): Promise<string> {
  let n = 0
  while (!stop) {
    const before = plain.steps.length + cached.steps.length
    for (const side of sides) {
      await side.frame[what]()
      await pause()
    }
    if (plain.steps.length + cached.steps.length === before) break
    n++
  }
  return n === 1 ? '1 step.' : `${n} steps.`
}

const clicks: Record<string, [string, () => Promise<string>]> = {
  paint: ['Painting …', paint],
  undo: ['Undoing …', () => steps('undo')],
  redo: ['Redoing …', () => steps('redo')],
  restart: ['Starting …', restart],
}
for (const [name, [status, work]] of Object.entries(clicks))
  part(name).addEventListener('click', () => {
    if (document.body.dataset.state !== 'busy') run(status, work, work !== restart)
  })
stopButton.addEventListener('click', () => {
  stop = true
})
for (const select of [size, limit]) select.addEventListener('change', () => run('Starting …', restart))
run('Starting …', restart)
