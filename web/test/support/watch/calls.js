// Every public method and property, each of them called again and again, by size and place. A way makes its call
// by the name that the types have for it: so what it claims to cover it covers.
import { places, sizes, Subject } from './subjects.js'

const anywhere = Object.keys(places)
const memory = ['in memory']

/**
 * A way to call a member of `on`:
 * - `how`: what tells it from other ways to call the same one;
 * - `moves`: `'nothing'`, a `'part'` or the `'whole'` of what is allocated, or a `'program'`, when one is started;
 * - `at`: the places where it can be called;
 * - `needs`: what the subject has to have for it, see Subject;
 * - `alone`: nothing else may be under way on the same entity;
 * - `object`: on what it is called; else on the entities of the subject in turn;
 * - `before`, `args`, `value` (the property is set to that), `after`: what belongs to a call. They are given the
 *   subject and the number of the call, `after` the result first and the object last.
 *
 * @returns {any}
 */
const way = (on, call, more = {}) => ({
  on,
  call,
  how: '',
  moves: 'nothing',
  at: anywhere,
  needs: [],
  ...more,
})

const readAll = async (stream) => {
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
const touched = (s, i) => s.touch(s.turn(i), i)

/** What allocations and surfaces have in common. */
const entity = (on) => [
  ...['id', 'label', 'size', 'role', 'medium', 'memoryBytes', 'diskBytes', 'disposed'].map((name) =>
    way(on, name),
  ),
  way(on, 'moveToDisk', { moves: 'whole', object: fresh, after: (_, s, i, object) => object.dispose() }),
  way(on, 'moveToMemory', {
    moves: 'whole',
    object: async (s, i) => {
      const entity = await fresh(s, i)
      await entity.moveToDisk()
      return entity
    },
    after: (_, s, i, object) => object.dispose(),
  }),
  way(on, 'flush', { moves: 'part', before: touched }),
  ...['dispose', '[Symbol.dispose]', '[Symbol.asyncDispose]'].map((name) =>
    way(on, name, { moves: 'whole', object: fresh }),
  ),
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
    needs: ['versions'],
    before: touched,
    args: (s, i) => [s.of('versions', i)],
  }),
  way('AsposeCache', 'difference', {
    how: `of a ${on}`,
    moves: 'part',
    needs: ['versions'],
    object: (s) => s.cache,
    before: touched,
    args: (s, i) => [s.of('versions', i), s.turn(i)],
  }),
]

const allocation = (on = 'CacheAllocation') => [
  ...entity(on),
  way(on, 'read', { how: 'a part', moves: 'part', args: (s, i) => [s.offset(i), 4096] }),
  way(on, 'read', { how: 'whole', moves: 'whole' }),
  way(on, 'readInto', { how: 'a part', moves: 'part', args: (s, i) => [s.piece.slice(), s.offset(i)] }),
  way(on, 'readInto', { how: 'whole', moves: 'whole', args: (s) => [s.whole] }),
  way(on, 'write', { how: 'a part', moves: 'part', args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'write', { how: 'whole', moves: 'whole', args: (s) => [s.whole] }),
  way(on, 'write', {
    how: 'whole, with onProgress',
    moves: 'whole',
    args: (s) => [s.whole, 0, { onProgress() {} }],
  }),
  way(on, 'readSync', { how: 'a part', moves: 'part', at: memory, args: (s, i) => [s.offset(i), 4096] }),
  way(on, 'readSync', { how: 'whole', moves: 'whole', at: memory }),
  way(on, 'readIntoSync', { moves: 'part', at: memory, args: (s, i) => [s.piece.slice(), s.offset(i)] }),
  way(on, 'writeSync', { how: 'a part', moves: 'part', at: memory, args: (s, i) => [s.piece, s.offset(i)] }),
  way(on, 'writeSync', { how: 'whole', moves: 'whole', at: memory, args: (s) => [s.whole] }),
  way(on, 'forEachView', {
    moves: 'part',
    at: memory,
    args: (s, i) => [0, s.size, (view) => (view[0] = i), { write: true }],
  }),
  way(on, 'reallocate', {
    how: 'to half its size and back',
    moves: 'part',
    alone: true,
    args: (s) => [s.size >> 1],
    after: (_, s, i, object) => object.reallocate(s.size),
  }),
  way(on, 'readable', { moves: 'whole', after: readAll }),
  way(on, 'writable', {
    moves: 'whole',
    after: async (stream, s) => {
      const writer = stream.getWriter()
      for (let at = 0; at < s.size; at += 1 << 20)
        await writer.write(s.whole.subarray(at, Math.min(s.size, at + (1 << 20))))
      await writer.close()
    },
  }),
]

const image = ({ buffer }, { width, height }) =>
  new ImageData(new Uint8ClampedArray(buffer, 0, width * height * 4), width, height)

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
  way(on, 'writeRect', { how: 'whole', moves: 'whole', args: (s) => [s.all, s.whole] }),
  way(on, 'writeRect', {
    how: 'half of it, with a stride',
    moves: 'whole',
    args: (s) => [{ ...s.all, width: s.width >> 1 }, s.whole, { stride: s.width * 4 }],
  }),
  way(on, 'readImageData', { how: 'a part', moves: 'part', args: (s, i) => [s.rect(i)] }),
  way(on, 'readImageData', { how: 'whole', moves: 'whole' }),
  way(on, 'writeImageData', {
    how: 'a part',
    moves: 'part',
    args: (s, i) => {
      const { x, y, ...size } = s.rect(i)
      return [image(s.piece, size), x, y]
    },
  }),
  way(on, 'writeImageData', { how: 'whole', moves: 'whole', args: (s) => [image(s.whole, s)] }),
  way(on, 'readRectSync', { how: 'a part', moves: 'part', at: memory, args: (s, i) => [s.rect(i)] }),
  way(on, 'readRectSync', { how: 'whole', moves: 'whole', at: memory }),
  way(on, 'writeRectSync', {
    how: 'a part',
    moves: 'part',
    at: memory,
    args: (s, i) => [s.rect(i), s.piece],
  }),
  way(on, 'writeRectSync', { how: 'whole', moves: 'whole', at: memory, args: (s) => [s.all, s.whole] }),
  way(on, 'forEachTile', {
    moves: 'part',
    at: memory,
    args: (s, i) => [s.all, (pixels) => (pixels[0] = i), { write: true }],
  }),
  way(on, 'reallocate', {
    how: 'to half its width and back',
    moves: 'whole',
    alone: true,
    args: ({ width, height }) => [{ width: width >> 1, height }],
    after: (_, { width, height }, i, object) => object.reallocate({ width, height }),
  }),
]

const historyOf = (s, i) => s.of('histories', i)
const history = (on = 'CacheHistory') =>
  [
    ...['entries', 'canUndo', 'canRedo', 'disposed'].map((name) => way(on, name)),
    way(on, 'commit', { moves: 'part', before: touched, args: (s, i) => [`stroke ${i}`] }),
    way(on, 'undo', { moves: 'part', after: (_, s, i) => historyOf(s, i).redo() }),
    way(on, 'redo', { moves: 'part', before: (s, i) => historyOf(s, i).undo() }),
    way(on, 'goTo', {
      moves: 'part',
      args: (s, i) => [(i * 7) % historyOf(s, i).entries.length],
      after: (_, s, i, object) => object.goTo(object.entries.length - 1),
    }),
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
  ].map((one) => ({ ...one, needs: ['histories'], object: one.object ?? historyOf }))

const inTurn = {
  cacheType: ['cacheInMemoryOnly', 'auto', 'cacheOnDiskOnly'],
  cacheFolder: ['asposeCache'],
  maxMemoryForCache: [2 ** 32, 0, 2 ** 33],
  maxDiskSpaceForCache: [2 ** 40, 0],
  exactReallocateOnly: [true, false],
  spillPolicy: ['coldest', 'never'],
}
const valueOf = (name, i) => inTurn[name][i % inTurn[name].length]
const ignored = () => {}

/** What changes settings is called on another cache. */
const settings = (on) =>
  [
    ...Object.keys(inTurn).map((name) => way(on, name, { value: (_, i) => valueOf(name, i) })),
    way(on, 'configure', {
      args: (_, i) => [Object.fromEntries(Object.keys(inTurn).map((name) => [name, valueOf(name, i)]))],
    }),
    way(on, 'setDefaults'),
  ].map((one) => ({ ...one, needs: ['other'], object: (s) => s.of('other', 0) }))

const cache = (on = 'AsposeCache') => [
  ...settings(on),
  ...[
    ...['settings', 'allocatedMemoryBytesCount', 'allocatedDiskBytesCount'].map((name) => way(on, name)),
    way(on, 'statistics'),
    way(on, 'allocations'),
    way(on, 'allocate', {
      moves: 'whole',
      args: (s, i) => [s.size, { label: `scratch ${i}` }],
      after: dispose,
    }),
    way(on, 'allocateSync', { moves: 'whole', at: memory, args: (s) => [s.size], after: dispose }),
    way(on, 'allocateFrom', { how: 'bytes', moves: 'whole', args: (s) => [s.whole], after: dispose }),
    way(on, 'allocateFrom', {
      how: 'a blob',
      moves: 'whole',
      args: (s) => [new Blob([s.whole])],
      after: dispose,
    }),
    way(on, 'allocateFrom', {
      how: 'a stream',
      moves: 'whole',
      args: (s) => [new Blob([s.whole]).stream()],
      after: dispose,
    }),
    way(on, 'allocateSurface', {
      moves: 'whole',
      args: ({ width, height }) => [{ width, height }],
      after: dispose,
    }),
    way(on, 'allocateSurfaceSync', {
      moves: 'whole',
      at: memory,
      args: ({ width, height }) => [{ width, height }],
      after: dispose,
    }),
    way(on, 'flush', { moves: 'part', before: touched }),
    way(on, 'addEventListener', {
      args: () => ['full', ignored],
      after: (_, s) => s.cache.removeEventListener('full', ignored),
    }),
    way(on, 'removeEventListener', {
      before: (s) => s.cache.addEventListener('spill', ignored),
      args: () => ['spill', ignored],
    }),
    way(on, 'dispatchEvent', { args: () => [new Event('mine')] }),
  ].map((one) => ({ ...one, object: (s) => s.cache })),
  ...['close', '[Symbol.asyncDispose]'].map((name) =>
    way(on, name, {
      moves: 'program',
      object: async (s) => {
        const { loadAsposeCache } = s.kit.asposecache
        const loaded = await loadAsposeCache({ settings: s.place.settings(s.size) })
        await loaded.allocateFrom(s.piece)
        return loaded
      },
    }),
  ),
]

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

/** What the classic script adds. */
const script = (on = 'GlobalAsposeCache') => [
  ...['CacheType', 'createHistory', 'CacheError', 'CacheFullError'].map((name) =>
    way(on, name, { needs: ['script'], object: (s) => s.of('script', 0), read: true }),
  ),
  ...['ready', 'load'].map((name) =>
    way(on, name, { needs: ['script'], object: (s) => s.of('script', 0), after: (loaded) => loaded }),
  ),
]

const symbols = {
  '[Symbol.dispose]': Symbol.dispose,
  '[Symbol.asyncDispose]': Symbol.asyncDispose,
}
const nameOf = ({ call }) => (call in symbols ? symbols[call] : call)

/** Makes a call, and all that belongs to it. */
export async function make(one, s, i) {
  await one.before?.(s, i)
  const object = await (one.object ?? ((s) => s.turn(i)))(s, i)
  const name = nameOf(one)
  let result
  if (one.value) object[name] = one.value(s, i)
  else if (one.read || typeof object[name] !== 'function') result = object[name]
  else result = await object[name](...(one.args?.(s, i) ?? []))
  await one.after?.(result, s, i, object)
}

/** What a way covers, and what people call it. */
export const covered = ({ on, call }) => (on ? `${on}.${call}` : call)
export const titleOf = (one) => [covered(one), one.how].filter(Boolean).join(', ')

const kinds = {
  CacheAllocation: [...allocation(), ...history()],
  CacheSurface: [...surface(), ...history()],
  AsposeCache: [...cache(), ...module, ...script()],
}

/** The subjects, and the ways that there are for each: a name, what makes one, and its ways. */
export const subjects = Object.entries(kinds).flatMap(([kind, all]) =>
  Object.keys(sizes).flatMap((size) =>
    Object.keys(places).map((place) => ({
      name: `${kind}, ${size}, ${place}`,
      size,
      place,
      ways: all.filter(({ at }) => at.includes(place)),
      make: (kit) => new Subject(kit, kind === 'CacheAllocation' ? kind : 'CacheSurface', size, place),
    })),
  ),
)

/** Those that the browser can be asked for. */
export const callable = (ways) => ways.filter((one) => nameOf(one) !== undefined)
