package sync_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestValuesCrossTheWireExactly(t *testing.T) {
	india := time.FixedZone("IST", 5*3600+1800)
	for _, tt := range []struct {
		name string
		in   sync.Value
		typ  sync.Type
		text string
	}{
		{"null", sync.Value{}, "", ""},
		{"empty string", sync.String(""), sync.StringType, ""},
		{"string", sync.String("Grüße, 世界 \x00"), sync.StringType, "Grüße, 世界 \x00"},
		{"smallest integer", sync.Int(math.MinInt64), sync.IntegerType, "-9223372036854775808"},
		{"largest integer", sync.Int(math.MaxInt64), sync.IntegerType, "9223372036854775807"},
		{"zero", sync.Int(0), sync.IntegerType, "0"},
		{"decimal keeps its scale", sync.Decimal("12.50"), sync.DecimalType, "12.50"},
		{"decimal with more digits than any number of a machine", sync.Decimal("-" + strings.Repeat("9", 400) + ".001"), sync.DecimalType, "-" + strings.Repeat("9", 400) + ".001"},
		{"decimal loses zeros in front and a plus", sync.Decimal("+007"), sync.DecimalType, "7"},
		{"decimal without a whole part", sync.Decimal("-.5"), sync.DecimalType, "-0.5"},
		{"decimal without a fraction", sync.Decimal("000."), sync.DecimalType, "0"},
		{"float", sync.Float(0.1), sync.DecimalType, "0.1"},
		{"large float", sync.Float(1e21), sync.DecimalType, "1000000000000000000000"},
		{"true", sync.Bool(true), sync.BooleanType, "true"},
		{"false", sync.Bool(false), sync.BooleanType, "false"},
		{"leap day", sync.Date(2028, time.February, 29), sync.DateType, "2028-02-29"},
		{"first day", sync.Date(1, time.January, 1), sync.DateType, "0001-01-01"},
		{"time keeps offset and digits", sync.Time(time.Date(2026, 11, 26, 16, 4, 20, 123_456_789, india)), sync.TimeType, "2026-11-26T16:04:20.123456789+05:30"},
		{"time with an odd offset is told in UTC", sync.Time(time.Date(1890, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 53*60+28))), sync.TimeType, "1889-12-31T23:06:32Z"},
		{"bytes", sync.Bytes([]byte{0, 255}), sync.BytesType, "AP8="},
		{"empty list", sync.List(), sync.ListType, ""},
		{"list", sync.List(sync.Int(1), sync.Value{}, sync.Int(3)), sync.ListType, "1, , 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := tt.in.MarshalMsg(nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(raw) > tt.in.Msgsize() {
				t.Errorf("it takes %d bytes, and Msgsize says %d", len(raw), tt.in.Msgsize())
			}
			var got sync.Value
			rest, err := got.UnmarshalMsg(append(raw, 0xc0))
			if err != nil || len(rest) != 1 {
				t.Fatalf("%v, %d bytes left", err, len(rest))
			}
			if diff := cmp.Diff(tt.in, got); diff != "" {
				t.Errorf("value (-sent +got):\n%s", diff)
			}
			if got.Type() != tt.typ || got.Text() != tt.text {
				t.Errorf("got %q of the type %q, want %q of %q", got.Text(), got.Type(), tt.text, tt.typ)
			}
		})
	}
}

func TestValuesThatNoTypeHoldsAreRefused(t *testing.T) {
	for name, v := range map[string]sync.Value{
		"not a number":      sync.Float(math.NaN()),
		"infinity":          sync.Float(math.Inf(-1)),
		"exponent":          sync.Decimal("1e5"),
		"decimal comma":     sync.Decimal("1,5"),
		"no digits":         sync.Decimal("-"),
		"empty":             sync.Decimal(""),
		"too many digits":   sync.Decimal(strings.Repeat("1", sync.MaxDigits+1)),
		"far future":        sync.Time(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		"before our era":    sync.Date(-1, 1, 1),
		"too long":          sync.String(strings.Repeat("x", sync.MaxCell+1)),
		"list in a list":    sync.List(sync.List()),
		"long list":         sync.List(sync.String(strings.Repeat("x", sync.MaxCell)), sync.String("x")),
		"bad in a list":     sync.List(sync.Decimal("x")),
		"untold on purpose": sync.Untold("it is infinite"),
	} {
		if raw, err := v.MarshalMsg(nil); err == nil {
			t.Errorf("%s: sent as % x", name, raw)
		}
	}
}

func TestBytesThatAreNoValueAreRefused(t *testing.T) {
	ext := func(typ byte, text string) []byte { return append([]byte{0xc7, byte(len(text)), typ}, text...) }
	for name, raw := range map[string][]byte{
		"nothing":            {},
		"float":              {0xcb, 0, 0, 0, 0, 0, 0, 0, 0},
		"map":                {0x80},
		"unknown extension":  ext(5, "x"),
		"cut extension":      {0xc7, 5, 16, '1'},
		"decimal":            ext(16, "1e5"),
		"zeros in front":     ext(16, "01"),
		"date":               ext(17, "2026-02-30"),
		"time":               ext(18, "2026-02-28 10:00"),
		"list in a list":     {0x91, 0x90},
		"list that is cut":   {0xdd, 0xff, 0xff, 0xff, 0xff},
		"unsigned too large": {0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		var v sync.Value
		if _, err := v.UnmarshalMsg(raw); err == nil {
			t.Errorf("%s: decoded as %q", name, v.Text())
		}
	}
}

func TestShortExtensionsOfOtherWritersAreRead(t *testing.T) {
	var v sync.Value
	if _, err := v.UnmarshalMsg([]byte{0xd6, 16, '1', '.', '5', '0'}); err != nil || !v.Equal(sync.Decimal("1.50")) {
		t.Errorf("got %q, %v", v.Text(), err)
	}
}

func TestBrokenTextIsMendedWhenItIsSent(t *testing.T) {
	raw, err := sync.String("a\xffb").MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v sync.Value
	if _, err := v.UnmarshalMsg(raw); err != nil || v.Text() != "a\ufffdb" {
		t.Errorf("got %q, %v", v.Text(), err)
	}
}

func FuzzValue(f *testing.F) {
	for _, v := range []sync.Value{{}, sync.Int(-1), sync.Decimal("1.5"), sync.Date(2026, 1, 2), sync.Time(time.Unix(0, 1)), sync.Bytes([]byte{1}), sync.List(sync.String("a"))} {
		raw, err := v.MarshalMsg(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v, again sync.Value
		if _, err := v.UnmarshalMsg(raw); err != nil {
			return
		}
		out, err := v.MarshalMsg(nil)
		if err != nil {
			t.Fatalf("decoded %q, and then: %v", v.Text(), err)
		}
		if _, err := again.UnmarshalMsg(out); err != nil || again.Type() != v.Type() {
			t.Fatalf("%q became %q, %v", v.Text(), again.Text(), err)
		}
	})
}
