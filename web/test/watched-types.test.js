// What is watched is all that there is: a method that no scenario calls is found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scenarios } from './support/watch/scenarios.js'
import { publicMembers, publicTypes } from './support/watch/types.js'

const covers = (some) => new Set(some.flatMap((scenario) => scenario.covers ?? []))
const uncovered = (members, some) => [...members].filter((name) => !covers(some).has(name))

test('every method and property of the public types is called by a scenario', () => {
  assert.deepEqual(uncovered(publicMembers(), scenarios), [])
})

test('and in the short form', () => {
  assert.deepEqual(
    uncovered(
      publicMembers(),
      scenarios.filter(({ short }) => short),
    ),
    [],
  )
})

test('scenarios cover only what the types have', () => {
  const members = publicMembers()
  assert.deepEqual(
    [...covers(scenarios)].filter((name) => !members.has(name)),
    [],
  )
})

test('a method that is new in the types is missed', () => {
  const added = publicTypes
    .replace(
      'export interface CacheSurface extends CacheEntity {',
      '$& rotate(turns: number): Promise<void>;',
    )
    .replace('export interface CacheEntity extends', 'export interface Added { go(): void }\n$&')
    .replace('readonly disposed: boolean', '$&; touch: () => void')
  assert.deepEqual(uncovered(publicMembers(`${added}\nexport function another(): void`), scenarios).sort(), [
    'Added.go',
    'CacheAllocation.touch',
    'CacheSurface.rotate',
    'CacheSurface.touch',
    'another',
  ])
})

test('no two scenarios have the same name', () => {
  const names = scenarios.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})
