package filestore

import (
	"context"
	"errors"

	"asposecache/core/driver"
)

// A File is where a [Store] keeps bytes. It is called from several goroutines at once.
type File interface {
	// Open creates the file, empty. It may wait, but must return soon after ctx ends. It is called again after an error,
	// and after [ErrLost].
	Open(ctx context.Context) error

	// NewBuffer and FreeBuffer are those of [driver.Store].
	NewBuffer(n int) (driver.Buffer, error)
	FreeBuffer(driver.Buffer)

	// Write writes each of data at its offset. After an error any of it may be there. When it returns, none is under way
	// any more.
	Write(ctx context.Context, at []int64, data []driver.Source) error

	// Read returns for each offset a buffer with as many bytes from there on as sizes says, and nil where the file does not
	// have them all.
	Read(ctx context.Context, at []int64, sizes []int) ([]driver.Buffer, error)

	// Size returns how many bytes the file has.
	Size(ctx context.Context) (int64, error)

	// Truncate cuts the file off. It is not called while Write is.
	Truncate(ctx context.Context, size int64) error

	// Close removes the file. It is called once, also on one that was never opened.
	Close(ctx context.Context) error
}

// ErrLost says that somebody has removed the file with all that was in it. Read, Write, Size and Truncate return it until
// Open has made another.
var ErrLost = errors.New("filestore: the file was removed")
