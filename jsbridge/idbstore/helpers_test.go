//go:build js && wasm

package idbstore

import (
	"bytes"
	"context"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"asposecache/core/driver"
	"asposecache/jsbridge/webapi"
)

// openStore returns a store that is open, and closes it when the test ends.
func openStore(t *testing.T, folder string) *Store {
	t.Helper()
	s := New(Options{Folder: webapi.NewFolderSetting(folder)})
	if err := s.Open(context.Background()); err != nil {
		t.Fatalf("Open: %v", err)
	}
	closeLater(t, s)
	return s
}

func closeLater(t *testing.T, s *Store) {
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// shorten sets a time until restore is called or the test ends.
func shorten(t *testing.T, v *time.Duration, d time.Duration) (restore func()) {
	before := *v
	*v = d
	restore = func() { *v = before }
	t.Cleanup(restore)
	return restore
}

// eval runs the body of a JavaScript function whose arguments are called a, b, c.
func eval(t *testing.T, body string, args ...any) js.Value {
	t.Helper()
	return js.Global().Get("Function").New("a", "b", "c", body).Invoke(args...)
}

// runAsync is eval for a body that awaits.
func runAsync(t *testing.T, body string, args ...any) js.Value {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	v, err := webapi.Await(ctx, eval(t, "return (async () => {"+body+"})()", args...))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// patch replaces a property of a JavaScript object: replacement is an expression in which original is
// what it was. undo can be called before the test ends.
func patch(t *testing.T, object, name, replacement string) (undo func()) {
	t.Helper()
	undoing := eval(t, `
		const object = `+object+`, had = Object.getOwnPropertyDescriptor(object, a)
		const original = had && had.value
		Object.defineProperty(object, a, { configurable: true, writable: true, value: `+replacement+` })
		return () => { had ? Object.defineProperty(object, a, had) : delete object[a] }`, name)
	done := false
	undo = func() {
		if !done {
			done = true
			undoing.Invoke()
		}
	}
	t.Cleanup(undo)
	return undo
}

// createDatabase makes a database as a store does, without its lock and without keeping it open.
func createDatabase(t *testing.T, name string) {
	t.Helper()
	runAsync(t, `
		const request = indexedDB.open(a, 1)
		request.onupgradeneeded = () => request.result.createObjectStore('records')
		await new Promise((resolve, reject) => { request.onsuccess = resolve; request.onerror = reject })
		request.result.close()`, name)
	t.Cleanup(func() { runAsync(t, `await new Promise((r) => { indexedDB.deleteDatabase(a).onsuccess = r })`, name) })
}

func databasesOf(t *testing.T, prefix string) (found []string) {
	t.Helper()
	names, err := databases(context.Background())
	if err != nil {
		t.Fatalf("databases: %v", err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			found = append(found, name)
		}
	}
	return found
}

// eventually waits for what happens on its own.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// locked reports whether somebody holds the lock of a database.
func locked(t *testing.T, database string) bool {
	t.Helper()
	return runAsync(t, `return (await navigator.locks.query()).held.some((lock) => lock.name === a)`, webapi.LockName(database)).Bool()
}

func record(t *testing.T, s *Store, key driver.Key, p []byte) driver.Record {
	t.Helper()
	buf, err := s.NewBuffer(len(p))
	if err != nil {
		t.Fatalf("NewBuffer: %v", err)
	}
	if err := buf.WriteAt(p, 0); err != nil {
		t.Fatalf("WriteAt: %v", err)
	}
	return driver.Record{Key: key, Data: buf}
}

func put(t *testing.T, s *Store, key driver.Key) error {
	t.Helper()
	return s.Apply(context.Background(), []driver.Record{record(t, s, key, []byte{byte(key), 2, 3})}, nil)
}

func mustPut(t *testing.T, s *Store, key driver.Key) {
	t.Helper()
	if err := put(t, s, key); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// has tells which of the records made by put are there, and fails if one has other bytes.
func has(t *testing.T, s *Store, keys ...driver.Key) []bool {
	t.Helper()
	bufs, err := s.Get(context.Background(), whole(keys...))
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	there := make([]bool, len(keys))
	for i, buf := range bufs {
		if there[i] = buf != nil; !there[i] {
			continue
		}
		p := make([]byte, buf.Len())
		if err := buf.ReadAt(p, 0); err != nil || !bytes.Equal(p, []byte{byte(keys[i]), 2, 3}) {
			t.Fatalf("record %d reads %v, %v", keys[i], p, err)
		}
	}
	return there
}

// whole is all of some records, for Get, which here does not ask how large they are.
func whole(keys ...driver.Key) (ranges []driver.Range) {
	for _, k := range keys {
		ranges = append(ranges, driver.Range{Key: k})
	}
	return ranges
}
