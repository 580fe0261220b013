// All scenarios, by name. This file is read by the worker that runs them and by the tests that list them.
import { amounts } from './amounts.js'
import { crowds } from './crowds.js'
import { freezes } from './freezes.js'
import { mixtures } from './mixtures.js'
import { tours } from './tours.js'

/**
 * A scenario: its `name`; the members of the public types that it `covers`; whether it belongs to the `short` form,
 * and how many `calls`, or `rounds` of calls, that makes; and `prepare(kit, seed)`, which resolves to what the worker
 * runs:
 * - `step(i)` is done again and again;
 * - `doing()`, if there is one, tells what the step is about;
 * - `roundIsOver()`, if there is one: memory can be compared, and the scenario can end, only where it answers true.
 *
 * `largest` is the size of the largest array that one of its calls makes, where it has more than a few bytes. `pace` says what kind of task comes between two steps.
 */
export const scenarios = [...freezes, ...amounts, ...crowds, ...tours, ...mixtures]

/** Makes ready what a scenario needs. */
export async function prepared(name, kit, seed) {
  const { prepare, pace } = scenarios.find((scenario) => scenario.name === name)
  return { pace, ...(await prepare(kit, seed)) }
}
