package core

import "strings"

// CacheType says where new allocations are placed. The names and the rule are those of the cache of
// Aspose.Imaging, whose users this cache wants to feel at home.
type CacheType int

const (
	// Auto places in memory while there is room, then on disk.
	Auto CacheType = iota
	// CacheInMemoryOnly places in memory, or not at all.
	CacheInMemoryOnly
	// CacheOnDiskOnly places on disk, or not at all.
	CacheOnDiskOnly
)

var cacheTypeNames = [...]string{"auto", "cacheInMemoryOnly", "cacheOnDiskOnly"}

func (t CacheType) String() string { return cacheTypeNames[t] }

// ParseCacheType is the inverse of String.
func ParseCacheType(name string) (CacheType, error) {
	for i, n := range cacheTypeNames {
		if n == name {
			return CacheType(i), nil
		}
	}
	return 0, &ArgumentError{Name: "cacheType", Given: `"` + name + `"`,
		Allowed: `"` + strings.Join(cacheTypeNames[:], `", "`) + `"`}
}

// SpillPolicy says what happens when something new does not fit in memory, under [Auto].
type SpillPolicy int

const (
	// SpillNever leaves what is in memory there: the new one is placed on disk, as the cache of
	// Aspose.Imaging does it.
	SpillNever SpillPolicy = iota
	// SpillColdest makes room: the new one stays in memory, and what is coldest moves to disk.
	SpillColdest
)

var spillPolicyNames = [...]string{"never", "coldest"}

func (p SpillPolicy) String() string { return spillPolicyNames[p] }

// ParseSpillPolicy is the inverse of String.
func ParseSpillPolicy(name string) (SpillPolicy, error) {
	for i, n := range spillPolicyNames {
		if n == name {
			return SpillPolicy(i), nil
		}
	}
	return 0, &ArgumentError{Name: "spillPolicy", Given: `"` + name + `"`,
		Allowed: `"` + strings.Join(spillPolicyNames[:], `", "`) + `"`}
}

// Settings are what a user chooses. They are a value: a call goes by the settings at its own moment.
type Settings struct {
	// CacheType says where new allocations are placed. Default Auto.
	CacheType CacheType
	// MaxMemoryForCache and MaxDiskSpaceForCache limit the bytes allocated on each medium;
	// 0, the default, means no limit.
	MaxMemoryForCache    int64
	MaxDiskSpaceForCache int64
	// ExactReallocateOnly keeps Reallocate within the limits: an allocation that no longer fits in
	// memory moves to disk, or the call fails. When false, the default, an allocation grows on its
	// medium whatever the limit says.
	ExactReallocateOnly bool
	// SpillPolicy says whether what is in memory makes room for what is new. Default SpillNever.
	SpillPolicy SpillPolicy
}

func (s Settings) validate() error {
	if s.CacheType < Auto || s.CacheType > CacheOnDiskOnly {
		return &ArgumentError{Name: "cacheType", Given: itoa(int64(s.CacheType)), Allowed: "0 to 2"}
	}
	if s.SpillPolicy < SpillNever || s.SpillPolicy > SpillColdest {
		return &ArgumentError{Name: "spillPolicy", Given: itoa(int64(s.SpillPolicy)), Allowed: "0 to 1"}
	}
	if err := checkBytes("maxMemoryForCache", s.MaxMemoryForCache); err != nil {
		return err
	}
	return checkBytes("maxDiskSpaceForCache", s.MaxDiskSpaceForCache)
}

func (s Settings) limit(m Medium) int64 {
	if m == Memory {
		return s.MaxMemoryForCache
	}
	return s.MaxDiskSpaceForCache
}

func checkBytes(name string, n int64) error {
	if n < 0 || n > MaxBytes {
		return outOfRange(name, n, 0, MaxBytes)
	}
	return nil
}
