// What JavaScript asks the program for by name: with what, and what it answers. The other side is jsbridge/calls.go.
// Frequent calls have functions of their own; see Exports in runtime.ts.
import type { CacheSettings } from './asposecache'

/** The number of an allocation or a surface. */
export type Id = number

/** The number of a history. */
export type HistoryId = number

/** Answered at once, or refused with an error. */
export interface Requests {
  configure(settings: Readonly<CacheSettings>): void
  folderIsFixed(): boolean
  /** Allocates in memory, or says why that is not possible. */
  allocateSync(size: number): Id
  allocateSurfaceSync(width: number, height: number, bytesPerPixel: number): Id
  /** Says why the exports of these names have answered 0, or makes room, so that they answer something else now. */
  access(id: Id, forWriting: boolean, offset: number, length: number): void
  accessRect(id: Id, forWriting: boolean, x: number, y: number, width: number, height: number): void
  /** Says that JavaScript has no memory for so many bytes. */
  refuse(length: number): never
  /** A Float64Array, in bytes: offset and length of each range, or x, y, width and height of each rectangle. */
  difference(id: Id, other: Id): Uint8Array<ArrayBuffer>
  entries(history: HistoryId): Entries
  disposeHistory(history: HistoryId): void
  /** Ends a call that takes time. */
  abort(call: number): void
}

/** All entries of a history: few large answers cross sooner than many small ones. */
export interface Entries {
  /** The labels, end to end. */
  labels: string
  /** A Float64Array, in bytes: which entry is the current one, and of each its bytes, its medium (0 or 1), and the length of its label. */
  numbers: Uint8Array<ArrayBuffer>
}

/**
 * What takes time, each settled once. `tell` says whether the caller wants to know of progress. An array that is given
 * stays the caller's, and crosses as the property `data` of an object, so that it can be taken away from the program
 * when the call is settled. A rectangle of which the sides are -1 is all of a surface when the call's turn has come.
 */
export interface Operations {
  allocate(size: number): Id
  allocateSurface(width: number, height: number, bytesPerPixel: number): Id

  /** A length of -1 goes up to the end. */
  read(id: Id, tell: boolean, offset: number, length: number): Uint8Array<ArrayBuffer>
  /** Answers how many bytes were read. */
  readInto(id: Id, tell: boolean, offset: number, target: Uint8Array): number
  write(id: Id, tell: boolean, offset: number, data: Uint8Array): void
  reallocate(id: Id, tell: boolean, size: number): void
  grow(id: Id, tell: boolean, size: number): void

  readRect(id: Id, tell: boolean, x: number, y: number, width: number, height: number): RectRead
  /** `shift` is log2 of how many times smaller the answer is; `filter` is 0 to pick pixels, 1 for their average. */
  readRectScaled(
    id: Id,
    tell: boolean,
    x: number,
    y: number,
    width: number,
    height: number,
    shift: number,
    filter: 0 | 1,
  ): Uint8Array<ArrayBuffer>
  writeRect(
    id: Id,
    tell: boolean,
    x: number,
    y: number,
    width: number,
    height: number,
    stride: number,
    data: Uint8Array,
  ): void
  resize(id: Id, tell: boolean, width: number, height: number): void

  moveToDisk(id: Id, tell: boolean): void
  moveToMemory(id: Id, tell: boolean): void
  flush(id: Id, tell: boolean): void
  flushAll(): void

  snapshot(id: Id, tell: boolean): Id
  restore(id: Id, tell: boolean, from: Id): void
  /** `whenFull` is as core.WhenFull numbers it. */
  history(id: Id, tell: boolean, maxBytes: number, maxEntries: number, whenFull: number): HistoryId
  commit(history: HistoryId, label: string): void
  step(history: HistoryId, by: 1 | -1): boolean
  goTo(history: HistoryId, index: number): boolean

  /** Removes what dead instances have left. */
  sweep(): unknown
  /** Ends the program. */
  close(): void
}

export interface RectRead {
  data: Uint8Array<ArrayBuffer>
  width: number
}

/** Operations on an allocation or a surface, and what they take beside that and whether to tell. */
export type OnEntity = {
  [N in keyof Operations]: Parameters<Operations[N]> extends [Id, boolean, ...unknown[]] ? N : never
}[keyof Operations]

export type Given<N extends OnEntity> =
  Parameters<Operations[N]> extends [Id, boolean, ...infer G] ? G : never

export type Answer<N extends keyof Operations> = Promise<ReturnType<Operations[N]>>
