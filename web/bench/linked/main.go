//go:build js && wasm

// Command linked is the least that any Go program using go-indexeddb costs: the benchmark compares how
// soon asposeCache starts, and how large it is, with it.
//
// It says that it runs, and that is all; what it would take to use a database is linked, and not called.
package main

import (
	"context"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"
)

func main() {
	if js.Global().Get("linkedUsesIt").Truthy() {
		if err := use(context.Background()); err != nil {
			panic(err)
		}
	}
	js.Global().Call("linkedStarted")
	select {}
}

func use(ctx context.Context) error {
	request, err := idb.Global().Open(ctx, "linked", 1, func(db *idb.Database, _, _ uint) error {
		_, err := db.CreateObjectStore("records", idb.ObjectStoreOptions{})
		return err
	})
	if err != nil {
		return err
	}
	db, err := request.Await(ctx)
	if err != nil {
		return err
	}
	tx, err := db.Transaction(idb.TransactionReadWrite, "records")
	if err != nil {
		return err
	}
	records, err := tx.ObjectStore("records")
	if err != nil {
		return err
	}
	if _, err := records.PutKey(js.ValueOf(1), js.ValueOf(2)); err != nil {
		return err
	}
	return tx.Await(ctx)
}
