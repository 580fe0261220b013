// Every public method, one scenario for each way of calling it, size and place. The scenario makes the call
// itself, by the name that the types have for it: so what it claims to cover it covers.
import { bytesOf, places, sizes, Subject } from './subjects.js'

const anywhere = Object.keys(places)
const memory = ['in memory']

/**
 * A way to call a member of `on`:
 * - `how`: what tells it from other ways to call the same one;
 * - `moves`: whether the `whole` is copied, a `part`, or `nothing`;
 * - `at`: the places where it can be called;
 * - `before`, `args`, `value` (it is set to that), `after`: what belongs to a call. They are given the
 *   subject and the number of the call, `after` the result first;
 * - `object`: on what it is called; else on the entities of the subject in turn.
 */
const way = (on, call, more = {}) => ({ on, call, moves: 'nothing', at: anywhere, how: '', ...more })

const read = async (stream) => {
  const reader = stream.getReader()
  while (!(await reader.read()).done);
}
const dispose = (made) => made.dispose()
/** An entity of its own for each call. */
const fresh = async (s, i) => {
  const entity = await s.make()
  if (s.place.written) await s.touch(entity, i)
  return entity
}
const version = async (s) => {
  s.versions ??= await Promise.all(s.entities.map((entity) => entity.snapshot()))
}
const touched = (s, i) => s.touch(s.turn(i), i)

/** What allocations and surfaces have in common. */
const entity = (on) => [
  ...['id', 'label', 'size', 'role', 'medium', 'memoryBytes', 'diskBytes', 'disposed'].map((name) =>
    way(on, name),
  ),
  way(on, 'moveToDisk', { moves: 'whole', object: fresh, after: (_, s) => s.last.dispose() }),
  way(on, 'flush', { moves: 'part', before: touched }),
  way(on, 'dispose', { moves: 'part', object: fresh }),
  way(on, '[Symbol.dispose]', { moves: 'part', object: fresh }),
  way(on, '[Symbol.asyncDispose]', { moves: 'part', object: fresh }),
  way(on, 'snapshot', {
    moves: 'part',
    args: (s, i) => [{ label: `version ${i}` }],
    // Written to while both have the same pages, so that some are copied.
    after: async (made, s, i) => {
      await touched(s, i)
      await made.dispose()
    },
  }),
  way(on, 'restore', {
    moves: 'part',
    before: async (s, i) => {
      await version(s)
      await touched(s, i)
    },
    args: (s, i) => [s.versions[i % s.versions.length]],
  }),
]

const allocation = (on = 'CacheAllocation') => [
  ...entity(on),
  way(on, 'read', { how: 'a part', moves: 'part', args: (s, i) => [s.offset(i), 4096] }),
  way(on, 'read', { how: 'whole', moves: 'whole' }),
  way(on, 'readInto', { how: 'a part', moves: 'part', args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'readInto', { how: 'whole', moves: 'whole', args: (s) => [s.target] }),
  way(on, 'write', { how: 'a part', moves: 'part', args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'write', { how: 'whole', moves: 'whole', args: (s) => [s.data] }),
  way(on, 'write', {
    how: 'whole, with onProgress',
    moves: 'whole',
    args: (s) => [s.data, 0, { onProgress() {} }],
  }),
  way(on, 'readSync', { how: 'a part', at: memory, args: (s, i) => [s.offset(i), 4096] }),
  way(on, 'readSync', { how: 'whole', moves: 'whole', at: memory }),
  way(on, 'readIntoSync', { at: memory, args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'writeSync', { how: 'a part', at: memory, args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'writeSync', { how: 'whole', moves: 'whole', at: memory, args: (s) => [s.data] }),
  way(on, 'forEachView', {
    moves: 'part',
    at: memory,
    args: (s, i) => [0, s.size, (view) => (view[0] = i), { write: true }],
  }),
  way(on, 'reallocate', {
    moves: 'part',
    args: (s, i) => [Math.floor(i / s.entities.length) % 2 ? s.size : s.size >> 1],
  }),
  way(on, 'readable', { moves: 'whole', after: read }),
  way(on, 'writable', {
    moves: 'whole',
    after: async (stream, s) => {
      const writer = stream.getWriter()
      for (let at = 0; at < s.size; at += 1 << 20)
        await writer.write(s.data.subarray(at, Math.min(s.size, at + (1 << 20))))
      await writer.close()
    },
  }),
]

const image = ({ data, width, height }) =>
  new ImageData(new Uint8ClampedArray(data.buffer, 0, width * height * 4), width, height)

const surface = (on = 'CacheSurface') => [
  ...entity(on),
  ...['width', 'height', 'bytesPerPixel'].map((name) => way(on, name)),
  way(on, 'readRect', { how: 'a part', moves: 'part', args: (s, i) => [s.rect(i)] }),
  way(on, 'readRect', { how: 'whole', moves: 'whole' }),
  way(on, 'readRect', { how: 'whole, picked', moves: 'whole', args: (s) => [s.all, { scale: 1 / 8 }] }),
  way(on, 'readRect', {
    how: 'whole, averaged',
    moves: 'whole',
    args: (s) => [s.all, { scale: 1 / 8, filter: 'average' }],
  }),
  way(on, 'writeRect', { how: 'a part', moves: 'part', args: (s, i) => [s.rect(i), s.piece] }),
  way(on, 'writeRect', { how: 'whole', moves: 'whole', args: (s) => [s.all, s.data] }),
  way(on, 'writeRect', {
    how: 'half of it, with a stride',
    moves: 'whole',
    args: (s) => [{ x: 0, y: 0, width: s.width >> 1, height: s.height }, s.data, { stride: s.width * 4 }],
  }),
  way(on, 'readImageData', { how: 'a part', moves: 'part', args: (s, i) => [s.rect(i)] }),
  way(on, 'readImageData', { how: 'whole', moves: 'whole' }),
  way(on, 'writeImageData', {
    how: 'a part',
    moves: 'part',
    args: (s, i) => {
      const { x, y } = s.rect(i)
      return [(s.image ??= image({ data: s.piece, width: 64, height: 64 })), x, y]
    },
  }),
  way(on, 'writeImageData', { how: 'whole', moves: 'whole', args: (s) => [(s.image ??= image(s))] }),
  way(on, 'readRectSync', { how: 'a part', at: memory, args: (s, i) => [s.rect(i)] }),
  way(on, 'readRectSync', { how: 'whole', moves: 'whole', at: memory }),
  way(on, 'writeRectSync', { how: 'a part', at: memory, args: (s, i) => [s.rect(i), s.piece] }),
  way(on, 'writeRectSync', { how: 'whole', moves: 'whole', at: memory, args: (s) => [s.all, s.data] }),
  way(on, 'forEachTile', {
    moves: 'part',
    at: memory,
    args: (s, i) => [s.all, (pixels) => (pixels[0] = i), { write: true }],
  }),
  way(on, 'reallocate', {
    moves: 'whole',
    args: ({ width, height, entities }, i) => [
      Math.floor(i / entities.length) % 2 ? { width, height } : { width: width >> 1, height },
    ],
  }),
]

/** Keeps a history of each entity. */
const histories = async (s) => {
  if (!s.histories) {
    const { createHistory } = s.kit.asposecache
    s.histories = await Promise.all(s.entities.map((entity) => createHistory(entity, { maxEntries: 20 })))
    for (let i = 0; i < 20 * s.entities.length; i++) {
      await touched(s, i)
      await historyOf(s, i).commit(`stroke ${i}`)
    }
  }
  return s.histories
}
const historyOf = (s, i) => s.histories[i % s.histories.length]
const history = (on = 'CacheHistory') =>
  [
    ...['entries', 'canUndo', 'canRedo', 'disposed'].map((name) => way(on, name)),
    way(on, 'commit', { moves: 'part', before: touched, args: (s, i) => [`stroke ${i}`] }),
    way(on, 'undo', { moves: 'part', after: (_, s, i) => historyOf(s, i).redo() }),
    way(on, 'redo', { moves: 'part', before: (s, i) => historyOf(s, i).undo() }),
    ...['dispose', '[Symbol.asyncDispose]'].map((name) =>
      way(on, name, {
        moves: 'part',
        object: async (s, i) => {
          const made = await s.kit.asposecache.createHistory(s.turn(i))
          await touched(s, i)
          await made.commit()
          return made
        },
      }),
    ),
  ].map((one) => ({
    object: async (s, i) => {
      await histories(s)
      return historyOf(s, i)
    },
    ...one,
  }))

const inTurn = {
  cacheType: ['cacheInMemoryOnly', 'auto', 'cacheOnDiskOnly'],
  cacheFolder: ['asposeCache'],
  maxMemoryForCache: [2 ** 32, 0, 2 ** 33],
  maxDiskSpaceForCache: [2 ** 40, 0],
  exactReallocateOnly: [true, false],
  spillPolicy: ['coldest', 'never'],
}
const valueOf = (name, i) => inTurn[name][i % inTurn[name].length]

const cache = (on = 'AsposeCache') =>
  [
    ...Object.keys(inTurn).map((name) => way(on, name, { value: (_, i) => valueOf(name, i) })),
    ...['settings', 'allocatedMemoryBytesCount', 'allocatedDiskBytesCount'].map((name) => way(on, name)),
    way(on, 'statistics'),
    way(on, 'allocations'),
    way(on, 'configure', {
      args: (_, i) => [Object.fromEntries(Object.keys(inTurn).map((name) => [name, valueOf(name, i)]))],
    }),
    way(on, 'setDefaults'),
    way(on, 'allocate', {
      moves: 'part',
      args: (s, i) => [s.size, { label: `scratch ${i}` }],
      after: dispose,
    }),
    way(on, 'allocateSync', { moves: 'part', at: memory, args: (s) => [s.size], after: dispose }),
    way(on, 'allocateFrom', { how: 'bytes', moves: 'whole', args: (s) => [s.data], after: dispose }),
    way(on, 'allocateFrom', {
      how: 'a blob',
      moves: 'whole',
      args: (s) => [(s.blob ??= new Blob([s.data]))],
      after: dispose,
    }),
    way(on, 'allocateFrom', {
      how: 'a stream',
      moves: 'whole',
      args: (s) => [(s.blob ??= new Blob([s.data])).stream()],
      after: dispose,
    }),
    way(on, 'allocateSurface', {
      moves: 'part',
      args: ({ width, height }) => [{ width, height }],
      after: dispose,
    }),
    way(on, 'allocateSurfaceSync', {
      moves: 'part',
      at: memory,
      args: ({ width, height }) => [{ width, height }],
      after: dispose,
    }),
    way(on, 'difference', {
      moves: 'part',
      before: async (s, i) => {
        await version(s)
        await touched(s, i)
      },
      args: (s, i) => [s.versions[i % s.versions.length], s.turn(i)],
    }),
    way(on, 'flush', { moves: 'part', before: touched }),
    // Told of what happens, and told no more: a refusal in between.
    way(on, 'addEventListener', {
      args: (s) => ['full', (s.listener = () => {})],
      after: (_, s) => s.cache.removeEventListener('full', s.listener),
    }),
    way(on, 'removeEventListener', {
      before: (s) => s.cache.addEventListener('spill', (s.listener = () => {})),
      args: (s) => ['spill', s.listener],
    }),
    ...['close', '[Symbol.asyncDispose]'].map((name) =>
      way(on, name, {
        moves: 'program',
        object: async (s) => {
          const { loadAsposeCache } = s.kit.asposecache
          const loaded = await loadAsposeCache({ settings: s.place.settings(s.size) })
          await s.touch(await s.make.call({ ...s, cache: loaded }), 1)
          return loaded
        },
      }),
    ),
  ].map((one) => ({ object: (s) => s.cache, ...one }))

const module = [
  way('', 'loadAsposeCache', {
    moves: 'program',
    object: (s) => s.kit.asposecache,
    after: (made) => made.close(),
  }),
  way('', 'createHistory', {
    moves: 'part',
    object: (s) => s.kit.asposecache,
    args: (s, i) => [s.turn(i)],
    after: dispose,
  }),
]

const symbols = {
  '[Symbol.dispose]': Symbol.dispose,
  '[Symbol.asyncDispose]': Symbol.asyncDispose,
}

async function call(one, s, i) {
  await one.before?.(s, i)
  const object = one.object ? await one.object(s, i) : s.turn(i)
  s.last = object
  const name = symbols[one.call] ?? one.call
  let result
  if (one.value) object[name] = one.value(s, i)
  else if (typeof object[name] === 'function') result = await object[name](...(one.args?.(s, i) ?? []))
  else result = object[name]
  await one.after?.(result, s, i)
}

/** How often: as many bytes as can be moved in a second or two, and thousands of times where none are. */
function times({ moves }, place, size) {
  if (moves === 'program') return 12
  if (moves === 'nothing') return 3000
  const inMemory = place === 'in memory'
  const most = inMemory ? 1500 : 200
  if (moves === 'part') return most
  return Math.max(4, Math.min(most, Math.round((inMemory ? 1.5e9 : 2e8) / size)))
}

/**
 * The short form has every way with what is small, everywhere, and in memory with a photo. What takes long,
 * a photo on disk and what is larger, is for the long one, and for the ways to freeze.
 */
const isShort = (sizeName, place) =>
  sizeName === 'small' || (sizeName === '24 megapixels' && place === 'in memory')

const kinds = [
  ['CacheAllocation', [...allocation(), ...cache(), ...history(), ...module]],
  ['CacheSurface', [...surface(), ...cache(), ...history(), ...module]],
]

function* all() {
  for (const [kind, ways] of kinds)
    for (const [sizeName, size] of Object.entries(sizes))
      for (const one of ways)
        for (const place of one.at) {
          const title = [one.on, one.call].filter(Boolean).join('.')
          const subject = one.on === kind ? '' : kind === 'CacheSurface' ? 'surfaces' : 'allocations'
          yield {
            name: [title, one.how, subject, sizeName, place].filter(Boolean).join(', '),
            covers: title,
            calls: times(one, place, bytesOf(size)),
            short: isShort(sizeName, place) && !(subject === 'allocations' && one.on !== ''),
            async prepare(kit) {
              const s = new Subject(kit, kind, sizeName, place)
              await s.prepare()
              return { step: (i) => call(one, s, i) }
            },
          }
        }
}

export const calls = [...all()]
