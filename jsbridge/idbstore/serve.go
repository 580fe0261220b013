//go:build js && wasm

package idbstore

import (
	"context"
	"fmt"
	"syscall/js"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// Serve is the program in the worker of the disk: it applies the batches that a [Store] posts, until the worker is
// ended. It does not return. host is the JavaScript object that web/src/worker.ts makes.
func Serve(version string, host js.Value) {
	jsbuf.Use(host)
	s := &server{host: host, cancels: make(map[int]context.CancelFunc)}
	host.Call("started", version, js.FuncOf(s.apply), js.FuncOf(s.cancel), js.FuncOf(s.end))
	select {}
}

// A server applies batches to the database that the latest of them has named. A cache has one.
type server struct {
	host    js.Value
	store   *Store
	cancels map[int]context.CancelFunc // by number of the batch
}

// apply is called with the arguments of apply of the worker's object, see [writer], but for answer: that is what the
// host's answer(number, failure, arrays) posts.
func (s *server) apply(_ js.Value, args []js.Value) any {
	number := args[0].Int()
	if name := args[1].String(); s.store == nil || s.store.name != name {
		s.end(js.Undefined(), nil)
		s.store = attach(name)
	}
	store := s.store
	ctx, cancel := context.WithCancel(context.Background())
	s.cancels[number] = cancel
	keys := jsbuf.FromNumbers(args[2])
	puts := make([]driver.Record, len(keys))
	for i, key := range keys {
		puts[i] = driver.Record{Key: driver.Key(key), Data: jsbuf.Adopt(args[3].Index(i))}
	}
	var deletes []driver.Key
	for _, key := range jsbuf.FromNumbers(args[4]) {
		deletes = append(deletes, driver.Key(key))
	}
	go func() {
		err := fmt.Errorf("unexpected end")
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("unexpected: %v", r)
			}
			cancel()
			delete(s.cancels, number)
			back := jsbuf.NewParcel()
			for _, r := range puts {
				if b := r.Data.(*jsbuf.Buffer); b.Len() == traits.RecordBytes {
					back.Add(b)
				} else {
					b.Release()
				}
			}
			s.host.Call("answer", number, describe(err), back.Arrays)
			back.Forget()
		}()
		err = store.Apply(ctx, puts, deletes)
	}()
	return nil
}

func (s *server) cancel(_ js.Value, args []js.Value) any {
	if cancel := s.cancels[args[0].Int()]; cancel != nil {
		cancel()
	}
	return nil
}

// end closes the connection. WebKit does not always close those of a worker that it ends in the midst of a transaction,
// and then the database can't be deleted as long as the page is there.
func (s *server) end(js.Value, []js.Value) any {
	if s.store != nil {
		s.store.conn.close()
	}
	return nil
}

// attach returns a store on a database that another store has opened and goes on to own: this one holds no lock, and is
// never closed. It connects when it is first used.
func attach(name string) *Store {
	s := New(Options{})
	s.state, s.name, s.conn, s.attached = nil, name, &connection{}, true
	s.conn.dead.Store(true)
	return s
}
