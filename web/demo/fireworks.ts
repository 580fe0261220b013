// A hundred strokes that are nice to look at: rockets that burst, each spark a stroke.
import type { Point, Tip } from './brush'

const colours: [number, number, number][] = [
  [255, 196, 92],
  [255, 111, 97],
  [122, 196, 255],
  [196, 148, 255],
  [120, 230, 180],
  [255, 150, 205],
  [255, 240, 200],
]

export interface Spark {
  tip: Tip
  points: Point[]
}

/** The strokes of a display, other ones each time. */
export function* fireworks(width: number, height: number, strokes: number): Generator<Spark> {
  const between = (from: number, to: number) => from + (to - from) * Math.random()
  // Of pictures of other sizes the sparks are as large a part.
  const unit = Math.min(width, height) / 10_000
  let left = strokes
  for (let burst = Math.floor(Math.random() * colours.length); left > 0; burst++) {
    const sparks = Math.min(left, Math.round(between(11, 15)))
    left -= sparks
    const [x, y] = [width * between(0.1, 0.9), height * between(0.09, 0.5)]
    const far = unit * between(640, 1040)
    const turn = between(0, Math.PI)
    for (let i = 0; i < sparks; i++) {
      const angle = turn + ((i + between(-0.15, 0.15)) / sparks) * 2 * Math.PI
      const reach = far * between(0.8, 1.1)
      const points: Point[] = []
      for (let step = 0; step <= 14; step++) {
        const at = step / 14
        const slowed = 0.1 + 0.9 * at * (2 - at)
        points.push({
          x: x + Math.cos(angle) * reach * slowed,
          y: y + Math.sin(angle) * reach * slowed + 0.38 * far * at * at,
          // Thin where it starts, brightest on the way, and out.
          pressure: 0.2 + 0.8 * Math.sin(Math.PI * at ** 0.8),
        })
      }
      const colour = colours[(burst + (i % 3 === 0 ? 6 : 0)) % colours.length]!
      const tip = { erase: false, colour, size: unit * between(64, 104), opacity: 0.9, softness: 0.85 }
      yield { tip, points }
    }
  }
}
