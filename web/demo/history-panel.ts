// What the history holds: how much each stroke added, where it lies, and how long things took.
import { part, setText } from './dom'
import { bytes, count, milliseconds } from './format'
import type { Layer } from './layer'
import { StepPlot } from './step-plot'

/** What a stroke added is what the state before it alone holds: what the stroke has replaced. */
interface Step {
  label: string
  bytes: number
  medium: 'memory' | 'disk'
  /** The picture is as it was after this step. */
  current: boolean
  undone: boolean
}

export class HistoryPanel {
  readonly #bars = new StepPlot(part('bytes-plot'), ['--memory', '--disk'], 'bars', bytes)
  readonly #commits = new StepPlot(part('commit-plot'), ['--memory'], 'points', milliseconds)
  readonly #undos = new StepPlot(part('undo-plot'), ['--memory'], 'points', milliseconds)
  readonly #list = part<HTMLOListElement>('entries')
  readonly #template = part<HTMLTemplateElement>('entry-template')
  #shown = ''

  /** @param goTo what a click on a state does */
  constructor(goTo: (index: number) => void) {
    const indexOf = (target: EventTarget | null) =>
      [...this.#list.children].indexOf((target as Element).closest('li')!)
    this.#list.addEventListener('click', ({ target }) => {
      const index = indexOf(target)
      if (index >= 0) goTo(index)
    })
    // One stop for the tab key, however many states there are.
    this.#list.addEventListener('keydown', (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
      if (!by) return
      event.preventDefault()
      const next = this.#list.children[indexOf(event.target) + by]
      if (next) part('entry', next).focus()
    })
  }

  show(layer: Layer | null): void {
    const steps = layer ? stepsOf(layer) : []
    const sum = (medium: Step['medium']) =>
      steps.reduce((n, step) => n + (step.medium === medium ? step.bytes : 0), 0)
    const held = { memory: sum('memory'), disk: sum('disk') }
    const total = held.memory + held.disk
    const median = middle(steps.slice(1).map((step) => step.bytes))
    const copy = layer?.copyBytes ?? 0

    const figure = part('history-bytes')
    figure.dataset.bytes = String(total)
    setText(figure, count(total))
    const strokes = Math.max(0, steps.length - 1)
    setText(part('history-strokes'), strokes === 1 ? '1 stroke' : `${count(strokes)} strokes`)
    setText(
      part('history-against'),
      strokes === 0
        ? 'Paint something: each stroke can be undone.'
        : `${bytes(held.memory)} in memory, ${bytes(held.disk)} on disk. As copies of the picture: ${bytes(strokes * copy)}.`,
    )
    const scale = Math.max(copy, total, 1)
    const width = (name: string, value: number) => {
      part(name).style.width = `${(100 * value) / scale}%`
    }
    width('one-bar', median)
    width('memory-part', held.memory)
    width('disk-part', held.disk)
    width('copy-bar', copy)
    setText(part('one-bytes'), strokes ? bytes(median) : '–')
    setText(part('all-bytes'), strokes ? bytes(total) : '–')
    setText(part('copy-bytes'), copy ? bytes(copy) : '–')

    const times = { commits: layer?.commits ?? [], steps: layer?.steps ?? [] }
    setText(part('commit-median'), medianOf(times.commits))
    setText(part('undo-median'), medianOf(times.steps))

    // What takes time is done only when something is new.
    const state = JSON.stringify([steps, times.steps.length])
    if (state === this.#shown) return
    this.#shown = state
    const bars = steps.slice(1)
    const inMedium = (medium: Step['medium']) => bars.map((step) => (step.medium === medium ? step.bytes : 0))
    this.#bars.show([inMedium('memory'), inMedium('disk')])
    this.#commits.show([times.commits])
    this.#undos.show([times.steps])
    this.#showList(steps, times.commits)
  }

  #showList(steps: Step[], commits: readonly number[]): void {
    const list = this.#list
    while (list.children.length > steps.length) list.lastElementChild!.remove()
    while (list.children.length < steps.length)
      list.append(this.#template.content.firstElementChild!.cloneNode(true))
    let current: HTMLElement | undefined
    for (const [i, step] of steps.entries()) {
      const item = list.children[i] as HTMLElement
      const button = part<HTMLButtonElement>('entry', item)
      item.classList.toggle('undone', step.undone)
      button.tabIndex = step.current ? 0 : -1
      if (step.current) {
        button.setAttribute('aria-current', 'step')
        current = item
      } else button.removeAttribute('aria-current')
      setText(part('entry-label', item), step.label)
      const badge = part('entry-medium', item)
      badge.dataset.medium = i === 0 ? 'none' : step.medium
      setText(badge, i === 0 ? '' : step.medium === 'memory' ? 'Memory' : 'Disk')
      setText(part('entry-bytes', item), i === 0 ? '' : bytes(step.bytes))
      setText(part('entry-time', item), i === 0 ? '' : milliseconds(commits[i - 1] ?? 0))
    }
    // scrollIntoView would move the page as well. What somebody is about to press stays where it is.
    if (current && !list.matches(':hover, :focus-within'))
      list.scrollTop = current.offsetTop - list.clientHeight / 2 + current.offsetHeight / 2
  }
}

function stepsOf({ entries }: Layer): Step[] {
  const current = entries.findIndex((entry) => entry.current)
  return entries.map((entry, i) => {
    const before = entries[i - 1]
    return {
      label: entry.label || 'The picture as it was',
      bytes: before?.bytes ?? 0,
      medium: before?.medium ?? 'memory',
      current: i === current,
      undone: i > current,
    }
  })
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function medianOf(values: readonly number[]): string {
  return values.length > 0 ? milliseconds(middle(values)) : ''
}
