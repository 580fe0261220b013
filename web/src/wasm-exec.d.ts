// The build makes this module of the wasm_exec.js that comes with the Go toolchain: see build.js.
declare module 'wasm-exec' {
  /** The class `Go`, which only lives in the scope that it is given instead of the global object. */
  export default function wasmExec(scope: object): new () => GoRuntime

  export interface GoRuntime {
    readonly importObject: WebAssembly.Imports
    readonly exited: boolean
    exit: (code: number) => void
    /** Resolves when the program has ended. */
    run(instance: WebAssembly.Instance): Promise<void>
    /** The timers under way, by the program's number for them: what the `setTimeout` of the scope has returned. */
    readonly _scheduledTimeouts: Map<number, unknown>
    /** What the program refers to, by number, and the numbers of objects; neither is there once it has ended. */
    readonly _values?: unknown[]
    readonly _ids?: Map<unknown, number>
    /** Runs the scheduler until nothing is left to do. */
    _resume(): void
  }
}
declare const VERSION: string
