// What the build says on a machine that lacks what it needs: a sentence, and no stack.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const build = join(import.meta.dirname, '../build.js')
const start = (flags, env) =>
  spawnSync(process.execPath, [...flags, build], { encoding: 'utf8', env: { ...process.env, ...env } })

test('without Go', () => {
  const { status, stderr } = start([], { PATH: '/nowhere' })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^Go [\d.]+ or newer is needed, from https:\/\/go\.dev\/dl: there is no `go` here\.\n$/,
  )
})

test('with an old Node.js', () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '18.20.8' })`
  const { status, stderr } = start(['--import', `data:text/javascript,${encodeURIComponent(old)}`])
  assert.equal(status, 1)
  assert.match(stderr, /^Node\.js [\d.]+ or newer is needed: this is 18\.20\.8\.\n$/)
})
