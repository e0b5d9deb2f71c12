package app_test

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// canaryLeakEnv makes TestCanaryLeakingHost a host that leaks, in the way that it names.
const canaryLeakEnv = "PERGOLA_TEST_CANARY_LEAK"

// leaking is a host that knows content and is about to leak it.
type leaking struct {
	t       *testing.T
	log     *slog.Logger
	data    string
	summary string
	key     store.Key
}

// leaks are the mistakes that a host could make.
var leaks = map[string]func(l *leaking) error{
	"log": func(l *leaking) error {
		l.log.Error("cannot print the label", "summary", l.summary)
		return nil
	},
	"debug log in JSON": func(l *leaking) error {
		slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).Debug("issue", "raw", []byte(l.summary)) // in base64
		return nil
	},
	"document": func(l *leaking) error { return l.writeAndClose(l.passing()[0]) },
	"large document": func(l *leaking) error {
		return l.writeAndClose(store.Op{Doc: store.Doc{Key: l.key, Body: l.body(strings.Repeat("x", 20_001) + l.summary + strings.Repeat("y", 20_001))}})
	},
	// Its journal still has it where the host does not end cleanly.
	"deleted document in the journal": func(l *leaking) error {
		_, err := l.write(l.passing()...)
		return err
	},
	"temporary file": func(l *leaking) error {
		return os.WriteFile(filepath.Join(os.TempDir(), "labels-1.tmp"), []byte(l.summary), 0o600)
	},
	"compressed file": func(l *leaking) error {
		f, err := os.CreateTemp("", "export-*.gz")
		if err != nil {
			return err
		}
		w := gzip.NewWriter(f)
		if _, err := fmt.Fprintf(w, `{"issues":[{"state":%q}]}`, base64.StdEncoding.EncodeToString([]byte(l.summary))); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		return f.Close()
	},
	"name of a file": func(l *leaking) error {
		return os.WriteFile(filepath.Join(l.data, "label-"+strings.ToLower(strings.ReplaceAll(l.summary, "/", "-"))), nil, 0o600)
	},
	"panic": func(l *leaking) error {
		go func() { panic("cannot print " + l.summary) }()
		select {}
	},
	"working directory": func(l *leaking) error { return os.WriteFile("core.4711", []byte("\x7fELF"+l.summary), 0o600) },
	"home directory": func(l *leaking) error {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(home, ".history"), []byte(l.summary), 0o600)
	},
}

// clean is what leaves nothing behind, so that the search must find nothing either.
var clean = map[string]func(l *leaking) error{
	"nothing":            func(*leaking) error { return nil },
	"a deleted document": func(l *leaking) error { return l.writeAndClose(l.passing()...) },
}

func canaryLeaks() []string { return slices.Sorted(maps.Keys(leaks)) }

// passing are the writes of a document that is deleted at once.
func (l *leaking) passing() []store.Op {
	return []store.Op{{Doc: store.Doc{Key: l.key, Body: l.body(l.summary)}}, {Doc: store.Doc{Key: l.key}, Delete: true, IfRev: store.Any}}
}

func (l *leaking) body(text string) []byte {
	raw, err := json.Marshal(map[string]string{"name": text})
	if err != nil {
		l.t.Fatal(err)
	}
	return raw
}

// write puts documents into the host's store, each in a transaction of its own.
func (l *leaking) write(ops ...store.Op) (*sqlitestore.Store, error) {
	s, err := sqlitestore.Open(context.Background(), l.data, sqlitestore.Config{})
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if _, err := s.Write(context.Background(), op); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (l *leaking) writeAndClose(ops ...store.Op) error {
	s, err := l.write(ops...)
	if err != nil {
		return err
	}
	return s.Close()
}

// TestCanaryLeakingHost is not a test but the process of TestCanaryPlantedLeakIsFound: a host that runs, ends, and makes a mistake.
func TestCanaryLeakingHost(t *testing.T) {
	way := os.Getenv(canaryLeakEnv)
	if way == "" {
		t.Skip("it is run by TestCanaryPlantedLeakIsFound")
	}
	l := &leaking{t: t, log: slog.New(slog.NewTextHandler(os.Stderr, nil)), data: filepath.Join(os.Getenv("CANARY_ROOT"), "data"),
		key: store.Key{Tenant: "site", Collection: "leak", ID: "1"}}
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Plugins.Dir = l.data, "127.0.0.1:0", t.TempDir()
	h, err := app.Start(t.Context(), cfg, l.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	l.summary = readSummary(t, os.Getenv("CANARY_SITE"))
	fmt.Fprintln(os.Stderr, "the leak is done") // before it is, since a panic ends everything
	leak := leaks[way]
	if leak == nil {
		leak = clean[way]
	}
	if err := leak(l); err != nil {
		t.Fatal(err)
	}
}

// readSummary asks the site for the summary of an issue, as a user of its own pages.
func readSummary(t *testing.T, site string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	var issue struct {
		Fields struct {
			Summary string `json:"summary"`
		} `json:"fields"`
	}
	for _, path := range []string{"/login?as=mia", "/rest/api/3/issue/" + canaryIssue} {
		r, err := client.Get(site + path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "/rest") {
			err = json.NewDecoder(r.Body).Decode(&issue)
		}
		_ = r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if issue.Fields.Summary == "" {
		t.Fatal("the issue has no summary")
	}
	return issue.Fields.Summary
}
