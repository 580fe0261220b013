import { isInert, part, setInert, setText } from './dom'
import type { Check, Entry, Phase } from './entry'
import { bytes, count, megapixels } from './format'

export interface RowActions {
  readBack(entry: Entry): void
  resize(entry: Entry, newSize: number): void
  askSize(entry: Entry): void
  dispose(entry: Entry): void
}

const template = part<HTMLTemplateElement>('row-template')

const phases: Record<Phase, string> = {
  waiting: 'Waiting for its turn',
  opening: 'Opening',
  writing: 'Writing',
  idle: '',
  reading: 'Reading back',
  resizing: 'Reallocating',
  gone: 'Disposed of',
}

const checks: Record<Check, string> = {
  none: 'Not written yet',
  unread: 'Written, not read back yet',
  equal: 'Read back, SHA-256 equal',
  different: 'Read back, SHA-256 different',
  unavailable: 'No SHA-256 on insecure pages',
}

export const DIGEST_NOTE =
  'Browsers cannot compute a SHA-256 piece by piece, so every strip of about 2 MiB has a digest of its own, ' +
  'and what is shown is the SHA-256 of the list of those digests.'

/** One line of the list, brought up to date by `update`. */
export class Row {
  readonly element = template.content.firstElementChild!.cloneNode(true) as HTMLLIElement
  readonly #thumbnail = part<HTMLCanvasElement>('row-thumbnail', this.element)
  readonly #label = part('row-label', this.element)
  readonly #dimensions = part('row-dimensions', this.element)
  readonly #size = part('row-size', this.element)
  readonly #medium = part('row-medium', this.element)
  readonly #check = part('row-check', this.element)
  readonly #progress = part('row-progress', this.element)
  readonly #work: HTMLButtonElement[]

  constructor(
    readonly entry: Entry,
    actions: RowActions,
  ) {
    const action = (name: string, words: string, run: () => void) => {
      const button = part<HTMLButtonElement>(name, this.element)
      button.setAttribute('aria-label', `${words} “${entry.name}”`)
      button.addEventListener('click', () => {
        if (!isInert(button)) run()
      })
      return button
    }
    this.#work = [
      action('read-back', 'Read back', () => actions.readBack(entry)),
      action('double', 'Double the size of', () => actions.resize(entry, entry.size * 2)),
      action('halve', 'Halve the size of', () => actions.resize(entry, Math.floor(entry.size / 2))),
      action('resize', 'Change the size of', () => actions.askSize(entry)),
    ]
    action('dispose', 'Dispose of', () => actions.dispose(entry))
    setText(this.#label, entry.name)
    this.#label.title = entry.name
    this.update()
  }

  update(): void {
    const { entry, element } = this
    const { allocation, phase } = entry
    element.dataset.phase = phase
    element.dataset.id = allocation ? String(allocation.id) : ''
    const pixels = entry.width * entry.height
    const mega = megapixels(pixels)
    setText(
      this.#dimensions,
      pixels ? `${count(entry.width)} × ${count(entry.height)}${mega && ` (${mega})`}` : '',
    )
    this.#size.dataset.bytes = String(entry.size)
    setText(this.#size, allocation ? bytes(entry.size) : '')
    this.#size.title = allocation ? `${count(entry.size)} bytes` : ''

    const medium = allocation?.medium ?? 'none'
    this.#medium.dataset.medium = medium
    setText(this.#medium, medium === 'memory' ? 'Memory' : medium === 'disk' ? 'Disk' : 'Not yet')

    this.#check.dataset.state = entry.check
    this.#check.dataset.digest = entry.digest
    const percent = phase === 'writing' || phase === 'reading' ? ` ${Math.floor(entry.progress * 100)} %` : ''
    setText(this.#check, phase === 'idle' ? checks[entry.check] : phases[phase] + percent)
    this.#check.title = entry.digest ? `SHA-256 ${entry.digest}\n${DIGEST_NOTE}` : DIGEST_NOTE

    this.#progress.style.width = `${entry.progress * 100}%`
    for (const button of this.#work) setInert(button, phase !== 'idle')
  }

  /** The thumbnail is drawn while the picture is written; drawing it is not free, so not at each strip. */
  drawThumbnail(): void {
    const image = this.entry.thumbnail
    if (!image) return
    const canvas = this.#thumbnail
    if (canvas.width !== image.width) canvas.width = image.width
    if (canvas.height !== image.height) canvas.height = image.height
    canvas.getContext('2d')?.putImageData(image, 0, 0)
  }
}
