package sync

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is one value of a row: of one of the types of a column, or null, which is the zero Value. It is made by the functions
// below and never changes.
//
// Since: v0.3
type Value struct {
	kind kind
	n    int64  // integer; 1 for true
	s    string // string, bytes; the text of decimal, date and time; why a value is untold
	list []Value
}

type kind uint8

const (
	nullKind kind = iota
	stringKind
	integerKind
	decimalKind
	booleanKind
	dateKind
	timeKind
	bytesKind
	listKind
	untoldKind
)

var typeOf = [...]Type{"", StringType, IntegerType, DecimalType, BooleanType, DateType, TimeType, BytesType, ListType, ""}

// dateForm is a day as it stands on the wire; a time stands there as RFC 3339 has it.
const dateForm = "2006-01-02"

// String makes a value of a text, which should be UTF-8: what is not is replaced when it is sent.
//
// Since: v0.3
func String(s string) Value { return Value{kind: stringKind, s: s} }

// Int makes a value of a whole number.
//
// Since: v0.3
func Int(n int64) Value { return Value{kind: integerKind, n: n} }

// Bool makes a value of a truth.
//
// Since: v0.3
func Bool(b bool) Value {
	if b {
		return Value{kind: booleanKind, n: 1}
	}
	return Value{kind: booleanKind}
}

// Decimal makes a value of a number in decimal: -12.50. Zeros behind the point stay, those in front of the number and a
// plus sign go. Anything else, an exponent for one, is found by [Value.Check].
//
// Since: v0.3
func Decimal(text string) Value {
	sign, digits := "", strings.TrimPrefix(text, "+")
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		digits = digits[1:]
	}
	if strings.HasPrefix(digits, ".") {
		digits = "0" + digits
	}
	return Value{kind: decimalKind, s: sign + strings.TrimSuffix(digits, ".")}
}

// Float makes a decimal of the shortest digits that stand for f. Infinities and what is no number are found by [Value.Check].
//
// Since: v0.3
func Float(f float64) Value {
	return Value{kind: decimalKind, s: strconv.FormatFloat(f, 'f', -1, 64)}
}

// Date makes a value of a day of the calendar.
//
// Since: v0.3
func Date(year int, month time.Month, day int) Value {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return Value{kind: dateKind, s: t.Format(dateForm)}
}

// Time makes a value of a moment, in its own zone's offset from UTC and with all its digits.
//
// Since: v0.3
func Time(t time.Time) Value {
	if _, offset := t.Zone(); offset%60 != 0 { // such as local mean time, which RFC 3339 cannot tell
		t = t.UTC()
	}
	return Value{kind: timeKind, s: t.Format(time.RFC3339Nano)}
}

// Bytes makes a value of bytes, which it copies.
//
// Since: v0.3
func Bytes(b []byte) Value { return Value{kind: bytesKind, s: string(b)} }

// List makes a value of values, of which none is a list. It keeps vs.
//
// Since: v0.3
func List(vs ...Value) Value { return Value{kind: listKind, list: vs} }

// Untold stands for a value that is there and that none of the types can hold, such as infinity; reason says so, without the
// value itself. It cannot be sent: [Filler.Add] makes a fault of it.
//
// Since: v0.3
func Untold(reason string) Value { return Value{kind: untoldKind, s: reason} }

// Type returns the type of v, "" for null.
//
// Since: v0.3
func (v Value) Type() Type { return typeOf[v.kind] }

// IsNull says whether v is null.
//
// Since: v0.3
func (v Value) IsNull() bool { return v.kind == nullKind }

// Text returns v as a person would read it: bytes in base64, a list joined by ", ", null as nothing.
//
// Since: v0.3
func (v Value) Text() string {
	switch v.kind {
	case untoldKind:
		return ""
	case integerKind:
		return strconv.FormatInt(v.n, 10)
	case booleanKind:
		return strconv.FormatBool(v.n != 0)
	case bytesKind:
		return base64.StdEncoding.EncodeToString([]byte(v.s))
	case listKind:
		texts := make([]string, len(v.list))
		for i := range v.list {
			texts[i] = v.list[i].Text()
		}
		return strings.Join(texts, ", ")
	}
	return v.s
}

// Int returns an integer, 0 for any other type.
//
// Since: v0.3
func (v Value) Int() int64 {
	if v.kind != integerKind {
		return 0
	}
	return v.n
}

// Bool returns a boolean, false for any other type.
//
// Since: v0.3
func (v Value) Bool() bool { return v.kind == booleanKind && v.n != 0 }

// Time returns a time, a date as its midnight in UTC, and the zero time for any other type.
//
// Since: v0.3
func (v Value) Time() time.Time {
	form := time.RFC3339Nano
	switch v.kind {
	case timeKind:
	case dateKind:
		form = dateForm
	default:
		return time.Time{}
	}
	t, err := time.Parse(form, v.s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Bytes returns a copy of bytes, nil for any other type.
//
// Since: v0.3
func (v Value) Bytes() []byte {
	if v.kind != bytesKind {
		return nil
	}
	return []byte(v.s)
}

// List returns what a list holds, nil for any other type.
//
// Since: v0.3
func (v Value) List() []Value { return slices.Clone(v.list) }

// Equal says whether two values are the same: of one type, with the same digits and the same offset.
//
// Since: v0.3
func (v Value) Equal(o Value) bool {
	return v.kind == o.kind && v.n == o.n && v.s == o.s && slices.EqualFunc(v.list, o.list, Value.Equal)
}
