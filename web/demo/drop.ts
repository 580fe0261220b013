/** Takes files dropped anywhere on the page, and shows that it would. */
export function acceptDrops(overlay: HTMLElement, take: (files: File[]) => void): void {
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  let leaving: ReturnType<typeof setTimeout> | undefined

  document.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return
    // Without it the browser would leave the page to show the file.
    event.preventDefault()
    event.dataTransfer!.dropEffect = 'copy'
    overlay.classList.add('shown')
    // "dragleave" comes at every inner border and sometimes not at all; "dragover" comes all the time.
    clearTimeout(leaving)
    leaving = setTimeout(() => overlay.classList.remove('shown'), 250)
  })
  document.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    overlay.classList.remove('shown')
    take([...event.dataTransfer!.files])
  })
}
