//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"asposecache/core/driver"
	"asposecache/jsbridge/webapi"
)

func TestOpenWithoutIndexedDB(t *testing.T) {
	for _, c := range []struct{ name, property, cause string }{
		{"undefined", `{ value: undefined }`, "there is no IndexedDB"},
		{"null", `{ value: null }`, "there is no IndexedDB"},
		{"forbidden", `{ get() { throw new DOMException('denied here', 'SecurityError') } }`, "SecurityError: denied here"},
		{"throwing something odd", `{ get() { throw 7n } }`, "IndexedDB"},
	} {
		s := New(Options{Folder: webapi.NewFolderSetting("missing")})
		undo := eval(t, `
			const had = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')
			Object.defineProperty(globalThis, 'indexedDB', { configurable: true, ...`+c.property+` })
			return () => Object.defineProperty(globalThis, 'indexedDB', had)`)
		err := s.Open(context.Background())
		removed, sweepErr := Sweep(context.Background(), "missing", 0)
		undo.Invoke()
		if !errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: Open: %v", c.name, err)
		}
		if removed != 0 || sweepErr == nil {
			t.Errorf("%s: Sweep: %d, %v", c.name, removed, sweepErr)
		}
		if err := s.Open(context.Background()); err != nil {
			t.Errorf("%s: Open when it is there again: %v", c.name, err)
		}
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("%s: Close: %v", c.name, err)
		}
	}
}

func TestOpenThatFails(t *testing.T) {
	for _, c := range []struct{ name, open, cause string }{
		{"at the call", `function () { throw new DOMException('not today', 'UnknownError') }`, "UnknownError: not today"},
		{"by an event", `function (name, version) { original.call(this, name, 5).onsuccess = (e) => e.target.result.close()
			return original.call(this, name, version) }`, "VersionError: "},
		{"with something that is no request", `function () { return { } }`, "Invalid JS request type"},
		{"with undefined", `function () { }`, "IndexedDB: open"},
	} {
		s := New(Options{Folder: webapi.NewFolderSetting("failing")})
		undo := patch(t, "IDBFactory.prototype", "open", c.open)
		err := s.Open(context.Background())
		undo()
		if !errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := s.Open(context.Background()); err != nil {
			t.Errorf("%s: Open afterwards: %v", c.name, err)
		}
		mustPut(t, s, 1)
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("%s: Close: %v", c.name, err)
		}
	}
	if _, err := Sweep(context.Background(), "failing", 0); err != nil {
		t.Errorf("Sweep: %v", err)
	}
	if names := databasesOf(t, "failing/"); len(names) != 0 {
		t.Errorf("left over, though their locks should be free: %v", names)
	}
}

// hang makes open wait until the connections in hanging are closed, as if the browser did not answer. asked counts
// the calls, came those that have come after that.
const hang = `function (name, version) {
	asked++
	original.call(this, name, 1).onsuccess = (e) => hanging.push(e.target.result)
	this.deleteDatabase(name)
	const request = original.call(this, name, version)
	request.addEventListener('success', () => { came++ })
	return request
}`

func TestOpenThatHangs(t *testing.T) {
	eval(t, `globalThis.hanging = []; globalThis.asked = 0; globalThis.came = 0`)
	restore := shorten(t, &webapi.Limit, 300*time.Millisecond)
	undo := patch(t, "IDBFactory.prototype", "open", hang)
	s := New(Options{Folder: webapi.NewFolderSetting("hanging")})
	began := time.Now()
	err := s.Open(context.Background())
	took := time.Since(began)
	if !errors.Is(err, driver.ErrUnavailable) || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("Open: %v", err)
	}
	if took < 200*time.Millisecond || took > 4*time.Second {
		t.Errorf("Open took %v", took)
	}
	restore()
	ctx, cancel := context.WithCancel(context.Background())
	second := make(chan error, 1)
	go func() { second <- s.Open(ctx) }()
	eventually(t, "the second open hangs", func() bool { return eval(t, `return asked`).Int() == 2 })
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a context that ends: %v", err)
	}
	undo()

	// The store works, although the first two databases are still to come.
	if err := s.Open(context.Background()); err != nil {
		t.Fatalf("Open when it does not hang: %v", err)
	}
	closeLater(t, s)
	mustPut(t, s, 1)
	for _, name := range databasesOf(t, "hanging/") {
		if name != s.name {
			eventually(t, "the locks of the others are free", func() bool { return !locked(t, name) })
		}
	}
	eventually(t, "both opens hang", func() bool { return eval(t, `return hanging.length`).Int() == 2 })
	eval(t, `hanging.forEach((db) => db.close())`)
	eventually(t, "both have come", func() bool { return eval(t, `return came`).Int() == 2 })
	eventually(t, "only the store's database is there", func() bool {
		names := databasesOf(t, "hanging/")
		return len(names) == 1 && names[0] == s.name
	})
	if there := has(t, s, 1); !there[0] {
		t.Error("the store has lost its record")
	}
}

func TestOpenTakesTheLockFirst(t *testing.T) {
	patch(t, "IDBFactory.prototype", "open", `function (name, version) {
		navigator.locks.query().then((locks) => { globalThis.lockedAtOpen = locks.held.some((l) => l.name.endsWith(name)) })
		return original.call(this, name, version)
	}`)
	s := openStore(t, "locking")
	if !eval(t, `return lockedAtOpen`).Bool() {
		t.Error("there was no lock when the database was created")
	}
	if !locked(t, s.name) {
		t.Error("the lock is not held while the store is open")
	}
}

func TestWithoutWebLocksStoresWorkAndNothingIsSwept(t *testing.T) {
	name := "lockless/" + "00000000-0000-4000-8000-000000000000"
	createDatabase(t, name)
	patch(t, "navigator", "locks", `undefined`)
	s := openStore(t, "lockless")
	mustPut(t, s, 1)
	if there := has(t, s, 1); !there[0] {
		t.Error("the record is missing")
	}
	if n, err := Sweep(context.Background(), "lockless", 0); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if names := databasesOf(t, "lockless/"); len(names) != 2 {
		t.Errorf("there are %v", names)
	}
}

func TestCloseRemovesTheDatabaseAndFreesTheLock(t *testing.T) {
	s := New(Options{Folder: webapi.NewFolderSetting("closing")})
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, 1)
	if names := databasesOf(t, "closing/"); len(names) != 1 || names[0] != s.name || !webapi.IsUUID(strings.TrimPrefix(s.name, "closing/")) {
		t.Errorf("while open there are %v", names)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if names := databasesOf(t, "closing/"); len(names) != 0 {
		t.Errorf("after Close there are %v", names)
	}
	eventually(t, "the lock is free", func() bool { return !locked(t, s.name) })
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	shorten(t, &webapi.Limit, 300*time.Millisecond)
	shorten(t, &deleteLimit, 300*time.Millisecond)
	s := New(Options{Folder: webapi.NewFolderSetting("blocked")})
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	other := runAsync(t, `return new Promise((r) => { indexedDB.open(a).onsuccess = (e) => r(e.target.result) })`, s.name)
	if err := s.Close(context.Background()); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("Close: %v", err)
	}
	eventually(t, "the lock is free", func() bool { return !locked(t, s.name) })
	other.Call("close")
	eventually(t, "the browser has deleted it", func() bool { return len(databasesOf(t, "blocked/")) == 0 })
}

func TestWhoLoadedTheProgramCanTidyUp(t *testing.T) {
	eval(t, `globalThis.asposeCacheHost = { onExit: [] }`)
	t.Cleanup(func() { eval(t, `delete globalThis.asposeCacheHost`) })
	count := func() int { return eval(t, `return asposeCacheHost.onExit.length`).Int() }

	s := New(Options{Folder: webapi.NewFolderSetting("exiting")})
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	if count() != 2 {
		t.Errorf("%d functions, want those that close the connection and free the lock", count())
	}
	s.conn.raw.Call("dispatchEvent", eval(t, `return new Event('close')`))
	mustPut(t, s, 1)
	if count() != 2 {
		t.Errorf("%d functions after a new connection", count())
	}
	if n, err := Sweep(context.Background(), "exiting", 0); n != 0 || err != nil {
		t.Errorf("Sweep of a living store: %d, %v", n, err)
	}
	// The program dies: these run, and nothing of Go.
	eval(t, `for (const f of asposeCacheHost.onExit) f()`)
	eventually(t, "the lock is free", func() bool { return !locked(t, s.name) })
	if n, err := Sweep(context.Background(), "exiting", 0); n != 1 || err != nil {
		t.Errorf("Sweep of a dead one: %d, %v", n, err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if count() != 0 {
		t.Errorf("%d functions after Close", count())
	}
}
