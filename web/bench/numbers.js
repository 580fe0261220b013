// What is made of the samples of several rounds.

export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/**
 * How far rounds lie apart: half of the way from the least to the greatest, as a part of the median. For a
 * handful of rounds that is a more honest measure than a deviation, which forgets the worst of them.
 */
export function spread(samples) {
  const half = (Math.max(...samples) - Math.min(...samples)) / 2
  if (samples.length < 2) return undefined
  return half === 0 ? 0 : half / Math.abs(median(samples))
}

/** Ratios round by round, so that what slows a whole round down does not count. */
export const ratios = (ours, theirs) =>
  ours.length === theirs.length ? ours.map((value, i) => value / theirs[i]) : [median(ours) / median(theirs)]
