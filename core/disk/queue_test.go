package disk

import (
	"asposecache/core/driver/mapstore"
	"testing"
)

// While storing fails nothing leaves the queue, but what was dropped has to.
func TestTheQueueForgetsWhatWasDropped(t *testing.T) {
	d := &Disk{store: mapstore.New()}
	enqueue := func() *Image {
		im, err := d.Blank(nil, 10)
		if err != nil {
			t.Fatal(err)
		}
		d.Enqueue(im)
		return im
	}
	kept := enqueue()
	for range 1000 {
		d.Drop(enqueue())
	}
	last := enqueue()
	if n := len(d.queue.images); n > 4 {
		t.Errorf("it has %d images", n)
	}
	images, bytes := d.queue.take(100, 100)
	if len(images) != 2 || images[0] != kept || images[1] != last || bytes != 20 {
		t.Errorf("it gives %d images of %d bytes", len(images), bytes)
	}
	if d.queue.queued != 0 || d.queue.waiting != 20 || d.queue.gone != 0 {
		t.Errorf("it is left as %+v", d.queue)
	}
}
