package core

// A Keeper is a source of a write whose bytes belong to somebody else, who may change them as soon as the write waits.
// Before it waits for the first time it has the source make a copy of its own, by Keep, which is called without the
// lock.
type Keeper interface {
	Keep() error
}
