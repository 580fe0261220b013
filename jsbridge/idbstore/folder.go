//go:build js && wasm

package idbstore

import "asposecache/core"

// Folder returns what the database's name begins with, and reports whether that is fixed: it is from the first
// try to open the store on.
func (s *Store) Folder() (name string, fixed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.folder, s.folderFixed
}

// SetFolder changes what the database's name begins with.
func (s *Store) SetFolder(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folderFixed && name != s.folder {
		return &core.ArgumentError{Name: "cacheFolder", Given: `"` + name + `"`,
			Allowed: `"` + s.folder + `", as the disk is in use`}
	}
	s.folder = name
	return nil
}

// fixFolder is Folder for Open.
func (s *Store) fixFolder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folderFixed = true
	return s.folder
}
