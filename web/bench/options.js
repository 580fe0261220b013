// What the command is told, by flags or by the environment: `--rounds 3` is `BENCH_ROUNDS=3`.
import { parseArgs } from 'node:util'
import { measurable } from '../test/support/browsers.js'
import { full, quick } from './scale.js'

const fromEnvironment = (name) => process.env[`BENCH_${name.toUpperCase()}`]

export function readOptions() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      browsers: { type: 'string' },
      rounds: { type: 'string' },
      rows: { type: 'string' },
      large: { type: 'string' },
      out: { type: 'string' },
      summary: { type: 'string' },
      compare: { type: 'string' },
    },
  })
  const given = (name) => values[name] ?? fromEnvironment(name)
  const scale = { ...(values.quick || fromEnvironment('quick') === '1' ? quick : full) }
  if (given('rounds')) scale.rounds = whole('rounds', given('rounds'))
  if (given('large')) scale.large = whole('large', given('large')) * 2 ** 20
  const browsers = given('browsers')?.split(',')
  for (const name of browsers ?? [])
    if (!measurable.includes(name)) throw new Error(`browsers: ${name} is none of ${measurable.join(', ')}`)
  return {
    scale,
    browsers,
    rows: new RegExp(given('rows') ?? '', 'i'),
    out: given('out'),
    summary: values.summary,
    compare: values.compare === undefined ? undefined : two('compare', values.compare),
  }
}

function two(name, value) {
  const files = value.split(',')
  if (files.length !== 2 || files.includes(''))
    throw new Error(`${name}: ${value} is not first.json,second.json`)
  return files
}

function whole(name, value) {
  const n = Number(value)
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`${name}: ${value} is no whole number above 0`)
  return n
}
