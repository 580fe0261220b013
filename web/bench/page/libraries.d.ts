// What is used of opfs-tools and ZenFS, whose own declarations contradict those of the browser and of Node 20.

type Write = (bytes: Uint8Array, options: { at: number }) => Promise<number>

export function file(path: string): {
  createWriter(): Promise<{ write: Write; flush(): Promise<void>; close(): Promise<void> }>
  createReader(): Promise<{
    read(size: number, options: { at: number }): Promise<ArrayBuffer>
    close(): Promise<void>
  }>
  remove(): Promise<void>
}

export const WebAccess: unique symbol
export function configureSingle(options: {
  backend: typeof WebAccess
  handle: FileSystemDirectoryHandle
}): Promise<void>
export const fs: {
  promises: {
    writeFile(path: string, bytes: Uint8Array): Promise<void>
    readFile(path: string): Promise<Uint8Array>
  }
}
