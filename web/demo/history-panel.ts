// What the history holds: how much each stroke added, where it lies, and how long things took.
import { part, setText } from './dom'
import { bytes, count, milliseconds } from './format'
import type { Layer } from './layer'
import { StepPlot } from './step-plot'

/** What a stroke added is what the state before it alone holds: what the stroke has replaced. */
interface Step {
  label: string
  bytes: number
  /** Of the oldest there is none: no stroke has made it. */
  medium: 'none' | 'memory' | 'disk'
  /** How long the commit took, in milliseconds. */
  time: number
  /** The picture is as it was after this step. */
  current: boolean
  undone: boolean
}

/** A state in the list. */
class Row {
  readonly item: HTMLElement
  readonly button: HTMLButtonElement
  readonly #label: HTMLElement
  readonly #medium: HTMLElement
  readonly #bytes: HTMLElement
  readonly #time: HTMLElement
  #step: Step | undefined

  constructor(template: HTMLTemplateElement) {
    this.item = template.content.firstElementChild!.cloneNode(true) as HTMLElement
    this.button = part('entry', this.item)
    this.#label = part('entry-label', this.item)
    this.#medium = part('entry-medium', this.item)
    this.#bytes = part('entry-bytes', this.item)
    this.#time = part('entry-time', this.item)
  }

  /** Touches only what is new: there can be thousands of rows. */
  show(step: Step): void {
    const was = this.#step
    this.#step = step
    if (step.label !== was?.label) this.#label.textContent = step.label
    if (step.medium !== was?.medium) {
      this.#medium.dataset.medium = step.medium
      this.#medium.textContent = badges[step.medium]
    }
    const none = step.medium === 'none'
    if (step.bytes !== was?.bytes) this.#bytes.textContent = none ? '' : bytes(step.bytes)
    if (step.time !== was?.time) this.#time.textContent = none ? '' : milliseconds(step.time)
    if (step.undone !== was?.undone) this.item.classList.toggle('undone', step.undone)
    if (step.current === was?.current) return
    this.button.tabIndex = step.current ? 0 : -1
    if (step.current) this.button.setAttribute('aria-current', 'step')
    else this.button.removeAttribute('aria-current')
  }
}

const badges = { none: '', memory: 'Memory', disk: 'Disk' }

export class HistoryPanel {
  readonly #bars = new StepPlot(part('bytes-plot'), ['--memory', '--disk'], 'bars', bytes)
  readonly #commits = new StepPlot(part('commit-plot'), ['--memory'], 'points', milliseconds)
  readonly #undos = new StepPlot(part('undo-plot'), ['--memory'], 'points', milliseconds)
  readonly #list = part<HTMLOListElement>('entries')
  readonly #template = part<HTMLTemplateElement>('entry-template')
  readonly #rows: Row[] = []
  #entries: Layer['entries'] | undefined
  #timings = 0

  /** @param goTo what a click on a state does */
  constructor(goTo: (index: number) => void) {
    const indexOf = (target: EventTarget | null) =>
      this.#rows.findIndex(({ item }) => item.contains(target as Element))
    this.#list.addEventListener('click', ({ target }) => {
      const index = indexOf(target)
      if (index >= 0) goTo(index)
    })
    // One stop for the tab key, however many states there are.
    this.#list.addEventListener('keydown', (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
      if (!by) return
      event.preventDefault()
      this.#rows[indexOf(event.target) + by]?.button.focus()
    })
  }

  show(layer: Layer | null): void {
    const entries = layer?.entries ?? none
    const timings = layer?.timings ?? 0
    // The entries are the same object as long as nothing is new.
    if (entries === this.#entries && timings === this.#timings) return
    this.#entries = entries
    this.#timings = timings

    const steps = layer ? stepsOf(entries, layer.commits) : []
    const strokes = steps.slice(1)
    const inMedium = (medium: Step['medium']) =>
      strokes.map((step) => (step.medium === medium ? step.bytes : 0))
    const [inMemory, onDisk] = [inMedium('memory'), inMedium('disk')]
    const held = { memory: sum(inMemory), disk: sum(onDisk) }
    const total = held.memory + held.disk
    const median = middle(strokes.map((step) => step.bytes))
    const copy = layer?.copyBytes ?? 0

    const figure = part('history-bytes')
    figure.dataset.bytes = String(total)
    setText(figure, count(total))
    const n = strokes.length
    setText(part('history-strokes'), n === 1 ? '1 stroke' : `${count(n)} strokes`)
    setText(
      part('history-against'),
      n === 0
        ? 'Paint something: each stroke can be undone.'
        : `${bytes(held.memory)} in memory, ${bytes(held.disk)} on disk. As copies of the picture: ${bytes(n * copy)}.`,
    )
    const scale = Math.max(copy, total, 1)
    const width = (name: string, value: number) => {
      part(name).style.width = `${(100 * value) / scale}%`
    }
    width('one-bar', median)
    width('memory-part', held.memory)
    width('disk-part', held.disk)
    width('copy-bar', copy)
    setText(part('one-bytes'), n ? bytes(median) : '–')
    setText(part('all-bytes'), n ? bytes(total) : '–')
    setText(part('copy-bytes'), copy ? bytes(copy) : '–')

    const commits = strokes.map((step) => step.time)
    const undos = layer?.steps ?? []
    setText(part('commit-median'), medianOf(commits))
    setText(part('undo-median'), medianOf(undos))
    this.#bars.show([inMemory, onDisk])
    this.#commits.show([commits])
    this.#undos.show([undos])
    this.#showList(steps)
  }

  #showList(steps: Step[]): void {
    const list = this.#list
    while (this.#rows.length > steps.length) this.#rows.pop()!.item.remove()
    const made = document.createDocumentFragment()
    while (this.#rows.length < steps.length) {
      const row = new Row(this.#template)
      this.#rows.push(row)
      made.append(row.item)
    }
    for (const [i, step] of steps.entries()) this.#rows[i]!.show(step)
    list.append(made)
    const current = this.#rows[steps.findIndex((step) => step.current)]?.item
    // scrollIntoView would move the page as well. What somebody is about to press stays where it is.
    if (current && !list.matches(':hover, :focus-within'))
      list.scrollTop = current.offsetTop - list.clientHeight / 2 + current.offsetHeight / 2
  }
}

const none: Layer['entries'] = []

function stepsOf(entries: Layer['entries'], commits: readonly number[]): Step[] {
  const current = entries.findIndex((entry) => entry.current)
  return entries.map((entry, i) => {
    const before = entries[i - 1]
    return {
      label: entry.label || 'The picture as it was',
      bytes: before?.bytes ?? 0,
      medium: before?.medium ?? 'none',
      time: commits[i - 1] ?? 0,
      current: i === current,
      undone: i > current,
    }
  })
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function medianOf(values: readonly number[]): string {
  return values.length > 0 ? milliseconds(middle(values)) : ''
}
