// The benchmark's own arithmetic: when it measures what, and whether two of its runs agree.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { agree, compare, comparison } from '../bench/compare.js'
import { measure, spreadOver } from '../bench/measure.js'
import { confidence } from '../bench/numbers.js'
import { summary } from '../bench/report.js'
import { quick } from '../bench/scale.js'
import { six } from '../bench/six.js'

describe('rounds', () => {
  /**
   * Measures in browsers in which each task answers when it was asked; `fail` may refuse one.
   *
   * @param {string[]} wanted
   * @param {object} [options]
   * @param {number} [options.rounds]
   * @param {(task: string, asked: object[]) => void} [options.fail]
   * @param {(browsers: number) => void} [options.open]
   */
  async function measured(wanted, { rounds = 5, fail = () => {}, open } = {}) {
    const asked = []
    const notes = []
    let browsers = 0
    const browser = {
      version: async () => 'a browser',
      newPage: async () => ({
        goto: async () => {},
        bringToFront: async () => {},
        on: () => {},
        close: async () => {},
        async evaluate(_, script, task, arg) {
          // What a browser is warmed up with has no arguments.
          if (arg === undefined) return {}
          asked.push({ task, browser: browsers })
          fail(task, asked)
          return { write: asked.length, read: asked.length, both: asked.length, start: asked.length }
        },
      }),
    }
    const result = await measure('some', {
      site: { origin: () => '' },
      scale: { ...quick, rounds },
      wanted: new Set(wanted),
      note: (text) => notes.push(text),
      open: async (_, use) => {
        browsers++
        await open?.(browsers)
        return use(browser)
      },
    })
    return { ...result, asked, notes, browsers }
  }

  test('each round has all suites, each in a browser of its own', async () => {
    const { samples, asked, notes } = await measured(['awaited', 'rewrite ours', 'rewrite idb-keyval'], {
      rounds: 2,
    })
    assert.deepEqual(
      asked.map(({ task, browser }) => `${task} ${browser}`),
      ['awaitedWrites 1', 'rewrite 2', 'rewrite 2', 'awaitedWrites 3', 'rewrite 4', 'rewrite 4'],
    )
    assert.deepEqual(samples['awaited:write'], [1, 4])
    assert.deepEqual(samples['rewrite idb-keyval:write'], [3, 6])
    assert.equal(notes.at(-1), 'some: rewrite idb-keyval, round 2 of 2')
  })

  test('what has fewer rounds is spread over the run', async () => {
    assert.deepEqual(spreadOver(5, 5), [0, 1, 2, 3, 4])
    assert.deepEqual(spreadOver(5, 3), [0, 2, 4])
    assert.deepEqual(spreadOver(3, 3), [0, 1, 2])
    assert.deepEqual(spreadOver(5, 1), [0])
    assert.deepEqual(spreadOver(1, 1), [0])
    const { samples, browsers } = await measured(['large history', 'at scale', 'overhead'])
    assert.equal(samples['large history:read'].length, 3)
    assert.equal(samples['at scale:read'].length, 1)
    assert.equal(samples['overhead:read'].length, 1)
    assert.equal(browsers, 5, 'no browser is started for nothing')
  })

  test('a start is taken three times in each round, turn by turn', async () => {
    const { samples } = await measured(['start', 'start linked'], { rounds: 2 })
    assert.deepEqual(samples['start:start'], [1, 3, 5, 7, 9, 11])
    assert.deepEqual(samples['start linked:start'], [2, 4, 6, 8, 10, 12])
  })

  test('the sweep is made once, before the first round of what needs it', async () => {
    const { notes, sweep } = await measured(['awaited', 'stream raw write'], { rounds: 3 })
    const tried = sweep.tried.reduce((sum, { samples }) => sum + samples.length, 0)
    assert.equal(notes.filter((note) => note.includes('sweep')).length, tried)
    assert.deepEqual(
      notes.filter((note) => note.includes('round')).map((note) => note.replace('some: ', '')),
      [1, 2, 3].flatMap((n) => [`awaited, round ${n} of 3`, `stream raw write, round ${n} of 3`]),
    )
    assert.ok(notes.findIndex((note) => note.includes('sweep')) > 0)
  })

  test('who fails once is left out afterwards', async () => {
    const { samples, failures } = await measured(['snapshots', 'strokes'], {
      fail: (task, asked) => {
        if (task === 'snapshots' && asked.length > 2) throw new Error('no')
      },
    })
    assert.deepEqual(failures, [{ suite: 'surfaces', contestant: 'snapshots', error: 'no' }])
    assert.equal(samples['snapshots:read'].length, 1)
    assert.equal(samples['strokes:read'].length, 5)
  })

  test('a suite that has no browser is reported once, and the others go on', async () => {
    const { samples, failures } = await measured(['awaited', 'rewrite ours'], {
      open: (browsers) => {
        if (browsers === 3) throw new Error('no browser')
      },
    })
    assert.deepEqual(
      failures.map(({ suite }) => suite),
      ['memory'],
    )
    assert.equal(samples['awaited:write'].length, 1)
    assert.equal(samples['rewrite ours:write'].length, 5)
  })
})

describe('two runs', () => {
  const line = (values) => ({ name: 'a row', unit: 'ms', ...values })

  test('agree in a row if its values are no further apart than both noises together', () => {
    const time = (ours, noise) => line({ ours, noise })
    assert.ok(agree(time(100, 0.1), time(115, 0.05)))
    assert.ok(!agree(time(100, 0.1), time(117, 0.05)))
    assert.ok(agree(time(100, 0.25), time(125)), 'one of them may have no noise; ranges may touch')
  })

  test('are compared by the ratio where there is something to compare with', () => {
    const ratio = (ours, ratio) => line({ against: 'raw', ours, ratio, noise: 0.05 })
    assert.ok(agree(ratio(1, 2), ratio(100, 2.1)))
    assert.ok(!agree(ratio(1, 2), ratio(1, 3)))
  })

  test('agree in what has no noise if it is the same to within 1 %', () => {
    const size = (ours, noise) => line({ ours, noise })
    assert.ok(agree(size(700), size(706)))
    assert.ok(agree(size(700, 0), size(706, 0)))
    assert.ok(!agree(size(700), size(710)))
    assert.ok(agree(size(0, 0), size(0, 0)))
  })

  test('are compared in each browser that both have, in the rows that both have', () => {
    const rows = (second) => [
      { name: 'same', unit: 'ms', ours: 10, noise: 0.1 },
      { name: 'other', unit: 'ms', ours: second ? 20 : 10, noise: 0.1 },
      {
        name: 'swept',
        unit: 'MB/s',
        against: `raw, ${second ? '1 MiB x 4' : '256 KiB x 4'}`,
        ratio: 0,
        noise: 0,
      },
      { name: 'no ratio', unit: 'ms', ours: second ? 1 : 2, against: 'idle' },
      // As a file has it: the median was 0, of which there is no part.
      { name: 'no end of noise', unit: 'ms', ours: 0, noise: null },
      ...(second ? [{ name: 'new', unit: 'ms', ours: 1, noise: 0 }] : []),
    ]
    const first = [
      { browser: 'chromium', rows: rows(false) },
      { browser: 'firefox', rows: [] },
    ]
    const [result, ...others] = compare(first, [{ browser: 'chromium', rows: rows(true) }])
    assert.deepEqual(others, [])
    assert.equal(result.agree, 2)
    assert.equal(result.alone, 1)
    assert.deepEqual(
      result.differ.map(([a, b]) => [a.name, a.ours, b.ours]),
      [['other', 10, 20]],
    )
    const text = comparison([result])
    assert.match(text, /^chromium: 2 of 3 rows agree .* 1 could not be compared/)
    assert.match(text, /\| other +\| +\| 10\.0 ms ±10% \| 20\.0 ms ±10% \|/)
    assert.match(comparison([]), /no browser in common/)
  })
})

test('the noise of a few rounds is the confidence interval of 95 %', () => {
  assert.equal(confidence([5]), undefined)
  assert.equal(confidence([5, 5, 5]), 0)
  // The deviation is 1, and the quantile of Student's t for two degrees of freedom 4.303.
  assert.ok(Math.abs(confidence([9, 10, 11]) - 4.303 / Math.sqrt(3) / 10) < 1e-9)
  assert.ok(confidence([9, 10, 11, 9, 10, 11]) < confidence([9, 10, 11]) / 2)
})

describe('what is printed of runs', () => {
  test('six rows have medians, of strokes the longest, and nothing where nothing was measured', () => {
    const samples = {
      'stream ours 256 KiB:write': [100, 300, 200],
      'stream raw write:write': [250],
      'large history:longestStroke': [8, 12, 9],
    }
    const lines = six({ browser: 'some', samples }).split('\n')
    assert.equal(lines.length, 8)
    assert.match(lines[2], /\| 200 \|  \| 250 \|  \|  \|$/)
    assert.match(lines[7], /\| 12\.0 \|  \|  \|  \|  \|$/)
    assert.match(lines[3], /\|  \|  \|  \|  \|  \|$/)
  })

  test('the rows with a target stand side by side, and a second run of a browser says so', () => {
    const run = (ours, met) => ({
      browser: 'some',
      rows: [
        { name: 'a row', unit: 'MB', better: 'less', target: 67.108864, absolute: true, ours, met },
        { name: 'no target', unit: 'MB', ours },
      ],
    })
    assert.equal(
      summary([run(80, false), run(60, true)]),
      [
        '| what | target | Some | Some, again |',
        '| --- | --- | --- | --- |',
        '| a row | at most 67.1 MB, **missed** | 80.0 MB | 60.0 MB |',
      ].join('\n'),
    )
  })
})
