//go:build js && wasm

// Command wasm is the program that browsers run: it only puts the parts together. In the worker of the disk the same
// program does nothing but write to IndexedDB.
package main

import (
	"asposecache/jsbridge"
	"asposecache/jsbridge/idbstore"
	"asposecache/jsbridge/webapi"
	"asposecache/jsbridge/webdisk"
)

// version is set by the build; the loader compares it with its own.
var version = "dev"

func main() {
	host := webapi.Host()
	if host.Get("serves").Truthy() {
		idbstore.Serve(version, host) // to the end
	}
	jsbridge.Run(version, webdisk.New(host))
}
