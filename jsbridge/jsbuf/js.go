//go:build js && wasm

package jsbuf

import "syscall/js"

var (
	jsArray     = js.Global().Get("Array")
	uint8Array  = js.Global().Get("Uint8Array")
	arrayBuffer = js.Global().Get("ArrayBuffer")

	canTransfer = arrayBuffer.Get("prototype").Get("transfer").Type() == js.TypeFunction
)

// A kind is a kind of object with bytes, given by its getters. A getter throws when it is called on another kind.
type kind struct{ byteLength, byteOffset, buffer js.Value }

var (
	typedArray = js.Global().Get("Object").Call("getPrototypeOf", uint8Array.Get("prototype"))
	// typedArrayTag returns the name of the class of a typed array, of whatever frame, and undefined for all else.
	typedArrayTag = getter(typedArray, js.Global().Get("Symbol").Get("toStringTag"))

	views = []kind{
		viewKind(typedArray),
		viewKind(js.Global().Get("DataView").Get("prototype")),
	}
	buffers = bufferKinds()
)

func viewKind(prototype js.Value) kind {
	return kind{getter(prototype, "byteLength"), getter(prototype, "byteOffset"), getter(prototype, "buffer")}
}

func bufferKinds() (kinds []kind) {
	for _, name := range []string{"ArrayBuffer", "SharedArrayBuffer"} {
		// Pages without cross-origin isolation have no SharedArrayBuffer.
		if class := js.Global().Get(name); class.Type() == js.TypeFunction {
			kinds = append(kinds, kind{byteLength: getter(class.Get("prototype"), "byteLength")})
		}
	}
	return kinds
}

func getter(prototype js.Value, name any) js.Value {
	return js.Global().Get("Object").Call("getOwnPropertyDescriptor", prototype, name).Get("get")
}

// try runs f and returns the exception that JavaScript throws in it.
func try(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case js.Error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// A jsError is what JavaScript threw, and what it means here.
type jsError struct{ meaning, thrown error }

func (e *jsError) Error() string   { return e.meaning.Error() + ": " + e.thrown.Error() }
func (e *jsError) Unwrap() []error { return []error{e.meaning, e.thrown} }
