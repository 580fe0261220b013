package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"

	"pgregory.net/rapid"
)

// versions is what the cache should be when pages are shared: every allocation a plain slice of bytes, and
// beside it the versions of its pages by name. Both counters follow from that: each version counts once, on
// its medium, and so does what is reserved.
type versions struct {
	cache    *core.Cache
	store    *mapstore.Store
	faulty   *drivertest.Faulty
	settings core.Settings
	live     []*versioned
	broken   bool
	done     *int
}

type versioned struct {
	a        *core.Allocation
	want     []byte
	pages    []*version // nil: never written, on disk
	reserved int64
	home     core.Medium
}

// GoString is what rapid prints.
func (v *versioned) GoString() string {
	return fmt.Sprintf("number %d, %d bytes", v.a.ID(), len(v.want))
}

type version struct {
	size   int64
	medium core.Medium
	short  bool // somebody has grown beyond it on disk
}

func TestModelOfSnapshots(t *testing.T) {
	checkModel(t, 250, extent{1000, 60_000}, extent{80, 5_000}, func(t *rapid.T, store *mapstore.Store, done *int) {
		m := &versions{store: store, done: done}
		m.faulty = drivertest.NewFaulty(m.store)
		cache, err := core.New(core.Config{Store: m.faulty})
		if err != nil {
			t.Fatal(err)
		}
		m.cache = cache
		t.Repeat(map[string]func(*rapid.T){
			"allocate":      m.allocate,
			"configure":     m.configure,
			"write":         m.write,
			"write more":    m.write,
			"write again":   m.write,
			"write at once": m.writeAtOnce,
			"snapshot":      m.snapshot,
			"another":       m.snapshot,
			"reallocate":    m.reallocate,
			"move":          m.move,
			"move back":     m.moveToMemory,
			"dispose":       m.dispose,
			"flush":         m.flush,
			"break or heal": m.breakOrHeal,
			"":              m.check,
		})
		m.end(t)
	})
}

func lengthOf(size, i int64) int64 { return min(core.PageSize, size-i*core.PageSize) }

func pagesFor(size int64) int64 { return (size + core.PageSize - 1) / core.PageSize }

// held adds up what the counters should say.
func (m *versions) held() (held [2]int64) {
	seen := make(map[*version]bool)
	for _, v := range m.live {
		held[core.Disk] += v.reserved
		for _, p := range v.pages {
			if p != nil && !seen[p] {
				seen[p] = true
				held[p.medium] += p.size
			}
		}
	}
	return held
}

func (m *versions) holders(p *version) (n int) {
	for _, v := range m.live {
		for _, q := range v.pages {
			if p == q {
				n++
			}
		}
	}
	return n
}

func (m *versions) fits(held [2]int64, medium core.Medium, n int64) bool {
	limit := m.settings.MaxMemoryForCache
	if medium == core.Disk {
		limit = m.settings.MaxDiskSpaceForCache
	}
	return limit == 0 || held[medium]+n <= limit
}

func (v *versioned) medium() core.Medium {
	if v.home == core.Memory && len(v.want) > 0 {
		for _, p := range v.pages {
			if p != nil && p.medium == core.Memory {
				return core.Memory
			}
		}
		v.home = core.Disk
	}
	return v.home
}

// spills reports whether pages may go to disk for others, which the model does not foresee: it looks where
// they are.
func (m *versions) spills() bool {
	return m.settings.SpillPolicy == core.SpillColdest && m.settings.CacheType == core.Auto
}

func (m *versions) pick(t *rapid.T) *versioned {
	if len(m.live) == 0 {
		t.Skip("nothing is allocated")
	}
	return rapid.SampledFrom(m.live).Draw(t, "allocation")
}

func (m *versions) configure(t *rapid.T) {
	limits := rapid.SampledFrom([]int64{0, 100_000, 600_000, 1_000_000, 2_000_000})
	m.settings = core.Settings{
		CacheType:            rapid.SampledFrom([]core.CacheType{core.Auto, core.Auto, core.Auto, core.CacheInMemoryOnly, core.CacheOnDiskOnly}).Draw(t, "type"),
		MaxMemoryForCache:    limits.Draw(t, "memory"),
		MaxDiskSpaceForCache: rapid.SampledFrom([]int64{0, 0, 500_000, 2_000_000}).Draw(t, "disk"),
		ExactReallocateOnly:  rapid.Bool().Draw(t, "exact"),
		SpillPolicy:          rapid.SampledFrom([]core.SpillPolicy{core.SpillNever, core.SpillColdest}).Draw(t, "policy"),
	}
	if err := m.cache.Configure(m.settings); err != nil {
		t.Fatal(err)
	}
}

func (m *versions) allocate(t *rapid.T) {
	if len(m.live) >= 10 {
		t.Skip("enough is allocated")
	}
	size := sizes.Draw(t, "size")
	held := m.held()
	ok, home := true, core.Memory
	switch {
	case m.settings.CacheType != core.CacheOnDiskOnly && m.fits(held, core.Memory, size):
	case m.settings.CacheType != core.CacheInMemoryOnly && m.fits(held, core.Disk, size):
		home = core.Disk
	default:
		ok = false
	}
	makesRoom := m.makesRoom(size, size, 0, nil)
	a, err := m.cache.Allocate(context.Background(), size)
	switch {
	case makesRoom == always, makesRoom == perhaps && err == nil && a.Medium() == core.Memory:
		ok, home = true, core.Memory
	default:
		m.unmoved(t)
	}
	if !ok {
		mustBeFull(t, err)
		m.look(t, nil)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if a.Medium() != home {
		t.Fatalf("it is in %v, want %v", a.Medium(), home)
	}
	v := &versioned{a: a, want: make([]byte, size), home: home, pages: make([]*version, pagesFor(size))}
	if home == core.Memory {
		for i := range v.pages {
			v.pages[i] = &version{size: lengthOf(size, int64(i))}
		}
	} else {
		v.reserved = size
	}
	m.live = append(m.live, v)
	m.look(t, v)
}

// whether says what the model knows of a spill without knowing what is coldest: how much moves is only known up to a
// page.
type whether int

const (
	never whether = iota
	perhaps
	always
)

// makesRoom reports whether other pages than those of keep leave memory, so that there is room for n bytes more of what
// has size bytes in all and needs so many on disk itself.
func (m *versions) makesRoom(size, n, onDisk int64, keep *versioned) whether {
	held, limit := m.held(), m.settings.MaxMemoryForCache
	if !m.spills() || m.broken || m.fits(held, core.Memory, n) || size > limit {
		return never
	}
	movable := held[core.Memory]
	if keep != nil {
		for _, p := range keep.pages {
			if p != nil && p.medium == core.Memory {
				movable -= p.size
			}
		}
	}
	switch lack := held[core.Memory] + n - limit; {
	case movable < lack || !m.fits(held, core.Disk, onDisk+lack):
		return never
	case m.fits(held, core.Disk, onDisk+lack+core.PageSize-1):
		return always
	}
	return perhaps
}

// unmoved makes sure that everything is where the model has it.
func (m *versions) unmoved(t *rapid.T) {
	for _, v := range m.live {
		for i, medium := range v.a.PageMedia() {
			if p := v.pages[i]; p != nil && medium != p.medium {
				t.Fatalf("page %d of number %d has moved to %v", i, v.a.ID(), medium)
			}
		}
	}
}

// writeTo does to the model what a write does, or returns that there is no room. onlyMemory: it must not
// use the disk.
func (m *versions) writeTo(v *versioned, off, n int64, onlyMemory bool) bool {
	if n == 0 {
		return true
	}
	held := m.held()
	size, reserved := int64(len(v.want)), v.reserved
	pages := append([]*version(nil), v.pages...)
	var away []int64
	var need int64
	for i := off / core.PageSize; i < pagesFor(off+n); i++ {
		p, length := pages[i], lengthOf(size, i)
		shared := p != nil && m.holders(p) > 1
		switch {
		case p != nil && p.medium == core.Memory && !shared:
		case p != nil && p.medium == core.Memory && m.fits(held, core.Memory, length):
			held[core.Memory] += length
			pages[i] = &version{size: length}
		case p != nil && p.medium == core.Memory:
			if onlyMemory || m.settings.CacheType == core.CacheInMemoryOnly {
				return false
			}
			away = append(away, i)
		case onlyMemory:
			return false
		default:
			extra, grown := length, length
			if p != nil {
				grown -= p.size
				if !shared {
					extra -= p.size
				}
			}
			r := max(0, min(grown, reserved))
			reserved -= r
			need += extra - r
			pages[i] = &version{size: length, medium: core.Disk}
		}
	}
	if need > 0 && !m.fits(held, core.Disk, need) {
		return false
	}
	held[core.Disk] += need
	need = 0
	for _, i := range away {
		need += pages[i].size
	}
	if need > 0 && !m.fits(held, core.Disk, need) {
		return false
	}
	for _, i := range away {
		pages[i].medium = core.Disk // the others see it there
		pages[i] = &version{size: lengthOf(size, i)}
	}
	v.pages, v.reserved = pages, reserved
	return true
}

func (m *versions) draw(t *rapid.T, v *versioned) (off int64, data []byte) {
	off = rapid.Int64Range(0, int64(len(v.want))).Draw(t, "offset")
	n := min(sizes.Draw(t, "length"), int64(len(v.want))-off)
	seed := rapid.Byte().Draw(t, "seed")
	data = make([]byte, n)
	for i := range data {
		data[i] = seed + byte(i*7) + byte(i>>8)
	}
	return off, data
}

func (m *versions) write(t *rapid.T) {
	v := m.pick(t)
	off, data := m.draw(t, v)
	err := v.a.WriteAt(context.Background(), data, off)
	switch {
	case err == nil && m.spills():
		m.learnWrite(v, off, int64(len(data)))
	case err == nil:
		if !m.writeTo(v, off, int64(len(data)), false) {
			t.Fatal("there was no room for it")
		}
	case m.broken && (m.spills() || !isFull(err) || errors.Is(err, driver.ErrUnavailable)):
		m.look(t, v)
		return
	default:
		m.unmoved(t)
		if m.writeTo(v, off, int64(len(data)), false) {
			t.Fatalf("there was room for it: %v", err)
		}
		mustBeFull(t, err)
		m.look(t, v)
		return
	}
	copy(v.want[off:], data)
	m.look(t, v)
}

// learnWrite makes the versions that a write has made; where they are is looked up afterwards.
func (m *versions) learnWrite(v *versioned, off, n int64) {
	for i := off / core.PageSize; n > 0 && i < pagesFor(off+n); i++ {
		length := lengthOf(int64(len(v.want)), i)
		p := v.pages[i]
		if p != nil && m.holders(p) == 1 && p.size == length {
			p.short = false // whoever has grown beyond it has gone
			continue
		}
		grown := length
		if p != nil {
			grown -= p.size
		}
		v.reserved -= max(0, min(grown, v.reserved))
		v.pages[i] = &version{size: length}
	}
}

func (m *versions) writeAtOnce(t *rapid.T) {
	v := m.pick(t)
	off, data := m.draw(t, v)
	if len(data) == 0 {
		t.Skip("nothing to write")
	}
	purpose := rapid.SampledFrom([]core.Purpose{core.ForWriting, core.ForReplacing}).Draw(t, "purpose")
	_, err := v.a.Access(off, int64(len(data)), purpose)
	ok := m.writeTo(v, off, int64(len(data)), true)
	if ok != (err == nil) {
		t.Fatalf("it should be %v: %v", ok, err)
	}
	if ok {
		if purpose == core.ForWriting { // which may be to some of the bytes
			data = data[:len(data)/2]
		}
		for done := 0; done < len(data); {
			done += copy(v.a.Chunk(off+int64(done)), data[done:])
		}
		copy(v.want[off:], data)
	}
	m.look(t, v)
}

func (m *versions) snapshot(t *rapid.T) {
	if len(m.live) >= 10 {
		t.Skip("enough is allocated")
	}
	v := m.pick(t)
	a, err := v.a.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if a.Role() != core.RoleHistory || a.Size() != v.a.Size() {
		t.Fatalf("the snapshot is %v of %d bytes", a.Role(), a.Size())
	}
	s := &versioned{a: a, want: bytes.Clone(v.want), pages: append([]*version(nil), v.pages...), home: v.medium()}
	m.live = append(m.live, s)
	m.look(t, s)
}

func (m *versions) reallocate(t *rapid.T) {
	v := m.pick(t)
	size := sizes.Draw(t, "size")
	old := int64(len(v.want))
	exact := m.settings.ExactReallocateOnly
	makesRoom := never
	if exact && size > old && v.medium() == core.Memory {
		needed, _ := m.grown(v, size)
		if m.fits(m.held(), core.Disk, needed[core.Disk]) {
			makesRoom = m.makesRoom(size, needed[core.Memory], needed[core.Disk], v)
		}
	}
	err := v.a.Reallocate(context.Background(), size)
	switch {
	case size <= old:
		if err != nil {
			t.Fatal(err)
		}
		m.shrink(v, size)
	case err != nil && m.broken:
		m.look(t, v)
		return
	case err != nil:
		mustBeFull(t, err)
		m.unmoved(t)
		if makesRoom == always || m.grow(v, size, false) {
			t.Fatalf("there was room for it: %v", err)
		}
		m.look(t, v)
		return
	default:
		made := makesRoom == always || makesRoom == perhaps && v.a.Medium() == core.Memory
		if !m.grow(v, size, made) {
			t.Fatalf("there was no room for it: %v", m.held())
		}
		if v.a.Medium() != v.medium() {
			t.Fatalf("it is in %v, want %v", v.a.Medium(), v.medium())
		}
		if !made {
			m.unmoved(t)
		}
	}
	grown := make([]byte, size)
	copy(grown, v.want)
	v.want = grown
	m.look(t, v)
}

func (m *versions) shrink(v *versioned, size int64) {
	v.medium()
	bare := int64(len(v.want)) - size
	for _, p := range v.pages[pagesFor(size):] {
		if p != nil {
			bare -= p.size
		}
	}
	v.pages = v.pages[:pagesFor(size):pagesFor(size)]
	if last := pagesFor(size) - 1; last >= 0 {
		if p := v.pages[last]; p != nil && p.size > lengthOf(size, last) {
			n := lengthOf(size, last)
			bare -= p.size - n
			v.pages[last] = &version{size: n, medium: p.medium}
		} else if p != nil && m.holders(p) == 1 {
			p.short = p.size < lengthOf(size, last)
		}
	}
	v.reserved -= max(0, min(v.reserved, bare))
}

// grown is what an allocation has when it has grown where it is, and what it needs for that.
func (m *versions) grown(v *versioned, size int64) (need [2]int64, pages []*version) {
	old := int64(len(v.want))
	need[v.medium()] = size - old
	pages = append(pages, v.pages...)
	if v.medium() == core.Disk {
		return need, append(pages, make([]*version, pagesFor(size)-pagesFor(old))...)
	}
	last := pagesFor(old) - 1
	if last >= 0 {
		p := pages[last]
		switch n := lengthOf(size, last); {
		case p == nil || p.medium == core.Disk:
			need[core.Memory] -= n - lengthOf(old, last)
			need[core.Disk] += n - lengthOf(old, last)
		case m.holders(p) > 1:
			need[core.Memory] += p.size
			pages[last] = &version{size: n}
		default:
			pages[last] = &version{size: n}
		}
	}
	for i := last + 1; i < pagesFor(size); i++ {
		pages = append(pages, &version{size: lengthOf(size, i)})
	}
	return need, pages
}

// grow does to the model what growing does, or returns that there is no room. roomMade: others have left memory for it.
func (m *versions) grow(v *versioned, size int64, roomMade bool) bool {
	held, old := m.held(), int64(len(v.want))
	need, pages := m.grown(v, size)
	fits := roomMade || !m.settings.ExactReallocateOnly
	if !fits {
		fits = (need[core.Memory] == 0 || m.fits(held, core.Memory, need[core.Memory])) &&
			(need[core.Disk] == 0 || m.fits(held, core.Disk, need[core.Disk]))
	}
	if fits {
		v.pages = pages
		v.shorten(old, size)
		v.reserved += need[core.Disk]
		return true
	}
	if v.medium() == core.Disk || m.settings.CacheType == core.CacheInMemoryOnly {
		return false
	}
	need[core.Disk] = size - old
	for _, p := range v.pages {
		if p != nil && p.medium == core.Memory {
			need[core.Disk] += p.size
		}
	}
	if !m.fits(held, core.Disk, need[core.Disk]) {
		return false
	}
	for _, p := range v.pages {
		if p != nil {
			p.medium = core.Disk
		}
	}
	v.pages = append(v.pages, make([]*version, pagesFor(size)-pagesFor(old))...)
	v.reserved += size - old
	v.home = core.Disk
	v.shorten(old, size)
	return true
}

// shorten notes that a page on disk stays as it is when the allocation grows beyond it.
func (v *versioned) shorten(old, size int64) {
	if last := pagesFor(old) - 1; last >= 0 {
		if p := v.pages[last]; p != nil && p.size < lengthOf(size, last) {
			p.short = true
		}
	}
}

func (m *versions) moveToMemory(t *rapid.T) {
	v := m.pick(t)
	size := int64(len(v.want))
	pages := append([]*version(nil), v.pages...)
	var need int64
	for i, p := range pages {
		switch {
		case p != nil && p.medium == core.Memory:
		case p == nil || p.short:
			pages[i] = &version{size: lengthOf(size, int64(i))}
			need += pages[i].size
		default:
			need += p.size
		}
	}
	makesRoom := m.makesRoom(size, need, 0, v)
	fits := need == 0 || m.fits(m.held(), core.Memory, need)
	err := v.a.MoveToMemory(context.Background())
	switch {
	case err == nil:
		if !fits && makesRoom == never {
			t.Fatalf("there was no room for it: %v", m.held())
		}
		for i, p := range pages {
			p.medium = core.Memory
			v.pages[i] = p
		}
		v.reserved, v.home = 0, core.Memory
		for _, o := range m.live { // they may share pages
			for _, p := range o.pages {
				if p != nil && p.medium == core.Memory {
					o.home = core.Memory
				}
			}
		}
		if fits {
			m.unmoved(t)
		}
		if v.a.Medium() != core.Memory || v.a.Held(core.Disk) != 0 {
			t.Fatalf("it is in %v and holds %d on disk", v.a.Medium(), v.a.Held(core.Disk))
		}
	case m.broken && m.spills():
	default:
		if fits || makesRoom == always {
			t.Fatalf("there was room for it: %v", err)
		}
		mustBeFull(t, err)
		m.unmoved(t)
	}
	m.look(t, v)
}

func (m *versions) move(t *rapid.T) {
	v := m.pick(t)
	err := v.a.MoveToDisk(context.Background())
	if m.broken && err != nil {
		m.look(t, v)
		return
	}
	var need int64
	for _, p := range v.pages {
		if p != nil && p.medium == core.Memory {
			need += p.size
		}
	}
	if ok := v.medium() == core.Disk || m.fits(m.held(), core.Disk, need); ok != (err == nil) {
		t.Fatalf("it should be %v: %v", ok, err)
	}
	if err == nil {
		for _, p := range v.pages {
			if p != nil {
				p.medium = core.Disk
			}
		}
		v.home = core.Disk
	} else {
		mustBeFull(t, err)
	}
	m.look(t, v)
}

func (m *versions) dispose(t *rapid.T) {
	m.remove(m.pick(t))
	*m.done++
}

func (m *versions) remove(v *versioned) {
	v.a.Dispose()
	for i := range m.live {
		if m.live[i] == v {
			m.live = append(m.live[:i], m.live[i+1:]...)
			return
		}
	}
}

func (m *versions) flush(t *rapid.T) {
	if err := m.pick(t).a.Flush(context.Background()); err != nil && !m.broken {
		t.Fatal(err)
	}
	*m.done++
}

func (m *versions) breakOrHeal(t *rapid.T) {
	m.broken = !m.broken
	if m.broken {
		m.faulty.SetHook(drivertest.Fail(drivertest.ErrInjected, drivertest.Apply))
		return
	}
	m.faulty.SetHook(nil)
	m.heal(t)
}

// heal makes sure that everybody was told of the failures, also of those that are still on their way: a
// transaction that began when the store was broken may end after it was healed.
func (m *versions) heal(t *rapid.T) {
	for range 2 {
		for _, v := range m.live {
			for n := 0; v.a.Flush(context.Background()) != nil; n++ {
				if n > 10 {
					t.Fatal("it does not heal")
				}
			}
		}
		for end := time.Now().Add(20 * time.Second); m.cache.Storing() > 0; {
			if time.Now().After(end) {
				t.Fatal("something goes on being stored")
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// learn waits until nothing moves, and nothing that has is still being stored, and notes where everything is.
func (m *versions) learn(t *rapid.T) {
	for end := time.Now().Add(20 * time.Second); m.cache.Leaving() > 0 || m.cache.Storing() > 0; {
		if time.Now().After(end) {
			t.Fatal("something goes on moving")
		}
		time.Sleep(50 * time.Microsecond)
	}
	for _, v := range m.live {
		for i, medium := range v.a.PageMedia() {
			if i >= len(v.pages) {
				break // the model is not there yet
			}
			if p := v.pages[i]; p != nil {
				if medium < 0 {
					t.Fatalf("page %d is missing", i)
				}
				p.medium = medium
			}
		}
	}
}

// look compares an allocation with its model.
func (m *versions) look(t *rapid.T, v *versioned) {
	*m.done++
	if m.spills() {
		m.learn(t)
		for _, v := range m.live {
			if int64(len(v.pages)) != pagesFor(int64(len(v.want))) {
				t.Fatal("the model is not right")
			}
		}
	}
	if v != nil {
		m.contents(t, v)
	}
}

func (m *versions) contents(t *rapid.T, v *versioned) {
	if v.a.Size() != int64(len(v.want)) || v.a.Medium() != v.medium() {
		t.Fatalf("%d bytes in %v, want %d in %v", v.a.Size(), v.a.Medium(), len(v.want), v.medium())
	}
	held := [2]int64{core.Disk: v.reserved}
	for i, medium := range v.a.PageMedia() {
		p := v.pages[i]
		if p == nil && medium >= 0 || p != nil && medium != p.medium {
			t.Fatalf("page %d is in %v, want %+v", i, medium, p)
		}
		if p != nil {
			held[p.medium] += p.size
		}
	}
	if v.a.Held(core.Memory) != held[core.Memory] || v.a.Held(core.Disk) != held[core.Disk] {
		t.Fatalf("it holds %d and %d, want %v", v.a.Held(core.Memory), v.a.Held(core.Disk), held)
	}
	got := bytes.Repeat([]byte{0xA5}, len(v.want))
	if err := v.a.ReadAt(context.Background(), got, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, v.want) {
		i := 0
		for got[i] == v.want[i] {
			i++
		}
		t.Fatalf("the contents differ from byte %d of %d on, in %v", i, len(got), v.medium())
	}
}

// check compares the counters, and now and then everything.
func (m *versions) check(t *rapid.T) {
	if err := m.cache.Check(); err != nil {
		t.Fatal(err)
	}
	held := m.held()
	if memory, disk := m.cache.Allocated(core.Memory), m.cache.Allocated(core.Disk); memory != held[0] || disk != held[1] {
		t.Fatalf("%d bytes in memory and %d on disk, want %v", memory, disk, held)
	}
	if *m.done%16 == 0 {
		for _, v := range m.live {
			m.contents(t, v)
		}
	}
}

// end disposes of everything and looks at what is left.
func (m *versions) end(t *rapid.T) {
	m.broken = false
	m.faulty.SetHook(nil)
	m.heal(t)
	for _, v := range m.live {
		m.contents(t, v)
	}
	for len(m.live) > 0 {
		m.remove(m.live[len(m.live)/2])
		m.check(t)
	}
	s := m.cache.Statistics()
	if s.Memory.OccupiedBytes != 0 || s.QueuedBytes != 0 || s.Memory.Allocations+s.Disk.Allocations != 0 {
		t.Fatalf("after disposing of everything: %+v", s)
	}
	if err := m.cache.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, buffers := m.store.Records(), m.store.Buffers(); n != 0 || buffers != 0 {
		t.Fatalf("%d records and %d buffers are left", n, buffers)
	}
}

func isFull(err error) bool {
	var full *core.FullError
	return errors.As(err, &full)
}
