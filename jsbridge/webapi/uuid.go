//go:build js && wasm

package webapi

import "syscall/js"

const hexDigits = "0123456789abcdef"

// UUID makes a random UUID. crypto.randomUUID is missing on insecure pages; random bytes are not.
func UUID() (id string, err error) {
	var b [16]byte
	err = Try(func() error {
		array := js.Global().Get("Uint8Array").New(len(b))
		js.Global().Get("crypto").Call("getRandomValues", array)
		js.CopyBytesToGo(b[:], array)
		return nil
	})
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80 // variant of RFC 9562
	text := make([]byte, 0, 36)
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(text), err
}

// IsUUID reports whether s has the form of what UUID makes.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
