const types = ['mousedown', 'mousemove', 'mouseup', 'click', 'dblclick', 'keydown'].concat([
  'touchstart',
  'touchmove',
  'touchend',
  'touchcancel',
])

/**
 * Lets mouse, touch and keyboard wait while the editor's picture is about to change, and hands them on in
 * their order: a stroke begun too early would be drawn on, and saved with, the picture that goes away.
 */
export class HeldInput {
  readonly #root: HTMLElement
  readonly #busy: () => boolean
  #events: { event: Event; target: EventTarget }[] = []
  #holding = false
  #handingOn = false

  /** @param busy whether to stop handing on, for what was handed on has made the editor wait again */
  constructor(root: HTMLElement, busy: () => boolean) {
    this.#root = root
    this.#busy = busy
  }

  hold(): void {
    if (this.#holding) return
    this.#holding = true
    // Before everything else that listens; `passive: false` for touch, which is passive on windows.
    for (const type of types) window.addEventListener(type, this.#take, { capture: true, passive: false })
  }

  release(): void {
    if (!this.#holding || this.#handingOn) return
    this.#handingOn = true
    try {
      while (!this.#busy()) {
        const held = this.#events.shift()
        if (!held) return this.#stop()
        const { event, target } = held
        // An event has a property for each option that its constructor knows.
        const { constructor } = event as Event & { constructor: typeof Event }
        target.dispatchEvent(new constructor(event.type, event))
      }
    } finally {
      this.#handingOn = false
    }
  }

  #stop(): void {
    this.#holding = false
    for (const type of types) window.removeEventListener(type, this.#take, { capture: true })
  }

  readonly #take = (event: Event) => {
    if (this.#handingOn || !this.#concerns(event)) return
    event.stopImmediatePropagation()
    // The browser's own answer cannot be had later, and is not wanted now; but keys are its own as well.
    if (!(event instanceof KeyboardEvent) || isTakenFromBrowser(event)) event.preventDefault()
    this.#events.push({ event, target: event.target! })
  }

  #concerns(event: Event): boolean {
    const { target } = event
    const inside = target instanceof Node && this.#root.contains(target)
    // Fields answer by themselves, and the editor does not look at keys typed into them.
    if (target instanceof Element && target.matches('input, select, textarea, option, [contenteditable]'))
      return false
    if (event instanceof KeyboardEvent) {
      if (modifiers.has(event.key)) return false
      // More undo and redo can be asked for: the picture then changes once for all of them.
      return this.#events.length > 0 || !isUndoOrRedo(event)
    }
    // A stroke that began inside goes on outside.
    return inside || this.#events.length > 0
  }
}

/** They are told with the key that they modify. */
const modifiers = new Set(['Control', 'Shift', 'Alt', 'Meta'])

const isUndoOrRedo = ({ ctrlKey, keyCode }: KeyboardEvent) => ctrlKey && (keyCode === 90 || keyCode === 89)

/** Saving and selecting all mean the picture in the editor, not the page. */
const isTakenFromBrowser = ({ ctrlKey, metaKey, key }: KeyboardEvent) =>
  (ctrlKey || metaKey) && /^[asyz]$/i.test(key)
