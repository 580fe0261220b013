//go:build js && wasm

package idbstore

import (
	"context"
	"strings"
	"syscall/js"
	"testing"
)

func databasesOf(t *testing.T, prefix string) (found []string) {
	t.Helper()
	names, err := databases(context.Background())
	if err != nil {
		t.Fatalf("databases: %v", err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			found = append(found, name)
		}
	}
	return found
}

var _ js.Value
