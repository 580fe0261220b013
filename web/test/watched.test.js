// The cache in a worker, watched from outside: whatever is called, and however often, it goes on answering,
// and memory levels off. The long form is `make soak-web`.
import { after } from 'node:test'
import { engine, useBrowser } from './support/browser.js'
import { table } from './support/watch/report.js'
import { routes, runScenario } from './support/watch/run.js'
import { scenarios } from './support/watch/scenarios.js'

const { withPage } = useBrowser({ routes })
const results = []

/** What calls every public method. */
const isEssential = ({ name }) => /^(every method|mixture).* small/.test(name)

for (const scenario of scenarios.filter(({ short }) => short))
  withPage(scenario.name, { long: !isEssential(scenario), timeout: 240_000 }, async ({ open }) => {
    const page = await open()
    try {
      results.push(await runScenario(page, scenario, { browser: engine }))
    } catch (error) {
      if (error.numbers) results.push({ ...error.numbers, failed: true })
      throw error
    }
  })

after(() => console.log(table(results)))
