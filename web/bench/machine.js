// Where and with what it was measured.
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

export const load = () => loadavg().map((n) => Number(n.toFixed(2)))

export function machine() {
  const cores = cpus()
  return {
    processor: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    system: `${type()} ${release()}`,
  }
}

export const versions = () => ({
  go: run('go', 'env', 'GOVERSION').replace(/^go/, ''),
  node: process.versions.node,
  commit: run('git', 'describe', '--always', '--dirty'),
})

function run(command, ...args) {
  try {
    return execFileSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
