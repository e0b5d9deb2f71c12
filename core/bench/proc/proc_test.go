package proc_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/bench/proc"
)

const smaps = `00400000-00a5c000 r-xp 00000000 fe:00 1234                               /usr/bin/program: with a colon
Size:               6512 kB
Rss:                4000 kB
Pss:                3000 kB
Pss_Dirty:             9 kB
VmFlags: rd ex mr mw me
7f2c40000000-7f2c40400000 rw-p 00000000 00:01 2049                       /memfd:pergola-snapshot (deleted)
Size:               4096 kB
Pss:                 120 kB
7f2c50000000-7f2c50400000 rw-p 00000000 00:00 0
Pss:                   7 kB
`

func TestParseAddsUp(t *testing.T) {
	got, err := proc.Parse(strings.NewReader(smaps))
	if want := (proc.Memory{All: 3127, Linear: 120}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestParseRefusesWhatIsNoSmaps(t *testing.T) {
	for _, in := range []string{"", "hello: world\n", "7f2c-7f2d rw-p 0 00:00 0\nPss: many kB\n"} {
		if got, err := proc.Parse(strings.NewReader(in)); err == nil {
			t.Errorf("%q: got %+v", in, got)
		}
	}
}

func TestThisProcessHasMemory(t *testing.T) {
	m, err := proc.Proportional()
	if err != nil {
		t.Skip(err)
	}
	rss, err := proc.ResidentKiB()
	if err != nil || m.All < 1000 || rss < 1000 {
		t.Errorf("PSS %d KiB, RSS %d KiB, %v", m.All, rss, err)
	}
}
