// What TypeScript makes of a history: it is checked, and never run.
import {
  type AsposeCache,
  type CacheHistory,
  type CacheSurface,
  createHistory,
  type HistoryOptions,
  type WhenFullName,
} from 'asposecache'

export async function uses(cache: AsposeCache, surface: CacheSurface): Promise<void> {
  const names: WhenFullName[] = ['refuse', 'dropOldest']
  const options: HistoryOptions = { maxBytes: 1, maxEntries: 1, whenFull: names[1] }
  const history: CacheHistory = await createHistory(surface, options)
  const moved: boolean = await history.goTo(history.entries.length - 1)
  cache.addEventListener('historydropped', ({ detail }) => {
    const label: string = detail.labels[0] ?? detail.label
    console.log(moved, label, detail.history === history, detail.bytes + detail.id)
    // @ts-expect-error: it tells of a history
    console.log(detail.error)
  })
  // @ts-expect-error: there is no such name
  await createHistory(surface, { whenFull: 'dropoldest' })
  // @ts-expect-error: there is no such option
  await createHistory(surface, { whenfull: 'dropOldest' })
  // @ts-expect-error: it has to say which
  await history.goTo()
  // @ts-expect-error: it is a number
  await history.goTo('1')
}
