package sqlitestore

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The layout of a WAL: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const (
	walHeader   = 32
	frameHeader = 24
	walMagic    = 0x377f0682 // the lowest bit says that checksums read big-endian words
)

// checkWAL returns an error where the WAL at path, left by a process that was killed, holds writes that SQLite would drop
// although they were acknowledged.
//
// SQLite replays a WAL up to the first frame that does not verify, which is right for a torn tail: the transaction was
// being written when the process ended. It does the same with a frame that was damaged later, and then loses every write
// behind it without a word. The two can be told apart. A transaction is begun only after the one before is synced, so
// behind a torn transaction nothing can follow its last frame, the one that says that it commits. Damage in the very last
// transaction, or a WAL that somebody cut off, looks like a torn tail and cannot be found out.
func checkWAL(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	frame, err := brokenAt(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return fmt.Errorf("read %s-wal: %w", File, err)
	}
	if frame >= 0 {
		return fmt.Errorf("%w: %s-wal is broken at frame %d, and acknowledged writes stand behind it", errDamaged, File, frame)
	}
	return nil
}

// brokenAt returns the number of the frame at which acknowledged writes are cut off, 0 for the header, -1 for none.
func brokenAt(r io.Reader) (int, error) {
	var header [walHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return -1, ends(err)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	magic := binary.BigEndian.Uint32(header[:])
	if magic&1 != 0 {
		order = binary.BigEndian
	}
	pageSize := binary.BigEndian.Uint32(header[8:])
	sum := checksum(order, [2]uint32{}, header[:24])
	if magic&^1 != walMagic || sum != sums(header[24:]) || pageSize < 512 || pageSize > 1<<16 || pageSize&(pageSize-1) != 0 {
		// The header is synced before the first frame is written, so a torn one stands alone.
		var more [1]byte
		if _, err := io.ReadFull(r, more[:]); err != nil {
			return -1, ends(err)
		}
		return 0, nil
	}
	salts := sums(header[16:])
	frame := make([]byte, frameHeader+pageSize)
	broken, committed := -1, false
	for n := 1; ; n++ {
		if _, err := io.ReadFull(r, frame); err != nil {
			return -1, ends(err)
		}
		// Frames with other salts are left over from before the WAL began anew.
		current := sums(frame[8:]) == salts
		got := checksum(order, checksum(order, sum, frame[:8]), frame[frameHeader:])
		// The checksums form a chain. Behind a broken frame it goes on with what that frame says of itself.
		sum = sums(frame[16:])
		valid := current && got == sum && binary.BigEndian.Uint32(frame) != 0
		if broken < 0 && !valid {
			broken = n
		}
		if broken < 0 {
			continue
		}
		if valid && committed {
			return broken, nil
		}
		committed = committed || current && binary.BigEndian.Uint32(frame[4:]) != 0
	}
}

// ends is nil for the end of a file, in the middle of a frame or not.
func ends(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func sums(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// checksum goes on from sum over b, whose length is a multiple of 8.
func checksum(order binary.ByteOrder, sum [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		sum[0] += order.Uint32(b) + sum[1]
		sum[1] += order.Uint32(b[4:]) + sum[0]
	}
	return sum
}
