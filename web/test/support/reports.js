// Keeps what a page reports, for a browser that can't be asked for it: see webkit.js. Pages of the site load
// this before anything else, and frames report to the page that they are in.
{
  const key = Symbol.for('reports')
  const reports = (globalThis.top[key] ??= [])
  const report = (type, values) => {
    const text = values.map((value) => (value instanceof Error ? `${value}\n${value.stack}` : String(value)))
    reports.push({ type, text: text.join(' ') })
  }
  for (const type of ['error', 'warn']) {
    const before = console[type]
    console[type] = (...values) => {
      report(type, values)
      before.apply(console, values)
    }
  }
  addEventListener('error', (event) => report('pageerror', [event.error ?? event.message]))
  addEventListener('unhandledrejection', (event) => report('pageerror', [event.reason]))
}
