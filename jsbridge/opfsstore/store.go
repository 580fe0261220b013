//go:build js && wasm

// Package opfsstore keeps the records of the cache in a file of the origin private file system (OPFS).
//
// Every store has a file of its own in the root folder, whose name is <folder>/<UUID> as encodeURIComponent writes it.
// As long as the store is open it holds the Web Lock of <folder>/<UUID>, see [webapi.LockName]. What a page that died
// has left behind is known by its lock being free and by nobody answering for it, and [Sweep] removes it.
//
// Only a dedicated worker can open a file for reading and writing at once, so that is where the bytes go. What is
// written is copied once, and the copies are transferred; arrays are transferred to be read to, and come back. What is
// where in the file is known here alone, see package filestore; the worker opens, reads, writes and cuts off what it is
// told to, in the order in which it is told. If it dies, another one opens the file again.
package opfsstore

import (
	"context"
	"syscall/js"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/filestore"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// traits say how files are used best. A read costs a message, and time for the bytes it asks for, so there is nothing
// to be gained by reading more of a record than was asked for.
//
// Measured through the cache in Chromium 156 on a 2-core machine: 192 MiB in writes of 256 KiB, flushed, three times in a
// row, the first with the worker still to be started; ranges of three runs (MB/s):
//
//	records of 512 KiB, batches of  8 MiB, two under way   440-570   840-920   940-1030
//	           256 KiB              8 MiB, two             290-440   720-830   880-950
//	             1 MiB              8 MiB, two             270-420   740-800   870-970
//	           512 KiB              2 MiB, three           270-300   810-880   880-930
//	           512 KiB              1 MiB, four            260-270   690-740   760-790
//
// So a message costs more than what is gained by handing on a smaller one sooner, and beyond 8 MiB the copies that are
// under way would only take more memory. Many small arrays in a message take more time each the more they are: 2,000
// of them take a few milliseconds, 10,000 about 50, and 40,000 seconds.
var traits = driver.Traits{
	RecordBytes:  512 << 10,
	Ranges:       true,
	BatchBytes:   8 << 20,
	BatchRecords: 2048,
	Transactions: 2,
	Gather:       20 * time.Millisecond,
	WaitingBytes: 32 << 20,
	YieldBytes:   4 << 20,
	WindowBytes:  4 << 20,
	AheadRecords: 16,
	AheadBatch:   4,
	CacheBytes:   16 << 20,
}

// Options say where a store keeps its file, and who reads and writes it.
type Options struct {
	// Folder is what the name of the file begins with.
	Folder *webapi.FolderSetting
	// Files is the JavaScript object that web/src/files.ts makes. Where it is undefined there are no files.
	Files js.Value
}

// Store is a [driver.Store] in OPFS. Make it with [New].
type Store struct {
	*filestore.Store
	*webapi.FolderSetting
	file *file
}

// A smallTile is 128 x 128 pixels: editors read many of that size, and a read from a file is so quick that to make the
// array for it would be a fifth of the time.
const smallTile = 64 << 10

// New returns a store that is not open yet. It does not touch the browser.
func New(o Options) *Store {
	pool := jsbuf.NewPool(smallTile, core.PageSize, traits.RecordBytes)
	f := &file{host: o.Files, folder: o.Folder, pool: pool}
	return &Store{Store: filestore.New(f, traits), FolderSetting: o.Folder, file: f}
}

// Place returns what the store lies on, and on which thread it works; both are empty until it is open.
func (s *Store) Place() (store, thread string) {
	if s.file.name == "" {
		return "", ""
	}
	return "opfs", s.file.host.Get("thread").String()
}

// CopiedBytes returns how many bytes are on their way to the worker: those of two batches, at most.
func (s *Store) CopiedBytes() int64 { return s.file.copied }

// Sweep removes the files that stores of a folder have left behind, and returns how many; see [webapi.Sweep].
func Sweep(ctx context.Context, folder string, patience time.Duration, files js.Value) (int, error) {
	if files.Type() != js.TypeObject {
		return 0, nil
	}
	list := func(ctx context.Context) (names []string, err error) {
		ctx, cancel := webapi.InTime(ctx)
		defer cancel()
		err = webapi.Try(func() error {
			list, err := webapi.Await(ctx, files.Call("list"))
			if err != nil {
				return err
			}
			for i := range list.Length() {
				names = append(names, list.Index(i).String())
			}
			return nil
		})
		return names, failure("list files", err)
	}
	return webapi.Sweep(ctx, folder, patience, list, func(ctx context.Context, name string) error { return remove(ctx, files, name) })
}

func remove(ctx context.Context, files js.Value, name string) error {
	return failure("remove file", webapi.Try(func() error {
		_, err := webapi.Await(ctx, files.Call("remove", name))
		return err
	}))
}
