//go:build js && wasm

package opfsstore

import (
	"context"
	"errors"
	"strings"
	"syscall/js"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/jsbridge/jsbuf/jsbuftest"
	"asposecache/jsbridge/webapi"
)

// loopback is a worker that is none: files are in memory, in tasks of their own. What is transferred is taken away.
// `dies` is how many requests yet are answered by its death, before or after they are done. `fails` is the error of the
// next one.
const loopback = `
	const files = new Map()
	const numbers = (bytes) => new Float64Array(bytes.slice().buffer)
	const act = {
		open(name) { files.set(name, new Uint8Array(0)) },
		write(name, arrays, offsets, reusable) {
			numbers(offsets).forEach((at, i) => {
				let bytes = file(name)
				if (bytes.length < at + arrays[i].length) {
					const longer = new Uint8Array(at + arrays[i].length)
					longer.set(bytes)
					files.set(name, bytes = longer)
				}
				bytes.set(arrays[i], at)
			})
			return arrays.filter(({ length }) => length === reusable)
		},
		read(name, arrays, offsets) {
			const at = numbers(offsets), bytes = file(name)
			return arrays.map((array, i) => {
				if (at[i] + array.length > bytes.length) return null
				array.set(bytes.subarray(at[i], at[i] + array.length))
				return array
			})
		},
		size: (name) => file(name).length,
		truncate(name, size) { files.set(name, file(name).slice(0, size)) },
		close(name) { files.delete(name) },
	}
	function file(name) {
		if (!files.has(name)) throw new DOMException('it is gone', 'NotFoundError')
		return files.get(name)
	}
	return {
		thread: 'worker', asked: 0, ended: 0, dies: 0, when: 'before', fails: undefined, files,
		ask(request, transfer, answer) {
			this.asked++
			const [what, ...args] = structuredClone(request, { transfer: (transfer ?? []).map(({ buffer }) => buffer) })
			setTimeout(() => {
				try {
					if (this.dies > 0 && this.when === 'before') { this.dies--; return answer({}) }
					if (this.fails) { const error = this.fails; this.fails = undefined; throw error }
					const value = act[what](...args)
					if (this.dies > 0) { this.dies--; return answer({}) }
					answer(null, value)
				} catch ({ name, message }) {
					answer({ name, message })
				}
			})
		},
		async list() { return [...files.keys()] },
		async remove(name) { files.delete(name) },
		end() { this.ended++ },
	}`

func eval(code string) js.Value { return js.Global().Get("Function").New(code).Invoke() }

func store(folder string) (*Store, js.Value) {
	files := eval(loopback)
	return New(Options{Folder: webapi.NewFolderSetting(folder), Files: files}), files
}

var ctx = context.Background()

func opened(t *testing.T, folder string) (*Store, js.Value) {
	t.Helper()
	s, files := store(folder)
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if n := files.Get("files").Get("size").Int(); n != 0 || files.Get("ended").Int() == 0 {
			t.Errorf("%d files are left, or the worker", n)
		}
	})
	return s, files
}

func put(s *Store, key driver.Key) error {
	return s.Apply(ctx, []driver.Record{{Key: key, Data: driver.Bytes(strings.Repeat(string(rune('a'+key)), 100))}}, nil)
}

func has(t *testing.T, s *Store, key driver.Key) bool {
	t.Helper()
	bufs, err := s.Get(ctx, []driver.Range{{Key: key, Off: 10, Size: 50}})
	if err != nil {
		t.Fatal(err)
	}
	if bufs[0] == nil {
		return false
	}
	p := make([]byte, 50)
	if err := bufs[0].ReadAt(p, 0); err != nil || string(p) != strings.Repeat(string(rune('a'+key)), 50) {
		t.Errorf("key %d has other bytes: %v", key, err)
	}
	s.FreeBuffer(bufs[0])
	return true
}

func TestConformance(t *testing.T) {
	drivertest.Run(t, func(*testing.T) driver.Store {
		s, _ := store("conformance")
		return s
	})
}

func TestAWorkerThatDiesLosesNothing(t *testing.T) {
	s, files := opened(t, "dying")
	for i, when := range []string{"before", "after"} {
		files.Set("when", when)
		key := driver.Key(i)
		files.Set("dies", attempts-1)
		if err := put(s, key); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		files.Set("dies", attempts-1)
		if !has(t, s, key) {
			t.Errorf("%s: it is not there", when)
		}
		files.Set("dies", attempts)
		if err := put(s, 9); !errors.Is(err, errDied) {
			t.Errorf("%s: %v", when, err)
		}
		if has(t, s, 9) {
			t.Errorf("%s: what failed is there", when)
		}
	}
	if s.CopiedBytes() != 0 {
		t.Error(s.CopiedBytes())
	}
}

func TestAWriteThatIsGivenUpWhileItIsPackedWritesNothing(t *testing.T) {
	s, files := opened(t, "given up")
	var puts []driver.Record
	for key := range driver.Key(5) {
		puts = append(puts, driver.Record{Key: key, Data: driver.Bytes(strings.Repeat(string(rune('a'+key)), 100))})
	}
	asked := files.Get("asked").Int()
	apply := func(ctx context.Context) error { return s.Apply(ctx, puts, nil) }
	if copied := jsbuftest.GivesUp(t, apply, s.CopiedBytes); copied != 200 {
		t.Errorf("%d bytes were copied by then", copied)
	}
	if files.Get("asked").Int() != asked || has(t, s, 0) {
		t.Error("it was written")
	}
	if err := apply(ctx); err != nil || !has(t, s, 0) || !has(t, s, 4) {
		t.Errorf("the next one: %v", err)
	}
	if s.CopiedBytes() != 0 {
		t.Error(s.CopiedBytes())
	}
}

func TestErrorsOfTheBrowser(t *testing.T) {
	s, files := opened(t, "failing")
	// A file that is gone is made anew: what was in it is gone, and what is put is there.
	for name, kind := range map[string]error{"QuotaExceededError": driver.ErrQuota, "NotFoundError": nil} {
		if err := put(s, 1); err != nil {
			t.Fatal(err)
		}
		files.Set("fails", eval(`return new DOMException('why', '`+name+`')`))
		if err := put(s, 2); !errors.Is(err, kind) || err != nil && !strings.Contains(err.Error(), "why") {
			t.Errorf("%s: %v", name, err)
		}
		if one, two := has(t, s, 1), has(t, s, 2); one != (kind != nil) || two != (kind == nil) {
			t.Errorf("%s: %v, %v", name, one, two)
		}
		if err := s.Apply(ctx, nil, []driver.Key{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if store, thread := s.Place(); store != "opfs" || thread != "worker" {
		t.Error(store, thread)
	}
}

func TestAFileThatCannotBeOpened(t *testing.T) {
	none := New(Options{Folder: webapi.NewFolderSetting("none")})
	if err := none.Open(ctx); !errors.Is(err, driver.ErrUnavailable) {
		t.Error(err)
	}
	if err := none.Close(ctx); err != nil {
		t.Error(err)
	}
	s, files := store("refused")
	files.Set("fails", eval(`return new DOMException('not here', 'SecurityError')`))
	if err := s.Open(ctx); !errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), "not here") {
		t.Error(err)
	}
	if store, _ := s.Place(); store != "" || files.Get("ended").Int() != 1 {
		t.Error(store, "or a worker that nobody needs")
	}
	if err := s.Open(ctx); err != nil {
		t.Error(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestSweep(t *testing.T) {
	s, files := opened(t, "swept")
	id, err := webapi.UUID()
	if err != nil {
		t.Fatal(err)
	}
	left := []string{"swept/" + id, "swept/no-uuid", "swept/a/" + id, "other/" + id}
	for _, name := range left {
		files.Get("files").Call("set", name, js.Global().Get("Uint8Array").New(10))
	}
	if err := put(s, 1); err != nil {
		t.Fatal(err)
	}
	n, err := Sweep(ctx, "swept", 0, files)
	if n != 1 || err != nil {
		t.Errorf("%d: %v", n, err)
	}
	for i, name := range left {
		if there := files.Get("files").Call("has", name).Bool(); there != (i > 0) {
			t.Errorf("%s: %v", name, there)
		}
		files.Get("files").Call("delete", name)
	}
	if !has(t, s, 1) {
		t.Error("what is in use was swept")
	}
}
