import uPlot from 'uplot'
import { bytes } from './format'

const SECONDS = 90
const INTERVAL = 200
const POINTS = (SECONDS * 1000) / INTERVAL + 1

// Binary steps, so that the axis reads 64 MiB and not 67.1.
const steps = Array.from({ length: 36 }, (_, i) => 2 ** (i + 10))

/** Both counters over the last minute and a half. */
export class Plot {
  readonly #plot: uPlot
  readonly #times: number[] = []
  readonly #memory: number[] = []
  readonly #disk: number[] = []

  constructor(host: HTMLElement) {
    // Read at every drawing: the colours follow the colour scheme.
    const colour = (name: string) => () => getComputedStyle(host).getPropertyValue(name).trim()
    const grid = { stroke: colour('--line'), width: 1 }
    const font = `11px ${getComputedStyle(host).fontFamily}`
    const stepped = uPlot.paths.stepped!({ align: 1 })
    this.#plot = new uPlot(
      {
        width: host.clientWidth,
        height: host.clientHeight,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [-SECONDS, 0] },
          y: { range: (_plot, _min, max) => [0, Math.max(1 << 20, max * 1.12)] },
        },
        axes: [
          {
            stroke: colour('--muted'),
            grid: { show: false },
            ticks: { show: false },
            font,
            size: 22,
            gap: 4,
            splits: () => [-80, -60, -40, -20, 0],
            values: (_plot, splits) => splits.map((at) => (at === 0 ? 'now' : `${-at} s ago`)),
          },
          {
            stroke: colour('--muted'),
            grid,
            ticks: { show: false },
            font,
            size: 62,
            gap: 6,
            space: 34,
            incrs: steps,
            values: (_plot, splits) => splits.map((value) => (value === 0 ? '0' : bytes(value))),
          },
        ],
        series: [
          {},
          {
            stroke: colour('--memory'),
            fill: colour('--memory-area'),
            width: 2,
            paths: stepped,
            points: { show: false },
          },
          {
            stroke: colour('--disk'),
            fill: colour('--disk-area'),
            width: 2,
            paths: stepped,
            points: { show: false },
          },
        ],
      },
      [[], [], []],
      host,
    )
    new ResizeObserver(() => {
      this.#plot.setSize({ width: host.clientWidth, height: host.clientHeight })
    }).observe(host)
  }

  get interval(): number {
    return INTERVAL
  }

  add(memory: number, disk: number): void {
    const now = performance.now() / 1000
    this.#times.push(now)
    this.#memory.push(memory)
    this.#disk.push(disk)
    // A tab that is not seen is called less often: points go by age, and never more than fit.
    while (this.#times.length > POINTS || this.#times[0]! < now - SECONDS - 1) {
      this.#times.shift()
      this.#memory.shift()
      this.#disk.shift()
    }
    if (document.hidden) return
    this.#plot.setData([this.#times.map((time) => time - now), this.#memory, this.#disk])
  }
}
