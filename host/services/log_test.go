package services_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/log"
)

// written sends an entry and returns what the host's log got, and how many entries were counted as dropped.
func written(t *testing.T, e log.Entry) (line map[string]any, dropped int) {
	t.Helper()
	var out bytes.Buffer
	rows := services.New(services.Deps{
		Log:       slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Manifests: services.ManifestsFunc(manifests),
		Dropped: func(b *capability.Binding) {
			if b.Plugin != "acme.labels" {
				t.Errorf("counted for %s", b.Plugin)
			}
			dropped++
		},
	})
	if err := hostcall.Do(as(t, rows, binding("t")), log.OpWrite, &e, nil); err != nil {
		t.Errorf("a log entry failed: %v", err)
	}
	if out.Len() == 0 {
		return nil, dropped
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	return line, dropped
}

func TestLogEntryCarriesItsOrigin(t *testing.T) {
	for level, want := range map[string]string{log.Debug: "DEBUG", log.Info: "INFO", log.Warn: "WARN", log.Error: "ERROR"} {
		got, dropped := written(t, log.Entry{Level: level, Code: "sheet.rendered", Attrs: []log.Attr{
			log.Count("labels", 24), log.Took("took", 3*time.Millisecond), log.Issue("10001"), log.Count("none", 0),
			{Name: "tenant", Kind: "project", ID: "10000"}, {Name: "type", Kind: "issue_type", ID: "10004"},
			{Name: "what.field", Kind: "field", ID: "customfield_10010"}, {Name: "by", Kind: "account", ID: "557058:ann"},
		}})
		expect := map[string]any{
			"level": want, "msg": "plugin", "code": "sheet.rendered", "plugin": "acme.labels", "version": "1.0.0", "tenant": "t",
			"attrs": map[string]any{
				"labels": 24.0, "took": 3000.0, "issue": "10001", "none": 0.0, "tenant": "10000", "type": "10004",
				"what.field": "customfield_10010", "by": "557058:ann",
			},
		}
		if diff := cmp.Diff(expect, got); diff != "" || dropped != 0 {
			t.Errorf("log line, %d dropped (-want +got):\n%s", dropped, diff)
		}
	}
}

func TestLogEntryThatDoesNotFitIsDroppedAndCounted(t *testing.T) {
	ok := func() log.Entry {
		return log.Entry{Level: log.Info, Code: "sheet.rendered", Attrs: []log.Attr{log.Count("labels", 1)}}
	}
	for name, change := range map[string]func(*log.Entry){
		"no level":               func(e *log.Entry) { e.Level = "" },
		"unknown level":          func(e *log.Entry) { e.Level = "INFO" },
		"no code":                func(e *log.Entry) { e.Code = "" },
		"a sentence":             func(e *log.Entry) { e.Code = "Printer on fire" },
		"capitals":               func(e *log.Entry) { e.Code = "sheet.Rendered" },
		"a dash":                 func(e *log.Entry) { e.Code = "sheet-rendered" },
		"a trailing dot":         func(e *log.Entry) { e.Code = "sheet." },
		"a line break":           func(e *log.Entry) { e.Code = "sheet\n" },
		"a code of another":      func(e *log.Entry) { e.Code = "sheet.printed" },
		"a word of an issue":     func(e *log.Entry) { e.Code = "printer.on_fire" },
		"another script":         func(e *log.Entry) { e.Code = "ärger" },
		"a long code":            func(e *log.Entry) { e.Code = strings.Repeat("x", 65) },
		"many attributes":        func(e *log.Entry) { e.Attrs = slices.Repeat(e.Attrs, 17) },
		"attribute without name": func(e *log.Entry) { e.Attrs[0].Name = "" },
		"a word as name":         func(e *log.Entry) { e.Attrs[0].Name = "printer_on_fire" },
		"two names in one":       func(e *log.Entry) { e.Attrs[0].Name = "labels} labels in {took" },
		"a sentence as name":     func(e *log.Entry) { e.Attrs[0].Name = "printer on fire" },
		"an id without kind":     func(e *log.Entry) { e.Attrs[0] = log.Attr{Name: "words", ID: "printer"} },
		"an unknown kind":        func(e *log.Entry) { e.Attrs[0] = log.Attr{Name: "words", Kind: "text", ID: "printer"} },
		"an issue key":           func(e *log.Entry) { e.Attrs[0] = log.Issue("OPS-7") },
		"no issue":               func(e *log.Entry) { e.Attrs[0] = log.Issue("") },
		"words as account":       func(e *log.Entry) { e.Attrs[0] = log.Attr{Name: "by", Kind: "account", ID: "Ann Example"} },
		"words as field":         func(e *log.Entry) { e.Attrs[0] = log.Attr{Name: "f", Kind: "field", ID: "on fire"} },
		"a number and an id":     func(e *log.Entry) { e.Attrs[0] = log.Attr{Name: "n", Kind: "issue", ID: "1", Number: 7} },
		"one of many":            func(e *log.Entry) { e.Attrs = append(e.Attrs, log.Issue("OPS-7")) },
	} {
		e := ok()
		change(&e)
		if got, dropped := written(t, e); got != nil || dropped != 1 {
			t.Errorf("%s: log line %v, %d dropped; want none and one", name, got, dropped)
		}
	}
	if got, dropped := written(t, ok()); got == nil || dropped != 0 {
		t.Errorf("the entry as it was: log line %v, %d dropped", got, dropped)
	}
	// A host that does not know what the plugin declares writes nothing.
	for name, m := range map[string]services.Manifests{
		"no manifests": nil, "no such version": services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest { return nil }),
	} {
		dropped := 0
		e := ok()
		rows := services.New(services.Deps{Manifests: m, Dropped: func(*capability.Binding) { dropped++ }})
		if err := hostcall.Do(as(t, rows, binding("t")), log.OpWrite, &e, nil); err != nil || dropped != 1 {
			t.Errorf("%s: %v, %d dropped", name, err, dropped)
		}
	}
}
