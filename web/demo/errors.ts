import { type AsposeCache, CacheError, CacheFullError } from 'asposecache'
import { bytes } from './format'
import { NotAPictureError } from './picture'

export interface Explanation {
  title: string
  /** What happened, and what can be done about it. */
  text: string
  /** What can be done about it, where that is the same for every subject. */
  remedy?: string
}

/** Says in plain sentences what went wrong with `subject`, a picture or a thing to do. */
export function explain(error: unknown, subject: string): Explanation {
  if (error instanceof CacheFullError) return explainFull(error, subject)
  if (error instanceof NotAPictureError) {
    return {
      title: 'Not a picture',
      text: `This browser cannot open “${subject}” as a picture.`,
      remedy: 'Try a JPEG, PNG, WebP, GIF or AVIF file that is not damaged.',
    }
  }
  if (error instanceof CacheError) {
    switch (error.code) {
      case 'CACHE_UNAVAILABLE':
        return {
          title: 'No disk here',
          text: `The browser gives this page no place for that, as in some private windows, so nothing can be put on disk. Choose IndexedDB where there are no files, keep to memory, or open the page in an ordinary window.`,
        }
      case 'CACHE_LOST':
        return {
          title: 'Stored pixels are gone',
          text: `The browser or someone using it removed stored data of “${subject}”. Dispose of it and open the picture again; the others are not affected.`,
        }
      case 'CACHE_LOAD_FAILED':
        return {
          title: 'The cache did not start',
          text: `The reason: ${sentence(error.message)} Check the connection and try again.`,
        }
      case 'CACHE_CRASHED':
        return {
          title: 'The cache has stopped',
          text: 'Its program ended unexpectedly and the pixels it held are gone. Start it again and open the pictures anew.',
        }
      case 'CACHE_DISPOSED':
      case 'CACHE_CLOSED':
        return { title: 'No longer there', text: `“${subject}” has been disposed of already.` }
    }
    return { title: 'That did not work', text: `“${subject}”: ${sentence(error.message)}` }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { title: 'That did not work', text: `“${subject}”: ${sentence(message)}` }
}

function explainFull(error: CacheFullError, subject: string): Explanation {
  const place = error.medium === 'memory' ? 'memory' : 'on disk'
  const wanted = `“${subject}” needs ${bytes(error.requested)}`
  switch (error.reason) {
    case 'memory':
      return {
        title: 'No more memory',
        text: `${wanted}, and the browser gives this page no more memory. Dispose of pictures, or choose “Disk only” in the settings.`,
      }
    case 'quota':
      return {
        title: 'The browser’s storage is full',
        text: `${wanted}, and the browser allows this site no more storage. Dispose of pictures that are on disk, or free space on this device.`,
      }
  }
  const inMemory = error.cause instanceof CacheFullError ? error.cause : null
  const remedy = 'Dispose of a picture or raise the limit in the settings.'
  // With “Auto” both media refused: tell both.
  if (inMemory && error.medium === 'disk') {
    return {
      title: 'The cache is full',
      text: `${wanted}. It fits neither in memory (${room(inMemory)}) nor on disk (${room(error)}). ${remedy}`,
    }
  }
  return {
    title: error.medium === 'memory' ? 'Memory limit reached' : 'Disk limit reached',
    text: `${wanted}, but there is no room ${error.medium === 'memory' ? 'in ' : ''}${place}: ${room(error)}. ${remedy}`,
  }
}

/** Whether a limit that was in the way is no longer. Of what the browser has, nobody else knows how much it is. */
export function hasRoom(cache: AsposeCache, error: CacheFullError): boolean {
  const inMemory = error.medium === 'memory'
  const allocated = inMemory ? cache.allocatedMemoryBytesCount : cache.allocatedDiskBytesCount
  const limit = inMemory ? cache.maxMemoryForCache : cache.maxDiskSpaceForCache
  if (error.limit > 0 && error.reason === 'limit' && (limit === 0 || allocated + error.requested <= limit))
    return true
  return error.cause instanceof CacheFullError && hasRoom(cache, error.cause)
}

function room(error: CacheFullError): string {
  if (error.reason !== 'limit') return 'the browser gives no more'
  return `${bytes(error.allocated)} of ${bytes(error.limit)} in use`
}

function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
