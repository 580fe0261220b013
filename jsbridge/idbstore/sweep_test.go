//go:build js && wasm

package idbstore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"asposecache/jsbridge/webapi"
)

const (
	id1 = "11111111-1111-4111-8111-111111111111"
	id2 = "22222222-2222-4222-8222-22222222abcd"
)

func TestSweepRemovesTheDeadAndKeepsTheLiving(t *testing.T) {
	s := openStore(t, "sweeping")
	mustPut(t, s, 1)
	createDatabase(t, "sweeping/"+id1)
	createDatabase(t, "sweeping/"+id2)
	n, err := Sweep(context.Background(), "sweeping", 0)
	if n != 2 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if names := databasesOf(t, "sweeping/"); len(names) != 1 || names[0] != s.name {
		t.Errorf("there are %v", names)
	}
	if there := has(t, s, 1); !there[0] {
		t.Error("the living one has lost its record")
	}
}

func TestSweepTouchesNoOtherName(t *testing.T) {
	keep := []string{
		"a/b/" + id1, "ab/" + id1, "a" + id1, "a//" + id1, "/a/" + id1, "b/" + id1, "A/" + id1, "a/x" + id1,
		"a/" + id1 + "x", "a/" + strings.ToUpper(id2), "a/" + strings.ReplaceAll(id1, "-", "1"), "a/", "a/notes",
	}
	for _, name := range keep {
		createDatabase(t, name)
	}
	createDatabase(t, "a/"+id1)
	if n, err := Sweep(context.Background(), "a", 0); n != 1 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	left := databasesOf(t, "")
	for _, name := range keep {
		if !slices.Contains(left, name) {
			t.Errorf("%q is gone", name)
		}
	}
	if slices.Contains(left, "a/"+id1) {
		t.Error("the dead one is still there")
	}
	if n, err := Sweep(context.Background(), "a/b", 0); n != 1 || err != nil {
		t.Errorf("Sweep of the folder below: %d, %v", n, err)
	}
}

func TestSweepOfAFrameThatDied(t *testing.T) {
	name := "frames/" + id1
	frame := runAsync(t, `
		const frame = document.createElement('iframe')
		document.body.append(frame)
		const w = frame.contentWindow
		await new Promise((granted) => { w.navigator.locks.request(b, () => { granted(); return new w.Promise(() => {}) }) })
		const request = w.indexedDB.open(a, 1)
		request.onupgradeneeded = () => request.result.createObjectStore('records')
		await new Promise((resolve) => { request.onsuccess = resolve })
		return frame`, name, webapi.LockName(name))
	if n, err := Sweep(context.Background(), "frames", 0); n != 0 || err != nil {
		t.Errorf("Sweep while it lives: %d, %v", n, err)
	}
	frame.Call("remove")
	eventually(t, "its lock is free", func() bool { return !locked(t, name) })
	if n, err := Sweep(context.Background(), "frames", 0); n != 1 || err != nil {
		t.Errorf("Sweep when it is dead: %d, %v", n, err)
	}
	if names := databasesOf(t, "frames/"); len(names) != 0 {
		t.Errorf("there are %v", names)
	}
}

func TestSweepsAtOnce(t *testing.T) {
	for _, id := range []string{id1, id2} {
		createDatabase(t, "twice/"+id)
	}
	var wg sync.WaitGroup
	var removed [3]int
	for i := range removed {
		wg.Go(func() {
			n, err := Sweep(context.Background(), "twice", 0)
			if err != nil {
				t.Errorf("Sweep: %v", err)
			}
			removed[i] = n
		})
	}
	wg.Wait()
	if names := databasesOf(t, "twice/"); len(names) != 0 {
		t.Errorf("there are %v", names)
	}
	if removed[0]+removed[1]+removed[2] < 2 {
		t.Errorf("removed %v", removed)
	}
}

func TestSweepDoesNotWaitForEver(t *testing.T) {
	shorten(t, &webapi.Limit, time.Second)
	blocked := "stuck/" + id1
	createDatabase(t, blocked)
	createDatabase(t, "stuck/"+id2)
	other := runAsync(t, `return new Promise((r) => { indexedDB.open(a).onsuccess = (e) => r(e.target.result) })`, blocked)
	n, err := Sweep(context.Background(), "stuck", 0)
	if n != 1 || err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	eventually(t, "the lock is free", func() bool { return !locked(t, blocked) })
	other.Call("close")

	hung := patch(t, "IDBFactory.prototype", "databases", `() => new Promise(() => {})`)
	if n, err := Sweep(context.Background(), "stuck", 0); n != 0 || err == nil {
		t.Errorf("Sweep when listing hangs: %d, %v", n, err)
	}
	hung()
	missing := patch(t, "IDBFactory.prototype", "databases", `undefined`)
	if n, err := Sweep(context.Background(), "stuck", 0); n != 0 || err != nil {
		t.Errorf("Sweep when databases can't be listed: %d, %v", n, err)
	}
	missing()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := Sweep(ctx, "stuck", 0); n != 0 || err == nil {
		t.Errorf("Sweep with a context that has ended: %d, %v", n, err)
	}
}
