/** Where the program and the worker's script are when nobody says, and what to write when it is not there. */
export interface Place {
  /** Throws where that is not known. */
  url(): string | URL
  /** The same for the script of the disk's worker. */
  workerURL(): string | URL
  readonly line: string
}

/**
 * The address that a module has of a file beside it. Vite serves packages in development from a copy of the
 * script alone, in a folder beside the package's own. What some bundlers make of `new URL` is no URL: it
 * can be relative, and does not change.
 */
export function packaged({ href }: URL): string {
  return href.replace(/(\/node_modules\/)\.[^?]*\/deps\/([^/]+)$/, '$1asposecache/dist/$2')
}

/** Whether this is a page or a worker, and not Node. */
export const inBrowser = () => typeof window !== 'undefined' || 'WorkerGlobalScope' in globalThis
