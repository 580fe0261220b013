//go:build js && wasm

package idbstore

import (
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/jsbridge/webapi"
)

func TestConformance(t *testing.T) {
	drivertest.Run(t, func(*testing.T) driver.Store { return New(Options{Folder: webapi.NewFolderSetting("conformance")}) })
	if names := databasesOf(t, "conformance/"); len(names) != 0 {
		t.Errorf("databases are left over: %v", names)
	}
}
