import type { AsposeCache, CacheSettings, CacheTypeName, SpillPolicyName } from 'asposecache'
import { part, setText } from './dom'
import { bytes, count, editableBytes, parseBytes } from './format'

/** A WebAssembly program has no more memory, and no browser gives a site more disk: a slip of the finger. */
const MOST_MEMORY = 4 * 2 ** 30
const MOST_DISK = 100 * 2 ** 40

/** The settings form. It changes nothing until it is applied. */
export class SettingsForm {
  readonly #form = part<HTMLFormElement>('settings')
  readonly #type = part<HTMLSelectElement>('cache-type')
  readonly #memory = part<HTMLInputElement>('limit-memory')
  readonly #disk = part<HTMLInputElement>('limit-disk')
  readonly #spill = part<HTMLSelectElement>('spill-policy')
  readonly #exact = part<HTMLInputElement>('exact-reallocate')
  readonly #apply = part<HTMLButtonElement>('apply')
  #inForce: CacheSettings | null = null

  constructor(
    readonly cache: () => AsposeCache | null,
    readonly told: (error: unknown | null) => void,
  ) {
    this.#form.addEventListener('input', () => this.#check())
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (!this.#check()) return this.#form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
      void this.#send((cache) => cache.configure(this.#entered()))
    })
    part('defaults').addEventListener('click', () => void this.#send((cache) => cache.setDefaults()))
  }

  /** Shows what is in force, dropping what was typed and not applied. */
  show(settings: CacheSettings): void {
    this.#inForce = { ...settings }
    this.#type.value = settings.cacheType
    this.#memory.value = editableBytes(settings.maxMemoryForCache)
    this.#disk.value = editableBytes(settings.maxDiskSpaceForCache)
    this.#spill.value = settings.spillPolicy
    this.#exact.checked = settings.exactReallocateOnly
    this.#check()
  }

  /** Shows settings that were changed elsewhere, in the console say, unless something else is typed. */
  follow(settings: CacheSettings): void {
    if (this.#inForce && !this.#changed(settings, this.#inForce)) return
    if (this.#inForce && this.#changed(this.#entered(), this.#inForce)) return
    this.show(settings)
  }

  async #send(change: (cache: AsposeCache) => Promise<CacheSettings>): Promise<void> {
    const cache = this.cache()
    if (!cache) return
    try {
      this.show(await change(cache))
      this.told(null)
    } catch (error) {
      this.told(error)
    }
  }

  #entered(): Partial<CacheSettings> {
    return {
      cacheType: this.#type.value as CacheTypeName,
      maxMemoryForCache: parseBytes(this.#memory.value) ?? 0,
      maxDiskSpaceForCache: parseBytes(this.#disk.value) ?? 0,
      spillPolicy: this.#spill.value as SpillPolicyName,
      exactReallocateOnly: this.#exact.checked,
    }
  }

  #changed(entered: Partial<CacheSettings>, inForce: CacheSettings): boolean {
    return (Object.keys(this.#entered()) as (keyof CacheSettings)[]).some(
      (name) => entered[name] !== inForce[name],
    )
  }

  #check(): boolean {
    const memory = checkLimit(this.#memory, part('limit-memory-hint'), MOST_MEMORY)
    const disk = checkLimit(this.#disk, part('limit-disk-hint'), MOST_DISK)
    const changed = this.#inForce !== null && this.#changed(this.#entered(), this.#inForce)
    this.#apply.classList.toggle('outline', !changed && memory && disk)
    setText(this.#apply, changed ? 'Apply changes' : 'Apply')
    return memory && disk
  }
}

/** The same for a limit, which may not be more than a page can have. */
function checkLimit(input: HTMLInputElement, hint: HTMLElement, most: number): boolean {
  if (!checkSize(input, hint)) return false
  if (parseBytes(input.value)! <= most) return true
  input.setAttribute('aria-invalid', 'true')
  setText(hint, `More than a page can have: ${bytes(most)} at most`)
  return false
}

/** Says what a typed size comes to, so that nobody has to guess what "64" or "1,5 GB" means. */
export function checkSize(input: HTMLInputElement, hint: HTMLElement, zero = 'No limit'): boolean {
  const value = parseBytes(input.value)
  if (value === null) {
    input.setAttribute('aria-invalid', 'true')
    setText(hint, 'This is not a size')
    return false
  }
  input.removeAttribute('aria-invalid')
  setText(hint, value === 0 ? zero : `${count(value)} bytes`)
  return true
}
