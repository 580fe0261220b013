package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"

	"pgregory.net/rapid"
)

// pictures is what surfaces should be: each a picture copied whole, and beside it the versions of its tiles by name.
// Where the versions lie is looked up; both counters follow from that.
type pictures struct {
	cache    *core.Cache
	store    *mapstore.Store
	faulty   *drivertest.Faulty
	live     []*painting
	history  *core.History
	layer    *painting // the one with the history
	states   []state
	at       int
	whenFull core.WhenFull
	commits  int
	done     *int
	settings core.Settings
}

type painting struct {
	a     *core.Allocation
	w, h  int64
	bpp   int64
	want  []byte
	tiles []*version // nil: never written, on disk
}

// A state is what the history should have.
type state struct {
	w, h  int64
	want  []byte
	tiles []*version
	label string
}

// GoString is what rapid prints.
func (p *painting) GoString() string {
	return fmt.Sprintf("number %d, %d x %d x %d", p.a.ID(), p.w, p.h, p.bpp)
}

func (p *painting) across() int64 { return (p.w + 255) / 256 }

func (p *painting) tile(i int64) core.Rect {
	x, y := i%p.across()*256, i/p.across()*256
	return core.Rect{X: x, Y: y, Width: min(256, p.w-x), Height: min(256, p.h-y)}
}

func (p *painting) tileCount() int64 { return p.across() * ((p.h + 255) / 256) }

func (p *painting) tileBytes(i int64) int64 {
	t := p.tile(i)
	return t.Width * t.Height * p.bpp
}

func (p *painting) state() state {
	return state{w: p.w, h: p.h, want: bytes.Clone(p.want), tiles: append([]*version(nil), p.tiles...)}
}

func (p *painting) set(s state) {
	p.w, p.h, p.want, p.tiles = s.w, s.h, bytes.Clone(s.want), append([]*version(nil), s.tiles...)
}

// cut is a rectangle of the picture.
func (p *painting) cut(r core.Rect) []byte {
	var out []byte
	for y := r.Y; y < r.Y+r.Height; y++ {
		out = append(out, p.want[(y*p.w+r.X)*p.bpp:][:r.Width*p.bpp]...)
	}
	return out
}

func TestModelOfSurfaces(t *testing.T) {
	checkModel(t, 150, extent{200, 15_000}, extent{50, 1_500}, func(t *rapid.T, store *mapstore.Store, done *int) {
		m := &pictures{store: store, done: done}
		m.faulty = drivertest.NewFaulty(m.store)
		cache, err := core.New(core.Config{Store: m.faulty})
		if err != nil {
			t.Fatal(err)
		}
		m.cache = cache
		t.Repeat(map[string]func(*rapid.T){
			"allocate":       m.allocate,
			"configure":      m.configure,
			"stroke":         m.stroke,
			"another stroke": m.stroke,
			"one more":       m.stroke,
			"at once":        m.atOnce,
			"snapshot":       m.snapshot,
			"read":           m.read,
			"reduced":        m.reduced,
			"resize":         m.resize,
			"move":           m.move,
			"move back":      m.moveToMemory,
			"restore":        m.restore,
			"difference":     m.difference,
			"commit":         m.commit,
			"undo":           func(t *rapid.T) { m.step(t, -1) },
			"redo":           func(t *rapid.T) { m.step(t, 1) },
			"go to":          m.goTo,
			"dispose":        m.dispose,
			"flush":          m.flush,
			"":               m.check,
		})
		m.end(t)
	})
}

func (m *pictures) pick(t *rapid.T) *painting {
	if len(m.live) == 0 {
		t.Skip("nothing is allocated")
	}
	return rapid.SampledFrom(m.live).Draw(t, "surface")
}

var sides = rapid.OneOf(rapid.Int64Range(1, 40), rapid.Int64Range(200, 600), rapid.SampledFrom([]int64{1, 255, 256, 257, 512, 513}))

func (m *pictures) configure(t *rapid.T) {
	m.settings = core.Settings{
		CacheType:           rapid.SampledFrom([]core.CacheType{core.Auto, core.Auto, core.Auto, core.CacheInMemoryOnly, core.CacheOnDiskOnly}).Draw(t, "type"),
		MaxMemoryForCache:   rapid.SampledFrom([]int64{0, 500_000, 3_000_000, 8_000_000}).Draw(t, "memory"),
		ExactReallocateOnly: rapid.Bool().Draw(t, "exact"),
		SpillPolicy:         rapid.SampledFrom([]core.SpillPolicy{core.SpillNever, core.SpillColdest}).Draw(t, "policy"),
	}
	if err := m.cache.Configure(m.settings); err != nil {
		t.Fatal(err)
	}
}

func (m *pictures) allocate(t *rapid.T) {
	if len(m.live) >= 6 {
		t.Skip("enough is allocated")
	}
	w, h := sides.Draw(t, "width"), sides.Draw(t, "height")
	bpp := rapid.SampledFrom([]int64{1, 3, 4, 4, 8, 16}).Draw(t, "bpp")
	a, err := m.cache.AllocateSurface(context.Background(), core.SurfaceSpec{Width: w, Height: h, BytesPerPixel: int(bpp)})
	if err != nil {
		m.mustBeFull(t, err)
		return
	}
	p := &painting{a: a, w: w, h: h, bpp: bpp, want: make([]byte, w*h*bpp)}
	for i := range p.tileCount() {
		var v *version
		if a.Medium() == core.Memory {
			v = &version{size: p.tileBytes(i)}
		}
		p.tiles = append(p.tiles, v)
	}
	m.live = append(m.live, p)
	if m.layer == nil && a.Size() < 2_000_000 {
		m.whenFull = rapid.SampledFrom([]core.WhenFull{core.Refuse, core.DropOldest}).Draw(t, "when full")
		h, err := core.NewHistory(context.Background(), a, core.HistoryOptions{MaxEntries: 4, WhenFull: m.whenFull})
		if err != nil {
			t.Fatal(err)
		}
		m.layer, m.history, m.states, m.at = p, h, []state{p.state()}, 0
	}
	m.look(t, p)
}

func (m *pictures) mustBeFull(t *rapid.T, err error) {
	t.Helper()
	if m.settings.MaxMemoryForCache == 0 || !isFull(err) {
		t.Fatalf("want a FullError because of the limit, got %v", err)
	}
}

func drawRect(t *rapid.T, p *painting) core.Rect {
	x, y := rapid.Int64Range(0, p.w).Draw(t, "x"), rapid.Int64Range(0, p.h).Draw(t, "y")
	most := rapid.SampledFrom([]int64{20, 300, 1000}).Draw(t, "most")
	return core.Rect{X: x, Y: y,
		Width:  rapid.Int64Range(0, min(most, p.w-x)).Draw(t, "width"),
		Height: rapid.Int64Range(0, min(most, p.h-y)).Draw(t, "height")}
}

// holders are how many have a version: surfaces, and states of the history.
func (m *pictures) holders(v *version) (n int) {
	count := func(tiles []*version) {
		for _, o := range tiles {
			if o == v {
				n++
			}
		}
	}
	for _, p := range m.live {
		count(p.tiles)
	}
	for _, s := range m.states {
		count(s.tiles)
	}
	return n
}

// paint changes the model as a write does.
func (m *pictures) paint(p *painting, r core.Rect, data []byte, stride int64) {
	if r.Width == 0 || r.Height == 0 {
		return
	}
	for y := range r.Height {
		copy(p.want[((r.Y+y)*p.w+r.X)*p.bpp:][:r.Width*p.bpp], data[y*stride:])
	}
	for i := range p.tileCount() {
		t := p.tile(i)
		if t.X >= r.X+r.Width || t.X+t.Width <= r.X || t.Y >= r.Y+r.Height || t.Y+t.Height <= r.Y {
			continue
		}
		if p.tiles[i] == nil || m.holders(p.tiles[i]) > 1 {
			p.tiles[i] = &version{size: p.tileBytes(i)}
		}
	}
}

// giveWay takes from the model the states that a write to a rectangle has freed, and looks at whether it might.
func (m *pictures) giveWay(t *rapid.T, p *painting, r core.Rect, err error) {
	if m.layer == nil {
		return
	}
	was, at := m.states, m.at
	entries := m.history.Entries()
	first := 0
	for first < at && was[first].label != entries[0].Label {
		first++
	}
	if n := len(entries); first+n > len(was) || at >= first+n || !entries[at-first].Current {
		t.Fatalf("of %d states, the current one %d, there are %+v", len(was), at, entries)
	}
	undone := len(was) - first - len(entries)
	inMemory := m.settings.CacheType == core.CacheInMemoryOnly && m.cache.Allocated(core.Disk) == 0
	if need, could := m.needed(p, r), m.settings.MaxMemoryForCache-m.bytes()+m.alone(was[:at], was[at:]); inMemory && undone > 0 && need <= could {
		// What is undone goes only when the others would not have been enough. Of those, what makes no difference stays.
		t.Fatalf("%d undone states went for %d bytes, although the others could have given %d", undone, need, could)
	}
	m.states, m.at = was[first:first+len(entries)], at-first
	yields := m.whenFull == core.DropOldest && p == m.layer
	if gone := first + undone; gone > 0 && (!yields || err != nil) {
		t.Fatalf("%d states went; %v", gone, err)
	}
	if err == nil || !yields || m.settings.CacheType != core.CacheInMemoryOnly || !isFull(err) {
		return
	}
	// It was refused: all that might go would not have been enough.
	others := append(append([]state(nil), m.states[:m.at]...), m.states[m.at+1:]...)
	room := m.settings.MaxMemoryForCache - m.cache.Allocated(core.Memory) + m.alone(others, m.states[m.at:m.at+1])
	if need := m.needed(p, r); m.cache.Allocated(core.Disk) == 0 && need <= room {
		t.Fatalf("%d bytes were needed, %d could have been had", need, room)
	}
}

// alone is how many bytes states have that neither others nor anything that is painted on has.
func (m *pictures) alone(states, others []state) (n int64) {
	kept := make(map[*version]bool)
	for _, o := range m.live {
		for _, v := range o.tiles {
			kept[v] = true
		}
	}
	for _, s := range others {
		for _, v := range s.tiles {
			kept[v] = true
		}
	}
	for _, s := range states {
		for _, v := range s.tiles {
			if v != nil && !kept[v] {
				kept[v] = true
				n += v.size
			}
		}
	}
	return n
}

// bytes are those of all versions there are.
func (m *pictures) bytes() (n int64) {
	seen := make(map[*version]bool)
	count := func(tiles []*version) {
		for _, v := range tiles {
			if v != nil && !seen[v] {
				seen[v] = true
				n += v.size
			}
		}
	}
	for _, p := range m.live {
		count(p.tiles)
	}
	for _, s := range m.states {
		count(s.tiles)
	}
	return n
}

// needed is how many bytes of copies a write to a rectangle takes.
func (m *pictures) needed(p *painting, r core.Rect) (need int64) {
	for i := range p.tileCount() {
		tile := p.tile(i)
		covers := tile.X < r.X+r.Width && r.X < tile.X+tile.Width && tile.Y < r.Y+r.Height && r.Y < tile.Y+tile.Height
		if covers && p.tiles[i] != nil && m.holders(p.tiles[i]) > 1 {
			need += p.tileBytes(i)
		}
	}
	return need
}

func (m *pictures) stroke(t *rapid.T) {
	p := m.pick(t)
	r := drawRect(t, p)
	stride := r.Width*p.bpp + rapid.SampledFrom([]int64{0, 0, 1, 100}).Draw(t, "padding")
	n := stride * r.Height
	if r.Height > 0 && r.Width > 0 && rapid.Bool().Draw(t, "short") {
		n = stride*(r.Height-1) + r.Width*p.bpp
	}
	data := picture(int(n), rapid.Byte().Draw(t, "seed"))
	err := p.a.Turn().WriteRect(context.Background(), r, driver.Bytes(data), stride, nil)
	m.giveWay(t, p, r, err)
	if err != nil {
		m.mustBeFull(t, err)
	} else if n > 0 {
		m.paint(p, r, data, stride)
	}
	m.look(t, p)
}

func (m *pictures) atOnce(t *rapid.T) {
	p := m.pick(t)
	r := drawRect(t, p)
	purpose := rapid.SampledFrom([]core.Purpose{core.ForWriting, core.ForReplacing}).Draw(t, "purpose")
	err := p.a.ClaimRect(r, core.ForWriting)
	m.giveWay(t, p, r, err)
	if err == nil {
		err = p.a.AccessRect(r, purpose)
	}
	if err != nil {
		if !errors.Is(err, core.ErrNotInMemory) {
			m.mustBeFull(t, err)
		}
		m.look(t, p)
		return
	}
	stride := r.Width * p.bpp
	data, rows := p.cut(r), r.Height
	if purpose == core.ForWriting { // which may be to some of the pixels
		rows /= 2
	}
	copy(data, picture(int(stride*rows), 7))
	if purpose == core.ForReplacing {
		p.a.CopyRectIn(r, data)
		rows = 0
	}
	for y := range rows {
		for x := range r.Width {
			tile, width := p.a.Tile((r.X+x)/256, (r.Y+y)/256)
			at := ((r.Y+y)%256*int64(width) + (r.X+x)%256) * p.bpp
			copy(tile[at:at+p.bpp], data[y*stride+x*p.bpp:])
		}
	}
	m.paint(p, r, data, stride)
	m.look(t, p)
}

func (m *pictures) snapshot(t *rapid.T) {
	if len(m.live) >= 6 {
		t.Skip("enough is allocated")
	}
	p := m.pick(t)
	a, err := p.a.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := &painting{a: a, bpp: p.bpp}
	s.set(p.state())
	m.live = append(m.live, s)
	m.look(t, s)
}

func (m *pictures) read(t *rapid.T) {
	p := m.pick(t)
	r := drawRect(t, p)
	got := bytes.Repeat([]byte{0xA5}, int(r.Width*r.Height*p.bpp))
	if err := p.a.ReadRect(context.Background(), r, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, p.cut(r)) {
		t.Fatalf("%+v differs", r)
	}
	*m.done++
}

func (m *pictures) reduced(t *rapid.T) {
	p := m.pick(t)
	r := drawRect(t, p)
	shift := rapid.IntRange(0, 8).Draw(t, "shift")
	how := rapid.SampledFrom([]core.How{core.Pick, core.Average}).Draw(t, "how")
	var got driver.Bytes
	err := p.a.Turn().ReadRectScaled(context.Background(), r, shift, how, func(n int64) (driver.Buffer, error) {
		got = make(driver.Bytes, n)
		return got, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	src, side := p.cut(r), int64(1)<<shift
	var want []byte
	for y := int64(0); y < r.Height; y += side {
		for x := int64(0); x < r.Width; x += side {
			for k := range p.bpp {
				sum, n := int64(0), int64(0)
				for j := y; j < min(y+side, r.Height); j++ {
					for i := x; i < min(x+side, r.Width); i++ {
						sum += int64(src[(j*r.Width+i)*p.bpp+k])
						n++
						if how == core.Pick {
							goto picked
						}
					}
				}
			picked:
				want = append(want, byte((sum+n/2)/n))
			}
		}
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%+v by %d in way %d differs: %d bytes, want %d", r, shift, how, len(got), len(want))
	}
	*m.done++
}

func (m *pictures) resize(t *rapid.T) {
	p := m.pick(t)
	w, h := sides.Draw(t, "width"), sides.Draw(t, "height")
	wasMemory := p.a.Medium() == core.Memory
	if err := p.a.Resize(context.Background(), w, h); err != nil {
		m.mustBeFull(t, err)
		if w*h <= p.w*p.h || !m.settings.ExactReallocateOnly {
			t.Fatal(err)
		}
		m.look(t, p)
		return
	}
	q := &painting{w: w, h: h, bpp: p.bpp, want: make([]byte, w*h*p.bpp)}
	for y := range min(h, p.h) {
		copy(q.want[y*w*p.bpp:], p.want[y*p.w*p.bpp:][:min(w, p.w)*p.bpp])
	}
	media := p.a.PageMedia()
	for i := range q.tileCount() {
		is := q.tile(i)
		var v *version
		if is.X < p.w && is.Y < p.h {
			old := is.Y/256*p.across() + is.X/256
			was := p.tile(old)
			if v = p.tiles[old]; v != nil && (was.Width != is.Width || was.Height != is.Height) {
				v = &version{size: q.tileBytes(i)}
			}
		} else if wasMemory && media[i] >= 0 {
			v = &version{size: q.tileBytes(i)}
		}
		q.tiles = append(q.tiles, v)
	}
	p.set(q.state())
	m.look(t, p)
}

func (m *pictures) move(t *rapid.T) {
	p := m.pick(t)
	if err := p.a.MoveToDisk(context.Background()); err != nil || p.a.Medium() != core.Disk {
		t.Fatal(err)
	}
	m.look(t, p)
}

func (m *pictures) moveToMemory(t *rapid.T) {
	p := m.pick(t)
	if err := p.a.MoveToMemory(context.Background()); err != nil {
		m.mustBeFull(t, err)
	} else {
		if p.a.Medium() != core.Memory || p.a.Held(core.Memory) != p.a.Size() || p.a.Held(core.Disk) != 0 {
			t.Fatalf("it is in %v and holds %d on disk", p.a.Medium(), p.a.Held(core.Disk))
		}
		for i, v := range p.tiles {
			if v == nil {
				p.tiles[i] = &version{size: p.tileBytes(int64(i))}
			}
		}
	}
	m.look(t, p)
}

func (m *pictures) restore(t *rapid.T) {
	p, from := m.pick(t), m.pick(t)
	err := p.a.Restore(context.Background(), from.a)
	if same := p.w == from.w && p.h == from.h && p.bpp == from.bpp; same != (err == nil) {
		t.Fatalf("the same shape: %v; %v", same, err)
	}
	if err == nil {
		p.set(from.state())
	}
	m.look(t, p)
}

func (m *pictures) difference(t *rapid.T) {
	p, q := m.pick(t), m.pick(t)
	rects, err := core.DifferenceRects(p.a, q.a)
	if same := p.w == q.w && p.h == q.h && p.bpp == q.bpp; same != (err == nil) {
		t.Fatalf("the same shape: %v; %v", same, err)
	}
	if err != nil {
		return
	}
	for i := range p.tileCount() {
		at := p.tile(i)
		found := 0
		for _, r := range rects {
			if r.X <= at.X && r.Y <= at.Y && at.X+at.Width <= r.X+r.Width && at.Y+at.Height <= r.Y+r.Height {
				found++
			}
		}
		if want := p.tiles[i] != q.tiles[i]; found > 1 || want != (found == 1) {
			t.Fatalf("tile %d is in %d rectangles of %v", i, found, rects)
		}
	}
	*m.done++
}

func (m *pictures) commit(t *rapid.T) {
	if m.layer == nil {
		t.Skip("there is no history")
	}
	m.commits++
	s := m.layer.state()
	s.label = fmt.Sprint(m.commits)
	if err := m.history.Commit(context.Background(), s.label); err != nil {
		t.Fatal(err)
	}
	m.states = append(m.states[:m.at+1], s)
	m.at++
	if len(m.states) > 5 {
		m.states = m.states[1:]
		m.at--
	}
	m.look(t, m.layer)
}

func (m *pictures) step(t *rapid.T, by int) {
	if m.layer == nil {
		t.Skip("there is no history")
	}
	call := m.history.Undo
	if by > 0 {
		call = m.history.Redo
	}
	to := m.at + by
	did, err := call(context.Background())
	if want := to >= 0 && to < len(m.states); err != nil || did != want {
		t.Fatalf("to %d of %d: %v, %v", to, len(m.states), did, err)
	}
	if did {
		m.at = to
	}
	m.went(t, did)
}

func (m *pictures) goTo(t *rapid.T) {
	if m.layer == nil {
		t.Skip("there is no history")
	}
	to := rapid.IntRange(0, len(m.states)).Draw(t, "to")
	did, err := m.history.GoTo(context.Background(), int64(to))
	if to == len(m.states) {
		var out *core.RangeError
		if !errors.As(err, &out) {
			t.Fatalf("to %d of %d: %v, %v", to, len(m.states), did, err)
		}
		m.went(t, false)
		return
	}
	state := m.states[to]
	changes := to != m.at || state.w != m.layer.w || state.h != m.layer.h || !slices.Equal(state.tiles, m.layer.tiles)
	if err != nil || did != changes {
		t.Fatalf("to %d of %d: %v, %v", to, len(m.states), did, err)
	}
	m.at = to
	m.went(t, true)
}

// went looks at the layer after an undo, a redo or a jump, which has changed the current state or not.
func (m *pictures) went(t *rapid.T, did bool) {
	if did {
		m.layer.set(m.states[m.at])
	}
	entries := m.history.Entries()
	if len(entries) != len(m.states) || !entries[m.at].Current {
		t.Fatalf("%+v", entries)
	}
	m.look(t, m.layer)
}

func (m *pictures) dispose(t *rapid.T) {
	m.remove(m.pick(t))
	*m.done++
}

func (m *pictures) remove(p *painting) {
	p.a.Dispose()
	if p == m.layer {
		m.history.Dispose()
		m.layer, m.history, m.states = nil, nil, nil
	}
	for i := range m.live {
		if m.live[i] == p {
			m.live = append(m.live[:i], m.live[i+1:]...)
			return
		}
	}
}

func (m *pictures) flush(t *rapid.T) {
	if err := m.pick(t).a.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	*m.done++
}

// settle waits until nothing moves any more: what does counts on both media.
func (m *pictures) settle(t *rapid.T) {
	for end := time.Now().Add(20 * time.Second); m.cache.Leaving() > 0; {
		if time.Now().After(end) {
			t.Fatal("something goes on moving")
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// look compares a surface with its model.
func (m *pictures) look(t *rapid.T, p *painting) {
	*m.done++
	m.settle(t)
	if spec := p.a.Surface(); spec.Width != p.w || spec.Height != p.h || p.a.Size() != p.w*p.h*p.bpp {
		t.Fatalf("it is %+v of %d bytes", spec, p.a.Size())
	}
	got := bytes.Repeat([]byte{0xA5}, len(p.want))
	if err := p.a.ReadRect(context.Background(), core.Rect{Width: p.w, Height: p.h}, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, p.want) {
		t.Fatal("the picture differs")
	}
}

// check compares the counters with what the versions say.
func (m *pictures) check(t *rapid.T) {
	m.settle(t)
	if err := m.cache.Check(); err != nil {
		t.Fatal(err)
	}
	seen := make(map[*version]bool)
	var held [2]int64
	for _, p := range m.live {
		var sum [2]int64
		for i, medium := range p.a.PageMedia() {
			v := p.tiles[i]
			if (v == nil) != (medium < 0) {
				t.Fatalf("tile %d is in %v, want %v", i, medium, v)
			}
			if v == nil {
				continue
			}
			sum[medium] += v.size
			if !seen[v] {
				seen[v] = true
				held[medium] += v.size
			}
		}
		held[core.Disk] += p.a.Held(core.Disk) - sum[core.Disk] // reserved, see Check
		if p.a.Held(core.Memory) != sum[core.Memory] {
			t.Fatalf("it holds %d in memory, want %d", p.a.Held(core.Memory), sum[core.Memory])
		}
	}
	var rest int64 // what only the history has, wherever it is
	for _, s := range m.states {
		for _, v := range s.tiles {
			if v != nil && !seen[v] {
				seen[v] = true
				rest += v.size
			}
		}
	}
	memory, disk := m.cache.Allocated(core.Memory), m.cache.Allocated(core.Disk)
	if memory+disk != held[0]+held[1]+rest || memory < held[0] || disk < held[1] {
		t.Fatalf("%d bytes in memory and %d on disk, want %v and %d", memory, disk, held, rest)
	}
}

func (m *pictures) end(t *rapid.T) {
	for _, p := range m.live {
		m.look(t, p)
	}
	for len(m.live) > 0 {
		m.remove(m.live[len(m.live)/2])
		m.check(t)
	}
	s := m.cache.Statistics()
	if m.cache.Allocated(core.Memory)+m.cache.Allocated(core.Disk) != 0 || s.Memory.OccupiedBytes != 0 {
		t.Fatalf("after disposing of everything: %+v", s)
	}
	if err := m.cache.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, buffers := m.store.Records(), m.store.Buffers(); n != 0 || buffers != 0 {
		t.Fatalf("%d records and %d buffers are left", n, buffers)
	}
}
