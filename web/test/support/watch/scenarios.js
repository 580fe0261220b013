// All scenarios, by name. This file is read by the worker that runs them and by the tests that list them.
import { freezes } from './freezes.js'

/**
 * A scenario: its `name`, how many `calls` the short form makes, whether it belongs to the short form, and
 * `prepare(kit, seed)`, which resolves to `{ step }`: what is done again and again. `pace` says what kind of
 * task comes between two steps.
 */
export const scenarios = [...freezes]

/** Makes ready what a scenario needs. */
export async function prepared(name, kit, seed) {
  const { prepare, pace } = scenarios.find((scenario) => scenario.name === name)
  return { pace, ...(await prepare(kit, seed)) }
}
