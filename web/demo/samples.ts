// Pictures that the page draws itself: hills under a sky, at any size.

import { Picture } from './picture'

interface Palette {
  name: string
  sky: [string, string, string]
  sun: string
  hills: [far: [number, number, number], near: [number, number, number]]
  stars?: boolean
}

const palettes: Palette[] = [
  {
    name: 'Morning hills',
    sky: ['#7fb2e5', '#cfe3f3', '#fdf1dc'],
    sun: '#fffdf2',
    hills: [
      [164, 190, 203],
      [32, 74, 72],
    ],
  },
  {
    name: 'Desert evening',
    sky: ['#3d3a78', '#d9707a', '#ffc98a'],
    sun: '#ffe9b8',
    hills: [
      [214, 132, 110],
      [74, 30, 52],
    ],
  },
  {
    name: 'Winter night',
    sky: ['#0a1230', '#1d3160', '#54719c'],
    sun: '#f3f6ff',
    hills: [
      [92, 120, 166],
      [11, 20, 44],
    ],
    stars: true,
  },
  {
    name: 'Heather moor',
    sky: ['#8fa8d8', '#dcc9e4', '#fbe6e0'],
    sun: '#fff6ee',
    hills: [
      [178, 156, 200],
      [62, 36, 84],
    ],
  },
  {
    name: 'Jade coast',
    sky: ['#2c9a9c', '#a7dccb', '#f7f3d0'],
    sun: '#fffbe0',
    hills: [
      [120, 190, 176],
      [8, 62, 70],
    ],
  },
]

const LAYERS = 6
let drawn = 0

export interface Sample {
  name: string
  open(): Promise<Picture>
}

/** The next sample in turn, so that neighbours in the list look different. */
export function nextSample(width: number, height: number): Sample {
  const number = drawn++
  const palette = palettes[number % palettes.length]!
  const round = Math.floor(number / palettes.length)
  return {
    name: round === 0 ? palette.name : `${palette.name} ${round + 1}`,
    open: async () => new Picture(width, height, scene(width, height, palette, number)),
  }
}

/** Paints a picture for a canvas of that size, always the same for a number. */
export const sceneOf = (width: number, height: number, number = 0) =>
  scene(width, height, palettes[number]!, number)

/** Draws only the layers that a strip can show: a picture of 100 megapixels has about a hundred strips. */
function scene(width: number, height: number, palette: Palette, seed: number) {
  const random = randomNumbers(seed + 1)
  const sunX = width * (0.2 + 0.6 * random())
  const sunY = height * (0.2 + 0.15 * random())
  const sunRadius = Math.min(width, height) * 0.07
  const stars = palette.stars
    ? Array.from({ length: 260 }, () => [random() * width, random() * height * 0.6, random()] as const)
    : []
  const ridges = Array.from({ length: LAYERS }, (_, layer) => ridge(width, height, layer, random))

  return (
    context: OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D,
    top: number,
    bottom: number,
  ) => {
    const sky = context.createLinearGradient(0, 0, 0, height * 0.75)
    for (const [at, colour] of palette.sky.entries()) sky.addColorStop(at / 2, colour)
    context.fillStyle = sky
    context.fillRect(0, top, width, bottom - top)

    context.fillStyle = '#fff'
    for (const [x, y, light] of stars) {
      const radius = (0.5 + light) * height * 0.0012
      if (y + radius < top || y - radius > bottom) continue
      context.globalAlpha = 0.3 + 0.7 * light
      context.beginPath()
      context.arc(x, y, radius, 0, Math.PI * 2)
      context.fill()
    }
    context.globalAlpha = 1

    if (sunY - sunRadius * 4 < bottom && sunY + sunRadius * 4 > top) {
      const glow = context.createRadialGradient(sunX, sunY, sunRadius * 0.9, sunX, sunY, sunRadius * 4)
      glow.addColorStop(0, `${palette.sun}66`)
      glow.addColorStop(1, `${palette.sun}00`)
      context.fillStyle = glow
      context.fillRect(sunX - sunRadius * 4, sunY - sunRadius * 4, sunRadius * 8, sunRadius * 8)
      context.fillStyle = palette.sun
      context.beginPath()
      context.arc(sunX, sunY, sunRadius, 0, Math.PI * 2)
      context.fill()
    }

    for (const [layer, { points, highest }] of ridges.entries()) {
      if (highest > bottom) continue
      const near = layer / (LAYERS - 1)
      const [from, to] = palette.hills
      const [r, g, b] = from.map((value, i) => Math.round(value + (to[i]! - value) * near))
      context.fillStyle = `rgb(${r} ${g} ${b})`
      context.beginPath()
      context.moveTo(0, height)
      for (const [x, y] of points) context.lineTo(x, y)
      context.lineTo(width, height)
      context.fill()
    }
  }
}

/** A line of hills: a few waves of different lengths, rougher the nearer it is. */
function ridge(width: number, height: number, layer: number, random: () => number) {
  const base = height * (0.5 + 0.085 * layer)
  const waves = Array.from({ length: 5 }, (_, i) => ({
    size: (height * 0.055) / 1.9 ** i,
    speed: (1.3 + random()) * 2.1 ** i * (1 + layer * 0.12),
    shift: random() * Math.PI * 2,
  }))
  const points: [number, number][] = []
  let highest = height
  for (let i = 0; i <= 160; i++) {
    let y = base
    for (const { size, speed, shift } of waves) y += Math.sin((i / 160) * Math.PI * speed + shift) * size
    points.push([(i / 160) * width, y])
    highest = Math.min(highest, y)
  }
  return { points, highest }
}

/** Small and repeatable: a strip has to be drawn from the same numbers as the one above it. */
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
