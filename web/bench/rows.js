// What is reported: for each row our number, what it is compared with, and the target. A number is named by
// its contestant and what that answers, `contestant:number`; see suites.js and page/.
import {
  collectedKinds,
  copySizes,
  disks,
  readSizes,
  sizeName,
  tileSizes,
  wholeName,
  wholeWays,
} from './suites.js'

const KiB = 1024
const MiB = 1024 * KiB

/** Less is better: a time or a size. A target is the most it may be. */
const less = (name, unit, ours, against, most) => ({
  name,
  unit,
  better: 'less',
  ours,
  against,
  target: most,
})
/** More is better: a speed. A target is the least it may be. */
const more = (name, unit, ours, against) => ({ name, unit, better: 'more', ours, against })
const count = (n) => n.toLocaleString('en')
const against = (what, theirs, target) => ({ what, theirs, target })

const copyTargets = { [4 * KiB]: 2, [64 * KiB]: 1.3, [256 * KiB]: 1.1, [MiB]: 1.1 }

/** What streaming is measured against, by the size of a tile. */
const streamTargets = {
  [64 * KiB]: { write: 6, writeMany: 2, read: 3 },
  [256 * KiB]: { write: 2.5, read: 1.2 },
  [MiB]: {},
}

/** IndexedDB in a worker that does nothing else. */
const rawWorker = 'raw IndexedDB in a worker'

/** Files against a worker that does nothing else, and against IndexedDB. */
const fileTargets = { write: [0.75, 1.5], read: [0.6, 2] }

/** The rows of the disk where it is not what it is by default. */
const otherDisks = (scale) =>
  disks.slice(1).flatMap(({ ours, label, on }) => {
    const onFiles = on.diskStore === 'opfs'
    const streamed = (size, number, what) => {
      const [worker, raw] = onFiles ? fileTargets[number] : []
      return more(
        `${sizeName(size)} tiles ${what}${label}`,
        'MB/s',
        `stream ${ours} ${sizeName(size)}:${number}`,
        [
          against('raw IndexedDB', `stream raw ${number}:${number}`, raw),
          ...(onFiles
            ? [
                against('OPFS by messages', `stream messages ${sizeName(size)}:${number}`, worker),
                against('opfs-tools', `stream opfs-tools ${sizeName(size)}:${number}`),
                against('ZenFS', `stream ZenFS ${sizeName(size)}:${number}`),
              ]
            : [against(rawWorker, `stream raw worker:${number}`)]),
        ],
      )
    }
    return [
      ...tileSizes.flatMap((size) => [
        streamed(size, 'write', 'to disk, flushed'),
        streamed(size, 'read', 'from disk, in order'),
      ]),
      ...readSizes.map((size) =>
        less(`random read of ${sizeName(size)}${label}`, 'ms', `random ${ours} ${sizeName(size)}:read`, [
          against(
            'raw get',
            `random raw ${sizeName(size)}:read`,
            onFiles && size === 64 * KiB ? 0.2 : undefined,
          ),
          ...(onFiles
            ? [
                against(
                  'OPFS by messages',
                  `random messages ${sizeName(size)}:read`,
                  size === 64 * KiB ? 1.5 : undefined,
                ),
                against('opfs-tools', `random opfs-tools ${sizeName(size)}:read`),
                against('ZenFS', `random ZenFS ${sizeName(size)}:read`),
              ]
            : [against('raw get in a worker', `random raw worker ${sizeName(size)}:read`)]),
        ]),
      ),
      more(`rewriting random 64 KiB tiles${label}`, 'MB/s', `rewrite ${ours}:write`, [
        against('idb-keyval set', 'rewrite idb-keyval:write', onFiles ? 6 : undefined),
        ...(onFiles
          ? [against('opfs-tools', 'rewrite opfs-tools:write'), against('ZenFS', 'rewrite ZenFS:write')]
          : []),
      ]),
      less(
        `longest wait of a task while ${sizeName(scale.smooth.total)} goes to disk${label}`,
        'ms',
        `smooth ${ours}:wait`,
        [against('idle page', 'smooth idle:wait')],
        onFiles ? 16 : undefined,
      ),
      less(
        `longest frame gap while ${sizeName(scale.smooth.total)} goes to disk${label}`,
        'ms',
        `smooth ${ours}:gap`,
        [against('idle page', 'smooth idle:gap')],
      ),
    ]
  })

/** @param {typeof import('./scale.js').full} scale */
export const rowsOf = (scale) => [
  ...copySizes.flatMap((size) => {
    const of = (number) => `copies ${sizeName(size)}:${number}`
    return [
      less(`writeSync, ${sizeName(size)}`, 'us', of('write'), [
        against('TypedArray.set', of('set'), copyTargets[size]),
        against('Map of arrays', of('mapSet')),
      ]),
      less(`readIntoSync, ${sizeName(size)}`, 'us', of('read'), [
        against('TypedArray.set', of('get'), copyTargets[size]),
        against('Map of arrays', of('mapGet')),
      ]),
    ]
  }),
  less('awaited write to memory, 64 KiB', 'us', 'awaited:write', [], 30),
  less(`allocateSync + dispose of 64 KiB, ${count(scale.allocate.few)} live`, 'us', 'allocate:few', [], 15),
  less(
    `allocateSync + dispose of 64 KiB, ${count(scale.allocate.many)} live`,
    'us',
    'allocate:many',
    [against(`with ${count(scale.allocate.few)} live`, 'allocate:few', 1.2)],
    15,
  ),
  less(`${scale.picture.size / 4e6}-megapixel picture to memory and back`, 'ms', 'picture in memory:cache', [
    against('two TypedArray.set', 'picture in memory:sets', 3),
  ]),
  less('memory taken for each byte allocated, less 8 MiB', '', 'overhead:factor', [], 1.13),
  less(
    `memory after ${scale.refills.rounds} rounds of ${sizeName(scale.refills.total)} for each byte after one`,
    '',
    'refills:factor',
    [],
    1.25,
  ),
  ...otherDisks(scale),
  ...tileSizes.flatMap((size) => {
    const of = (contestant, number) => `stream ${contestant} ${sizeName(size)}:${number}`
    const target = streamTargets[size]
    return [
      more(`${sizeName(size)} tiles to disk, flushed`, 'MB/s', of('ours', 'write'), [
        against('raw IndexedDB', 'stream raw write:write', 0.95),
        against(rawWorker, 'stream raw worker:write'),
        against('idb-keyval set', of('idb-keyval', 'write'), target.write),
        against('idb-keyval setMany', of('idb-keyval many', 'write'), target.writeMany),
        against('localForage', of('localForage', 'write')),
        against('Dexie put', of('Dexie', 'write')),
        against('Dexie bulkPut', of('Dexie bulk', 'write')),
        against('hackpadfs', of('hackpadfs', 'write')),
        against('OPFS sync handle', of('opfs', 'write')),
      ]),
      more(`${sizeName(size)} tiles from disk, in order`, 'MB/s', of('ours', 'read'), [
        against('raw IndexedDB', 'stream raw read:read', 0.95),
        against(rawWorker, 'stream raw worker:read'),
        against('idb-keyval get', of('idb-keyval', 'read'), target.read),
        against('idb-keyval getMany', of('idb-keyval many', 'read')),
        against('localForage', of('localForage', 'read')),
        against('Dexie get', of('Dexie', 'read')),
        against('Dexie bulkGet', of('Dexie bulk', 'read')),
        against('hackpadfs', of('hackpadfs', 'read')),
        against('OPFS sync handle', of('opfs', 'read')),
      ]),
    ]
  }),
  more(`${scale.picture.size / 4e6}-megapixel picture to disk and back`, 'MB/s', 'picture on disk:both', [
    against('raw IndexedDB', 'picture raw:both', 0.5),
  ]),
  ...readSizes.map((size) =>
    less(`random read of ${sizeName(size)}`, 'ms', `random ours ${sizeName(size)}:read`, [
      against('raw get', `random raw ${sizeName(size)}:read`, size === 64 * KiB ? 1.5 : 1.3),
      against('raw get in a worker', `random raw worker ${sizeName(size)}:read`),
      against('idb-keyval get', `random idb-keyval ${sizeName(size)}:read`),
      against('OPFS sync handle', `random opfs ${sizeName(size)}:read`),
    ]),
  ),
  more(`rewriting random 64 KiB tiles of ${sizeName(scale.rewrite.total)}`, 'MB/s', 'rewrite ours:write', [
    against('idb-keyval set', 'rewrite idb-keyval:write', 1.5),
  ]),
  less(`random read of 64 KiB, ${sizeName(scale.large)} on disk`, 'ms', 'at scale:large', [
    against(`${sizeName(scale.small)} on disk`, 'at scale:small', 1.2),
  ]),
  {
    ...less(
      `longest task while ${sizeName(scale.smooth.total)} goes to disk`,
      'ms',
      'smooth ours:task',
      [against('raw IndexedDB', 'smooth raw:task')],
      50,
    ),
    // Browsers report none that is shorter.
    none: 'below 50 ms',
  },
  less(
    `p99 frame gap while ${sizeName(scale.smooth.total)} goes to disk`,
    'ms',
    'smooth ours:p99',
    [against('idle page', 'smooth idle:p99'), against('raw IndexedDB', 'smooth raw:p99')],
    34,
  ),
  less(
    `longest wait of a task while ${sizeName(scale.smooth.total)} goes to disk`,
    'ms',
    'smooth ours:wait',
    [against('idle page', 'smooth idle:wait'), against('raw IndexedDB', 'smooth raw:wait')],
    16,
  ),
  less(`longest frame gap while ${sizeName(scale.smooth.total)} goes to disk`, 'ms', 'smooth ours:gap', [
    against('idle page', 'smooth idle:gap'),
    against('raw IndexedDB', 'smooth raw:gap'),
  ]),
  ...surfaceRows(scale),
  ...historyRows(scale.history),
  ...historyPanelRows(scale),
  ...wholeRows(scale.whole),
  ...collectionRows(scale.collections),
  ...painterroRows(scale.painterro),
  less('from script to first allocation', 'ms', 'start:start', [
    against('a program that links go-indexeddb', 'start linked:start', 1.4),
  ]),
  less(
    'asposecache.wasm, brotli 11',
    'kB',
    'sizes:program',
    [against('a program that links go-indexeddb', 'sizes:linked')],
    870,
  ),
  less('asposecache.js, brotli 11', 'kB', 'sizes:script', [], 12),
]

const megapixels = ({ width, height }) => `${count((width * height) / 1e6)} megapixels`

function surfaceRows({ surface, strokes: { strokes, side, copies }, squares }) {
  const picture = megapixels(surface)
  const brush = `${strokes} strokes of ${side} x ${side} on ${picture}, a commit after each`
  const square = `readRect ${squares.side} x ${squares.side}`
  // Memory has not room for as many copies as there are strokes.
  const imageData = (number) => against(`an ImageData copy, ${copies} strokes`, `strokes ImageData:${number}`)
  return [
    less(`snapshot of ${picture}`, 'ms', 'snapshots:snapshot', [], 1),
    less(`snapshot of ${picture}: bookkeeping of a page`, 'bytes', 'snapshots:bookkeeping', [], 128),
    less(`${brush}: bytes added for each byte of the tiles touched`, '', 'strokes:factor', [], 1.3),
    less(`${brush}: a stroke`, 'ms', 'strokes:stroke', [
      against('writing those tiles to new memory', 'strokes:fresh', 1.5),
      against('writing those tiles anew', 'strokes:tiles'),
      imageData('stroke'),
    ]),
    less(`${brush}: added by a stroke`, 'MB', 'strokes:added', [imageData('added')]),
    less(`${square} from memory`, 'us', 'squares in memory:read', [
      against('a new array, set', 'squares in memory:copy', 1.3),
    ]),
    less(`${square} from disk: records for each tile touched`, '', 'squares on disk:records', [], 1),
    less(`overview (1/16) of ${picture} on disk`, 'ms', 'overview:pick', [
      against('reading all', 'overview:full', 1),
    ]),
    less(`overview (1/16) of ${picture} on disk, averaged`, 'ms', 'overview:average', [
      against('reading all', 'overview:full', 1),
    ]),
  ]
}

function historyRows({ total, maxMemoryForCache, ends, side, width, height }) {
  const name = (what, label) =>
    `${sizeName(total)} of history, ${side} x ${side} on ${megapixels({ width, height })}: ${what}${label}`
  return [
    { label: '', contestant: 'large history', oldest: 150 },
    { label: ' (OPFS)', contestant: 'large history on files', oldest: 10 },
  ].flatMap(({ label, contestant, oldest }) => {
    const number = (what, key, most, unit = 'ms') =>
      less(name(what, label), unit, `${contestant}:${key}`, [], most)
    return [
      number('memory tier at most', 'memory', maxMemoryForCache / MiB, 'MiB'),
      { ...number('the longest of the strokes of all rounds', 'longestStroke', 16), worst: true },
      number(`the longest of the latest ${ends} undos`, 'latestUndos', 16),
      number(`the longest of the oldest ${ends} undos`, 'oldestUndos', oldest),
    ]
  })
}

/** What a history panel asks for after each stroke. */
function historyPanelRows({ entries: { states }, differences: { side, tiles } }) {
  return [
    less(`history.entries of ${count(states)} states, one of them new`, 'ms', 'entries:changed', [], 2),
    less(`history.entries of ${count(states)} states, none new`, 'ms', 'entries:unchanged', [], 0.1),
    less(
      `difference of ${side} x ${side}, ${count(tiles)} tiles of which differ`,
      'ms',
      'differences:difference',
      [],
    ),
  ]
}

/** Large ones take no longer for each byte than small ones do, and the page goes on meanwhile. */
function wholeRows({ pictures }) {
  const [smallest, ...larger] = pictures
  const of = (picture, number) => `whole ${wholeName(picture)}:${number}`
  const name = (way, picture) => `${way}, ${wholeName(picture)} in memory`
  const kept = (way, picture) =>
    less(`${name(way, picture)}: longest wait of a task`, 'ms', of(picture, `${way}, kept`), [], 50)
  return wholeWays.flatMap((way) => [
    kept(way, smallest),
    ...larger.flatMap((picture) => [
      less(name(way, picture), 'ns/byte', of(picture, way), [
        against(`with ${wholeName(smallest)}`, of(smallest, way), 1.3),
      ]),
      kept(way, picture),
    ]),
  ])
}

/** Go's garbage collector, beside much that lives. */
function collectionRows({ slabs, live }) {
  const beside = `beside ${sizeName(slabs)} and ${count(live)} allocations`
  const of = (kind, number) => `collections:${kind}, ${number}`
  return [
    less(`the longest collection ${beside}`, 'ms', 'collections:longest', [], 8),
    ...collectedKinds.flatMap((kind) => [
      less(`collections in 1,000 calls: ${kind}`, '', of(kind, 'count'), []),
      less(`time of collections in 1,000 calls: ${kind}`, 'ms', of(kind, 'collecting'), [
        against('time of the calls', of(kind, 'calls'), 0.05),
      ]),
    ]),
  ]
}

/** An editor's undo, with its states in the cache and as it is. */
function painterroRows({ width, height, strokes, maxMemoryForCache }) {
  const name = (what) => `painterro, ${count(width)} x ${count(height)}, ${strokes} strokes: ${what}`
  const compared = (number, target) => against('without the cache', `painterro plain:${number}`, target)
  return [
    less(name('ImageData held'), 'MB', 'painterro cached:imageData', [compared('imageData')], 0),
    less(name('memory tier at most'), 'MB', 'painterro cached:memory', [], maxMemoryForCache / 1e6),
    less(name('a stroke'), 'ms', 'painterro cached:stroke', [compared('stroke', 1.3)]),
    less(name('an undo'), 'ms', 'painterro cached:undo', [compared('undo')]),
    less(name('the longest undo'), 'ms', 'painterro cached:longestUndo', [compared('longestUndo')], 150),
  ]
}

/** The contestants that rows need. */
export function contestantsOf(chosen) {
  const numbers = chosen.flatMap(({ ours, against }) => [ours, ...against.map(({ theirs }) => theirs)])
  return new Set(numbers.map((number) => number.split(':')[0]))
}
