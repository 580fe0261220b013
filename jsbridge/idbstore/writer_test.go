//go:build js && wasm

package idbstore

import (
	"bytes"
	"context"
	"errors"
	"syscall/js"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/jsbuf/jsbuftest"
	"asposecache/jsbridge/webapi"
)

// loopback is a worker that is none: what is posted is cloned, and handed to a server in this program in a task of its
// own. It counts what it was asked for. `dies` has the next batch end the worker: before it begins, or when it is done.
func loopback(t *testing.T) js.Value {
	t.Helper()
	worker := eval(t, `
		const worker = {
			ready: false, started: 0, applied: 0, cancelled: 0, ended: 0, dies: '',
			answers: new Map(),
			start() { if (!this.ready && this.started < 3) { this.started++; this.ready = true } },
			end() { this.ended++; this.ready = false },
			apply(number, database, keys, records, deletes, answer) {
				this.applied++
				this.answers.set(number, answer)
				const post = structuredClone([number, database, keys, records, deletes], { transfer: records.map((r) => r.buffer) })
				if (this.dies === 'before') return this.die()
				setTimeout(() => this.serve.apply(...post))
			},
			cancel(number) { this.cancelled++; setTimeout(() => this.serve.cancel(number)) },
			answer(number, failure, arrays = []) {
				if (this.dies === 'after') return this.die()
				const answer = this.answers.get(number)
				this.answers.delete(number)
				answer?.(...structuredClone([failure, arrays], { transfer: arrays.map((a) => a.buffer) }))
			},
			die() {
				this.dies = ''
				this.ready = false
				const answers = [...this.answers.values()]
				this.answers.clear()
				this.start()
				setTimeout(() => { for (const answer of answers) answer({}) })
			},
		}
		return worker`)
	s := &server{host: worker, cancels: make(map[int]context.CancelFunc)}
	serve := js.Global().Get("Object").New()
	for name, f := range map[string]func(js.Value, []js.Value) any{"apply": s.apply, "cancel": s.cancel} {
		fn := js.FuncOf(f)
		t.Cleanup(fn.Release)
		serve.Set(name, fn)
	}
	worker.Set("serve", serve)
	t.Cleanup(func() {
		if s.store != nil {
			s.store.conn.close()
		}
	})
	return worker
}

func TestConformanceThroughAWorker(t *testing.T) {
	drivertest.Run(t, func(t *testing.T) driver.Store {
		return New(Options{Folder: webapi.NewFolderSetting("conformance"), Worker: loopback(t)})
	})
}

// openWithWorker returns an open store that writes in a worker.
func openWithWorker(t *testing.T) (*Store, js.Value) {
	worker := loopback(t)
	s := New(Options{Folder: webapi.NewFolderSetting("writer"), Worker: worker})
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	closeLater(t, s)
	return s, worker
}

// holds looks whether a record made by put is there.
func holds(t *testing.T, s *Store, key driver.Key) {
	t.Helper()
	if !has(t, s, key)[0] {
		t.Errorf("record %d is not there", key)
	}
}

func count(worker js.Value, what string) int { return worker.Get(what).Int() }

func TestTheWorkerWrites(t *testing.T) {
	s, worker := openWithWorker(t)
	puts := count(worker, "applied")
	b, err := jsbuf.New(3)
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{1, 2, 3}
	if err := b.WriteAt(want, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), []driver.Record{{Key: 1, Data: b}}, nil); err != nil {
		t.Fatal(err)
	}
	holds(t, s, 1)
	if count(worker, "applied") != puts+1 {
		t.Error("it was not asked")
	}
	if p := make([]byte, 3); b.ReadAt(p, 0) != nil || !bytes.Equal(p, want) {
		t.Error("the bytes can't be read here any more")
	}
	if store, thread := s.Place(); store != "indexedDB" || thread != "worker" {
		t.Error(store, thread)
	}
	if s.CopiedBytes() != 0 {
		t.Errorf("%d bytes are said to be on their way", s.CopiedBytes())
	}
}

// putFive puts five records, as put makes them.
func putFive(ctx context.Context, t *testing.T, s *Store) error {
	t.Helper()
	var puts []driver.Record
	for key := range driver.Key(5) {
		puts = append(puts, record(t, s, key, []byte{byte(key), 2, 3}))
	}
	return s.Apply(ctx, puts, nil)
}

// putsFive puts them, and looks that they are there and how many batches the worker has been asked to apply.
func putsFive(t *testing.T, s *Store, worker js.Value, batches int) {
	t.Helper()
	if err := putFive(context.Background(), t, s); err != nil {
		t.Fatal(err)
	}
	for key := range driver.Key(5) {
		holds(t, s, key)
	}
	if count(worker, "applied") != batches || s.CopiedBytes() != 0 {
		t.Errorf("%d batches in the worker, %d bytes on their way", count(worker, "applied"), s.CopiedBytes())
	}
}

func TestABatchThatIsGivenUpWhileItIsPackedIsNotWritten(t *testing.T) {
	s, worker := openWithWorker(t)
	apply := func(ctx context.Context) error { return putFive(ctx, t, s) }
	if copied := jsbuftest.GivesUp(t, apply, s.CopiedBytes); copied != 6 {
		t.Errorf("%d bytes were copied by then", copied)
	}
	if count(worker, "applied") != 0 || has(t, s, 0)[0] {
		t.Error("it was written")
	}
	putsFive(t, s, worker, 1)
}

func TestABatchIsAppliedHereWhenTheWorkerDiesWhileItIsPacked(t *testing.T) {
	s, worker := openWithWorker(t)
	jsbuftest.Pauses(t, 0, func(pause int) {
		if pause == 2 {
			worker.Set("ready", false) // the next one has not started yet
		}
	})
	putsFive(t, s, worker, 0)
}

func TestAWorkerThatDiesLosesNothing(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		s, worker := openWithWorker(t)
		worker.Set("dies", when)
		if err := put(t, s, 1); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		holds(t, s, 1)
		if count(worker, "started") != 2 || !s.writer.ready() {
			t.Errorf("%s: it was not started again", when)
		}
		applied := count(worker, "applied")
		if err := put(t, s, 2); err != nil || count(worker, "applied") != applied+1 {
			t.Errorf("%s: the new one is not asked: %v", when, err)
		}
		holds(t, s, 2)
	}
}

func TestWithoutAWorkerThatLivesItIsWrittenHere(t *testing.T) {
	s, worker := openWithWorker(t)
	for k := driver.Key(1); k <= 5; k++ {
		worker.Set("dies", "before")
		if err := put(t, s, k); err != nil {
			t.Fatal(err)
		}
		holds(t, s, k)
	}
	if count(worker, "started") != 3 || s.writer.ready() {
		t.Errorf("started %d times", count(worker, "started"))
	}
	if _, thread := s.Place(); thread != "page" {
		t.Error(thread)
	}
}

func TestErrorsComeBackFromTheWorker(t *testing.T) {
	s, worker := openWithWorker(t)
	undo := patch(t, "IDBObjectStore.prototype", "put", `() => { throw new DOMException('no room', 'QuotaExceededError') }`)
	err := put(t, s, 1)
	e := (*Error)(nil)
	if !errors.Is(err, driver.ErrQuota) || !errors.As(err, &e) || e.Name != "QuotaExceededError" || e.Op != "put" || e.Message != "no room" {
		t.Errorf("%v", err)
	}
	if count(worker, "applied") != 1 {
		t.Error("it was not asked")
	}
	undo()
	// What only the worker can't do is done here.
	worker.Get("serve").Set("apply", eval(t, `return (number) => a.answer(number, { op: 'put', name: 'Odd', message: '', kind: 2 })`, worker))
	if err := put(t, s, 2); err != nil {
		t.Error(err)
	}
	holds(t, s, 2)
}

func TestABatchInTheWorkerCanBeCancelled(t *testing.T) {
	s, worker := openWithWorker(t)
	patch(t, "IDBTransaction.prototype", "commit", `() => {}`)
	stall := patch(t, "IDBObjectStore.prototype", "put", `function (...args) {
		const r = original.apply(this, args)
		const spin = () => { if (!globalThis.stalled) return; this.count().onsuccess = spin }
		globalThis.stalled = true
		spin()
		return r }`)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- s.Apply(ctx, []driver.Record{{Key: 1, Data: driver.Bytes{1}}}, nil)
	}()
	runAsync(t, `while (!globalThis.stalled) await new Promise((r) => setTimeout(r))`)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	stall()
	js.Global().Set("stalled", false)
	if count(worker, "cancelled") != 1 {
		t.Error("the worker was not told")
	}
	bufs, err := s.Get(context.Background(), []driver.Range{{Key: 1, Size: 1}})
	if err != nil || bufs[0] != nil {
		t.Errorf("it was put all the same: %v, %v", bufs, err)
	}
}

func TestCloseEndsTheWorker(t *testing.T) {
	for _, open := range []bool{true, false} {
		worker := loopback(t)
		s := New(Options{Folder: webapi.NewFolderSetting("ending"), Worker: worker})
		if open {
			if err := s.Open(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(context.Background()); err != nil || count(worker, "ended") != 1 {
			t.Errorf("open %v: ended %d times, %v", open, count(worker, "ended"), err)
		}
	}
}

// The page deletes its database while an opening of the worker, which nobody waits for any more, may still be on its way.
func TestTheWorkerCreatesNoDatabase(t *testing.T) {
	s := attach("nobodys/" + t.Name())
	err := s.Apply(context.Background(), []driver.Record{record(t, s, 1, []byte{1})}, nil)
	if err == nil {
		t.Error("it has stored something")
	}
	eventually(t, "nothing is left", func() bool { return len(databasesOf(t, "nobodys/")) == 0 })
}
