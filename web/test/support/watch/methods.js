// What the public types name, read from their text: it is in prettier's form, one member or parameter a line.

const classes = ['AsposeCache', 'CacheAllocation', 'CacheSurface', 'CacheHistory']
/** Members of types that have no text here. */
const inherited = { AsyncDisposable: ['[Symbol.asyncDispose]'], Disposable: ['[Symbol.dispose]'] }

/**
 * The names of everything that can be called, read or set: `CacheSurface.readRect`, `AsposeCache.settings`,
 * `loadAsposeCache`.
 */
export function publicMembers(types) {
  const interfaces = new Map()
  for (const [, name, parents = '', body] of types.matchAll(
    /^export interface (\w+)(?: extends ([^{]+?))? \{\n(.*?)^\}/gms,
  )) {
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:<]/gm)].map(([, member]) => member)
    interfaces.set(name, { members, parents: parents.split(', ').filter(Boolean) })
  }
  const membersOf = (name) => {
    const { members = [], parents = [] } = interfaces.get(name) ?? {}
    return [...members, ...(inherited[name] ?? []), ...parents.flatMap(membersOf)]
  }
  const functions = [...types.matchAll(/^export function (\w+)/gm)].map(([, name]) => name)
  return new Set([
    ...functions,
    ...classes.flatMap((name) => membersOf(name).map((member) => `${name}.${member}`)),
  ])
}

/** Interfaces of objects with methods, other than those looked at above and what they are made of. */
export function otherInterfacesWithMethods(types) {
  const withMethods = [...types.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)]
    .filter(([, , body]) => /^ {2}\w+\(/m.test(body))
    .map(([, name]) => name)
  return withMethods.filter((name) => ![...classes, 'CacheEntity'].includes(name))
}
