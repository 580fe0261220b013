package drivertest_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

// sealed is a store that encrypts what another keeps: it shows that one store can wrap another. A key names one record
// only, so it is nonce enough.
type sealed struct {
	driver.Store
	aead cipher.AEAD
}

func newSealed(below driver.Store) *sealed {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &sealed{below, aead}
}

// Traits are those of the store below, but that a record is longer there, and opened as a whole.
func (s *sealed) Traits() driver.Traits {
	t := s.Store.Traits()
	t.RecordBytes -= s.aead.Overhead()
	t.Ranges = false
	return t
}

func (s *sealed) nonce(key driver.Key) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, s.aead.NonceSize()-8), uint64(key))
}

func (s *sealed) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	below := make([]driver.Record, len(puts))
	for i, r := range puts {
		plain := make([]byte, r.Data.Len())
		if err := r.Data.ReadAt(plain, 0); err != nil {
			return err
		}
		below[i] = driver.Record{Key: r.Key, Data: driver.Bytes(s.aead.Seal(nil, s.nonce(r.Key), plain, nil))}
	}
	return s.Store.Apply(ctx, below, deletes)
}

func (s *sealed) Get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	below := make([]driver.Range, len(ranges))
	for i, r := range ranges {
		below[i] = driver.Range{Key: r.Key, Size: r.Size + s.aead.Overhead()}
	}
	bufs, err := s.Store.Get(ctx, below)
	for i, b := range bufs {
		if b != nil {
			bufs[i] = s.open(ranges[i].Key, b)
			s.FreeBuffer(b)
		}
	}
	return bufs, err
}

// open returns a buffer with what was sealed, or nil if somebody has changed it.
func (s *sealed) open(key driver.Key, b driver.Buffer) driver.Buffer {
	p := make([]byte, b.Len())
	if b.ReadAt(p, 0) != nil {
		return nil
	}
	plain, err := s.aead.Open(nil, s.nonce(key), p, nil)
	if err != nil {
		return nil
	}
	opened, err := s.NewBuffer(len(plain))
	if err != nil {
		return nil
	}
	if opened.WriteAt(plain, 0) != nil {
		s.FreeBuffer(opened)
		return nil
	}
	return opened
}

func TestAStoreThatWrapsAnother(t *testing.T) {
	drivertest.Run(t, func(*testing.T) driver.Store { return newSealed(mapstore.New()) })
}
