import uPlot from 'uplot'

/** Numbers by step: bars one in front of the other, or points with a line. */
export class StepPlot {
  readonly #plot: uPlot

  /** @param colours a property of the style sheet for each series, from the back to the front */
  constructor(
    host: HTMLElement,
    colours: string[],
    kind: 'bars' | 'points',
    format: (value: number) => string,
  ) {
    // Read at every drawing: the colours follow the colour scheme.
    const colour = (name: string) => () => getComputedStyle(host).getPropertyValue(name).trim()
    const font = `11px ${getComputedStyle(host).fontFamily}`
    const axis = { stroke: colour('--muted'), ticks: { show: false }, font }
    const look: Partial<uPlot.Series> =
      kind === 'bars'
        ? { paths: uPlot.paths.bars!({ size: [0.7, 24] }), points: { show: false } }
        : { points: { size: 4 } } // uPlot leaves points out where there is no room for them
    this.#plot = new uPlot(
      {
        width: host.clientWidth,
        height: host.clientHeight,
        padding: [8, 14, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          // A few steps from the start, so that the first one is no wall.
          x: { time: false, range: (_plot, _min, max) => [-0.5, Math.max(9.5, (max ?? 0) + 0.5)] },
          y: {
            range: (_plot, _min, max) => [0, Math.max(kind === 'bars' ? 1 << 20 : 10, (max ?? 0) * 1.12)],
          },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 22, gap: 4, incrs: [5, 10, 20, 50, 100, 200, 500] },
          {
            ...axis,
            grid: { stroke: colour('--line'), width: 1 },
            size: 62,
            gap: 6,
            space: 34,
            values: (_plot, splits) => splits.map((value) => (value === 0 ? '0' : format(value))),
            ...(kind === 'bars' ? { incrs: Array.from({ length: 36 }, (_, i) => 2 ** (i + 10)) } : {}),
          },
        ],
        series: [
          {},
          ...colours.map((name) => ({
            ...look,
            stroke: colour(name),
            width: kind === 'bars' ? 0 : 1.5,
            ...(kind === 'bars' ? { fill: colour(name) } : {}),
          })),
        ],
      },
      [[], ...colours.map(() => [])] as unknown as uPlot.AlignedData,
      host,
    )
    new ResizeObserver(() => {
      this.#plot.setSize({ width: host.clientWidth, height: host.clientHeight })
    }).observe(host)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw())
  }

  show(series: readonly (readonly number[])[]): void {
    const length = Math.max(...series.map((values) => values.length))
    const steps = Array.from({ length }, (_, i) => i)
    this.#plot.setData([
      steps,
      ...series.map((values) => steps.map((i) => values[i] ?? null)),
    ] as uPlot.AlignedData)
  }
}
