package core

import "unsafe"

// word returns the 8 bytes of p from i on as a number, the first one lowest. It does not look at whether p has them:
// that costs more than to load them, and the compiler makes eight loads of encoding/binary here. WebAssembly loads from
// any address.
func word(p []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i))
}
