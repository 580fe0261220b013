// What the public types name, as the TypeScript compiler understands them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API, SymbolFlags } from 'typescript/unstable/sync'

/** The types that users have. */
export const publicTypes = readFileSync(join(import.meta.dirname, '../../../src/asposecache.d.ts'), 'utf8')

/** Interfaces of which no object is made: what they have is asked of those that extend them. */
const bases = ['CacheEntity']

/**
 * The names of everything that can be called, read or set: the functions, and all members of the interfaces and
 * classes that have a method: `loadAsposeCache`, `CacheSurface.readRect`, `AsposeCache.settings`. A member that
 * one of them has from another is named once, with the one that it comes from.
 */
export function publicMembers(types = publicTypes) {
  const compilerOptions = { lib: ['esnext', 'dom'], types: [], strict: true }
  const fs = createVirtualFileSystem({
    '/types/tsconfig.json': JSON.stringify({ compilerOptions, files: ['index.d.ts'] }),
    '/types/index.d.ts': types,
  })
  const api = new API({ cwd: '/types', fs })
  try {
    const snapshot = api.updateSnapshot({ openProject: '/types/tsconfig.json' })
    return membersIn(snapshot.getProject('/types/tsconfig.json'))
  } finally {
    api.close()
  }
}

function membersIn({ checker, program }) {
  const wrong = [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()]
  if (wrong.length > 0) throw new Error(wrong.map(({ text }) => text).join('\n'))
  const exported = checker.getExportsOfModule(
    checker.getSymbolAtLocation(program.getSourceFile('/types/index.d.ts')),
  )
  const functions = exported.filter(({ flags }) => flags & SymbolFlags.Function).map(({ name }) => name)
  const objects = exported
    .filter(({ name, flags }) => flags & (SymbolFlags.Interface | SymbolFlags.Class) && !bases.includes(name))
    .map((symbol) => ({ name: symbol.name, type: checker.getDeclaredTypeOfSymbol(symbol) }))
    .map(({ name, type }) => ({ name, type, all: checker.getPropertiesOfType(type) }))
    .filter(({ all }) => all.some(({ flags }) => flags & SymbolFlags.Method))
  const members = objects.flatMap(({ name, type, all }) => {
    const parents = checker.getBaseTypes(type).map((parent) => parent.getSymbol().name)
    const inherited = objects.filter((other) => parents.includes(other.name)).flatMap((other) => other.all)
    const theirs = new Set(inherited.map((member) => member.name))
    return all.filter((member) => !theirs.has(member.name)).map((member) => `${name}.${textOf(member.name)}`)
  })
  return new Set([...functions, ...members])
}

/** The compiler has `__@dispose@18` for `[Symbol.dispose]`. */
const textOf = (name) => name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]')
