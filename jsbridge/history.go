//go:build js && wasm

//lint:file-ignore U1000 what JavaScript uses looks unused from here

package jsbridge

import (
	"unicode/utf8"

	"asposecache/core"
	"asposecache/jsbridge/jsbuf"
)

// historyRevision returns another number whenever what a history's entries tell has changed; 0: there is no such
// history.
//
//go:wasmexport historyRevision
func historyRevision(number float64) (revision float64) {
	defer recovered()
	if h := the.histories[int(number)]; h != nil {
		return float64(h.Revision())
	}
	return 0
}

// historyCan returns 1 when there is an entry by places after the current one, or, for by < 0, before it.
//
//go:wasmexport historyCan
func historyCan(number float64, by int32) (ok int32) {
	defer recovered()
	if h := the.histories[int(number)]; h != nil && h.Can(int(by)) {
		return 1
	}
	return 0
}

// entriesObject returns entries in two values, however many there are: all labels in one string, and numbers as the
// bytes of a Float64Array: which one is the current, and then, of each, its bytes, its medium and the length of its
// label.
func entriesObject(entries []core.HistoryEntry) any {
	numbers := make([]float64, 1, 1+3*len(entries))
	var labels []byte
	for i, e := range entries {
		if e.Current {
			numbers[0] = float64(i)
		}
		numbers = append(numbers, float64(e.Bytes), float64(e.Medium), float64(lengthInJS(e.Label)))
		labels = append(labels, e.Label...)
	}
	return object("labels", string(labels), "numbers", jsbuf.Numbers(numbers))
}

// dropped returns which entries of which history an event is about, nil if of none.
func (b *bridge) dropped(e core.Event) any {
	if e.History == nil {
		return nil
	}
	for number, h := range b.histories {
		if h == e.History {
			labels := make([]any, len(e.Labels))
			for i, label := range e.Labels {
				labels[i] = label
			}
			return object("history", number, "labels", labels)
		}
	}
	return object("history", 0, "labels", []any{}) // it is gone, and with it whoever would want to know
}

// lengthInJS returns the length that a string has in JavaScript, where what lies beyond 16 bits counts twice.
func lengthInJS(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
