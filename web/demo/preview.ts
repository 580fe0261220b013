import { part, setText } from './dom'
import { Downscaler } from './downscale'
import type { Entry } from './entry'
import { count, duration } from './format'
import { DIGEST_NOTE } from './row'

const MAX_WIDTH = 1440
const MAX_HEIGHT = 960

const dialog = part<HTMLDialogElement>('preview')
const canvas = part<HTMLCanvasElement>('preview-canvas')
const title = part('preview-title')
const facts = part('preview-facts')
const verdict = part('preview-check')
const written = part('preview-written')
const readBack = part('preview-read')
const bar = part('preview-progress')

setText(part('digest-note'), DIGEST_NOTE)
part('preview-close').addEventListener('click', () => dialog.close())
// A click on the backdrop is a click on the dialog itself.
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close()
})

/** Reads an allocation back and shows it as it comes. Closing the dialog stops the reading. */
export async function preview(entry: Entry): Promise<void> {
  const allocation = entry.allocation
  if (!allocation || entry.phase !== 'idle') return
  const rowBytes = entry.width * 4
  // After a reallocation there are more rows than the picture had, or fewer, and perhaps a part of one.
  const rows = Math.max(1, Math.ceil(entry.size / rowBytes))
  const small = new Downscaler(entry.width, rows, MAX_WIDTH, MAX_HEIGHT)
  canvas.width = small.image.width
  canvas.height = small.image.height
  canvas.classList.toggle('tiny', small.image.width < 300 && small.image.height < 300)
  const context = canvas.getContext('2d', { colorSpace: 'srgb' })!

  setText(title, entry.name)
  setText(verdict, 'Reading back …')
  verdict.dataset.state = 'reading'
  setText(written, entry.digest || '–')
  setText(readBack, '…')
  const where = allocation.medium === 'memory' ? 'memory' : 'disk'
  const what = `${count(entry.size)} bytes from ${where}`
  setText(facts, what)
  bar.style.width = '0'

  const stop = new AbortController()
  dialog.addEventListener('close', () => stop.abort(), { once: true })
  dialog.showModal()
  const start = performance.now()
  let drawn = 0
  try {
    await entry.readBack((data, offset) => {
      small.add(wholeRows(data, rowBytes), offset / rowBytes)
      const last = offset + data.length === entry.size
      // The picture comes faster than a screen could show it.
      if (last || performance.now() - drawn > 40) {
        context.putImageData(small.image, 0, 0)
        drawn = performance.now()
      }
      bar.style.width = `${((offset + data.length) / entry.size) * 100}%`
    }, stop.signal)
    if (stop.signal.aborted) return
    if (entry.gone) return dialog.close()
    const took = performance.now() - start
    setText(facts, `${what}, read, digested and drawn in ${duration(took)}`)
    setText(readBack, entry.readDigest || '–')
    verdict.dataset.state = entry.check
    setText(
      verdict,
      entry.check === 'equal'
        ? 'Equal: what was read back is what was written'
        : entry.check === 'different'
          ? 'Different: what was read back is not what was written'
          : 'Read back. Checksums need a secure page (https or localhost)',
    )
  } catch (error) {
    dialog.close()
    throw error
  }
}

/** Fills up a last row that was cut in the middle. */
function wholeRows(data: Uint8Array<ArrayBuffer>, rowBytes: number): Uint8Array {
  const rows = Math.ceil(data.length / rowBytes)
  if (rows * rowBytes === data.length) return data
  const whole = new Uint8Array(rows * rowBytes)
  whole.set(data)
  return whole
}
