import type { CacheStatistics } from 'asposecache'
import { part, setText } from './dom'
import { bytes, count } from './format'

const lines: [id: string, name: string, title: string, value: (s: CacheStatistics) => string][] = [
  [
    'waiting',
    'Waiting to be stored',
    'Written and readable, and not stored yet',
    (s) => bytes(s.disk.waitingBytes),
  ],
  ['transactions', 'Transactions', 'Of the store, so far', (s) => count(s.disk.transactions)],
  [
    'stored',
    'Stored / loaded',
    'Bytes written to the store, and read from it',
    (s) => `${bytes(s.disk.writtenBytes)} / ${bytes(s.disk.readBytes)}`,
  ],
  [
    'failures',
    'Failures / retries',
    'Transactions that failed, and those tried again',
    (s) => `${count(s.disk.failures)} / ${count(s.disk.retries)}`,
  ],
  [
    'peak-memory',
    'Peak in memory',
    'The most that was allocated in memory',
    (s) => bytes(s.memory.peakBytes),
  ],
  ['peak-disk', 'Peak on disk', 'The most that was allocated on disk', (s) => bytes(s.disk.peakBytes)],
  [
    'occupied',
    'Occupied',
    'What the allocations in memory really take, rounding included',
    (s) => bytes(s.memory.occupiedBytes),
  ],
  [
    'free',
    'Kept for reuse',
    'Memory that was freed and will be used again',
    (s) => bytes(s.memory.freeBytes),
  ],
  [
    'wasm',
    'WebAssembly memory',
    'Size of the program’s memory, which can grow and never shrink',
    (s) => bytes(s.wasmBytes),
  ],
  ['moves', 'Moved to disk', 'How often data went from memory to disk', (s) => count(s.spills)],
  ['reallocations', 'Reallocations', 'How many there were so far', (s) => count(s.reallocations)],
  [
    'quota',
    'Site storage',
    'What the browser says this site uses of what it allows',
    (s) => (s.quota ? `${bytes(s.quota.usage)} of ${bytes(s.quota.quota)}` : 'unknown'),
  ],
]

/** The figures behind the gauges, each with a line of explanation. */
export class StatisticsPanel {
  readonly #values: [HTMLElement, (s: CacheStatistics) => string][] = []

  constructor() {
    const list = part('statistics')
    for (const [id, name, title, value] of lines) {
      const term = document.createElement('dt')
      term.textContent = name
      term.title = title
      const figure = document.createElement('dd')
      figure.dataset.testid = `stat-${id}`
      figure.textContent = '–'
      const line = document.createElement('div')
      line.append(term, figure)
      list.append(line)
      this.#values.push([figure, value])
    }
  }

  update(statistics: CacheStatistics): void {
    for (const [figure, value] of this.#values) setText(figure, value(statistics))
  }
}
