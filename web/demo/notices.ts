import { part, setText } from './dom'
import type { Explanation } from './errors'

const MOST_NOTICES = 3
const MOST_EVENTS = 60

// The regions are in the page from the start: screen readers announce what is added to one they know.
const errors = part('errors')
const status = part('status')
const log = part('events')
const logEmpty = part('events-empty')
const noticeTemplate = part<HTMLTemplateElement>('notice-template')
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** How it is known that what a notice tells of is over. */
const solvedBy = new WeakMap<Element, () => boolean>()

/** Stays until it is dismissed, or solved: an error has to be readable at leisure. */
export function showError(
  { title, text, remedy = '' }: Explanation,
  { action, solved }: { action?: { label: string; run: () => void }; solved?: () => boolean } = {},
): void {
  const notice = noticeTemplate.content.firstElementChild!.cloneNode(true) as HTMLElement
  notice.querySelector('.notice-title')!.textContent = title
  const line = notice.querySelector<HTMLElement>('.notice-text')!
  line.textContent = text
  notice.querySelector('.notice-remedy')!.textContent = remedy
  if (solved) solvedBy.set(notice, solved)
  // The same trouble with ten dropped files is told in one notice, with a line for each of them. Where what can be done
  // is no line of its own, the latest is enough.
  for (const old of [...errors.children]) {
    if (old.querySelector('.notice-title')!.textContent !== title) continue
    const lines = remedy ? [...old.querySelectorAll('.notice-text')] : []
    line.before(...lines.filter(({ textContent }) => textContent !== text))
    old.remove()
  }
  notice.querySelector('.notice-close')!.addEventListener('click', () => notice.remove())
  const act = notice.querySelector<HTMLButtonElement>('.notice-action')!
  if (action) {
    act.textContent = action.label
    act.hidden = false
    act.addEventListener('click', () => {
      notice.remove()
      action.run()
    })
  }
  errors.append(notice)
  while (errors.children.length > MOST_NOTICES) errors.firstElementChild!.remove()
}

export function clearErrors(): void {
  errors.replaceChildren()
}

/** Takes away the notices of what is over. */
export function clearSolved(): void {
  for (const notice of [...errors.children]) if (solvedBy.get(notice)?.()) notice.remove()
}

let fading: ReturnType<typeof setTimeout> | undefined

/** A short word that something is done; it goes away by itself. */
export function showStatus(text: string): void {
  clearTimeout(fading)
  setText(status, text)
  status.classList.add('shown')
  fading = setTimeout(() => status.classList.remove('shown'), 3500)
}

/** Newest first, and not for ever. */
export function logEvent(kind: string, text: string): void {
  const item = document.createElement('li')
  item.dataset.kind = kind
  const time = document.createElement('time')
  time.textContent = clock.format(new Date())
  const name = document.createElement('strong')
  name.textContent = kind
  const words = document.createElement('span')
  words.textContent = text
  item.append(time, name, words)
  log.prepend(item)
  while (log.children.length > MOST_EVENTS) log.lastElementChild!.remove()
  logEmpty.hidden = true
}
