//go:build js && wasm

// Package webdisk is the disk of a page: the first of some stores that can be opened.
package webdisk

import (
	"context"
	"errors"
	"syscall/js"
	"time"

	"asposecache/core/driver"
	"asposecache/jsbridge/idbstore"
	"asposecache/jsbridge/opfsstore"
	"asposecache/jsbridge/webapi"
)

// A store is one that the disk can lie on.
type store interface {
	driver.Store
	Place() (store, thread string)
	CopiedBytes() int64
}

// Disk is a [driver.Store] on one of some others: the one that is open, or is tried next.
type Disk struct {
	store
	*webapi.FolderSetting
	others []store // that are tried if the first can't be opened
	failed []store
	files  js.Value
}

// New returns the disk that the host wants: its diskStore is "indexedDB", "opfs", or "auto", which is files where they
// can be had. diskWorker and files are what the stores need; see the packages idbstore and opfsstore.
func New(host js.Value) *Disk {
	folder := webapi.NewFolderSetting("") // which the bridge sets
	d := &Disk{FolderSetting: folder, files: host.Get("files")}
	if kind := host.Get("diskStore").String(); kind != "indexedDB" {
		d.others = append(d.others, opfsstore.New(opfsstore.Options{Folder: folder, Files: d.files}))
		if kind == "opfs" {
			d.next()
			return d
		}
	}
	d.others = append(d.others, idbstore.New(idbstore.Options{Folder: folder, Worker: host.Get("diskWorker")}))
	d.next()
	return d
}

func (d *Disk) next() { d.store, d.others = d.others[0], d.others[1:] }

// patience is how long a store may take to open if there is another one.
const patience = 2 * time.Second

// Open opens the first of the stores that can be. One that failed is not tried again if there are others. One that has no
// room is not passed over: its error, [driver.ErrQuota], is returned.
func (d *Disk) Open(ctx context.Context) error {
	for len(d.others) > 0 {
		limited, cancel := driver.Within(ctx, patience, webapi.ErrNoAnswer)
		err := d.store.Open(limited)
		cancel()
		if err == nil || errors.Is(err, driver.ErrQuota) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		d.failed = append(d.failed, d.store)
		d.next()
	}
	return d.store.Open(ctx)
}

// Close closes all of them.
func (d *Disk) Close(ctx context.Context) error {
	err := d.store.Close(ctx)
	for _, s := range append(d.failed, d.others...) {
		_ = s.Close(ctx) // it has nothing
	}
	return err
}

// Sweep removes what stores of either kind have left behind in the folder of this one, and returns how many; see
// [webapi.Sweep].
func (d *Disk) Sweep(ctx context.Context, patience time.Duration) (int, error) {
	folder, _ := d.Folder()
	databases, err := idbstore.Sweep(ctx, folder, patience)
	files, filesErr := opfsstore.Sweep(ctx, folder, patience, d.files)
	return databases + files, errors.Join(err, filesErr)
}
