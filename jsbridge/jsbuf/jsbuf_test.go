//go:build js && wasm

package jsbuf_test

import (
	"bytes"
	"errors"
	"slices"
	"syscall/js"
	"testing"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// eval runs the body of a JavaScript function.
func eval(t *testing.T, body string, args ...any) js.Value {
	t.Helper()
	return js.Global().Get("Function").New("a", body).Invoke(args...)
}

func make8(t *testing.T, n int) *jsbuf.Buffer {
	t.Helper()
	b, err := jsbuf.New(n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, b driver.Buffer, off, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	if err := b.ReadAt(p, off); err != nil {
		t.Fatalf("ReadAt: %v", err)
	}
	return p
}

func TestReadWriteClear(t *testing.T) {
	b := make8(t, 8)
	if b.Len() != 8 || !bytes.Equal(read(t, b, 0, 8), make([]byte, 8)) {
		t.Fatal("a new buffer has another length, or is not zero")
	}
	if err := b.WriteAt([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 0); err != nil {
		t.Fatal(err)
	}
	if err := b.WriteAt([]byte{33, 44}, 2); err != nil {
		t.Fatal(err)
	}
	if err := b.Clear(5, 2); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, 1, 6); !bytes.Equal(got, []byte{2, 33, 44, 5, 0, 0}) {
		t.Errorf("read %v", got)
	}
	if err := b.ReadAt(nil, 8); err != nil {
		t.Errorf("ReadAt of nothing: %v", err)
	}
}

func TestNewWithoutMemoryIsAnError(t *testing.T) {
	for _, n := range []int{1 << 52, -1} {
		if b, err := jsbuf.New(n); !errors.Is(err, jsbuf.ErrNoMemory) {
			t.Errorf("New(%d): %v, %v", n, b, err)
		}
	}
}

// iframe is the global object of another frame.
const iframe = `const f = document.createElement('iframe'); document.body.append(f); const w = f.contentWindow; `

func TestOfTakesAllThatHoldsBytes(t *testing.T) {
	for name, body := range map[string]string{
		"Uint8Array":                    `return new Uint8Array([1, 2, 3, 4])`,
		"part of a buffer":              `return new Uint8Array([9, 1, 2, 3, 4, 9]).subarray(1, 5)`,
		"Uint8ClampedArray":             `return new Uint8ClampedArray([1, 2, 3, 4])`,
		"Uint16Array":                   `return new Uint16Array([0x0201, 0x0403])`,
		"DataView":                      `return new DataView(new Uint8Array([9, 1, 2, 3, 4, 9]).buffer, 1, 4)`,
		"ArrayBuffer":                   `return new Uint8Array([1, 2, 3, 4]).buffer`,
		"Uint8Array of another frame":   iframe + `return new w.Uint8Array([1, 2, 3, 4])`,
		"ArrayBuffer of another frame":  iframe + `return new w.Uint8Array([1, 2, 3, 4]).buffer`,
		"array with misleading members": `return Object.defineProperties(new Uint8Array([1, 2, 3, 4]), { length: { value: 9 }, buffer: { get() { throw new Error('no') } }, subarray: { value: null }, byteLength: { value: 1 } })`,
		"subclass with a species of its own": `class C extends Uint8Array { static get [Symbol.species]() { throw new Error('no') } }
			return new C([1, 2, 3, 4])`,
		"ArrayBuffer that can grow": `const b = new ArrayBuffer(4, { maxByteLength: 8 }); new Uint8Array(b).set([1, 2, 3, 4]); return b`,
		"SharedArrayBuffer": `const b = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer
			const v = new Uint8Array(b, 0, 4); v.set([1, 2, 3, 4]); return v`,
	} {
		b, err := jsbuf.Of(eval(t, body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if b.Len() != 4 || !bytes.Equal(read(t, b, 0, 4), []byte{1, 2, 3, 4}) || !bytes.Equal(read(t, b, 1, 2), []byte{2, 3}) {
			t.Errorf("%s: wrong bytes", name)
		}
		own := make8(t, 4)
		if done, err := own.CopyFrom(1, b, 2, 2); !done || err != nil || !bytes.Equal(read(t, own, 0, 4), []byte{0, 3, 4, 0}) {
			t.Errorf("%s: CopyFrom: %v, %v", name, done, err)
		}
	}
}

func TestOfSharesTheBytes(t *testing.T) {
	array := eval(t, `return new Uint16Array(4)`)
	b, err := jsbuf.Of(array)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteAt([]byte{1, 2}, 2); err != nil {
		t.Fatal(err)
	}
	if got := array.Index(1).Int(); got != 0x0201 {
		t.Errorf("the caller sees %#x", got)
	}
}

func TestOfRefusesAllElse(t *testing.T) {
	for _, body := range []string{
		`return undefined`, `return null`, `return 5`, `return 'text'`, `return [1, 2]`, `return { length: 4 }`,
		`return { byteLength: 4, buffer: new ArrayBuffer(4) }`, `return () => 1`, `return Symbol()`, `return 7n`,
		`return new Proxy(new Uint8Array(4), {})`, `return { [Symbol.toStringTag]: 'ArrayBuffer' }`,
	} {
		if b, err := jsbuf.Of(eval(t, body)); !errors.Is(err, jsbuf.ErrNotBytes) {
			t.Errorf("%s: %v, %v", body, b, err)
		}
	}
}

func TestAdoptTakesUint8ArraysOfOtherFrames(t *testing.T) {
	b := jsbuf.Adopt(eval(t, iframe+`return new w.Uint8Array([9, 8, 7, 6]).subarray(1)`))
	if b == nil {
		t.Fatal("it is refused")
	}
	got := make([]byte, 2)
	if err := b.ReadAt(got, 1); err != nil || b.Len() != 3 || got[0] != 7 || got[1] != 6 {
		t.Errorf("%d bytes, %v, %v", b.Len(), got, err)
	}
}

func TestAdoptTakesUint8ArraysOnly(t *testing.T) {
	if b := jsbuf.Adopt(eval(t, `return new Uint8Array(5)`)); b == nil || b.Len() != 5 {
		t.Errorf("a Uint8Array: %v", b)
	}
	for _, body := range []string{
		`return undefined`, `return null`, `return 'text'`, `return 7n`, `return new Uint16Array(5)`, `return {}`,
		iframe + `return new w.Uint8ClampedArray(5)`, `return { [Symbol.toStringTag]: 'Uint8Array', byteLength: 5 }`,
	} {
		if b := jsbuf.Adopt(eval(t, body)); b != nil {
			t.Errorf("%s: %v", body, b)
		}
	}
}

// withAndWithoutHelp runs a test without the functions of Use and with them.
func withAndWithoutHelp(t *testing.T, test func(t *testing.T)) {
	t.Run("alone", test)
	useCopyRows(t)
	t.Run("with help", test)
	useCopyBytes(t)
	t.Run("with help for memory", test)
}

var host = js.Global().Get("Object").New()

// use gives the package a function until the test ends.
func use(t *testing.T, name string, f js.Value) {
	host.Set(name, f)
	jsbuf.Use(host)
	t.Cleanup(func() {
		host.Delete(name)
		jsbuf.Use(host)
	})
}

// useCopyBytes finds the memory of this program where wasm_exec.js has it: in the object whose method the next event
// calls.
func useCopyBytes(t *testing.T) {
	eval(t, `const { prototype } = Go, { _resume } = prototype
		prototype._resume = function () {
			globalThis.programOfTest = this
			prototype._resume = _resume
			return _resume.call(this)
		}`)
	called := make(chan struct{})
	event := js.FuncOf(func(js.Value, []js.Value) any { close(called); return nil })
	defer event.Release()
	js.Global().Call("setTimeout", event)
	<-called
	use(t, "copyBytes", eval(t, `return (array, offset, pitch, address, addressPitch, length, rows, toArray) => {
		const memory = new Uint8Array(programOfTest._inst.exports.mem.buffer)
		if (array.length < offset + (rows - 1) * pitch + length) throw new RangeError()
		for (let i = 0; i < rows; i++) {
			const [at, from] = [offset + i * pitch, address + i * addressPitch]
			if (toArray) array.set(memory.subarray(from, from + length), at)
			else memory.set(array.subarray(at, at + length), from)
		} }`))
}

func TestCopyBytes(t *testing.T) {
	b := make8(t, 10)
	p := driver.Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	if done, err := b.CopyRows(1, 4, p, 2, 5, 2, 2); done || err != nil {
		t.Fatalf("to it, without a function for it: %v, %v", done, err)
	}
	if done, err := b.ReadRows(p, 5, 1, 4, 2, 2); done || err != nil {
		t.Fatalf("out of it, without a function for it: %v, %v", done, err)
	}
	if done, err := b.CopyFrom(0, p, 0, 2); done || err != nil {
		t.Fatalf("all of it, without a function for it: %v, %v", done, err)
	}
	useCopyBytes(t)
	rows := []byte{0, 3, 4, 0, 0, 8, 9, 0, 0, 0}
	if done, err := b.CopyRows(1, 4, p, 2, 5, 2, 2); !done || err != nil || !bytes.Equal(read(t, b, 0, 10), rows) {
		t.Errorf("to it: %v, %v, %v", done, err, read(t, b, 0, 10))
	}
	got := make([]byte, 8)
	if done, err := b.ReadRows(got[1:], 5, 1, 4, 2, 2); !done || err != nil || !bytes.Equal(got, []byte{0, 3, 4, 0, 0, 0, 8, 9}) {
		t.Errorf("out of it: %v, %v, %v", done, err, got)
	}
	// One row more than the array has.
	if _, err := b.CopyRows(3, 4, p, 0, 4, 4, 2); err == nil || !bytes.Equal(read(t, b, 0, 10), rows) {
		t.Errorf("past its end: %v, %v", err, read(t, b, 0, 10))
	}
	if _, err := b.ReadRows(got, 4, 3, 4, 4, 2); err == nil || !bytes.Equal(got, []byte{0, 3, 4, 0, 0, 0, 8, 9}) {
		t.Errorf("from past its end: %v, %v", err, got)
	}
	if err := b.WriteAt(p[:4], 6); err != nil || !bytes.Equal(read(t, b, 4, 6), []byte{0, 8, 1, 2, 3, 4}) {
		t.Errorf("a part: %v, %v", err, read(t, b, 4, 6))
	}
	released := make8(t, 8)
	released.Release()
	if _, err := released.CopyRows(0, 8, p, 0, 8, 8, 1); !errors.Is(err, jsbuf.ErrReleased) {
		t.Errorf("to one that was released: %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("rows that the slice does not have are read")
			}
		}()
		_, _ = b.CopyRows(0, 5, p[:6:6], 0, 5, 2, 2)
	}()
}

func useCopyRows(t *testing.T) {
	use(t, "copyRows", eval(t, `return (target, offset, pitch, source, from, sourcePitch, length, rows) => {
		const last = rows - 1
		if (source.length < from + last * sourcePitch + length || target.length < offset + last * pitch + length)
			throw new RangeError()
		for (let i = 0; i < rows; i++) {
			const row = source.subarray(from + i * sourcePitch, from + i * sourcePitch + length)
			target.set(row, offset + i * pitch)
		} }`))
}

func TestDetachedArraysGiveErrors(t *testing.T) { withAndWithoutHelp(t, detachedArraysGiveErrors) }

func detachedArraysGiveErrors(t *testing.T) {
	for name, c := range map[string]struct{ create, destroy string }{
		"transferred": {`return new Uint8Array(8)`, `structuredClone(a, { transfer: [a.buffer] })`},
		"shrunk":      {`return new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }))`, `a.buffer.resize(4)`},
	} {
		array := eval(t, c.create)
		b, err := jsbuf.Of(array)
		if err != nil {
			t.Fatal(err)
		}
		other := make8(t, 8)
		eval(t, c.destroy, array)
		_, arrayErr := b.Array()
		_, toErr := b.CopyFrom(0, other, 0, 8)
		_, fromErr := other.CopyFrom(0, b, 0, 8)
		_, partErr := other.CopyFrom(0, b, 2, 2)
		for call, err := range map[string]error{
			"Array": arrayErr, "CopyFrom to it": toErr, "CopyFrom": fromErr, "CopyFrom of a part": partErr,
			"ReadAt":            b.ReadAt(make([]byte, 8), 0),
			"ReadAt of a part":  b.ReadAt(make([]byte, 2), 2),
			"WriteAt":           b.WriteAt(make([]byte, 8), 0),
			"WriteAt of a part": b.WriteAt(make([]byte, 2), 2),
			"Clear":             b.Clear(0, 8),
		} {
			if !errors.Is(err, jsbuf.ErrDetached) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
		if b.Len() != 8 {
			t.Errorf("%s: Len is %d", name, b.Len())
		}
	}
	if _, err := jsbuf.Of(eval(t, `const gone = new Uint8Array(8); structuredClone(gone, { transfer: [gone.buffer] }); return gone`)); !errors.Is(err, jsbuf.ErrDetached) {
		t.Errorf("Of: %v", err)
	}
}

func TestCopyFromWithinOneArray(t *testing.T) { withAndWithoutHelp(t, copyFromWithinOneArray) }

func copyFromWithinOneArray(t *testing.T) {
	b := make8(t, 6)
	if err := b.WriteAt([]byte{1, 2, 3, 4, 5, 6}, 0); err != nil {
		t.Fatal(err)
	}
	if done, err := b.CopyFrom(2, b, 0, 4); !done || err != nil {
		t.Fatal(done, err)
	}
	if got := read(t, b, 0, 6); !bytes.Equal(got, []byte{1, 2, 1, 2, 3, 4}) {
		t.Errorf("read %v", got)
	}
}

func TestCopyFromKnowsWhatEmbedsABuffer(t *testing.T) {
	withAndWithoutHelp(t, copyFromKnowsWhatEmbedsABuffer)
}

func copyFromKnowsWhatEmbedsABuffer(t *testing.T) {
	src := struct{ *jsbuf.Buffer }{make8(t, 4)}
	if err := src.WriteAt([]byte{1, 2, 3, 4}, 0); err != nil {
		t.Fatal(err)
	}
	dst := make8(t, 4)
	if done, err := dst.CopyFrom(0, src, 0, 4); !done || err != nil || !bytes.Equal(read(t, dst, 0, 4), []byte{1, 2, 3, 4}) {
		t.Errorf("an embedded buffer: %v, %v", done, err)
	}
}

func TestWhole(t *testing.T) {
	for body, want := range map[string]bool{
		`return new Uint8Array(8)`:                                                 true,
		`return new Uint8Array(8).subarray(0, 7)`:                                  false,
		`return new Uint8Array(new ArrayBuffer(8), 1)`:                             false,
		`return new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 64)`: false,
	} {
		b, err := jsbuf.Of(eval(t, body))
		if err != nil {
			t.Fatal(err)
		}
		if b.Whole() != want {
			t.Errorf("%s: %v", body, b.Whole())
		}
	}
	if !make8(t, 8).Whole() {
		t.Error("a new one is not")
	}
}

func TestReleaseFreesTheMemoryAtOnce(t *testing.T) {
	b := make8(t, 1000)
	array, err := b.Array()
	if err != nil {
		t.Fatal(err)
	}
	b.Release()
	b.Release()
	if n := array.Get("length").Int(); n != 0 {
		t.Errorf("the array still has %d bytes", n)
	}
	if err := b.Clear(0, 1); !errors.Is(err, jsbuf.ErrReleased) {
		t.Errorf("Clear: %v", err)
	}
}

func TestMoveLeavesTheOldBufferWithoutTheArray(t *testing.T) {
	old := make8(t, 3)
	if err := old.WriteAt([]byte{1, 2, 3}, 0); err != nil {
		t.Fatal(err)
	}
	moved := old.Move()
	old.Release()
	if err := old.ReadAt(make([]byte, 3), 0); !errors.Is(err, jsbuf.ErrReleased) {
		t.Errorf("the old one: %v", err)
	}
	if got := read(t, moved, 0, 3); !bytes.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("the new one: %v", got)
	}
}

func TestCopyRows(t *testing.T) {
	src := make8(t, 12)
	if err := src.WriteAt([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 0); err != nil {
		t.Fatal(err)
	}
	dst := make8(t, 10)
	if done, err := dst.CopyRows(1, 4, src, 2, 5, 2, 2); done || err != nil {
		t.Fatalf("without a function for it: %v, %v", done, err)
	}
	useCopyRows(t)
	if done, err := dst.CopyRows(1, 4, src, 2, 5, 2, 2); !done || err != nil {
		t.Fatal(done, err)
	}
	if got := read(t, dst, 0, 10); !bytes.Equal(got, []byte{0, 3, 4, 0, 0, 8, 9, 0, 0, 0}) {
		t.Errorf("%v", got)
	}
	if done, err := dst.CopyRows(0, 4, driver.Bytes{1, 2}, 0, 1, 1, 2); done || err != nil {
		t.Errorf("of a buffer of another kind: %v, %v", done, err)
	}
	gone, err := jsbuf.Of(eval(t, `const gone = new Uint8Array(8); globalThis.gone = gone; return gone`))
	if err != nil {
		t.Fatal(err)
	}
	eval(t, `structuredClone(globalThis.gone, { transfer: [globalThis.gone.buffer] })`)
	if _, err := dst.CopyRows(0, 4, gone, 0, 4, 4, 2); !errors.Is(err, jsbuf.ErrDetached) {
		t.Errorf("of an array that is gone: %v", err)
	}
	released := make8(t, 8)
	released.Release()
	if _, err := released.CopyFrom(0, src, 0, 8); !errors.Is(err, jsbuf.ErrReleased) {
		t.Errorf("to one that was released: %v", err)
	}
}

func TestNumbers(t *testing.T) {
	for _, want := range [][]float64{{}, {1}, {0, -1.5, 1 << 53, 7}} {
		array := jsbuf.Numbers(want)
		floats := eval(t, `return [...new Float64Array(a.buffer)].join()`, array).String()
		if want := eval(t, `return a.join()`, anys(want)).String(); floats != want {
			t.Errorf("%v is %s in JavaScript", want, floats)
		}
		if got := jsbuf.FromNumbers(array); !slices.Equal(got, want) {
			t.Errorf("%v came back as %v", want, got)
		}
	}
}

func anys(numbers []float64) (all []any) {
	for _, n := range numbers {
		all = append(all, n)
	}
	return all
}
