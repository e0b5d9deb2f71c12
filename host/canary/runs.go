package canary

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const (
	// shortestRun is the length from which letters and digits in a row may be an encoding. A canary in a shorter one is found
	// as it is, by its pattern; what is unpacked here is what base64 and hex hide, such as compressed data.
	shortestRun = 40
	maxRun      = 64 << 20
)

// inRun says which bytes base64 is made of, in either alphabet.
var inRun = func() (t [256]bool) {
	for _, b := range []byte(alphabet + strings.ToUpper(alphabet) + "0123456789+/-_") {
		t[b] = true
	}
	return t
}()

// runs searches in what the runs of base64 and hex stand for that begin at from or later and before until, and returns where
// the last one ended. b is c from an offset on.
func (x *Search) runs(c content, b []byte, offset, from, until int64, at place) int64 {
	end := from
	for i := int(from - offset); i < len(b) && offset+int64(i) < until; i++ {
		if !inRun[b[i]] {
			continue
		}
		start := i
		for i < len(b) && inRun[b[i]] {
			i++
		}
		run := b[start:i]
		if i == len(b) && offset+int64(i) < c.Len() { // it goes on behind what b holds
			run = x.longRun(c, offset+int64(start))
		}
		end = offset + int64(start+len(run))
		if len(run) >= shortestRun {
			x.decode(run, at, offset+int64(start))
		}
	}
	return end
}

func (x *Search) longRun(c content, start int64) []byte {
	var run []byte
	var part [64 << 10]byte
	for len(run) < maxRun {
		n, _ := c.ReadAt(part[:], start+int64(len(run)))
		for i, b := range part[:n] {
			if !inRun[b] {
				return append(run, part[:i]...)
			}
		}
		run = append(run, part[:n]...)
		if n < len(part) {
			break
		}
	}
	return run
}

// decode searches in what a run stands for. Its end may be cut off or belong to something else.
func (x *Search) decode(run []byte, at place, offset int64) {
	text := strings.NewReplacer("-", "+", "_", "/").Replace(string(run))
	if out, err := base64.RawStdEncoding.DecodeString(text[:len(text)/4*4]); err == nil {
		x.inner(out, at.inside("base64", offset))
	}
	if out, err := hex.DecodeString(text[:len(text)/2*2]); err == nil {
		x.inner(out, at.inside("hex", offset))
	}
}
