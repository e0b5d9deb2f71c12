//go:build linux

package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	gosync "sync"
	"syscall"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// childSetting is the variable that turns the test binary into a host's engine in a process of its own: a setting as JSON.
const childSetting = "PERGOLA_TEST_SYNC_CHILD"

// setting is what a child works with.
type setting struct {
	Site, ClientKey, Secret string // the sandbox, and the credentials of the app that is installed there
	Plugin, Manifest        string // files of plugins/database-sync
	Port                    int    // of PostgreSQL
	Dir                     string // of the jobs of a child that is to be killed; "" for one that takes orders
}

// order is what a child is told to do, on a line of its input.
type order struct {
	Sync   string `json:"sync"`   // id of the synchronization
	Table  string `json:"table"`  // its stream
	Dry    bool   `json:"dry"`    // plan and write nothing
	Label  bool   `json:"label"`  // label issues whose row is gone
	Record bool   `json:"record"` // keep what creates issues, for Replay
	Replay bool   `json:"replay"` // send what was kept again, with nothing around it; no run
}

// answer is what came of an order.
type answer struct {
	Counts map[string]int64 `json:"counts"`
	Took   time.Duration    `json:"took"`
	CPU    time.Duration    `json:"cpu"`  // of this process alone
	Peak   int64            `json:"peak"` // KiB of memory that this process held at most meanwhile
	Error  string           `json:"error,omitempty"`
}

// child is an engine with all that belongs to it.
type child struct {
	setting setting
	syncer  *syncer.Engine
	core    *core.Engine
	driver  *process.Driver
	wire    *wire
	tenant  tenant.Tenant
}

func runChild(raw string) error {
	var s setting
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := openChild(ctx, s)
	if err != nil {
		return err
	}
	if s.Dir != "" {
		return c.work(ctx)
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return errors.Join(c.core.Close(ctx), c.driver.Close(ctx))
		} else if err != nil {
			return err
		}
		if err := out.Encode(c.obey(ctx, o)); err != nil {
			return err
		}
	}
}

func openChild(ctx context.Context, s setting) (*child, error) {
	c := &child{setting: s, wire: &wire{}, tenant: tenant.Tenant{
		ID: "t1", ClientKey: s.ClientKey, SharedSecret: seal.NewSecret(s.Secret), BaseURL: s.Site, State: tenant.Active,
	}}
	code, err := os.ReadFile(s.Plugin)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(s.Manifest)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Parse("plugin.json", raw)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(code)
	quiet := slog.New(slog.DiscardHandler)
	if c.driver, err = process.New(process.Config{Allow: []string{hex.EncodeToString(digest[:])}, Logger: quiet}); err != nil {
		return nil, err
	}
	if c.core, err = core.New(core.Config{
		Drivers: map[string]driver.Driver{"process": c.driver}, Logger: quiet,
		Reach: func(capability.TenantID) sync.Reach { return sync.Reach{Networks: []string{"127.0.0.0/8", "::1/128"}} },
	}); err != nil {
		return nil, err
	}
	if err := c.core.Add(ctx, m, code); err != nil {
		return nil, err
	}
	limits, err := limit.New(limit.Config{Unpaced: true, Points: -1}) // the site has no limits here
	if err != nil {
		return nil, err
	}
	client, err := jira.New(jira.Config{AppKey: appKey, Limits: limits, HTTP: &http.Client{Transport: c.wire, Timeout: 20 * time.Second}})
	if err != nil {
		return nil, err
	}
	c.syncer, err = syncer.New(syncer.Config{Jira: client, Secret: func(context.Context, capability.TenantID) (identity.Secret, error) {
		return identity.Secret("a secret of this benchmark's tenant"), nil
	}})
	return c, err
}

// sync is the synchronization of a table, with four fields of four kinds.
func (c *child) sync(id, table string) syncer.Sync {
	return syncer.Sync{
		ID: id, Tenant: c.tenant, Name: "database",
		Source: c.core.Source(capability.Binding{Tenant: c.tenant.ID, Plugin: "pergola.database"}, "database"),
		Connection: sync.Config{
			Settings: settings.Values{
				Strings: map[string]string{"engine": "postgresql", "host": "localhost", "database": "postgres", "user": "pergola", "tls": "off"},
				Numbers: map[string]float64{"port": float64(c.setting.Port)},
			},
			Secrets: map[string]sync.Secret{"password": password},
		},
		Config: mapping.Config{
			Stream: "public." + table, Project: project, Type: mapping.TypeRule{Default: issueType},
			Fields: []mapping.Field{
				{Field: "summary", Column: "name"},
				{Field: priceField, Column: "price", OnEmpty: mapping.Clear},
				{Field: placeField, Column: "place"},
				{Field: "labels", Column: "tags"},
			},
		},
	}
}

func (c *child) obey(ctx context.Context, o order) answer {
	var a answer
	err := forgetPeak()
	before, began := cpu(), time.Now()
	if err != nil {
		a.Error = err.Error()
		return a
	}
	if o.Replay {
		err = c.replay(ctx)
	} else {
		c.wire.record(o.Record)
		s := c.sync(o.Sync, o.Table)
		if o.Label {
			s.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
		}
		a.Counts, err = c.run(ctx, s, o.Dry)
	}
	a.Took, a.CPU = time.Since(began), cpu()-before
	if err != nil {
		a.Error = err.Error()
	}
	if a.Peak, err = peak(); err != nil {
		a.Error = err.Error()
	}
	return a
}

// run steps the engine to the end of a run, as a job does.
func (c *child) run(ctx context.Context, s syncer.Sync, dry bool) (map[string]int64, error) {
	in := syncer.StepInput{Run: "run" + strconv.FormatInt(time.Now().UnixNano(), 36), DryRun: dry}
	counts := map[string]int64{}
	for {
		out, err := c.syncer.Step(ctx, s, in)
		if err != nil {
			return counts, err
		}
		for name, n := range out.Counts {
			counts[name] += n
		}
		if out.After > 0 {
			return counts, fmt.Errorf("the site's limit %s is in the way", out.Reason)
		}
		if out.Done {
			return counts, nil
		}
		in.Cursor, in.Number = out.Cursor, in.Number+1
	}
}

// replay makes issues of the bodies that a run sent, as fast as one caller can.
func (c *child) replay(ctx context.Context) error {
	for _, sent := range c.wire.sent {
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, sent.url, bytes.NewReader(sent.body))
		if err != nil {
			return err
		}
		q.Header = sent.header
		res, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		if res.StatusCode != http.StatusCreated {
			return fmt.Errorf("a bulk of issues was answered with %d", res.StatusCode)
		}
	}
	return nil
}

// wire is the way to the site. It can keep what makes issues, and tells of the first write.
type wire struct {
	mu      gosync.Mutex
	keeps   bool
	sent    []sent
	wrote   gosync.Once
	written func() // called before the first write; nil for nobody
}

type sent struct {
	url    string
	header http.Header
	body   []byte
}

func (w *wire) record(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keeps = on; on {
		w.sent = nil
	}
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(q *http.Request) (*http.Response, error) {
	bulk := strings.HasSuffix(q.URL.Path, "/issue/bulk")
	if w.written != nil && (bulk || q.Method == http.MethodPut) {
		w.wrote.Do(w.written)
	}
	w.mu.Lock()
	keep := w.keeps && bulk
	w.mu.Unlock()
	if keep {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return nil, err
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.sent = append(w.sent, sent{q.URL.String(), q.Header.Clone(), body})
		w.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(q)
}

// cpu is how long this process has computed, without its children.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forgetPeak gives back what is not used, such as the plugin's code, and has the kernel begin anew with VmHWM.
func forgetPeak() error {
	debug.FreeOSMemory()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is how much memory this process held at most since then, in KiB.
func peak() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
		}
	}
	return 0, errors.New("the kernel does not tell VmHWM")
}
