import { part, setText } from './dom'
import type { Entry } from './entry'
import { bytes, count, editableBytes, parseBytes } from './format'
import { checkSize } from './settings'

const dialog = part<HTMLDialogElement>('resize-dialog')
const form = part<HTMLFormElement>('resize-form')
const input = part<HTMLInputElement>('resize-size')
const hint = part('resize-hint')
const now = part('resize-now')
const title = part('resize-title')

const NOTHING = '0 bytes: nothing is kept'

input.addEventListener('input', () => checkSize(input, hint, NOTHING))
part('resize-cancel').addEventListener('click', () => dialog.close())
form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (parseBytes(input.value) === null) return input.focus()
  dialog.close('resize')
})

/** Asks for a new size; `null` if the person thinks better of it. */
export async function askSize(entry: Entry): Promise<number | null> {
  setText(title, `Change the size of “${entry.name}”`)
  setText(now, `It has ${count(entry.size)} bytes (${bytes(entry.size)}).`)
  input.value = editableBytes(entry.size)
  checkSize(input, hint, NOTHING)
  dialog.returnValue = ''
  dialog.showModal()
  input.select()
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  return dialog.returnValue === 'resize' ? parseBytes(input.value) : null
}
