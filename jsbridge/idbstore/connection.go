//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall/js"
	"time"

	"asposecache/jsbridge/webapi"

	"github.com/hack-pad/go-indexeddb/idb"
)

// deleteLimit is how long it may take to delete a database: a large one takes its time.
var deleteLimit = time.Minute

// objectStore is the name of the one object store of a database.
const objectStore = "records"

// factory returns indexedDB, as it is and for package idb. idb.Global panics where there is none, and remembers that
// for ever.
func factory() (js.Value, *idb.Factory, error) {
	raw, err := webapi.Get(js.Global(), "indexedDB")
	if err != nil {
		return js.Undefined(), nil, failure("find", err)
	}
	if raw.Type() != js.TypeObject {
		return js.Undefined(), nil, &Error{Op: "find", Message: "there is no IndexedDB here"}
	}
	f, err := idb.WrapFactory(raw)
	return raw, f, err
}

// A connection is an open database. Once dead it stays dead, and must not be used.
type connection struct {
	db     *idb.Database
	raw    js.Value // the IDBDatabase: package idb does not pass on its events
	dead   atomic.Bool
	event  js.Func
	forget func()
}

// deathEvents are the events after which a connection is dead: the browser closed it, or somebody
// wants to delete the database and waits for it to be closed. Package idb closes it then, too.
var deathEvents = []string{"close", "versionchange"}

func newConnection(db *idb.Database, raw js.Value) *connection {
	c := &connection{db: db, raw: raw}
	c.forget = webapi.OnExit(raw.Get("close").Call("bind", raw))
	c.event = js.FuncOf(func(js.Value, []js.Value) any {
		c.close()
		return nil
	})
	for _, name := range deathEvents {
		raw.Call("addEventListener", name, c.event)
	}
	return c
}

// close ends the connection. Transactions under way are finished first, by the browser. It can be
// called again.
func (c *connection) close() {
	if c.dead.Swap(true) {
		return
	}
	c.forget()
	// A connection that fails to close is one the browser has closed.
	_ = webapi.Try(func() error {
		for _, name := range deathEvents {
			c.raw.Call("removeEventListener", name, c.event)
		}
		return c.db.Close()
	})
	c.event.Release()
}

// latecomers are the openings that were given up, until they are answered and cleaned up after.
var latecomers sync.WaitGroup

// awaitLatecomers waits until there are none, or for a while: some browsers never answer.
func awaitLatecomers() {
	none := make(chan struct{})
	go func() {
		latecomers.Wait()
		close(none)
	}()
	limited, cancel := webapi.InTime(context.Background())
	defer cancel()
	select {
	case <-none:
	case <-limited.Done():
	}
}

// connect opens a database. If there is none of that name it creates it or, without create, fails. It waits until ctx
// ends. A connection that comes too late, or without its object store, is closed, and then late is called.
//
// The browser aborts an opening while it clears the site's data. connect then tries again.
func connect(ctx context.Context, name string, create bool, late func()) (*connection, error) {
	for {
		c, err := tryConnect(ctx, name, create, late)
		e := (*Error)(nil)
		if create && errors.As(err, &e) && e.Name == "AbortError" && ctx.Err() == nil {
			continue
		}
		return c, err
	}
}

// tryConnect is one attempt of connect.
func tryConnect(ctx context.Context, name string, create bool, late func()) (*connection, error) {
	_, f, err := factory()
	if err != nil {
		return nil, err
	}
	type answer struct {
		c   *connection
		err error
	}
	answers := make(chan answer, 1)
	// The request is listened to until it is answered, even if nobody waits any more.
	listening, answered := context.WithCancel(context.Background())
	err = webapi.Try(func() error {
		var upgradeErr error
		var req *idb.OpenDBRequest
		var err error
		req, err = f.Open(listening, name, 1, func(db *idb.Database, _, _ uint) error {
			if create {
				_, upgradeErr = db.CreateObjectStore(objectStore, idb.ObjectStoreOptions{})
			} else {
				upgradeErr = abortUpgrade(req)
			}
			return nil // an error would end the program: package idb panics with it
		})
		if err != nil {
			return err
		}
		return req.Listen(listening, func() {
			defer answered()
			var a answer
			a.err = webapi.Try(func() error {
				db, err := req.Result()
				if err != nil {
					return err
				}
				raw, err := req.Request.Result()
				if err != nil {
					return err
				}
				a.c = newConnection(db, raw)
				return upgradeErr
			})
			answers <- a
		}, func() {
			defer answered()
			answers <- answer{err: req.Err()}
		})
	})
	if err != nil {
		answered()
		return nil, failure("open", err)
	}
	select {
	case a := <-answers:
		if a.err != nil && a.c != nil {
			a.c.close()
			late()
		}
		return a.c, failure("open", a.err)
	case <-ctx.Done():
		latecomers.Add(1)
		go func() {
			defer latecomers.Done()
			if a := <-answers; a.c != nil {
				a.c.close()
				late()
			}
		}()
		return nil, failure("open", context.Cause(ctx))
	}
}

// abortUpgrade keeps the database from being created. Package idb does not tell the transaction; an object store does.
func abortUpgrade(req *idb.OpenDBRequest) error {
	return webapi.Try(func() error {
		raw, err := req.Request.Result()
		if err == nil {
			raw.Call("createObjectStore", objectStore).Get("transaction").Call("abort")
		}
		return err
	})
}

// deleteDatabase deletes a database. It waits until ctx ends, at most; the browser goes on trying.
func deleteDatabase(ctx context.Context, name string) error {
	_, f, err := factory()
	if err != nil {
		return err
	}
	err = webapi.Try(func() error {
		req, err := f.DeleteDatabase(name)
		if err != nil {
			return err
		}
		return req.Await(ctx)
	})
	if err == nil {
		err = context.Cause(ctx) // Await tells nothing of it
	}
	return failure("delete database", err)
}
