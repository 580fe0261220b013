/** The element with this `data-testid`; the page names its parts once, for its code and for tests. */
export function part<T extends HTMLElement = HTMLElement>(name: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(`[data-testid="${name}"]`)
  if (!found) throw new Error(`the page has no part "${name}"`)
  return found
}

/** Sets text only when it differs: live numbers are looked at several times a second. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** A button that is busy keeps the focus, which `disabled` would take away. */
export function setInert(button: HTMLElement, inert: boolean): void {
  const value = String(inert)
  if (button.getAttribute('aria-disabled') !== value) button.setAttribute('aria-disabled', value)
}

export function isInert(button: HTMLElement): boolean {
  return button.getAttribute('aria-disabled') === 'true'
}
