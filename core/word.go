//go:build !wasm

package core

import "encoding/binary"

// word returns the 8 bytes of p from i on as a number, the first one lowest. It panics where p does not have them, so
// that tests find what word_wasm.go would read beyond the end.
func word(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i:]) }
