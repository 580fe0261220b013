package core

// A Keeper is a source of a write whose bytes belong to somebody else and are only valid during the
// call. Before the cache waits for the first time it asks the source to make a copy of its own.
type Keeper interface {
	Keep() error
}
