//go:build !wasm

package core

import "encoding/binary"

// word is the 8 bytes of p from i on, the first one lowest. Here it is looked at whether p has them, which
// shows in tests what word_wasm.go must not do.
func word(p []byte, i int) uint64 { return binary.LittleEndian.Uint64(p[i:]) }
