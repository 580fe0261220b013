// Folders for the time of a run: they can hold gigabytes, so they go also when it is interrupted.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders = new Set()

process.once('exit', () => {
  for (const folder of folders) removeScratch(folder)
})

export function makeScratch() {
  const folder = mkdtempSync(join(tmpdir(), 'asposecache-bench-'))
  folders.add(folder)
  return folder
}

export function removeScratch(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  folders.delete(folder)
}
