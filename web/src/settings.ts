import { bytes, flag, object, onlyKeys, wrong } from './arguments'
import type { CacheSettings } from './asposecache'

export const CacheType = Object.freeze({
  Auto: 'auto',
  CacheInMemoryOnly: 'cacheInMemoryOnly',
  CacheOnDiskOnly: 'cacheOnDiskOnly',
})

export const defaultSettings: Readonly<CacheSettings> = Object.freeze({
  cacheType: 'auto',
  cacheFolder: 'asposeCache',
  maxMemoryForCache: 0,
  maxDiskSpaceForCache: 0,
  exactReallocateOnly: false,
  spillPolicy: 'never',
})

/** Refuses what is not one of some names. */
const oneOf = (name: string, value: unknown, allowed: readonly unknown[]) => {
  if (!allowed.includes(value)) throw wrong(name, value, allowed.map((one) => JSON.stringify(one)).join(', '))
}

/** What is allowed for each setting, by name. */
const checks: { readonly [K in keyof CacheSettings]: (value: unknown) => void } = {
  cacheType: (value) => oneOf('cacheType', value, Object.values(CacheType)),
  cacheFolder(value) {
    // Half a character becomes another one on its way to the program and to IndexedDB.
    if (typeof value !== 'string' || value === '' || /\p{Surrogate}/u.test(value))
      throw wrong('cacheFolder', value, 'a well-formed string that is not empty')
  },
  maxMemoryForCache: (value) => bytes('maxMemoryForCache', value),
  maxDiskSpaceForCache: (value) => bytes('maxDiskSpaceForCache', value),
  exactReallocateOnly: (value) => flag('exactReallocateOnly', value),
  spillPolicy: (value) => oneOf('spillPolicy', value, ['never', 'coldest']),
}

/** Reads settings that were given, each once, for they may be accessors, and refuses what is not allowed. */
export function read(changes: unknown): Partial<CacheSettings> {
  const given = object('settings', changes)
  onlyKeys('settings', given, Object.keys(checks))
  const all: Record<string, unknown> = {}
  for (const [key, check] of Object.entries(checks)) {
    const value = given[key]
    if (value === undefined) continue
    check(value)
    all[key] = value
  }
  return all
}

/** The settings that result from changing some of them. */
export const changed = (
  settings: Readonly<CacheSettings>,
  changes: Partial<CacheSettings>,
): Readonly<CacheSettings> => Object.freeze({ ...settings, ...changes })
