// Where two allocations differ, as the program tells it: the bytes of a Float64Array; see jsbridge/values.go.
import type * as api from './asposecache'

/** Four numbers for each rectangle. */
export function rectsFrom(told: Uint8Array): api.Rect[] {
  const numbers = new Float64Array(told.buffer)
  const rects: api.Rect[] = []
  for (let i = 0; i < numbers.length; i += 4)
    rects.push({ x: numbers[i]!, y: numbers[i + 1]!, width: numbers[i + 2]!, height: numbers[i + 3]! })
  return rects
}

/** Two numbers for each range. */
export function spansFrom(told: Uint8Array): Array<{ offset: number; length: number }> {
  const numbers = new Float64Array(told.buffer)
  const spans: Array<{ offset: number; length: number }> = []
  for (let i = 0; i < numbers.length; i += 2) spans.push({ offset: numbers[i]!, length: numbers[i + 1]! })
  return spans
}
