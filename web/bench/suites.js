// What is run: suites, in each round each in a browser of its own, and in each the contestants, turn by turn. A
// contestant is a task in a fresh page of a fresh origin, which answers numbers by name. What takes long has
// fewer `rounds`; what is quick has several `times` in each.
const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

export const sizeName = (bytes) => {
  if (bytes % GiB === 0) return `${bytes / GiB} GiB`
  return bytes % MiB === 0 ? `${bytes / MiB} MiB` : `${bytes / KiB} KiB`
}
export const copySizes = [4 * KiB, 64 * KiB, 256 * KiB, MiB]
export const tileSizes = [64 * KiB, 256 * KiB, MiB]
/** The ways to read and write all of a picture, and the kinds of call beside which collections are counted: see page/. */
export const wholeWays = [
  'writeRect',
  'writeRect, stride',
  'writeRect, onProgress',
  'readRect',
  'readRect, onProgress',
  'readRect, scale 1/2',
  'readRect, scale 1/2, averaged',
  'writeImageData',
  'readImageData',
  'write',
  'write, onProgress',
  'read',
  'read, onProgress',
  'readInto',
]
export const collectedKinds = [
  'small read',
  'small write',
  'readRect of a tile',
  'writeRect of a tile',
  'readRect of all',
  'writeRect of all',
  'readInto of all',
  'allocate and dispose',
  'allocateSync and dispose',
  'snapshot and dispose',
  'write and commit',
  'undo and redo',
  'write, commit, entries',
  'difference',
  'statistics',
]
/** A picture by its size. */
export const wholeName = ({ width, height }) => sizeName(width * height * 4)
export const readSizes = [64 * KiB, 256 * KiB]
/** Tiles in one call of a library that takes many: 64, and no more than 16 MiB. */
const manyOf = (size) => Math.min(64, (16 * MiB) / size)

const oddSizes = [4 * KiB, 5000, 64 * KiB, 100_000, 256 * KiB, 300_000, 1_000_000]

export function suites(scale) {
  return [
    {
      name: 'memory',
      contestants: [
        ...copySizes.map((size) => task(`copies ${sizeName(size)}`, 'copies', { size, ...scale.copies })),
        task('awaited', 'awaitedWrites', scale.awaited),
        task('allocate', 'allocateDispose', scale.allocate),
        task('picture in memory', 'pictureInMemory', scale.picture),
        { ...task('overhead', 'overhead', { ...scale.overhead, sizes: oddSizes }), rounds: 1 },
        { ...task('refills', 'refills', scale.refills), rounds: 1 },
      ],
    },
    {
      name: 'start',
      script: '/start.js',
      times: 3,
      contestants: [task('start', 'asposecache'), task('start linked', 'linked')],
    },
    {
      name: 'streaming',
      needsSweep: true,
      contestants: (best) => streaming(scale, best),
    },
    {
      name: 'random',
      contestants: readSizes.flatMap((size) => {
        const arg = { size, ...scale.random }
        return [
          ...disks.map(({ ours, on }) =>
            task(`random ${ours} ${sizeName(size)}`, 'randomReads', { store: 'asposecache', on, ...arg }),
          ),
          task(`random raw ${sizeName(size)}`, 'randomReads', { store: 'raw', transaction: 4 * MiB, ...arg }),
          task(`random raw worker ${sizeName(size)}`, 'randomReads', {
            store: 'raw-worker',
            transaction: 4 * MiB,
            ...arg,
          }),
          task(`random idb-keyval ${sizeName(size)}`, 'randomReads', {
            store: 'idb-keyval',
            atOnce: manyOf(size),
            ...arg,
          }),
          task(`random opfs ${sizeName(size)}`, 'randomReads', { store: 'opfs', ...arg }),
          task(`random messages ${sizeName(size)}`, 'randomReads', { store: 'opfs-messages', ...arg }),
          task(`random opfs-tools ${sizeName(size)}`, 'randomReads', { store: 'opfs-tools', ...arg }),
          task(`random ZenFS ${sizeName(size)}`, 'randomReads', {
            store: 'zenfs',
            ...arg,
            total: scale.single,
          }),
        ]
      }),
    },
    {
      name: 'rewriting',
      contestants: [
        ...disks.map(({ ours, on }) =>
          task(`rewrite ${ours}`, 'rewrite', { store: 'asposecache', on, size: 64 * KiB, ...scale.rewrite }),
        ),
        task('rewrite idb-keyval', 'rewrite', {
          store: 'idb-keyval',
          size: 64 * KiB,
          atOnce: manyOf(64 * KiB),
          ...scale.rewrite,
        }),
        task('rewrite opfs-tools', 'rewrite', { store: 'opfs-tools', size: 64 * KiB, ...scale.rewrite }),
        task('rewrite ZenFS', 'rewrite', {
          store: 'zenfs',
          size: 64 * KiB,
          ...scale.rewrite,
          total: scale.single,
        }),
      ],
    },
    {
      name: 'smoothness',
      rounds: Math.min(3, scale.rounds),
      contestants: [
        task('smooth idle', 'smoothness', scale.smooth),
        ...disks.map(({ ours, on }) =>
          task(`smooth ${ours}`, 'smoothness', {
            store: 'asposecache',
            on,
            size: 256 * KiB,
            ...scale.smooth,
          }),
        ),
        task('smooth raw', 'smoothness', { store: 'raw', size: MiB, transaction: 16 * MiB, ...scale.smooth }),
      ],
    },
    {
      name: 'painterro',
      script: '/painterro.js',
      rounds: Math.min(3, scale.rounds),
      contestants: [
        task('painterro plain', 'undoHistory', scale.painterro),
        task('painterro cached', 'undoHistory', { cached: true, ...scale.painterro }),
      ],
    },
    {
      name: 'surfaces',
      contestants: [
        task('snapshots', 'snapshots', { ...scale.surface, snapshots: scale.snapshots }),
        task('strokes', 'strokes', { ...scale.surface, ...scale.strokes }),
        task('strokes ImageData', 'imageDataStrokes', {
          ...scale.surface,
          ...scale.strokes,
          strokes: scale.strokes.copies,
        }),
        task('squares in memory', 'squaresInMemory', { ...scale.squares, ...scale.copies }),
        task('squares on disk', 'squaresOnDisk', scale.squares),
        task('overview', 'overview', scale.surface),
        task('entries', 'entries', scale.entries),
        task('differences', 'differences', scale.differences),
      ],
    },
    {
      name: 'whole pictures',
      rounds: Math.min(3, scale.rounds),
      contestants: scale.whole.pictures.map((picture) =>
        task(`whole ${wholeName(picture)}`, 'wholePicture', { ...picture, calls: scale.whole.calls }),
      ),
    },
    {
      name: 'collections',
      rounds: Math.min(3, scale.rounds),
      contestants: [task('collections', 'collections', scale.collections)],
    },
    {
      name: 'history',
      rounds: Math.min(3, scale.rounds),
      contestants: [
        task('large history', 'largeHistory', scale.history),
        task('large history on files', 'largeHistory', { on: { diskStore: 'opfs' }, ...scale.history }),
      ],
    },
    {
      name: 'scale',
      contestants: [
        {
          // The filling is what takes time, so the turns are taken within one page.
          ...task('at scale', 'readsAtScale', {
            size: 64 * KiB,
            small: scale.small,
            large: scale.large,
            turns: Math.max(2, scale.rounds),
            ...scale.atScale,
          }),
          rounds: 1,
        },
      ],
    },
  ]
}

/** What raw IndexedDB stores in a worker: what the cache stores there. */
const inWorker = { record: 512 * KiB, transaction: 8 * MiB }

/** Where the cache can have its disk; the first is what it is by default. `label` ends the names of rows. */
export const disks = [
  { ours: 'ours', label: '', on: {} },
  { ours: 'ours on the page', label: ' (IndexedDB, written on the page)', on: { diskWorker: false } },
  { ours: 'ours on files', label: ' (OPFS)', on: { diskStore: 'opfs' } },
]

function streaming(scale, best) {
  const { gathered, single } = scale
  const raw = ({ record, transaction }) => ({ store: 'raw', size: record, transaction })
  const stream = (name, arg) => task(name, 'stream', arg)
  return [
    ...disks.flatMap(({ ours, on }) =>
      tileSizes.map((size) =>
        stream(`stream ${ours} ${sizeName(size)}`, { store: 'asposecache', on, size, total: gathered }),
      ),
    ),
    stream('stream raw write', { ...raw(best.write), total: gathered }),
    stream('stream raw read', { ...raw(best.read), total: gathered }),
    stream('stream raw worker', { ...raw(inWorker), store: 'raw-worker', total: gathered }),
    task('picture on disk', 'pictureOnDisk', { size: scale.picture.size }),
    stream('picture raw', { ...raw(best.both), total: scale.picture.size }),
    ...tileSizes.flatMap((size) => {
      const at = (name) => `stream ${name} ${sizeName(size)}`
      const options = { size, total: single }
      const many = { size, total: gathered, atOnce: manyOf(size) }
      return [
        stream(at('idb-keyval'), { store: 'idb-keyval', ...options }),
        stream(at('idb-keyval many'), { store: 'idb-keyval', ...many }),
        stream(at('localForage'), { store: 'localforage', ...options }),
        stream(at('Dexie'), { store: 'dexie', ...options }),
        stream(at('Dexie bulk'), { store: 'dexie', ...many }),
        stream(at('hackpadfs'), { store: 'hackpadfs', size, total: Math.max(scale.hackpadfs, 4 * size) }),
        stream(at('opfs'), { store: 'opfs', size, total: gathered }),
        stream(at('messages'), { store: 'opfs-messages', size, total: gathered }),
        stream(at('opfs-tools'), { store: 'opfs-tools', size, total: gathered }),
        stream(at('ZenFS'), { store: 'zenfs', ...options }),
      ]
    }),
  ]
}

function task(name, taskName, arg = {}) {
  return { name, task: taskName, arg }
}
