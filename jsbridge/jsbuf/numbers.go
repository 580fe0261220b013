//go:build js && wasm

package jsbuf

import (
	"syscall/js"
	"unsafe"
)

// Numbers puts numbers into a Uint8Array as the bytes of a Float64Array: one crossing, however many they are.
func Numbers(numbers []float64) js.Value {
	raw := bytesOf(numbers)
	array := uint8Array.New(len(raw))
	js.CopyBytesToJS(array, raw)
	return array
}

// FromNumbers returns the numbers of an array that Numbers has made.
func FromNumbers(array js.Value) []float64 {
	numbers := make([]float64, array.Get("length").Int()/8)
	js.CopyBytesToGo(bytesOf(numbers), array)
	return numbers
}

func bytesOf(numbers []float64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), 8*len(numbers))
}
