package snapshot_test

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/snapshot"
	"golang.org/x/sys/unix"
)

// BenchmarkReset writes to pages, far apart so that none are neighbours, and resets: what a call pays for its fresh memory. With
// read=all each round also reads every page, as a garbage collection in the guest might, which is the most that the kernel has to look
// through; with read=none no others are touched at all. "madvise" and "memcpy" are what was not chosen, and "call" is the reading
// and writing alone.
func BenchmarkReset(b *testing.B) {
	for _, size := range []int{4 * mib, 6 * mib} {
		want := noise(41, size)
		for _, read := range []string{"none", "all"} {
			for _, pages := range []int{1, 8, 64} {
				call := func(mem []byte) {
					for i := range pages {
						mem[i*(size/pages)+i*64]++
					}
					if read == "all" {
						for at := 0; at < len(mem); at += os.Getpagesize() {
							sink += mem[at]
						}
					}
				}
				run := func(how string, k kind, reset func(*snapshot.Memory) error) {
					b.Run(fmt.Sprintf("MiB=%d/read=%s/pages=%d/%s", size/mib, read, pages, how), func(b *testing.B) {
						m := mapped(b, take(b, k, want), size)
						for b.Loop() {
							call(m.Bytes())
							if err := reset(m); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
				list := kinds(b)
				for _, k := range list {
					run(k.name, k, func(m *snapshot.Memory) error {
						_, err := m.Reset()
						return err
					})
				}
				last := list[len(list)-1]
				run("madvise", last, func(m *snapshot.Memory) error { return unix.Madvise(m.Bytes(), unix.MADV_DONTNEED) })
				run("memcpy", last, func(m *snapshot.Memory) error { copy(m.Bytes(), want); return nil })
				run("call", last, func(*snapshot.Memory) error { return nil })
			}
		}
	}
}

// sink keeps the compiler from leaving out reads.
var sink byte

// BenchmarkMap is a new memory that is thrown away after a call which touched eight pages.
func BenchmarkMap(b *testing.B) {
	const size = 4 * mib
	for _, k := range kinds(b) {
		b.Run(k.name, func(b *testing.B) {
			image := take(b, k, noise(43, size))
			for b.Loop() {
				m, err := image.Map(64 * mib)
				if err != nil {
					b.Fatal(err)
				}
				for i := range 8 {
					m.Bytes()[i*(size/8)]++
				}
				m.Free()
			}
		})
	}
}

// BenchmarkTake is the saving of a guest's memory, with the trial of the strategy.
func BenchmarkTake(b *testing.B) {
	for _, size := range []int{snapshot.PageSize, 4 * mib} {
		for _, k := range kinds(b) {
			b.Run(fmt.Sprintf("KiB=%d/%s", size/1024, k.name), func(b *testing.B) {
				mem := noise(47, size)
				for b.Loop() {
					image, err := k.take(mem)
					if err != nil {
						b.Fatal(err)
					}
					if err := image.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkIdle has a hundred memories of 4 MiB that touched eight pages, went back and wait. It says how much memory each one costs.
func BenchmarkIdle(b *testing.B) {
	const size, count = 4 * mib, 100
	for _, state := range []string{"new", "reset", "trimmed"} {
		for _, k := range kinds(b)[1:] {
			b.Run(state+"/"+k.name, func(b *testing.B) {
				image := take(b, k, noise(45, size))
				var private, proportional int
				for b.Loop() {
					var list []*snapshot.Memory
					for range count {
						m := mapped(b, image, 64*mib)
						list = append(list, m)
						if state == "new" {
							continue
						}
						for i := range 8 {
							m.Bytes()[i*(size/8)]++
						}
						if _, err := m.Reset(); err != nil {
							b.Fatal(err)
						}
						if state == "trimmed" {
							if err := m.Trim(); err != nil {
								b.Fatal(err)
							}
						}
					}
					private, proportional = resident(b)
					for _, m := range list {
						m.Free()
					}
				}
				b.ReportMetric(float64(private)/count, "private-KiB")
				b.ReportMetric(float64(proportional)/count, "PSS-KiB")
			})
		}
	}
}

// resident sums what all mappings of images in this process hold, in KiB.
func resident(b *testing.B) (private, proportional int) {
	b.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	ours := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch fields[0] {
		case "Private_Dirty:", "Private_Clean:", "Pss:":
		default:
			if !strings.HasSuffix(fields[0], ":") {
				ours = strings.Contains(lines.Text(), "memfd:pergola-snapshot")
			}
			continue
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case !ours:
		case fields[0] == "Pss:":
			proportional += n
		default:
			private += n
		}
	}
	return private, proportional
}
