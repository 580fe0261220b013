// hackpadfs/indexeddb, in a Go program of its own: see bench/hackpadfs.

export async function open({ size }) {
  await import('/wasm_exec.js')
  const go = new globalThis.Go()
  const { instance } = await WebAssembly.instantiateStreaming(fetch('/hackpadfs.wasm'), go.importObject)
  const started = new Promise((resolve) => {
    globalThis.hackpadfsStarted = resolve
  })
  go.run(instance)
  await started
  const program = globalThis.hackpadfsTiles
  let ready
  const prepare = (tiles) => {
    ready ??= program.open('hackpadfs', tiles.tile(0))
    return ready
  }
  return {
    size,
    prepare,
    writeAll: (n) => program.write(n),
    readAll: (n) => program.read(n),
    async close() {
      // It can't be asked to close its connection: the deletion goes through when the page is closed.
      indexedDB.deleteDatabase('hackpadfs')
    },
  }
}
