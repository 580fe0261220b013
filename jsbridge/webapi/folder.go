//go:build js && wasm

package webapi

import (
	"sync"

	"asposecache/core"
)

// A FolderSetting is what the names of stores begin with. It can change until the first try to open the store.
type FolderSetting struct {
	mu    sync.Mutex
	name  string
	fixed bool
}

// NewFolderSetting returns one with a name. An empty one must be changed before a store is opened.
func NewFolderSetting(name string) *FolderSetting { return &FolderSetting{name: name} }

// Folder returns the name, and reports whether it is fixed.
func (f *FolderSetting) Folder() (name string, fixed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.name, f.fixed
}

// SetFolder changes the name. After the first try to open the store that is a [core.ArgumentError].
func (f *FolderSetting) SetFolder(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fixed && name != f.name {
		return &core.ArgumentError{Name: "cacheFolder", Given: `"` + name + `"`,
			Allowed: `"` + f.name + `", as the disk is in use`}
	}
	f.name = name
	return nil
}

// Fix returns the name, which is fixed from now on.
func (f *FolderSetting) Fix() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fixed = true
	return f.name
}
