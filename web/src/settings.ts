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

/** The settings that result from changing some of them; nothing is changed if one is not allowed. */
export function changed(settings: Readonly<CacheSettings>, changes: unknown): Readonly<CacheSettings> {
  const given = object('settings', changes)
  onlyKeys('settings', given, Object.keys(checks))
  const next: Record<string, unknown> = { ...settings }
  for (const [key, check] of Object.entries(checks)) {
    const value = given[key] // read once: it may be an accessor
    if (value === undefined) continue
    check(value)
    next[key] = value
  }
  return Object.freeze(next as unknown as CacheSettings)
}
