//go:build js && wasm

// Command wasm is the program that browsers run: it only puts the parts together.
package main

import (
	"asposecache/jsbridge"
	"asposecache/jsbridge/idbstore"
)

// version is set by the build; the loader compares it with its own.
var version = "dev"

func main() { jsbridge.Run(version, idbstore.New(idbstore.Options{})) }
