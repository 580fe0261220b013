//go:build js && wasm

// Package webapi has what stores in a browser have in common: calls of JavaScript that may throw or never be answered,
// and the rules by which a store has a name and a lock, and is swept when whoever had it has died.
package webapi
