package core

import (
	"errors"
	"strconv"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// Errors that calls return, alone or wrapped.
var (
	// ErrDisposed: the allocation was disposed of before the call, or while it waited.
	ErrDisposed = errors.New("the allocation was disposed of")
	// ErrClosed: the cache was closed.
	ErrClosed = errors.New("the cache was closed")
	// ErrLost: the store no longer has bytes that it had taken. Overwriting them heals the range.
	ErrLost = disk.ErrLost
	// ErrBusy: the call would have to wait for calls made before it.
	ErrBusy = errors.New("calls made before are still waiting")
	// ErrNotInMemory: the bytes are not in memory, where a call that can't wait needs them.
	ErrNotInMemory = errors.New("not all of the bytes are in memory, where a call that can't wait needs them")
)

// Reason says what a [FullError] ran into.
type Reason string

// The reasons why there is no room.
const (
	// ByLimit: the limit in the settings.
	ByLimit Reason = "limit"
	// ByMemory: the machine has no more memory for the cache.
	ByMemory Reason = "memory"
	// ByQuota: the store's own limit, which shows when bytes are stored.
	ByQuota Reason = "quota"
)

// A FullError says that a medium has no room.
type FullError struct {
	Medium Medium
	// Requested is how many bytes were asked for, Allocated how many the medium held at that time.
	Requested, Allocated int64
	// Limit is the limit then in force; 0 = none.
	Limit  int64
	Reason Reason
	// ours: the room that is lacking is the cache's, and not, say, the memory of whoever calls.
	ours bool
	// Cause is, where both media were tried, why the first refused, or what the store said.
	Cause error
}

func (e *FullError) Error() string {
	where := "in memory"
	if e.Medium == Disk {
		where = "on disk"
	}
	why := map[Reason]string{
		ByLimit:  "the limit is " + itoa(e.Limit),
		ByMemory: "the machine has no more memory for it",
		ByQuota:  "the browser's quota is used up",
	}[e.Reason]
	text := "no room " + where + " for " + itoa(e.Requested) + " bytes: " +
		itoa(e.Allocated) + " are allocated and " + why
	if e.Medium == Memory && errors.Is(e.Cause, driver.ErrUnavailable) {
		text += "; the disk can't be had: " + e.Cause.Error()
	}
	return text
}

func (e *FullError) Unwrap() error { return e.Cause }

// An ArgumentError says that an argument is not one of the values allowed.
type ArgumentError struct{ Name, Given, Allowed string }

func (e *ArgumentError) Error() string {
	return e.Name + ": " + e.Given + " was given, allowed is " + e.Allowed
}

// A RangeError says that a number is out of its range.
type RangeError struct {
	Name               string
	Given, Least, Most int64
	// Note is what the bounds depend on, if anything.
	Note string
}

func (e *RangeError) Error() string {
	return e.Name + ": " + itoa(e.Given) + " was given, allowed is " + itoa(e.Least) + " to " + itoa(e.Most) + e.Note
}

//
//go:noinline
func outOfRange(name string, given, least, most int64) error {
	return &RangeError{Name: name, Given: given, Least: least, Most: most}
}

// errDiskOnly is ErrNotInMemory for what is allocated at once.
type errDiskOnly struct{}

func (errDiskOnly) Error() string {
	return "cacheType allows the disk only, and a call that can't wait allocates in memory"
}

func (errDiskOnly) Unwrap() error { return ErrNotInMemory }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// errTiled: a surface has no range of bytes, and what is none has no rectangles.
var (
	errTiled    error = &ArgumentError{Name: "allocation", Given: "a surface", Allowed: "an allocation of bytes"}
	errNotTiled error = &ArgumentError{Name: "allocation", Given: "an allocation of bytes", Allowed: "a surface"}
)

// withCause gives a refusal by the disk the refusal in memory as its cause.
func withCause(err, cause error) error {
	var full *FullError
	if cause != nil && errors.As(err, &full) && full.Cause == nil {
		full.Cause = cause
	}
	return err
}

// becauseUnavailable gives a refusal in memory the reason why the disk was no way out as its cause. If
// memory was not asked, or the disk is not the problem, that reason is the error.
func becauseUnavailable(refusal, err error) error {
	var full *FullError
	if errors.As(refusal, &full) && errors.Is(err, driver.ErrUnavailable) {
		full.Cause = err
		return full
	}
	return err
}

// isFull reports whether an error is for want of room.
func isFull(err error) bool {
	var full *FullError
	return errors.As(err, &full)
}

// lacksMemory reports whether an error is for want of memory.
func lacksMemory(err error) bool {
	var full *FullError
	return errors.As(err, &full) && full.Medium == Memory
}
