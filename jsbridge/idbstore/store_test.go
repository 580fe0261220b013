//go:build js && wasm

package idbstore

import (
	"testing"

	"asposecache/core"
	"asposecache/core/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) core.Store { return New(Options{Folder: "conformance"}) })
	if names := databasesOf(t, "conformance/"); len(names) != 0 {
		t.Errorf("databases are left over: %v", names)
	}
}
