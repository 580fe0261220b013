/** Where the program is when nobody says, and what to write when it is not there. */
export interface Place {
  /** Throws where that is not known. */
  url(): URL
  readonly line: string
}

/**
 * The address that a module has of a file beside it. Vite 5 to 7 serve packages in development from a copy
 * of the script alone, in a folder beside the package's own.
 */
export function packaged(url: URL): URL {
  url.href = url.href.replace(/\/\.vite\/deps\w*\/([^/]+)$/, '/asposecache/dist/$1')
  return url
}

/** Whether this is a page or a worker, and not Node. */
export const inBrowser = () => typeof window !== 'undefined' || 'WorkerGlobalScope' in globalThis
