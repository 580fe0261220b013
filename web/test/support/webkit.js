// WebKit, driven by WebDriver, with as much of puppeteer's face as the tests look at.
//
// WebDriver tells nothing of what a page reports. So pages of the site load /reports.js before anything else
// (see site.js), which keeps what comes to the console, and what nobody caught, until `reports` asks for it.
// What is not seen: what workers report, what the browser itself writes to the console (failed requests,
// policies), and pages that were left before anybody asked.
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** For so many milliseconds the driver waits for one page, while the calls of the others stand in line. */
const turn = 100

/**
 * Starts WebKitWebDriver and its browser on a screen of their own.
 *
 * @param {object} options
 * @param {string} options.driver the path of WebKitWebDriver
 * @param {string} options.browser the path of the browser
 * @param {string} options.userDataDir where it keeps what it stores
 * @param {Record<string, string>} [options.env] more environment for the browser
 */
export async function launchWebKit({ driver, browser, userDataDir, env = {} }) {
  const port = await freePort()
  const programs = start(['dbus-run-session', '--', driver, `--port=${port}`], {
    HOME: userDataDir,
    XDG_DATA_HOME: join(userDataDir, 'data'),
    XDG_CACHE_HOME: join(userDataDir, 'cache'),
    XDG_CONFIG_HOME: join(userDataDir, 'config'),
    LC_ALL: 'en_US.UTF-8',
    LANGUAGE: 'en_US',
    JSC_useSharedArrayBuffer: '1',
    LIBGL_ALWAYS_SOFTWARE: '1',
    NO_AT_BRIDGE: '1',
    // Root has no sandbox to run it in.
    ...(process.getuid?.() === 0 && { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }),
    ...env,
  })
  try {
    await programs.until(() => fetch(`http://127.0.0.1:${port}/status`))
    return await Browser.start(`http://127.0.0.1:${port}`, browser, programs)
  } catch (error) {
    await programs.end()
    throw error
  }
}

/** Starts programs on a screen of their own; they end together, and with this process. */
function start(command, env) {
  const screen = ['xvfb-run', '--auto-servernum', '--server-args=-screen 0 1600x1200x24']
  const [name, ...args] = [...screen, ...command]
  const child = spawn(name, args, { env: { ...process.env, ...env }, stdio: 'ignore', detached: true })
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')])
  ended.catch(() => {})
  let over
  ended.then(
    ([why]) => (over = new Error(`WebKitWebDriver ended: ${why}`)),
    (error) => (over = error),
  )
  const signal = (name) => {
    try {
      process.kill(-child.pid, name)
      return true
    } catch {
      return false // there is none left
    }
  }
  const kill = () => signal('SIGKILL')
  const leave = () => {
    kill()
    process.exit(1)
  }
  process.on('exit', kill)
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, leave)
  return {
    /** Tries again until it works, as long as the programs run. */
    async until(works) {
      for (;;) {
        if (over) throw over
        try {
          return await works()
        } catch {
          await sleep(50)
        }
      }
    },
    async end() {
      // The one that has set up the screen removes its files when it is asked to end.
      for (let i = 0; i < 100 && signal('SIGTERM'); i++) await sleep(20)
      kill()
      process.off('exit', kill)
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.off(name, leave)
    },
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(undefined)),
  )
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}

class Browser {
  #url
  #session
  #programs
  #version
  #first
  #current
  /** Calls of the driver are about one page, and one follows the other. */
  #last = Promise.resolve()

  static async start(url, binary, programs) {
    const browser = new Browser()
    browser.#url = url
    browser.#programs = programs
    const asked = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } }
    const { sessionId, capabilities } = await browser.#request('POST', '/session', {
      capabilities: { alwaysMatch: asked },
    })
    browser.#session = `/session/${sessionId}`
    browser.#version = `WebKitGTK/${capabilities.browserVersion}`
    await browser.#request('POST', `${browser.#session}/timeouts`, { script: 240_000, pageLoad: 60_000 })
    browser.#first = await browser.#request('GET', `${browser.#session}/window`)
    return browser
  }

  async version() {
    return this.#version
  }

  /** Windows, for what is not seen has slow timers. */
  newPage() {
    return this.#inTurn(async () => {
      await this.#look(this.#first)
      const { handle } = await this.#request('POST', `${this.#session}/window/new`, { type: 'window' })
      return new Page(this, handle)
    })
  }

  /** Sends a command that is about a window, or about a frame of it. */
  send(handle, method, path, body, frame) {
    return this.#inTurn(async () => {
      await this.#look(handle)
      const inFrame = (id) => this.#request('POST', `${this.#session}/frame`, { id })
      if (frame !== undefined) await inFrame(frame)
      try {
        return await this.#request(method, this.#session + path, body)
      } finally {
        if (frame !== undefined) await inFrame(null)
        if (method === 'DELETE') this.#current = undefined
      }
    })
  }

  async close() {
    await this.#inTurn(() => this.#request('DELETE', this.#session)).catch(() => {})
    await this.#programs.end()
  }

  #inTurn(call) {
    this.#last = this.#last.then(call, call)
    return this.#last
  }

  async #look(handle) {
    if (this.#current === handle) return
    await this.#request('POST', `${this.#session}/window`, { handle })
    this.#current = handle
  }

  async #request(method, path, body) {
    const response = await fetch(this.#url + path, { method, body: body && JSON.stringify(body) })
    const { value } = await response.json()
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`)
    return value
  }
}

/**
 * A script that runs in the page: begins a call and waits for its end as long as its turn lasts. The call is a
 * part of it, and not evaluated there, which a page's policy may forbid.
 */
const begin = (source) => `
  const [args, turn, done] = arguments
  const calls = (globalThis[Symbol.for('webdriver')] ??= new Map())
  const id = calls.size + 1
  const describe = (error) => ({
    name: String(error?.name ?? 'Error'),
    message: String(error?.message ?? error),
    stack: String(error?.stack ?? ''),
  })
  const call = (async () => (${source})(...JSON.parse(args)))().then(
    (value) => ({ value: JSON.stringify(value) }),
    (error) => ({ error: describe(error) }),
  )
  calls.set(id, call)
  Promise.race([call, new Promise((resolve) => setTimeout(resolve, turn, { id }))]).then(done)`

/** The same: waits for the end of a call that was begun. */
const resume = `
  const [id, turn, done] = arguments
  const call = globalThis[Symbol.for('webdriver')]?.get(id)
  if (!call) done({ left: true })
  else Promise.race([call, new Promise((resolve) => setTimeout(resolve, turn, { id }))]).then(done)`

/** What pages and frames have in common. */
class Frame extends EventEmitter {
  #send

  constructor(send) {
    super()
    this.#send = send
  }

  async evaluate(task, ...args) {
    const source = typeof task === 'function' ? String(task) : `() => (${task})`
    let answer = await this.#execute(begin(source), JSON.stringify(args), turn)
    while (answer.id !== undefined) answer = await this.#execute(resume, answer.id, turn)
    if (answer.left) throw new Error('The page was left before the call was over.')
    if (answer.error) throw errorFrom(answer.error)
    return answer.value === undefined ? undefined : JSON.parse(answer.value)
  }

  #execute(script, ...args) {
    return this.#send('POST', '/execute/async', { script, args })
  }

  async waitForFunction(task, { timeout = 30_000, polling = 50 } = {}, ...args) {
    for (const end = Date.now() + timeout; ;) {
      const found = await this.evaluate(task, ...args)
      if (found) return found
      if (Date.now() > end) throw new Error(`Waited ${timeout} ms in vain for ${task}`)
      await sleep(typeof polling === 'number' ? polling : 50)
    }
  }

  waitForSelector(selector, options) {
    const visible = options?.visible ?? false
    return this.waitForFunction(
      (selector, visible) => {
        const found = document.querySelector(selector)
        return found !== null && (!visible || found.checkVisibility())
      },
      options,
      selector,
      visible,
    )
  }

  $eval(selector, task, ...args) {
    return this.#evaluateOn('document.querySelector', selector, task, args)
  }

  $$eval(selector, task, ...args) {
    return this.#evaluateOn('[...document.querySelectorAll', selector, task, args)
  }

  #evaluateOn(query, selector, task, args) {
    const found = `${query}(${JSON.stringify(selector)})${query.startsWith('[') ? ']' : ''}`
    return this.evaluate(`(${task})(${found}, ...${JSON.stringify(args)})`)
  }
}

/** The stack of an error says nothing of what it is about. */
function errorFrom({ name, message, stack }) {
  return Object.assign(new Error(message), { name, stack: `${name}: ${message}\n${stack}` })
}

/** A window. */
class Page extends Frame {
  #browser
  #handle
  #closed = false
  mouse
  keyboard

  constructor(browser, handle) {
    super((...command) => this.#send(...command))
    this.#browser = browser
    this.#handle = handle
    this.mouse = new Mouse((source) => this.#act(source))
    this.keyboard = new Keyboard((source) => this.#act(source))
  }

  #send(method, path, body) {
    return this.#browser.send(this.#handle, method, path, body)
  }

  #act(source) {
    return this.#send('POST', '/actions', { actions: [source] })
  }

  async goto(url) {
    await this.reports()
    await this.#send('POST', '/url', { url })
  }

  /** Tells what the page has reported until now, as events. */
  async reports() {
    const told = await this.evaluate(() => globalThis[Symbol.for('reports')]?.splice(0) ?? []).catch(() => [])
    for (const { type, text } of told)
      if (type === 'pageerror') this.emit('pageerror', text)
      else this.emit('console', { type: () => type, text: () => text })
  }

  /** The page itself, and the frames that it has now. */
  async frames() {
    const n = await this.evaluate(() => frames.length)
    const inside = (index) => new Frame((...command) => this.#browser.send(this.#handle, ...command, index))
    return [this, ...Array.from({ length: n }, (_, index) => inside(index))]
  }

  async setViewport({ width, height }) {
    const frame = await this.evaluate(() => [outerWidth - innerWidth, outerHeight - innerHeight])
    await this.#send('POST', '/window/rect', { width: width + frame[0], height: height + frame[1] })
    await this.waitForFunction((width) => innerWidth === width, {}, width)
  }

  async bringToFront() {}

  async $(selector) {
    return (await this.$$(selector))[0] ?? null
  }

  async $$(selector) {
    const n = await this.$$eval(selector, (all) => all.length)
    return Array.from({ length: n }, (_, index) => new Element(this, selector, index))
  }

  async click(selector) {
    await (await this.$(selector)).click()
  }

  focus(selector) {
    return this.$eval(selector, (element) => element.focus())
  }

  /** Chooses an option, as a person does. */
  select(selector, value) {
    const choose = (field, value) => {
      field.value = value
      for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }))
    }
    return this.$eval(selector, choose, value)
  }

  isClosed() {
    return this.#closed
  }

  async close() {
    if (this.#closed) return
    await this.reports()
    this.#closed = true
    await this.#send('DELETE', '/window')
  }
}

/** One of the elements that a selector finds, whichever that is when it is used. */
class Element {
  #page
  #selector
  #index

  constructor(page, selector, index) {
    this.#page = page
    this.#selector = selector
    this.#index = index
  }

  boundingBox() {
    const box = (all, index) => all[index].getBoundingClientRect()
    return this.#page.$$eval(this.#selector, box, this.#index)
  }

  async click() {
    // What is seen already stays where it is, for tests remember where things are.
    const show = (all, index) => {
      const { top, left, bottom, right } = all[index].getBoundingClientRect()
      if (top < 0 || left < 0 || bottom > innerHeight || right > innerWidth)
        all[index].scrollIntoView({ block: 'center', behavior: 'instant' })
    }
    await this.#page.$$eval(this.#selector, show, this.#index)
    const { x, y, width, height } = await this.boundingBox()
    const { mouse } = this.#page
    await mouse.move(x + width / 2, y + height / 2)
    await mouse.down()
    await mouse.up()
  }
}

class Mouse {
  #act
  #x = 0
  #y = 0

  constructor(act) {
    this.#act = (actions) =>
      act({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions })
  }

  async move(x, y, { steps = 1 } = {}) {
    const [fromX, fromY] = [this.#x, this.#y]
    this.#x = x
    this.#y = y
    const at = (from, to, step) => Math.round(from + ((to - from) * step) / steps)
    await this.#act(
      Array.from({ length: steps }, (_, i) => ({
        type: 'pointerMove',
        duration: 0,
        x: at(fromX, x, i + 1),
        y: at(fromY, y, i + 1),
      })),
    )
  }

  down() {
    return this.#act([{ type: 'pointerDown', button: 0 }])
  }

  up() {
    return this.#act([{ type: 'pointerUp', button: 0 }])
  }
}

const keys = {
  Control: '\uE009',
  Shift: '\uE008',
  Alt: '\uE00A',
  Meta: '\uE03D',
  Enter: '\uE007',
  Escape: '\uE00C',
  Tab: '\uE004',
  Delete: '\uE017',
  ArrowUp: '\uE013',
  ArrowDown: '\uE015',
}

class Keyboard {
  #act

  constructor(act) {
    this.#act = (...types) =>
      act({ type: 'key', id: 'keyboard', actions: types.map(([type, value]) => ({ type, value })) })
  }

  down(key) {
    return this.#act(['keyDown', keys[key] ?? key])
  }

  up(key) {
    return this.#act(['keyUp', keys[key] ?? key])
  }

  press(key) {
    return this.#act(['keyDown', keys[key] ?? key], ['keyUp', keys[key] ?? key])
  }
}
