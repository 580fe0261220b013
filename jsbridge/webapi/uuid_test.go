//go:build js && wasm

package webapi

import (
	"strings"
	"testing"
)

func TestUUIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id, err := UUID()
		if err != nil {
			t.Fatal(err)
		}
		if !IsUUID(id) || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Errorf("UUID made %q", id)
		}
		seen[id] = true
	}
}
