package core_test

import (
	"flag"
	"slices"
	"strconv"
	"strings"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/mapstore"

	"pgregory.net/rapid"
)

// Random tests draw the same operations each time: from usualSeed, or from the one that -rapid.seed names, which is how
// `make soak` draws fresh ones and how a failure is repeated.
const usualSeed = 20_251_122

// failedOnce are the seeds of all cases in which a model has ever failed, by the name of its test. They stay, and are
// done first, even where a test of its own tells what was wrong.
var failedOnce = map[string][]uint64{
	// Spills that began and could not succeed, or had pages leave memory that the call itself needed.
	"TestModelOfSnapshots": {407, 1658, 2019, 6179718, 8202590, 10006471},
}

// givenSeed is what -rapid.seed says; 0: nothing.
func givenSeed() uint64 { return flag.Lookup("rapid.seed").Value.(flag.Getter).Get().(uint64) }

func seed() uint64 {
	if n := givenSeed(); n > 0 {
		return n
	}
	return usualSeed
}

// An extent is how much a model test does: so many checks, in which at least so many operations are to be done.
type extent struct{ checks, operations int }

// checkModel does random operations on each kind of store. The model counts those that it has compared.
func checkModel(t *testing.T, steps int, long, short extent, model func(t *rapid.T, store *mapstore.Store, done *int)) {
	for _, kind := range []struct {
		name   string
		traits driver.Traits
	}{{"usual traits", mapstore.Traits}, {"small records", mapstore.Small}} {
		t.Run(kind.name, func(t *testing.T) {
			repeat(t, steps, long, short, func(t *rapid.T, done *int) { model(t, mapstore.With(kind.traits), done) })
		})
	}
}

// repeat does random operations, some hundred in each check.
func repeat(t *testing.T, steps int, long, short extent, check func(t *rapid.T, done *int)) {
	t.Helper()
	set := func(name, value string) {
		t.Helper()
		if err := flag.Set("rapid."+name, value); err != nil {
			t.Fatal(err)
		}
	}
	given := givenSeed()
	t.Cleanup(func() { set("seed", strconv.FormatUint(given, 10)) })
	set("nofailfile", "true") // a failure is repeated by its seed: nothing is left in the tree
	set("steps", strconv.Itoa(steps))
	done := 0
	run := func(seed uint64, checks int) {
		t.Helper()
		if testing.Short() {
			checks *= 5 // of which rapid does a fifth
		}
		set("seed", strconv.FormatUint(seed, 10))
		set("checks", strconv.Itoa(checks))
		rapid.Check(t, func(t *rapid.T) { check(t, &done) })
	}
	if given == 0 {
		test, _, _ := strings.Cut(t.Name(), "/")
		for _, seed := range failedOnce[test] {
			run(seed, 1)
		}
	}
	e := long
	if testing.Short() {
		e = short
	}
	done = 0
	run(seed(), e.checks)
	if !t.Failed() && done < e.operations {
		t.Errorf("%d operations were done, %d are asked for", done, e.operations)
	}
	t.Logf("%d operations", done)
}

func TestRandomOperationsAreTheSameEachTime(t *testing.T) {
	if givenSeed() > 0 {
		t.Skip("a seed was given")
	}
	draws := func() (drawn []int) {
		repeat(t, 10, extent{checks: 3}, extent{checks: 3}, func(t *rapid.T, _ *int) {
			drawn = append(drawn, rapid.Int().Draw(t, "number"))
		})
		return drawn
	}
	if first, second := draws(), draws(); len(first) != 3 || !slices.Equal(first, second) {
		t.Errorf("first %v, then %v", first, second)
	}
}
