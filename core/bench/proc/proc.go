// Package proc reads from Linux how much memory this process has. Start with [Proportional].
package proc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Memory is the resident memory of a process in KiB. What it shares with others, or maps more than once, counts by its share (PSS).
type Memory struct {
	All    int
	Linear int // of mappings of the images of core/snapshot
}

// Proportional reads what this process has. Only Linux says so.
func Proportional() (Memory, error) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return Memory{}, fmt.Errorf("memory can be measured on Linux only: %w", err)
	}
	defer f.Close()
	return Parse(f)
}

// Parse adds up a file as /proc/PID/smaps: a line with addresses and name for each mapping, and lines "Key: value kB".
func Parse(r io.Reader) (Memory, error) {
	var sum Memory
	image, found := false, false
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		key, rest, isField := strings.Cut(line, ":")
		if !isField || strings.ContainsAny(key, " -") {
			image = strings.Contains(line, "/memfd:pergola-snapshot")
			continue
		}
		if key != "Pss" {
			continue
		}
		kib, err := kibOf(rest)
		if err != nil {
			return Memory{}, err
		}
		found = true
		sum.All += kib
		if image {
			sum.Linear += kib
		}
	}
	if err := lines.Err(); err != nil {
		return Memory{}, err
	}
	if !found {
		return Memory{}, errors.New("smaps: no mapping has a Pss")
	}
	return sum, nil
}

// ResidentKiB is the resident memory of this process.
func ResidentKiB() (int, error) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("memory can be measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			return kibOf(rest)
		}
	}
	return 0, errors.New("status: no VmRSS")
}

func kibOf(field string) (int, error) {
	return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(field), "kB")))
}
