package world

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/pergola-platform/pergola/host/sandbox/world/disk"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// indexName is the copy of the indexes beside the site. It says up to which version of an issue it goes; what is later is read
// from the site at the next start. Without it everything is.
const indexName = "site.index"

const indexMagic = "pergola site index 2\n"

var (
	// minIndexed is the size of a site from which on the copy is quicker than indexing again.
	minIndexed = 2000
	// minChanges is how many changed issues a copy may miss. Larger sites may miss more, since their copy takes longer.
	minChanges = 20000
	// maxGarbage is how many rows of deleted things a site without a copy keeps until it is closed.
	maxGarbage = 256
)

// garbage are rows that no state has from a generation on.
type garbage struct {
	gen           uint64
	issues, parts []int64
}

// keeper saves the indexes and removes rows that nobody can see any more.
type keeper struct {
	garbage []garbage
	changes int    // issues since the last copy
	copied  bool   // there is a copy
	saved   uint64 // generation of the last one; rows that it needs stay
	saving  chan struct{}

	mu   sync.Mutex
	live map[uint64]int // states by generation that somebody still holds
}

// track notes a state until nobody holds it any more.
func (s *Store) track(st *State) {
	if s.disk == nil {
		return
	}
	k := &s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.live == nil {
		k.live = map[uint64]int{}
	}
	k.live[st.gen]++
	runtime.AddCleanup(st, func(gen uint64) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.live[gen]--; k.live[gen] == 0 {
			delete(k.live, gen)
		}
	}, st.gen)
}

// keep notes what a transaction left behind, and saves the indexes in the background when they miss much.
func (s *Store) keep(tx *Tx) {
	if s.disk == nil {
		return
	}
	k := &s.keeper
	if len(tx.gone.issues)+len(tx.gone.parts) > 0 {
		tx.gone.gen = tx.gen
		k.garbage = append(k.garbage, tx.gone)
	}
	k.changes += len(tx.dirty)
	if !k.copied && k.saving == nil && k.rows() >= maxGarbage {
		_ = s.sweep() // rows that stay take room only
	}
	if k.saving != nil || k.changes < max(minChanges, tx.IssueCount()/8) {
		return
	}
	k.changes, k.saving = 0, make(chan struct{})
	go func(st *State, done chan struct{}) {
		defer close(done)
		if st.saveIndex() != nil {
			return // the next start takes longer, and nothing else
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		k.saving = nil
		if !s.closed {
			k.copied, k.saved = true, st.gen
			_ = s.sweep() // rows that stay take room only
		}
	}(tx.State, k.saving)
}

// finish saves what the last copy misses. The caller holds the lock.
func (s *Store) finish() error {
	if s.disk == nil {
		return nil
	}
	k := &s.keeper
	if done := k.saving; done != nil {
		s.mu.Unlock()
		<-done
		s.mu.Lock()
	}
	st := s.current.Load()
	if st == nil {
		return nil
	}
	if k.changes == 0 || st.IssueCount() < minIndexed {
		return s.sweep()
	}
	if err := st.saveIndex(); err != nil {
		return fmt.Errorf("save the indexes: %w", err)
	}
	k.copied, k.saved = true, st.gen
	return s.sweep()
}

// rows counts the rows that are garbage.
func (k *keeper) rows() (n int) {
	for _, g := range k.garbage {
		n += len(g.issues) + len(g.parts)
	}
	return n
}

// sweep removes the rows that neither the copy of the indexes nor any state needs.
func (s *Store) sweep() error {
	k := &s.keeper
	k.mu.Lock()
	oldest := uint64(math.MaxUint64)
	if k.copied {
		oldest = k.saved
	}
	for gen := range k.live {
		oldest = min(oldest, gen)
	}
	k.mu.Unlock()
	var b disk.Batch
	rest := k.garbage[:0]
	for _, g := range k.garbage {
		if g.gen > oldest {
			rest = append(rest, g)
			continue
		}
		b.GoneIssues = append(b.GoneIssues, g.issues...)
		b.GoneParts = append(b.GoneParts, g.parts...)
	}
	if len(b.GoneIssues)+len(b.GoneParts) == 0 {
		return nil
	}
	if err := s.disk.Write(b); err != nil {
		return err
	}
	k.garbage = rest
	return nil
}

func (s *State) indexPath() string { return filepath.Join(filepath.Dir(s.disk.Path()), indexName) }

// epoch counts the times when what values mean was changed, after which an older copy of the indexes is wrong.
func (s *State) epoch() int64 {
	if c := s.counters.Get("epoch"); c != nil {
		return c.Next
	}
	return 0
}

// saveIndex writes the copy of the indexes, and gives it its name when it is complete.
func (s *State) saveIndex() (err error) {
	f, err := os.CreateTemp(filepath.Dir(s.disk.Path()), indexName+".*.next") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	w := bufio.NewWriterSize(multiWriter{f, sum}, 1<<20)
	e := index.NewEncoder(w)
	s.encodeIndex(e)
	err = errors.Join(e.Err(), w.Flush())
	if err == nil {
		_, err = fmt.Fprintf(f, "%08x", sum.Sum32())
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.indexPath())
}

type multiWriter struct {
	a, b interface{ Write([]byte) (int, error) }
}

func (w multiWriter) Write(p []byte) (int, error) {
	if n, err := w.a.Write(p); err != nil {
		return n, err
	}
	return w.b.Write(p)
}

func (s *State) encodeIndex(e *index.Encoder) {
	e.Text(indexMagic)
	e.Uint(uint64(s.versions.issue))
	e.Uint(uint64(s.versions.part))
	e.Int(s.epoch())
	e.Uint(uint64(s.index.All().Len()))
	last := uint32(0)
	for n := range s.index.All().All() {
		e.Uint(uint64(n - last))
		e.Uint(uint64(s.issues.At(n).version))
		last = n
	}
	e.Uint(uint64(s.keys.Len()))
	s.keys.Scan(func(p ProjectID, a index.Array[uint32]) bool {
		e.Text(string(p))
		encodeArray(e, &a)
		return true
	})
	for kind := range s.partOf {
		encodeArray(e, &s.partOf[kind])
	}
	s.index.Encode(e)
}

func encodeArray(e *index.Encoder, a *index.Array[uint32]) {
	count := 0
	a.Each(func(_, v uint32) bool {
		if v != 0 {
			count++
		}
		return true
	})
	e.Uint(uint64(count))
	last := uint32(0)
	a.Each(func(n, v uint32) bool {
		if v != 0 {
			e.Uint(uint64(n - last))
			e.Uint(uint64(v))
			last = n
		}
		return true
	})
}

// loadIndex reads the copy of the indexes into the state. It returns false, and has changed nothing, where there is none that
// is whole and fits.
func (s *State) loadIndex() bool {
	raw, err := os.ReadFile(s.indexPath())
	if err != nil || len(raw) < 8 {
		return false
	}
	body, sum := raw[:len(raw)-8], raw[len(raw)-8:]
	if !bytes.Equal(fmt.Appendf(nil, "%08x", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))), sum) {
		return false
	}
	d := index.NewDecoder(body)
	if d.Text() != indexMagic {
		return false
	}
	next := *s
	next.versions.issue, next.versions.part = int64(d.Uint()), int64(d.Uint())
	if d.Int() != s.epoch() {
		return false
	}
	o := &owner{}
	n := uint32(0)
	for range d.Len() {
		n += uint32(d.Uint())
		next.issues.Put(o, n, cell{version: int64(d.Uint())})
	}
	for range d.Len() {
		p := ProjectID(d.Text())
		next.keys.Set(p, decodeArray(d, o))
	}
	for kind := range next.partOf {
		next.partOf[kind] = decodeArray(d, o)
	}
	next.index = index.Decode(d)
	if d.Err() != nil {
		return false
	}
	*s = next
	return true
}

func decodeArray(d *index.Decoder, o *owner) (a index.Array[uint32]) {
	n := uint32(0)
	for range d.Len() {
		n += uint32(d.Uint())
		a.Put(o, n, uint32(d.Uint()))
	}
	return a
}
