// Mouse, pen and fingers on the view: one paints, two fingers move and zoom.
import type { Point } from './brush'
import { Cancelled } from './layer'
import type { View } from './view'

/** The points of a stroke while it is painted, those that have come since they were last asked for. */
export class Track {
  #points: Point[] = []
  #over = false
  #cancelled = false
  #wake = () => {}

  push(point: Point): void {
    this.#points.push(point)
    this.#wake()
  }

  end(): void {
    this.#over = true
    this.#wake()
  }

  /** The stroke is taken back. */
  cancel(): void {
    this.#cancelled = true
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Point[]> {
    for (;;) {
      if (this.#cancelled) throw new Cancelled()
      if (this.#points.length > 0) yield this.#points.splice(0)
      else if (this.#over) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

export interface PointerActions {
  /** Whether the pointer moves the picture instead of painting. */
  moves(): boolean
  /** Whether a stroke can begin. */
  paints(): boolean
  begin(track: Track): void
}

/** Listens to the pointers on a canvas. */
export function watchPointers(canvas: HTMLCanvasElement, view: View, actions: PointerActions): void {
  const down = new Map<number, { x: number; y: number }>()
  let track: Track | null = null
  let painting = 0

  const at = (event: PointerEvent | WheelEvent) => {
    const { left, top } = canvas.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
  const point = (event: PointerEvent): Point => {
    const { x, y } = at(event)
    const pressure = event.pointerType === 'pen' ? 0.15 + 0.85 * event.pressure : 1
    return { ...view.toSurface(x, y), pressure }
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 && event.button !== 1) return
    canvas.setPointerCapture(event.pointerId)
    down.set(event.pointerId, at(event))
    if (down.size > 1) {
      // The first finger was no stroke after all.
      track?.cancel()
      track = null
      return
    }
    if (event.button === 1 || actions.moves()) {
      event.preventDefault()
      canvas.classList.add('moving')
    } else if (actions.paints()) {
      track = new Track()
      painting = event.pointerId
      track.push(point(event))
      actions.begin(track)
    }
  })

  canvas.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId)
    if (!before) return
    const now = at(event)
    if (track && event.pointerId === painting) {
      const events = event.getCoalescedEvents?.() ?? []
      for (const each of events.length > 0 ? events : [event]) track.push(point(each))
    } else if (down.size === 2) {
      const [id] = [...down.keys()].filter((id) => id !== event.pointerId)
      const other = down.get(id!)!
      const distance = ({ x, y }: { x: number; y: number }) => Math.hypot(x - other.x, y - other.y)
      view.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
      view.zoomTo((view.zoom * distance(now)) / Math.max(1, distance(before)), middle.x, middle.y)
    } else if (down.size === 1 && canvas.classList.contains('moving')) {
      view.pan(now.x - before.x, now.y - before.y)
    }
    down.set(event.pointerId, now)
  })

  const up = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return
    if (down.size === 0) canvas.classList.remove('moving')
    if (!track || event.pointerId !== painting) return
    if (event.type === 'pointercancel') track.cancel()
    else track.end()
    track = null
  }
  canvas.addEventListener('pointerup', up)
  canvas.addEventListener('pointercancel', up)

  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const { x, y } = at(event)
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1
      // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
      const speed = event.ctrlKey ? 0.01 : 0.0016
      view.zoomTo(view.zoom * Math.exp(-event.deltaY * lines * speed), x, y)
    },
    { passive: false },
  )
}
