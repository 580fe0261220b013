// The editor painterro with its undo states in the cache, and as it is: thirty strokes, and all of them
// undone. Milliseconds and bytes.
import painterro from 'painterro'
import { median, milliseconds, pause } from './clock.js'

async function openEditor({ width, height, maxMemoryForCache, cached }) {
  const place = document.createElement('div')
  place.id = 'editor'
  place.style.cssText = 'position: relative; width: 1000px; height: 760px'
  document.body.append(place)
  const editor = painterro.default({ id: 'editor', defaultSize: `${width}x${height}`, defaultTool: 'brush' })
  let cache
  let history
  if (cached) {
    const { loadAsposeCache } = await import('/asposecache.js')
    const { cacheHistory } = await import('/asposecache.painterro.js')
    cache = await loadAsposeCache({ settings: { maxMemoryForCache } })
    history = cacheHistory(editor, cache)
  }
  editor.show()
  editor.setZoom(1) // all of the picture is in sight
  paint(editor.ctx, width, height)
  editor.worklog.captureState()
  await history?.settled()
  return { editor, cache, history }
}

/** A picture of which no tile is like another. */
function paint(context, width, height) {
  for (let i = 0; i < 2000; i++) {
    context.fillStyle = `hsl(${(i * 37) % 360} 60% ${30 + (i % 50)}%)`
    context.fillRect((i * 7919) % width, (i * 6007) % height, width / 12, height / 12)
  }
}

/** From press to release, all for which the editor keeps the page busy; the mouse tells of 24 places. */
function stroke(editor, n) {
  const { left, top, width, height } = editor.canvas.getBoundingClientRect()
  const at = (i) => ({
    bubbles: true,
    clientX: left + width * (0.1 + ((n * 0.37) % 0.6) + i * 0.008),
    clientY: top + height * (0.1 + ((n * 0.61) % 0.7) + 0.04 * Math.sin(i / 3)),
  })
  const mouse = (type, i) => editor.toolContainer.dispatchEvent(new MouseEvent(type, at(i)))
  return milliseconds(() => {
    mouse('mousedown', 0)
    for (let i = 1; i < 24; i++) mouse('mousemove', i)
    mouse('mouseup', 24)
  })
}

function imageDataBytes({ worklog }) {
  let bytes = 0
  let state = worklog.current
  while (state.prev) state = state.prev
  for (; state; state = state.next) if (state.data instanceof ImageData) bytes += state.data.data.byteLength
  return bytes
}

export const tasks = {
  async undoHistory(options) {
    const { editor, cache, history } = await openEditor(options)
    const strokes = []
    let memory = 0
    for (let i = 0; i < options.strokes; i++) {
      strokes.push(await stroke(editor, i))
      // A person takes the pen off, too.
      await history?.settled()
      await pause(50)
      memory = Math.max(memory, cache?.allocatedMemoryBytesCount ?? 0)
    }
    const imageData = imageDataBytes(editor)
    await cache?.flush()
    const disk = cache?.allocatedDiskBytesCount ?? 0
    const undos = []
    for (let i = 0; i < options.strokes; i++) {
      const before = editor.worklog.current
      undos.push(
        await milliseconds(async () => {
          editor.worklog.undoState()
          await history?.settled()
        }),
      )
      if (editor.worklog.current !== before.prev) throw new Error('the undo was not done')
      await pause(20)
    }
    await history?.dispose()
    await cache?.close()
    const MB = 1e6
    return {
      stroke: median(strokes),
      undo: median(undos),
      longestUndo: Math.max(...undos),
      imageData: imageData / MB,
      memory: memory / MB,
      disk: disk / MB,
    }
  },
}
