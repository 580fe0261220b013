// Numbers as people read and write them.

const exact = new Intl.NumberFormat('en-US')
const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** 1234567 becomes "1,234,567". */
export function count(value: number): string {
  return exact.format(value)
}

/** Three significant digits and a binary unit: "45.8 MiB". */
export function bytes(value: number): string {
  if (value < 1024) return value === 1 ? '1 byte' : `${value} bytes`
  let scaled = value
  let unit = -1
  // 1023.9 KiB would round to "1,024 KiB"; go to the next unit just before.
  while (scaled >= 1023.5 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  const digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0
  return `${Number(scaled.toFixed(digits))} ${units[unit]}`
}

/** A size such that `parseBytes` gives back exactly the same number. */
export function editableBytes(value: number): string {
  if (value === 0) return '0'
  for (const [power, unit] of [
    [3, 'GiB'],
    [2, 'MiB'],
    [1, 'KiB'],
  ] as const) {
    const scaled = value / 1024 ** power
    if (scaled >= 1 && Number.isInteger(scaled * 4)) return `${scaled} ${unit}`
  }
  return `${count(value)} B`
}

const factors: Record<string, number> = {
  b: 1,
  byte: 1,
  bytes: 1,
  k: 1024,
  kib: 1024,
  kb: 1e3,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1e6,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1e9,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1e12,
}

/**
 * Reads "64", "64 MiB", "1.5 GiB", "40,000 B", "none". A bare number is in MiB, nothing is 0.
 * Returns `null` for what is not a size.
 */
export function parseBytes(text: string): number | null {
  const trimmed = text.trim().toLowerCase()
  if (trimmed === '' || trimmed === 'none' || trimmed === 'no limit') return 0
  const parts = /^([\d.,\s_]*\d)\s*([a-z]*)$/.exec(trimmed)
  if (!parts) return null
  const factor = parts[2] === '' ? factors.mib : factors[parts[2]!]
  // "40,000" groups thousands; any other lone comma is a decimal one.
  const grouped = /^\d{1,3}([,\s_]\d{3})+(\.\d+)?$/.test(parts[1]!)
  const plain = grouped ? parts[1]!.replace(/[,\s_]/g, '') : parts[1]!.replace(',', '.')
  const value = Math.round(Number(plain) * (factor ?? Number.NaN))
  return Number.isSafeInteger(value) ? value : null
}

/** "850 ms", "2.4 s". */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}

/** The same for what is quick: "0.4 ms". Many clocks have nothing between 0 and 1. */
export function milliseconds(value: number): string {
  if (value < 0.05) return '< 1 ms'
  return value < 10 ? `${value.toFixed(1)} ms` : duration(value)
}

/** 100000000 becomes "100 MP"; small pictures have no use for it. */
export function megapixels(pixels: number): string {
  return pixels < 1e6 ? '' : `${Number((pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0))} MP`
}
