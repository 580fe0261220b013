//go:build js && wasm

// Command hackpadfs stores tiles as an editor written in Go would with hackpadfs/indexeddb: a file for
// each. A file is one record there, so writing tiles into one large file would store all of it each time.
//
// The page finds its functions in the global object hackpadfsTiles. They return promises.
package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"
	"github.com/hack-pad/hackpadfs"
	"github.com/hack-pad/hackpadfs/indexeddb"
)

func main() {
	js.Global().Set("hackpadfsTiles", map[string]any{
		"open":  promised(open),
		"write": promised(write),
		"read":  promised(read),
	})
	js.Global().Call("hackpadfsStarted")
	select {}
}

var (
	fs   *indexeddb.FS
	tile []byte
)

// open opens the file system of that name, and keeps a copy of the tile that is to be written.
func open(args []js.Value) (err error) {
	tile = make([]byte, args[1].Length())
	js.CopyBytesToGo(tile, args[1])
	fs, err = indexeddb.NewFS(context.Background(), args[0].String(), indexeddb.Options{
		TransactionDurability: idb.DurabilityRelaxed,
	})
	return err
}

// write writes so many tiles, one after the other.
func write(args []js.Value) error {
	for i := range args[0].Int() {
		stamp(i)
		if err := hackpadfs.WriteFullFile(fs, strconv.Itoa(i), tile, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read reads them back.
func read(args []js.Value) error {
	for i := range args[0].Int() {
		got, err := hackpadfs.ReadFile(fs, strconv.Itoa(i))
		if err != nil {
			return err
		}
		stamp(i)
		if !bytes.Equal(got, tile) {
			return fmt.Errorf("tile %d is not what was written", i)
		}
	}
	return nil
}

// stamp makes the tile one of its own.
func stamp(i int) { copy(tile, fmt.Sprintf("%08d", i)) }

// promised makes a function for JavaScript of one that waits.
func promised(f func(args []js.Value) error) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var executor js.Func
		executor = js.FuncOf(func(_ js.Value, settle []js.Value) any {
			go func() {
				defer executor.Release()
				if err := f(args); err != nil {
					settle[1].Invoke(js.Global().Get("Error").New(err.Error()))
					return
				}
				settle[0].Invoke()
			}()
			return nil
		})
		return js.Global().Get("Promise").New(executor)
	})
}
