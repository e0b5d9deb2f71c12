package sync

import (
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/sdk/wire"
)

// Filler fills a page up to what was asked for, or to what a message can carry. Make one with [Fill].
//
// Since: v0.3
type Filler struct {
	page    Page
	limit   int
	columns int
	bytes   int
	values  int
}

// What a page may take of a message, beside the cursor and what is around them. A row alone takes half of that at most.
const (
	maxPageBytes  = wire.MaxMessage - MaxCursor - 4<<10
	maxPageValues = wire.MaxValues - 64
	maxRowBytes   = maxPageBytes / 2
	maxFaults     = 1 << 12
	faultValues   = 7 // a fault has three fields with their names
	maxFaultText  = 200
)

// Fill begins a page for r.
//
// Since: v0.3
func Fill(r *Read) *Filler {
	limit := int(r.Limit)
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Filler{page: Page{Rows: [][]Value{}}, limit: min(limit, MaxRows), columns: len(r.Columns)}
}

// Add adds a row, one value for each column that was asked for, and says whether it found room. Where it did not, the row
// comes first on the next page. What cannot be sent of it (see [Value.Check] and [Untold]) becomes null, and a fault. Add copies row.
//
// Since: v0.3
func (f *Filler) Add(row ...Value) bool {
	if f.Full() {
		return false
	}
	row = slices.Clone(row)
	faults := f.mend(row)
	size, count := rowSize(row)
	for _, fault := range faults {
		size += len(fault.Message) + 48
		count += faultValues
	}
	if len(f.page.Rows) > 0 && (f.bytes+size > maxPageBytes || f.values+count > maxPageValues || len(f.page.Faults)+len(faults) > maxFaults) {
		return false
	}
	f.bytes += size
	f.values += count
	f.page.Rows = append(f.page.Rows, row)
	f.page.Faults = append(f.page.Faults, faults...)
	return true
}

// Full says whether the page has as many rows as were asked for.
//
// Since: v0.3
func (f *Filler) Full() bool { return len(f.page.Rows) >= f.limit }

// Len is the number of rows so far.
//
// Since: v0.3
func (f *Filler) Len() int { return len(f.page.Rows) }

// mend replaces by null what cannot be sent, and the largest values of a row that is too large.
func (f *Filler) mend(row []Value) []Fault {
	var faults []Fault
	fault := func(i int, message string) {
		row[i] = Value{}
		faults = append(faults, Fault{Row: int64(len(f.page.Rows)), Column: int64(i), Message: short(message)})
	}
	for i := range row {
		if err := row[i].Check(); err != nil {
			fault(i, err.Error())
		}
	}
	for size, count := rowSize(row); size > maxRowBytes || count > maxPageValues/2; size, count = rowSize(row) {
		largest := 0
		for i := range row {
			if row[i].Msgsize()+row[i].values() > row[largest].Msgsize()+row[largest].values() {
				largest = i
			}
		}
		if row[largest].IsNull() {
			break // so many columns that even nothing is too much: the message's own bound says so
		}
		fault(largest, fmt.Sprintf("the row is %d bytes long, at most %d are allowed, and this is its largest value", size, maxRowBytes))
	}
	return faults
}

func rowSize(row []Value) (size, count int) {
	size, count = 5, 1
	for i := range row {
		size += row[i].Msgsize()
		count += row[i].values()
	}
	return size, count
}

func short(s string) string {
	if len(s) > maxFaultText {
		return s[:maxFaultText]
	}
	return s
}

// Next returns the page, and says with which cursor the next one begins.
//
// Since: v0.3
func (f *Filler) Next(cursor []byte) *Page {
	f.page.Next = cursor
	return &f.page
}

// Last returns the page as the last one.
//
// Since: v0.3
func (f *Filler) Last() *Page { return &f.page }
