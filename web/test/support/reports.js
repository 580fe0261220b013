// Pages of the site load this before anything else, for browsers that tell too little of what a page reports.
//
// WebDriver (WebKit) tells nothing: so it is kept until somebody asks, see webkit.js; frames report to the page that
// they are in. WebDriver BiDi (Firefox) does not tell what an error says that was given to the console: so it is
// given a text.
{
  const key = Symbol.for('reports')
  const reports = (globalThis.top[key] ??= [])
  const text = (value) => (value instanceof Error ? `${value}\n${value.stack}` : String(value))
  const report = (type, ...values) => reports.push({ type, text: values.map(text).join(' ') })
  for (const type of ['error', 'warn']) {
    const before = console[type]
    console[type] = (...values) => {
      report(type, ...values)
      before.apply(console, values.map(text))
    }
  }
  addEventListener('error', ({ error, message }) => report('pageerror', error ?? message))
  addEventListener('unhandledrejection', ({ reason }) => report('pageerror', reason))
}
