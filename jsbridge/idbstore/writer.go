//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"syscall/js"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// A writer applies batches in a worker, where a put keeps nobody waiting: on a page it would keep the page's thread for
// some milliseconds for each megabyte. What is read is read here. That took 1.6 milliseconds for one record where the
// way through the worker took 2.7, and the worker need know nothing of who waits for what.
//
// worker is the JavaScript object that web/src/disk-worker.ts makes, undefined where none may be used. It has
//
//	start()          begins to start the worker; when that dies it is started again, some times
//	ready            whether the worker takes batches now
//	apply(number, database, keys, records, deletes, answer)
//	                 posts a batch, takes the records' memory away, and calls answer(failure, arrays) once, with those
//	                 of the records that can be used again
//	cancel(number)   posts that a batch is not wanted any more
//	end()            ends the worker
type writer struct {
	worker js.Value
	pool   *jsbuf.Pool // of arrays that are transferred
	last   int         // number of a batch
	// copied are bytes of records that the worker has not answered for.
	copied int64
}

// errNoWriter: the worker could not be told, or has died. What became of the batch is not known; it can be repeated.
var errNoWriter = errors.New("the worker of the disk has ended")

func (w *writer) exists() bool { return w.worker.Type() == js.TypeObject }

// start begins to start the worker. Until it has started, and where it can't be, batches are applied here.
func (w *writer) start() {
	if w.exists() {
		w.worker.Call("start")
	}
}

func (w *writer) ready() bool { return w.exists() && w.worker.Get("ready").Bool() }

func (w *writer) end() {
	if w.exists() {
		w.worker.Call("end")
	}
}

// apply is [Store.Apply] in the worker, for the database of a name.
func (w *writer) apply(ctx context.Context, database string, puts []driver.Record, deletes []driver.Key) error {
	keys := make([]float64, len(puts))
	data := make([]driver.Source, len(puts))
	for i, r := range puts {
		keys[i], data[i] = float64(r.Key), r.Data
	}
	// What waits must stay readable here, so the worker gets copies.
	records, err := w.pool.Pack(ctx, data, &w.copied)
	defer records.Forget()
	if err != nil {
		return err
	}
	if !w.ready() {
		return errNoWriter // it has died meanwhile, and who knows whether the next one starts
	}
	gone := make([]float64, len(deletes))
	for i, key := range deletes {
		gone[i] = float64(key)
	}
	answered := make(chan error, 1)
	answer := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) > 1 {
			w.pool.TakeBack(args[1])
		}
		answered <- failureFrom(args[0])
		return nil
	})
	defer answer.Release()
	w.last++
	number := w.last
	w.worker.Call("apply", number, database, jsbuf.Numbers(keys), records.Arrays, jsbuf.Numbers(gone), answer)
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
	}
	w.worker.Call("cancel", number)
	// It is always answered: a worker that does not answer is taken for dead.
	if err := <-answered; err == nil {
		return nil
	}
	return ctx.Err()
}

// kinds are the kinds of an [Error], by the number under which they come from the worker.
var kinds = []error{nil, driver.ErrQuota, driver.ErrUnavailable, context.Canceled}

// describe returns the object of which failureFrom makes the error again; nil: there is none.
func describe(err error) any {
	if err == nil {
		return nil
	}
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		e = &Error{Message: err.Error()}
	}
	kind := 0
	for i, k := range kinds {
		if k != nil && errors.Is(err, k) {
			kind = i
		}
	}
	return js.ValueOf(map[string]any{"op": e.Op, "name": e.Name, "message": e.Message, "kind": kind})
}

// failureFrom returns the error of an answer: null is a success, and what has no kind says that the worker has died or
// could not be told.
func failureFrom(v js.Value) error {
	if v.IsNull() {
		return nil
	}
	if v.Get("kind").IsUndefined() {
		return errNoWriter
	}
	return &Error{Op: v.Get("op").String(), Name: v.Get("name").String(), Message: v.Get("message").String(),
		kind: kinds[v.Get("kind").Int()]}
}
