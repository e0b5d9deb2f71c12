//go:build !wasip1

package main

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// A cursor is the key of the last row of the page before, as a list of values, behind a checksum over it, the stream and the
// names of the key's columns: so a cursor of another stream or key is found, and one that was damaged on its way.

func writeCursor(stream string, names []string, key []sync.Value) ([]byte, error) {
	raw, err := sync.List(key...).MarshalMsg(make([]byte, 4, 64))
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(raw, cursorSum(stream, names, raw[4:]))
	return raw, nil
}

func readCursor(raw []byte, stream string, names []string) ([]sync.Value, error) {
	var list sync.Value
	if len(raw) < 5 || binary.BigEndian.Uint32(raw) != cursorSum(stream, names, raw[4:]) {
		return nil, sync.BadCursor()
	}
	if rest, err := list.UnmarshalMsg(raw[4:]); err != nil || len(rest) > 0 || len(list.List()) != len(names) {
		return nil, sync.BadCursor()
	}
	return list.List(), nil
}

func cursorSum(stream string, names []string, key []byte) uint32 {
	sum := crc32.ChecksumIEEE([]byte(stream + "\x00" + strings.Join(names, "\x00") + "\x00"))
	return crc32.Update(sum, crc32.IEEETable, key)
}
