// How much is measured.
const KiB = 1024
const MiB = 1024 * KiB

export const full = {
  rounds: 5,
  /** Milliseconds for what a browser does after its start. */
  settle: 2000,
  /** Milliseconds between two pages, for what the browser does behind the back of the one before. */
  pause: 250,
  /** Synchronous bodies take turns, each for at least so long. */
  copies: { turns: 9, atLeast: 40 },
  awaited: { turns: 9, calls: 2000 },
  allocate: { few: 1000, many: 100_000, turns: 9, calls: 1000, most: 10_000 },
  picture: { size: 96_000_000, turns: 5 },
  overhead: { total: 128 * MiB },
  refills: { total: 512 * MiB, rounds: 10 },
  /** Bytes for what gathers its writes, and for what stores one tile at a time. */
  gathered: 128 * MiB,
  single: 64 * MiB,
  /** hackpadfs takes several transactions for a file. */
  hackpadfs: 8 * MiB,
  sweep: {
    total: 64 * MiB,
    records: [64 * KiB - 48, 64 * KiB, 256 * KiB, 512 * KiB, MiB, 2 * MiB, 4 * MiB],
    transactions: [MiB, 4 * MiB, 16 * MiB],
    finalists: 3,
    finals: 2,
  },
  random: { total: 128 * MiB, reads: 300 },
  rewrite: { total: 256 * MiB, writes: 1024 },
  small: 64 * MiB,
  large: 4096 * MiB,
  atScale: { reads: 200 },
  smooth: { total: 1024 * MiB, idle: 3000 },
  painterro: { width: 4000, height: 3000, strokes: 30, maxMemoryForCache: 64 * MiB },
  surface: { width: 10_000, height: 10_000 },
  snapshots: 2000,
  /** `copies`: each ImageData copy takes as much as the surface. */
  strokes: { strokes: 100, side: 300, copies: 3 },
  squares: { side: 512, reads: 100, width: 4096, height: 4096 },
  history: {
    total: 2048 * MiB,
    maxMemoryForCache: 256 * MiB,
    width: 4000,
    height: 3000,
    side: 600,
    /** Milliseconds between two strokes, and between two undos: quicker than any hand. */
    pace: 100,
    undoPace: 20,
    /** So many of the latest and of the oldest. */
    ends: 10,
  },
  entries: { states: 700, calls: 200 },
  differences: { side: 10_240, tiles: 400, calls: 200 },
  /** Pictures of 30, 100 and 400 MiB. */
  whole: {
    pictures: [
      { width: 3072, height: 2560 },
      { width: 5120, height: 5120 },
      { width: 10_240, height: 10_240 },
    ],
    calls: 5,
  },
  collections: { slabs: 2048 * MiB, live: 100_000, side: 4000, atLeast: 2000 },
}

export const quick = {
  rounds: 1,
  settle: 0,
  pause: 0,
  copies: { turns: 3, atLeast: 2 },
  awaited: { turns: 3, calls: 200 },
  allocate: { few: 100, many: 5000, turns: 3, calls: 500, most: 2000 },
  picture: { size: 6_000_000, turns: 2 },
  overhead: { total: 16 * MiB },
  refills: { total: 32 * MiB, rounds: 3 },
  gathered: 8 * MiB,
  single: 2 * MiB,
  hackpadfs: 1 * MiB,
  sweep: {
    total: 4 * MiB,
    records: [64 * KiB - 48, 256 * KiB, MiB],
    transactions: [4 * MiB],
    finalists: 1,
    finals: 1,
  },
  random: { total: 8 * MiB, reads: 20 },
  rewrite: { total: 8 * MiB, writes: 32 },
  small: 4 * MiB,
  large: 32 * MiB,
  atScale: { reads: 20 },
  smooth: { total: 32 * MiB, idle: 200 },
  painterro: { width: 1000, height: 750, strokes: 4, maxMemoryForCache: 4 * MiB },
  surface: { width: 2000, height: 2000 },
  snapshots: 50,
  strokes: { strokes: 10, side: 300, copies: 2 },
  squares: { side: 512, reads: 10, width: 2048, height: 2048 },
  history: {
    total: 64 * MiB,
    maxMemoryForCache: 24 * MiB,
    width: 1000,
    height: 750,
    side: 300,
    pace: 5,
    undoPace: 5,
    ends: 3,
  },
  entries: { states: 50, calls: 5 },
  differences: { side: 1024, tiles: 8, calls: 20 },
  whole: {
    pictures: [
      { width: 512, height: 512 },
      { width: 1024, height: 512 },
      { width: 1024, height: 1024 },
    ],
    calls: 2,
  },
  collections: { slabs: 64 * MiB, live: 1000, side: 1000, atLeast: 50 },
}
