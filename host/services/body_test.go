package services_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// TestHostileBodiesAreInvalid sends what a guest may send: anything.
func TestHostileBodiesAreInvalid(t *testing.T) {
	rows := services.New(all(t, newFakeJira()))
	list := func(header []byte, members int, member byte) []byte {
		b := msgp.AppendMapHeader(nil, 1)
		b = msgp.AppendString(b, "records")
		return append(append(b, header...), bytes.Repeat([]byte{member}, members)...)
	}
	key, err := (&sdkstore.Key{Type: "code", ID: "a"}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		op   string
		body []byte
	}{
		"not MessagePack":                 {sdkstore.OpGet, []byte{0xc1}},
		"cut off":                         {sdkstore.OpGet, key[:len(key)-1]},
		"goes on after its end":           {sdkstore.OpGet, append(bytes.Clone(key), 0xc0)},
		"another type":                    {sdkstore.OpGet, msgp.AppendString(nil, "key")},
		"another type inside":             {sdkstore.OpPut, list(msgp.AppendInt(nil, 7), 0, 0)},
		"announces four billion":          {sdkstore.OpPut, list([]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, 0, 0)},
		"sends millions of a byte each":   {sdkstore.OpPut, list([]byte{0xdd, 0x00, 0x3f, 0xff, 0x00}, 0x3fff00, 0x80)},
		"nests without end":               {sdkstore.OpPut, list(bytes.Repeat([]byte{0x91}, 3_000_000), 1, 0xc0)},
		"nests maps without end":          {jira.OpSearch, bytes.Repeat([]byte{0x81, 0xa0}, 1_000_000)},
		"nothing where something must be": {sdkstore.OpGet, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ask(t.Context(), t, rows, binding("t"), c.op, c.body)
			runtime.ReadMemStats(&after)
			wantError(t, c.op, err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost})
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("decoding took %d MiB", grown>>20)
			}
		})
	}
}

func TestAnswerThatIsTooLargeIsRefused(t *testing.T) {
	j := newFakeJira()
	j.issues["10001"] = jira.Issue{ID: "10001", Fields: map[string]jira.Value{"description": {Text: string(bytes.Repeat([]byte("x"), wire.MaxMessage))}}}
	_, err := jira.Get(as(t, services.New(all(t, j)), binding("t")), "10001", "description")
	wantError(t, "Get", err, sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost})
}

func TestContextErrorsKeepTheirCodes(t *testing.T) {
	rows := services.New(all(t, newFakeJira()))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithDeadline(t.Context(), newClock().Now().AddDate(-1, 0, 0))
	defer stop()
	for _, op := range []string{sdkstore.OpGet, jira.OpIssue} {
		body, err := (&sdkstore.Key{Type: "code", ID: "10001"}).MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ask(canceled, t, rows, binding("t"), op, body)
		wantError(t, op, err, sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost})
		_, err = ask(late, t, rows, binding("t"), op, body)
		wantError(t, op, err, sdk.Error{Code: sdk.Deadline, Source: sdk.FromHost})
	}
}

// FuzzBody feeds every operation bytes that a guest made up. Whatever they are, the host has no defect.
func FuzzBody(f *testing.F) {
	rows := services.New(all(f, newFakeJira()))
	for i := range rows {
		f.Add(i, []byte{0xc0})
		f.Add(i, emptyMap)
	}
	for i, m := range []msgp.Marshaler{
		&sdkstore.Records{Records: []sdkstore.Record{{Type: "code", ID: "8", Fields: map[string]string{"issue": "1"}}}},
		&sdkstore.Query{Type: "code", Field: "issue", Value: "1", Limit: 3, Cursor: "MWE"},
		&sdkstore.Mint{Count: 3},
		&jira.Search{JQL: "project = OPS", Fields: []string{"summary"}, Limit: 7},
	} {
		body, err := m.MarshalMsg(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, body)
		f.Add(5, body)
		f.Add(8, body)
	}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		row := rows[max(i, -(i+1))%len(rows)]
		if _, err := ask(t.Context(), t, rows, binding("t"), row.Op, body); sdk.CodeOf(err) == sdk.Internal {
			t.Errorf("%s: %v", row.Op, err)
		}
	})
}
