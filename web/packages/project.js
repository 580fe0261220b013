// A project of somebody who uses the package: a folder of its own, outside of this repository.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Where everything is that a run leaves, until it ends. */
export const home = mkdtempSync(join(tmpdir(), 'asposecache-packages-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))

const quiet = { CI: '1', NO_COLOR: '1', FORCE_COLOR: '0', NEXT_TELEMETRY_DISABLED: '1', PARCEL_WORKERS: '0' }

export class Project {
  folder

  constructor(name) {
    this.folder = mkdtempSync(join(home, `${name.toLowerCase().replaceAll(/\W+/g, '-')}-`))
    this.write('package.json', '{ "private": true, "type": "module" }\n')
  }

  write(name, text) {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  /** Installs packages: `{ name: version }`, and paths or addresses. */
  install(versions, ...others) {
    const named = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
    const flags = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', '--save-exact']
    return this.run('npm', 'install', ...flags, ...named, ...others)
  }

  /** Runs a command, of the project's if it has one of that name. Answers what it prints. */
  async run(command, ...args) {
    const { printed, ended } = this.#spawn(command, args)
    const code = await ended
    if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${printed()}`)
    return printed()
  }

  /** Starts a server, and answers how to stop it once an address of it answers. */
  async serve(url, command, ...args) {
    const { printed, ended, stop } = this.#spawn(command, args)
    let over = false
    ended.then(() => {
      over = true
    })
    const until = Date.now() + 60_000
    for (;;) {
      if (over || Date.now() > until) {
        await stop()
        throw new Error(`${[command, ...args].join(' ')} does not answer:\n${printed()}`)
      }
      const answered = await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
      if (answered) return { stop, printed }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  #spawn(command, args) {
    const env = {
      ...process.env,
      ...quiet,
      PATH: `${join(this.folder, 'node_modules/.bin')}:${process.env.PATH}`,
    }
    // In a group of its own, because servers have children.
    const child = spawn(command, args.map(String), { cwd: this.folder, env, detached: true, stdio: 'pipe' })
    child.stdin.end()
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data))
    const ended = new Promise((resolve) => {
      child.on('error', (error) => {
        text += error.message
        resolve(-1)
      })
      child.on('close', resolve)
    })
    const stop = async () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {} // it has ended already
      await ended
    }
    running.add(stop)
    ended.then(() => running.delete(stop))
    return { printed: () => text, ended, stop }
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const running = new Set()
/** Stops what projects have started and is not stopped yet. */
export const stopAll = () => Promise.all([...running].map((stop) => stop()))

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}
