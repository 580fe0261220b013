//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// window is how many bytes are put in one task of the event loop. Each put serialises its value on this
// thread, which the page needs for itself.
const window = 1 << 20

func connectionClosed() error {
	return &Error{Op: "begin", Message: "the connection is closed", dead: true}
}

// begin starts a transaction that writes. Any exception here means that the connection is dead, whatever its name.
func begin(c *connection) (*idb.Transaction, *idb.ObjectStore, error) {
	if c.dead.Load() {
		return nil, nil, connectionClosed()
	}
	options := idb.TransactionOptions{Mode: idb.TransactionReadWrite, Durability: idb.DurabilityRelaxed}
	tx, err := c.db.TransactionWithOptions(options, objectStore)
	if err != nil {
		return nil, nil, broken("begin", err)
	}
	store, err := tx.ObjectStore(objectStore)
	if err != nil {
		return nil, nil, broken("begin", err)
	}
	return tx, store, nil
}

// A writing is a transaction that writes. It lives only from one of its own events to the next: between
// beginWriting and commit nothing but await may wait.
type writing struct {
	tx    *idb.Transaction
	store *idb.ObjectStore
	// gathered is the array in which the bytes of a record are brought together.
	gathered *jsbuf.Buffer
	// ended gets the outcome, once: nil when everything has taken effect.
	ended chan error
}

func beginWriting(c *connection) (*writing, error) {
	tx, store, err := begin(c)
	if err != nil {
		return nil, err
	}
	t := &writing{tx: tx, store: store, ended: make(chan error, 1)}
	// It begins to listen as soon as this goroutine waits, before the browser tells of any event.
	go func() { t.ended <- t.outcome() }()
	return t, nil
}

// outcome waits for the end of the transaction. A nil error is a success, unless this package has aborted
// the transaction, and then nobody asks.
func (t *writing) outcome() error {
	err := t.tx.Await(context.Background())
	if err == nil {
		return nil
	}
	// Requests that wait when a transaction fails, of quota for one, fail before it with an
	// AbortError that says nothing. The transaction knows the reason by then.
	if cause := t.tx.Err(); cause != nil {
		return cause
	}
	return err
}

// commit ends the transaction and waits until all of it has taken effect.
func (t *writing) commit(ctx context.Context) error {
	// It fails when the transaction has ended already, of which the outcome tells more. A browser
	// without it commits by itself.
	_ = t.tx.Commit()
	select {
	case err := <-t.ended:
		return failure("commit", err)
	case <-ctx.Done():
		return t.abort(ctx.Err())
	}
}

// await waits for a request to succeed. The transaction is then alive, until the next wait.
func (t *writing) await(ctx context.Context, req *idb.Request) error {
	listening, stop := context.WithCancel(context.Background())
	defer stop()
	succeeded := make(chan struct{})
	if err := req.ListenSuccess(listening, func() { close(succeeded) }); err != nil {
		return t.fail(failure("put", err))
	}
	select {
	case <-succeeded:
		return nil
	case err := <-t.ended:
		if err == nil {
			err = errors.New("the transaction ended by itself")
		}
		return failure("put", err)
	case <-ctx.Done():
		return t.abort(ctx.Err())
	}
}

// abort ends the transaction without effect and returns why. If the transaction can't be aborted any
// more it returns what became of it: nil if all of it has taken effect.
func (t *writing) abort(why error) error {
	if t.tx.Abort() == nil {
		return why
	}
	limited, cancel := webapi.InTime(context.Background())
	defer cancel()
	select {
	case err := <-t.ended:
		if err != nil {
			return why
		}
		return nil
	case <-limited.Done():
		// The browser hangs in the middle of a commit, and nobody can know its outcome.
		return why
	}
}

// apply puts and deletes, all or nothing, and returns how many bytes it has put.
func apply(ctx context.Context, c *connection, puts []driver.Record, deletes []driver.Key) (int, error) {
	if len(puts) == 0 && len(deletes) == 0 {
		return 0, nil
	}
	t, err := beginWriting(c)
	if err != nil {
		return 0, err
	}
	defer t.drop()
	for _, r := range runs(deletes) {
		keys, err := r.value()
		if err == nil {
			_, err = t.store.Delete(keys)
		}
		if err != nil {
			return 0, t.fail(failure("delete", err))
		}
	}
	// A window is put as soon as the first record of the one before is stored: so the browser always has
	// something to do, and never more than two windows.
	total, put := 0, 0
	var first *idb.Request
	for _, r := range puts {
		n := r.Data.Len()
		if put > 0 && put+n > window {
			if err := t.await(ctx, first); err != nil {
				return total, err
			}
			put = 0
		}
		req, err := t.put(r)
		if err != nil {
			return total, t.fail(err)
		}
		if put == 0 {
			first = req
		}
		put += n
		total += n
	}
	return total, t.commit(ctx)
}

// fail aborts the transaction because of err, and returns err. If the transaction had failed before, err is only a
// consequence, and fail returns why it had failed.
func (t *writing) fail(err error) error {
	if t.tx.Abort() == nil {
		return err
	}
	select {
	case cause := <-t.ended:
		if cause != nil {
			return failure("put", cause)
		}
	default:
	}
	return err
}

// put puts a record.
func (t *writing) put(r driver.Record) (*idb.Request, error) {
	b, err := t.gather(r.Data)
	if err != nil {
		return nil, err
	}
	array, err := b.Array()
	if err != nil {
		return nil, err
	}
	req, err := t.store.PutKey(keyValue(r.Key), array)
	return req, failure("put", err)
}

// gather returns an array with the bytes of a record. It must be all of its ArrayBuffer, of which
// IndexedDB would store the whole. It is good until the next call: put makes a copy at once.
func (t *writing) gather(src driver.Source) (*jsbuf.Buffer, error) {
	all := jsbuf.Pieces(src)
	if b, ok := all[0].Buffer.(*jsbuf.Buffer); ok && len(all) == 1 && all[0].Size == b.Len() && b.Whole() {
		return b, nil
	}
	n := src.Len()
	if t.gathered == nil || t.gathered.Len() != n {
		t.drop()
		b, err := jsbuf.New(n)
		if err != nil {
			return nil, err
		}
		t.gathered = b
	}
	return t.gathered, t.gathered.Collect(src)
}

// drop frees what gather has made.
func (t *writing) drop() {
	if t.gathered != nil {
		t.gathered.Release()
		t.gathered = nil
	}
}

var (
	readOnly   = js.ValueOf("readonly")
	storeName  = js.ValueOf(objectStore)
	reflectGet = js.Global().Get("Reflect").Get("get")
	resultName = js.ValueOf("result")
	errorName  = js.ValueOf("error")
)

// ask makes a request for each key and waits until they are answered. If one of them fails, all do.
//
// Requests are answered in order, so only the last is listened to, and not the end of the transaction.
// commit is not called: after it Chromium tells the end of the transaction before it has loaded the results that lie in
// files of their own.
//
// Package idb is not used for this: to wait for a request it takes two functions and three goroutines. A read
// of one record took 65 calls of JavaScript in all with it, and takes 44 without.
func ask(ctx context.Context, c *connection, method string, keys []driver.Key) ([]js.Value, error) {
	if c.dead.Load() {
		return nil, connectionClosed()
	}
	var tx, store js.Value
	err := webapi.Try(func() error {
		tx = c.raw.Call("transaction", storeName, readOnly)
		store = tx.Call("objectStore", storeName)
		return nil
	})
	if err != nil {
		return nil, broken("begin", err)
	}
	results := make([]js.Value, len(keys)) // at first the requests
	answered := make(chan error, 1)
	var listener js.Func
	listener = js.FuncOf(func(js.Value, []js.Value) any {
		listener.Release()
		answered <- takeResults(results)
		return nil
	})
	err = webapi.Try(func() error {
		for i, key := range keys {
			results[i] = store.Call(method, keyValue(key))
		}
		last := results[len(keys)-1]
		for _, event := range []string{"success", "error"} { // not by a property: to set one has no net
			last.Call("addEventListener", event, listener)
		}
		return nil
	})
	if err != nil {
		listener.Release()
	} else {
		select {
		case err = <-answered:
			return results, failure("get", err)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	_ = webapi.Try(func() error { // what was asked before is of no use
		tx.Call("abort")
		return nil
	})
	return nil, failure("get", err)
}

// takeResults replaces requests that are answered by their results, or returns why the last has failed.
func takeResults(requests []js.Value) error {
	return webapi.Try(func() error {
		if thrown := reflectGet.Invoke(requests[len(requests)-1], errorName); thrown.Truthy() {
			return js.Error{Value: thrown}
		}
		for i, req := range requests {
			requests[i] = reflectGet.Invoke(req, resultName)
		}
		return nil
	})
}

// read reads records, all or none.
func read(ctx context.Context, c *connection, keys []driver.Key) ([]driver.Buffer, error) {
	results, err := ask(ctx, c, "get", keys)
	if err != nil {
		return nil, err
	}
	bufs := make([]driver.Buffer, len(keys))
	for i, value := range results {
		// What is no array was not put by a store, and can't be read.
		if b := jsbuf.Adopt(value); b != nil {
			bufs[i] = b
		}
	}
	return bufs, nil
}

// readOne reads one record, and returns nil if it is damaged.
func readOne(ctx context.Context, c *connection, key driver.Key) (driver.Buffer, error) {
	bufs, err := read(ctx, c, []driver.Key{key})
	if err == nil {
		return bufs[0], nil
	}
	damaged, sure := unreadable(err)
	if damaged && !sure {
		// The error can mean anything. If the browser knows that the record is there but can't read
		// it, then it is the record.
		_, countErr := ask(ctx, c, "count", []driver.Key{key})
		damaged = countErr == nil
	}
	if damaged {
		return nil, nil
	}
	return nil, err
}

// keyValue returns a key as IndexedDB has it, exact up to 2^53.
func keyValue(key driver.Key) js.Value { return js.ValueOf(float64(key)) }

// A run is a range of keys without a gap.
type run struct{ first, last driver.Key }

// runs gathers keys: one request deletes a run, of however many records. Those of an allocation come in
// order, so sorting them would not be worth its code.
func runs(keys []driver.Key) (all []run) {
	for _, key := range keys {
		if n := len(all); n > 0 && key == all[n-1].last+1 {
			all[n-1].last = key
		} else {
			all = append(all, run{key, key})
		}
	}
	return all
}

// value returns what IDBObjectStore.delete takes: a key, or a range of keys.
func (r run) value() (v js.Value, err error) {
	if r.first == r.last {
		return keyValue(r.first), nil
	}
	err = webapi.Try(func() error {
		v = js.Global().Get("IDBKeyRange").Call("bound", keyValue(r.first), keyValue(r.last))
		return nil
	})
	return v, err
}
