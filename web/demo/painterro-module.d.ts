// The editor has no types. What the demo uses of it:
declare module 'painterro' {
  /** A CommonJS module, of which bundlers give the whole to modules of packages of type "module". */
  const whole: { default(params: object): PainterroEditor }
  export default whole

  export interface PainterroEditor {
    show(openImage?: false): PainterroEditor
    hide(): PainterroEditor
    setZoom(percentage: number): void
    ctx: CanvasRenderingContext2D
    canvas: HTMLCanvasElement
    toolContainer: HTMLElement
    worklog: {
      current: PainterroState | null
      captureState(initial?: boolean): void
      undoState(): void
      redoState(): void
    }
    toolByName: Record<string, { buttonId: string }>
  }

  export interface PainterroState {
    data: unknown
    prev: PainterroState | null
    next: PainterroState | null
    prevCount: number
  }
}
