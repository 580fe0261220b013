// What is made of the samples of several rounds.

export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** The quantile 0.975 of Student's t distribution, by degrees of freedom from 1 on; it hardly falls any more after. */
const t975 = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179]

/**
 * How far the mean of other rounds may lie from that of these: half of the confidence interval of 95 %, as a part of
 * the median. How far a handful of rounds lie apart is too little by half: they are close by chance often enough,
 * which Student's t makes up for.
 */
export function confidence(samples) {
  const n = samples.length
  if (n < 2) return undefined
  const mean = samples.reduce((sum, x) => sum + x, 0) / n
  const deviation = Math.sqrt(samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1))
  if (deviation === 0) return 0
  const t = t975[Math.min(n - 1, t975.length) - 1]
  return (t * deviation) / Math.sqrt(n) / Math.abs(median(samples))
}

/** Ratios round by round, so that what slows a whole round down does not count. */
export const ratios = (ours, theirs) =>
  ours.length === theirs.length ? ours.map((value, i) => value / theirs[i]) : [median(ours) / median(theirs)]
