//go:build js && wasm

package opfsstore

import (
	"context"
	"errors"
	"syscall/js"

	"asposecache/core/driver"
	"asposecache/core/driver/filestore"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// A file is a [filestore.File] in OPFS. host is the JavaScript object that web/src/files.ts makes. It has
//
//	thread                             'worker', or 'page' where it works on this thread
//	ask(request, transfer, answer)     begins what is asked for, and calls answer(failure, value) once; requests are done
//	                                   in their order. What is in transfer is taken away
//	list(), remove(name)               promises of the names of all files, and of removing one
//	end()                              ends the worker
//
// A request is an array: what is to be done, the name of the file, and what that needs; see web/src/files.ts.
type file struct {
	host   js.Value
	folder *webapi.FolderSetting
	pool   *jsbuf.Pool

	name   string // empty until it was opened
	lock   *webapi.Lock
	copied int64 // bytes on their way to the worker
}

// Open creates the file, under a name and with a lock that it keeps from then on.
func (f *file) Open(ctx context.Context) error {
	if f.host.Type() != js.TypeObject {
		return &Error{Op: "open", Message: "the browser has no origin private file system, or not for this page", kind: driver.ErrUnavailable}
	}
	ctx, cancel := webapi.InTime(ctx)
	defer cancel()
	if f.name != "" {
		_, err := f.ask(ctx, "open", f.name, nil)
		return err
	}
	name, lock, err := webapi.Claim(ctx, f.folder.Fix())
	if err == nil {
		if _, err = f.ask(ctx, "open", name, nil); err != nil {
			// The worker may still open it. It is asked to remove the file after that, and nobody waits for the answer.
			// What is left over is found by the next sweep.
			f.begin(ctx, "close", name, nil)
			lock.Release()
		}
	}
	if err != nil {
		f.host.Call("end")
		return unavailable("open", err)
	}
	f.name, f.lock = name, lock
	return nil
}

// NewBuffer returns a Uint8Array.
func (f *file) NewBuffer(n int) (driver.Buffer, error) {
	b, err := f.pool.Get(n)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// FreeBuffer keeps a buffer for reuse or frees its memory.
func (f *file) FreeBuffer(buf driver.Buffer) {
	if b, ok := buf.(*jsbuf.Buffer); ok {
		f.pool.Put(b)
	}
}

// Write sends copies: what waits must stay readable here. It gives up when ctx ends while they are made; once they are sent
// it waits for the answer.
func (f *file) Write(ctx context.Context, at []int64, data []driver.Source) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	offsets := numbers(at)
	for attempt := 1; ; attempt++ {
		parcel, err := f.pool.Pack(ctx, data, &f.copied)
		var back js.Value
		if err == nil {
			// The answer always comes: a worker that does not answer is taken for dead.
			back, err = f.ask(context.WithoutCancel(ctx), "write", f.name, parcel.Arrays, parcel.Arrays, offsets, traits.RecordBytes)
		}
		parcel.Forget() // before anything comes back, which on this thread is the same arrays
		f.pool.TakeBack(back)
		if !errors.Is(err, errDied) || attempt == attempts || ctx.Err() != nil {
			return err
		}
	}
}

// Read has the worker fill arrays.
func (f *file) Read(ctx context.Context, at []int64, sizes []int) ([]driver.Buffer, error) {
	offsets := numbers(at)
	for attempt := 1; ; attempt++ {
		parcel, err := f.pool.PackEmpty(sizes)
		var v js.Value
		if err == nil {
			v, err = f.ask(ctx, "read", f.name, parcel.Arrays, parcel.Arrays, offsets)
		}
		parcel.Forget()
		if errors.Is(err, errDied) && attempt < attempts && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		bufs := make([]driver.Buffer, len(at))
		for i := range bufs {
			if b := jsbuf.Adopt(v.Index(i)); b != nil {
				bufs[i] = b
			}
		}
		v.Set("length", 0) // Go refers to it until it collects garbage
		return bufs, nil
	}
}

// Size asks how long the file is.
func (f *file) Size(ctx context.Context) (int64, error) {
	for attempt := 1; ; attempt++ {
		v, err := f.ask(ctx, "size", f.name, nil)
		if errors.Is(err, errDied) && attempt < attempts && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return 0, err
		}
		return int64(v.Float()), nil
	}
}

// Truncate cuts the file off.
func (f *file) Truncate(ctx context.Context, size int64) error {
	_, err := f.ask(context.WithoutCancel(ctx), "truncate", f.name, nil, float64(size))
	return err
}

// Close removes the file, and ends the worker. It gives the lock back in any case: a file that is still there can then be
// swept.
func (f *file) Close(ctx context.Context) error {
	f.pool.Drain()
	if f.name == "" {
		return nil
	}
	defer f.lock.Release()
	err := f.remove(ctx, f.name)
	f.host.Call("end")
	return err
}

// remove has the file closed and removed when all that was asked for before is done, or else removes it from here.
func (f *file) remove(ctx context.Context, name string) error {
	limited, cancel := webapi.InTime(ctx)
	defer cancel()
	_, err := f.ask(limited, "close", name, nil)
	if err != nil {
		limited, cancel := webapi.InTime(ctx)
		defer cancel()
		err = remove(limited, f.host, name)
	}
	return err
}

// attempts is how often something is tried when workers die of it, or meanwhile.
const attempts = 3

// ask has something done, and returns the answer. When ctx ends it does not wait for that.
func (f *file) ask(ctx context.Context, what, name string, transfer any, args ...any) (js.Value, error) {
	if err := ctx.Err(); err != nil {
		return js.Undefined(), context.Cause(ctx)
	}
	select {
	case r := <-f.begin(ctx, what, name, transfer, args...):
		return r.value, r.err
	case <-ctx.Done():
		return js.Undefined(), context.Cause(ctx)
	}
}

// A reply is an answer, or why there is none.
type reply struct {
	value js.Value
	err   error
}

// begin has something done, and returns where the reply will be.
func (f *file) begin(ctx context.Context, what, name string, transfer any, args ...any) <-chan reply {
	replies := make(chan reply, 1)
	var answer js.Func
	answer = js.FuncOf(func(_ js.Value, args []js.Value) any {
		answer.Release()
		r := reply{err: failureFrom(what, args[0])}
		if r.err == nil {
			r.value = args[1]
			if ctx.Err() != nil && r.value.Type() == js.TypeObject {
				r.value.Set("length", 0) // nobody waits for what was read
			}
		}
		replies <- r
		return nil
	})
	request := append([]any{what, name}, args...)
	f.host.Call("ask", request, transfer, answer)
	return replies
}

func numbers[N int | int64](of []N) js.Value {
	all := make([]float64, len(of))
	for i, n := range of {
		all[i] = float64(n)
	}
	return jsbuf.Numbers(all)
}

var errDied = errors.New("the worker of the disk did not start, or has ended; workerURL says where it is")

// An Error is a failure as the browser told it. It wraps [driver.ErrQuota], [driver.ErrUnavailable] or
// [filestore.ErrLost] where it means that.
type Error struct {
	// Op is what was asked of the browser.
	Op string
	// Name and Message are those of the DOMException. Name is empty for what is none.
	Name, Message string

	kind error
}

func (e *Error) Error() string {
	text := "OPFS: " + e.Op
	if e.Name != "" {
		text += ": " + e.Name
	}
	return text + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.kind }

// failureFrom returns the error of an answer: null is a success, and what has no name says that the worker has died or
// could not be told.
func failureFrom(op string, v js.Value) error {
	if v.IsNull() {
		return nil
	}
	if v.Get("name").IsUndefined() {
		return errDied
	}
	e := &Error{Op: op, Name: v.Get("name").String(), Message: v.Get("message").String()}
	switch {
	case e.Name == "QuotaExceededError":
		e.kind = driver.ErrQuota
	case e.Name == "NotFoundError" && op != "open":
		e.kind = filestore.ErrLost
	}
	return e
}

// failure makes an [Error] of what a promise was rejected with. The end of a context stays what it is.
func failure(op string, err error) error {
	thrown := js.Error{}
	if !errors.As(err, &thrown) {
		return err
	}
	return &Error{Op: op, Name: webapi.Property(thrown.Value, "name"), Message: webapi.Property(thrown.Value, "message")}
}

// unavailable says that a failure means that there are no files to be had, unless it is for want of room.
func unavailable(op string, err error) error {
	err = failure(op, err)
	e := (*Error)(nil)
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &e):
		e = &Error{Op: op, Message: err.Error()}
	}
	if e.kind == nil {
		e.kind = driver.ErrUnavailable
	}
	return e
}
