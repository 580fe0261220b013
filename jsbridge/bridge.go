//go:build js && wasm

package jsbridge

import (
	"context"
	"sync"
	"syscall/js"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// A Host is the JavaScript object that stands for the page. Its functions run no code of the user's
// before they return, so that no call comes in while one goes out.
type Host struct {
	// value is the object itself. Its data is the array that an export in progress copies from or to.
	value js.Value

	// settle(number, ok, value) answers a call: with its result, or with the description of an error.
	settle js.Value
	// progress(number, done, total) reports bytes.
	progress js.Value
	// event(kind, id, offset, bytes, why, error, dropped) tells what happened.
	event js.Value
	// mayGrow(bytes) reports whether the browser lets the WebAssembly memory grow by so much.
	mayGrow js.Value
}

func findHost() Host {
	v := webapi.Host()
	return Host{
		value:    v,
		settle:   v.Get("settle"),
		progress: v.Get("progress"),
		event:    v.Get("event"),
		mayGrow:  v.Get("mayGrow"),
	}
}

// A Disk is the store behind the disk tier. What it keeps lies in a folder, whose name JavaScript chooses; another
// program finds there what this one leaves behind when it dies.
type Disk interface {
	driver.Store

	// Folder returns the name, and reports whether it is in use and can't change any more.
	Folder() (name string, fixed bool)
	// SetFolder changes the name, which is not empty.
	SetFolder(name string) error
	// Sweep removes what programs that died have left behind in the folder, and returns how many stores that
	// were.
	Sweep(ctx context.Context, patience time.Duration) (int, error)
	// Place returns what the store lies on, and on which thread it writes; both are empty until it is open.
	Place() (store, thread string)
	// CopiedBytes returns how many bytes are held twice because they are on their way to another thread.
	CopiedBytes() int64
}

// A bridge is one program's cache and what JavaScript knows of it.
type bridge struct {
	host    Host
	machine *machine
	cache   *core.Cache
	disk    Disk
	live    map[int64]*core.Allocation
	// cancels ends the calls that have a signal, by number.
	cancels map[int]context.CancelCauseFunc
	// histories by number.
	histories   map[int]*core.History
	lastHistory int
	sweeps      sync.WaitGroup
	closed      chan struct{}
}

// the is the program's bridge: exported functions have no receiver.
var the *bridge

// Run serves JavaScript until the cache is closed. version is told to the loader, which compares it
// with its own.
func Run(version string, disk Disk) {
	host := findHost()
	if err := disk.SetFolder(host.value.Get("cacheFolder").String()); err != nil {
		panic(err)
	}
	b := &bridge{
		host:      host,
		machine:   newMachine(host),
		disk:      disk,
		live:      make(map[int64]*core.Allocation),
		cancels:   make(map[int]context.CancelCauseFunc),
		histories: make(map[int]*core.History),
		closed:    make(chan struct{}),
	}
	cache, err := core.New(core.Config{
		Store:   disk,
		Machine: b.machine,
		OnEvent: b.tell,
		Pause:   webapi.Pause,
	})
	if err != nil {
		panic(err)
	}
	b.cache = cache
	jsbuf.Use(host.value)
	the = b
	calls := js.FuncOf(b.call)
	defer calls.Release()
	host.value.Call("started", version, calls, core.PageSize, core.TileSide)
	<-b.closed
}

func (b *bridge) tell(e core.Event) {
	var id int64
	if e.Allocation != nil {
		id = e.Allocation.ID()
	}
	b.host.event.Invoke(string(e.Kind), id, e.Offset, e.Bytes, string(e.Why), describe(e.Err), b.dropped(e))
}
