//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// countOpens counts the calls of open from now on.
func countOpens(t *testing.T) func() int {
	t.Helper()
	patch(t, "IDBFactory.prototype", "open", `function (...args) { globalThis.opens++; return original.apply(this, args) }`)
	eval(t, `globalThis.opens = 0`)
	return func() int { return eval(t, `return opens`).Int() }
}

func TestAConnectionLostIsReplaced(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, s *Store){
		"transaction() throws once": func(t *testing.T, _ *Store) {
			patch(t, "IDBDatabase.prototype", "transaction", `function (...args) {
				IDBDatabase.prototype.transaction = original
				throw new DOMException('The connection was lost', 'InvalidStateError') }`)
		},
		"transaction() throws something else on that handle": func(t *testing.T, s *Store) {
			s.conn.raw.Set("transaction", eval(t, `return () => { throw new DOMException('Connection to server lost', 'UnknownError') }`))
		},
		"the browser closes it": func(t *testing.T, s *Store) {
			s.conn.raw.Call("dispatchEvent", eval(t, `return new Event('close')`))
		},
		"it is closed without a word": func(_ *testing.T, s *Store) {
			s.conn.raw.Call("close")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, "lost")
			mustPut(t, s, 1)
			dead := s.conn
			opens := countOpens(t)
			lose(t, s)
			mustPut(t, s, 2)
			if there := has(t, s, 1, 2); !there[0] || !there[1] {
				t.Errorf("records there: %v", there)
			}
			if opens() != 1 || s.conn == dead || !dead.dead.Load() {
				t.Errorf("%d connections were made", opens())
			}
		})
	}
}

func TestReconnectingStopsAndIsTakenUpAgain(t *testing.T) {
	s := openStore(t, "hopeless")
	mustPut(t, s, 1)
	opens := countOpens(t)
	undo := patch(t, "IDBDatabase.prototype", "transaction", `() => { throw new DOMException('The connection was lost', 'InvalidStateError') }`)
	for i := range 10 {
		err := put(t, s, 2)
		if err == nil || !strings.Contains(err.Error(), "InvalidStateError") && i == 0 {
			t.Fatalf("call %d: %v", i, err)
		}
		if gaveUp := errors.Is(err, driver.ErrUnavailable); gaveUp != (i > 0) {
			t.Errorf("call %d, after %d connections: %v", i, opens(), err)
		}
		if _, err := s.Get(context.Background(), whole(1)); i > 0 && !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("call %d: Get: %v", i, err)
		}
		if opens() > maxReconnects {
			t.Fatalf("call %d: %d connections", i, opens())
		}
	}
	undo()
	if err := put(t, s, 2); !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("before the rest is over: %v", err)
	}
	shorten(t, &rest, 0)
	mustPut(t, s, 2)
	if there := has(t, s, 1, 2); !there[0] || !there[1] {
		t.Errorf("records there: %v", there)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reconnects != 0 {
		t.Errorf("%d reconnects are counted after a success", s.reconnects)
	}
}

func TestADatabaseThatSomebodyDeletesIsMadeAnew(t *testing.T) {
	s := openStore(t, "deleted")
	mustPut(t, s, 1)
	runAsync(t, `await new Promise((resolve, reject) => {
		const request = indexedDB.deleteDatabase(a)
		request.onsuccess = resolve
		request.onerror = request.onblocked = reject })`, s.name)
	if there := has(t, s, 1); there[0] {
		t.Error("the record is still there")
	}
	mustPut(t, s, 2)
	if there := has(t, s, 1, 2); there[0] || !there[1] {
		t.Errorf("records there: %v", there)
	}
	if names := databasesOf(t, "deleted/"); len(names) != 1 || names[0] != s.name {
		t.Errorf("there are %v", names)
	}
}

func TestQuotaInAllItsForms(t *testing.T) {
	// An event of an injected request error has to end the transaction, as a real one does.
	for name, putting := range map[string]string{
		"thrown at the call": `function () { throw new DOMException('full', 'QuotaExceededError') }`,
		"error of a request": `function (value, key) {
			const request = original.call(this, value, key)
			Object.defineProperty(request, 'error', { value: new DOMException('full', 'QuotaExceededError') })
			request.addEventListener('success', (e) => {
				e.stopImmediatePropagation()
				request.dispatchEvent(new Event('error', { bubbles: true }))
				this.transaction.abort()
			})
			this.transaction.commit = () => {}
			return request }`,
		"abort at commit": `function (value, key) {
			const request = original.call(this, value, key), { transaction } = this
			Object.defineProperty(transaction, 'error', { value: new DOMException('full', 'QuotaExceededError') })
			transaction.commit = () => { transaction.abort() }
			return request }`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, "quota")
			mustPut(t, s, 1)
			undo := patch(t, "IDBObjectStore.prototype", "put", putting)
			ctx := context.Background()
			err := s.Apply(ctx, []driver.Record{record(t, s, 2, []byte{2, 2, 3})}, []driver.Key{1})
			if !errors.Is(err, driver.ErrQuota) || errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("Apply: %v", err)
			}
			undo()
			if there := has(t, s, 1, 2); !there[0] || there[1] {
				t.Errorf("records there after the failure: %v", there)
			}
			mustPut(t, s, 2)
		})
	}
}

func TestARealQuota(t *testing.T) {
	const size, quota = 1 << 20, 12 << 20
	bucket := runAsync(t, `return navigator.storageBuckets.open('small', { quota: a })`, quota)
	t.Cleanup(func() { runAsync(t, `await navigator.storageBuckets.delete('small')`) })
	eval(t, `Object.defineProperty(globalThis, 'indexedDB', { configurable: true, value: a.indexedDB })`, bucket)
	t.Cleanup(func() {
		eval(t, `delete globalThis.indexedDB; Object.defineProperty(globalThis, 'indexedDB', a)`, windowIndexedDB)
	})

	ctx := context.Background()
	s := openStore(t, "bucket")
	noise := func() driver.Buffer {
		buf, err := s.NewBuffer(size)
		if err != nil {
			t.Fatal(err)
		}
		array, _ := buf.(*jsbuf.Buffer).Array()
		eval(t, `for (let i = 0; i < a.length; i += 65536) crypto.getRandomValues(a.subarray(i, i + 65536))`, array)
		return buf
	}
	var stored []driver.Key
	var err error
	for key := driver.Key(1); key < 40 && err == nil; key++ {
		if err = s.Apply(ctx, []driver.Record{{Key: key, Data: noise()}}, nil); err == nil {
			stored = append(stored, key)
		}
	}
	if !errors.Is(err, driver.ErrQuota) {
		t.Fatalf("after %d MiB: %v", len(stored), err)
	}
	if err := s.Apply(ctx, nil, stored[1:]); err != nil {
		t.Errorf("an Apply that only deletes: %v", err)
	}
	bufs, err := s.Get(ctx, whole(stored...))
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	for i, buf := range bufs {
		if (buf != nil) != (i == 0) {
			t.Errorf("record %d: %v", stored[i], buf)
		}
	}
	eventually(t, "there is room again", func() bool {
		return s.Apply(ctx, []driver.Record{{Key: 100, Data: noise()}}, nil) == nil
	})
}

var windowIndexedDB = js.Global().Get("Object").Call("getOwnPropertyDescriptor", js.Global(), "indexedDB")

func TestADamagedRecordReadsAsNilAndTheOthersAreRead(t *testing.T) {
	for _, c := range []struct {
		error string
		lost  bool
	}{{"NotReadableError", true}, {"UnknownError", true}, {"TimeoutError", false}} {
		t.Run(c.error, func(t *testing.T) {
			s := openStore(t, "damaged")
			for key := driver.Key(1); key <= 4; key++ {
				mustPut(t, s, key)
			}
			undo := patch(t, "IDBObjectStore.prototype", "get", `function (key) {
				const request = original.call(this, key)
				if (key !== 3) return request
				Object.defineProperty(request, 'error', { value: new DOMException('bad', '`+c.error+`') })
				request.addEventListener('success', (e) => {
					e.stopImmediatePropagation()
					request.dispatchEvent(new Event('error', { bubbles: true }))
					this.transaction.abort()
				})
				return request }`)
			if !c.lost {
				if bufs, err := s.Get(context.Background(), whole(1, 3)); err == nil {
					t.Errorf("an error that says nothing about the record: %v", bufs)
				}
			} else if there := has(t, s, 1, 2, 3, 4); !slices.Equal(there, []bool{true, true, false, true}) {
				t.Errorf("records there: %v", there)
			}
			undo()
			if there := has(t, s, 3); !there[0] {
				t.Error("the record is gone for good")
			}
		})
	}
}

func TestAnUnknownErrorOfAllRecordsIsNoLoss(t *testing.T) {
	s := openStore(t, "unknown")
	mustPut(t, s, 1)
	for _, method := range []string{"get", "count"} {
		patch(t, "IDBObjectStore.prototype", method, `function () { throw new DOMException('Connection to server lost', 'UnknownError') }`)
	}
	if bufs, err := s.Get(context.Background(), whole(1)); err == nil {
		t.Errorf("Get: %v", bufs)
	}
}

func TestADetachedBufferFailsAndChangesNothing(t *testing.T) {
	s := openStore(t, "detached")
	mustPut(t, s, 1)
	good, bad := record(t, s, 2, []byte{2, 2, 3}), record(t, s, 3, []byte{3, 2, 3})
	array, err := bad.Data.(*jsbuf.Buffer).Array()
	if err != nil {
		t.Fatal(err)
	}
	eval(t, `structuredClone(a, { transfer: [a.buffer] })`, array)
	err = s.Apply(context.Background(), []driver.Record{good, bad}, []driver.Key{1})
	if !errors.Is(err, jsbuf.ErrDetached) {
		t.Errorf("Apply: %v", err)
	}
	if there := has(t, s, 1, 2, 3); !slices.Equal(there, []bool{true, false, false}) {
		t.Errorf("records there: %v", there)
	}
	s.FreeBuffer(bad.Data.(driver.Buffer))
}

func TestAPartOfALargerArrayIsStoredAlone(t *testing.T) {
	s := openStore(t, "part")
	part, err := jsbuf.Of(eval(t, `return new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), []driver.Record{{Key: 1, Data: part}}, nil); err != nil {
		t.Fatal(err)
	}
	bufs, err := s.Get(context.Background(), whole(1))
	if err != nil {
		t.Fatal(err)
	}
	if got := bufs[0].(*jsbuf.Buffer); got.Len() != 3 || !got.Whole() {
		t.Errorf("a record of %d bytes, all of its buffer: %v", got.Len(), got.Whole())
	}
}

func TestNoTaskPutsMoreThanAWindow(t *testing.T) {
	// Microtasks run when Go has returned to the event loop.
	patch(t, "IDBObjectStore.prototype", "put", `function (value, key) {
		const task = globalThis.task ??= (queueMicrotask(() => { tasks.push(task.bytes); delete globalThis.task }), { bytes: 0 })
		task.bytes += value.byteLength
		return original.call(this, value, key) }`)
	eval(t, `globalThis.tasks = []`)
	s := openStore(t, "window")
	var puts []driver.Record
	for key := range driver.Key(40) {
		puts = append(puts, record(t, s, key, make([]byte, core.PageSize)))
	}
	if err := s.Apply(context.Background(), puts, nil); err != nil {
		t.Fatal(err)
	}
	tasks := eval(t, `return tasks`)
	if want := len(puts) * core.PageSize / window; tasks.Length() != want {
		t.Errorf("10 MiB were put in %d tasks", tasks.Length())
	}
	for i := range tasks.Length() {
		if n := tasks.Index(i).Int(); n > window {
			t.Errorf("a task put %d bytes", n)
		}
	}
}

func TestBuffersOfAPageAreReusedAndOthersFreed(t *testing.T) {
	s := openStore(t, "pool")
	page := record(t, s, 1, make([]byte, core.PageSize)).Data.(*jsbuf.Buffer)
	small := record(t, s, 2, make([]byte, 1000)).Data.(*jsbuf.Buffer)
	pageArray, _ := page.Array()
	smallArray, _ := small.Array()
	for _, b := range []driver.Buffer{page, small, page, small} { // twice, which does nothing
		s.FreeBuffer(b)
	}
	if n := smallArray.Get("length").Int(); n != 0 {
		t.Errorf("the small one has %d bytes", n)
	}
	again := record(t, s, 3, make([]byte, core.PageSize)).Data.(*jsbuf.Buffer)
	another := record(t, s, 4, make([]byte, core.PageSize)).Data.(*jsbuf.Buffer)
	if array, _ := again.Array(); !array.Equal(pageArray) {
		t.Error("the page was not reused")
	}
	if array, _ := another.Array(); array.Equal(pageArray) {
		t.Error("the page was given to two")
	}
	if err := page.Clear(0, 1); !errors.Is(err, jsbuf.ErrReleased) {
		t.Errorf("the buffer that was given back: %v", err)
	}
	var out []driver.Buffer
	for range jsbuf.MostPooled/core.PageSize + 5 {
		out = append(out, record(t, s, 5, make([]byte, core.PageSize)).Data.(driver.Buffer))
	}
	for _, b := range out {
		s.FreeBuffer(b)
	}
	if n := s.pool.Kept(); n != jsbuf.MostPooled {
		t.Errorf("%d are kept", n)
	}
}

func TestAContextThatEndsWhileTheBrowserHangs(t *testing.T) {
	s := openStore(t, "slow")
	mustPut(t, s, 1)
	// A transaction that is kept alive makes all later ones wait.
	stop := runAsync(t, `
		const db = await new Promise((r) => { indexedDB.open(a).onsuccess = (e) => r(e.target.result) })
		const store = db.transaction('records', 'readwrite').objectStore('records')
		let going = true
		const go = () => { if (going) store.get(0).onsuccess = go; else db.close() }
		go()
		return () => { going = false }`, s.name)
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if bufs, err := s.Get(ctx, whole(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v, %v", bufs, err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("Get took %v", took)
	}
	stop.Invoke()
	if there := has(t, s, 1); !there[0] {
		t.Error("the record is gone")
	}
}
