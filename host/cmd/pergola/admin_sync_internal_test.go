package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/syncing"
)

// asPergola has a copy of this test be the program itself, in a process that can be killed.
const asPergola = "TEST_IS_PERGOLA"

func TestMain(m *testing.M) {
	if os.Getenv(asPergola) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// bench is a host in a process of its own, whose one site is a sandbox in this one. The working directory is its own.
type bench struct {
	*testing.T
	site    *app.Sandbox
	address string
	// operators is the address of operator.listen.
	operators string
	host      *exec.Cmd
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := alone(t)
	guest := filepath.Join(dir, "plugins", "example.synccsv")
	root := filepath.Join(sourceDir, "..", "..", "..")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(guest, "plugin.wasm"), "./examples/sync-csv")
	build.Dir, build.Env = root, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the synchronizer: %v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "examples", "sync-csv", "plugin.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(guest, "plugin.json"), string(manifest))
	site, err := app.StartSandbox(app.SandboxConfig{Dir: "site", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close(context.Background()) })
	b := &bench{T: t, site: site}
	b.address, b.operators = twoFree(t)
	b.start()
	if err := site.Install(t.Context(), "http://"+b.address); err != nil {
		t.Fatal(err)
	}
	return b
}

// twoFree returns two addresses of this machine on which nobody listens.
func twoFree(t *testing.T) (one, other string) {
	t.Helper()
	for _, at := range []*string{&one, &other} {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = free.Close() }() // when both are known, so that they differ
		*at = free.Addr().String()
	}
	return one, other
}

// sourceDir is where the tests began: alone changes the working directory.
var sourceDir = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

// start starts the host, and returns when it serves.
func (b *bench) start() {
	b.Helper()
	args := []string{"serve", "--listen", b.address, "--set", "plugins.dir=plugins", "--set", "operator.listen=" + b.operators}
	for key, value := range b.site.Override() {
		args = append(args, "--set", key+"="+value)
	}
	b.host = exec.Command(os.Args[0], args...)
	b.host.Env = append(os.Environ(), asPergola+"=yes")
	reader, writer := io.Pipe()
	serving := &heard{word: "msg=serving", then: func() { _ = writer.Close() }}
	b.host.Stderr = serving
	if err := b.host.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.host.Wait(); _ = writer.Close() }()
	b.Cleanup(b.kill)
	_, _ = io.Copy(io.Discard, reader)
	if !serving.found {
		b.Fatalf("the host does not serve: %v\n%s", <-ended, serving.all.String())
	}
}

// kill ends the host as kill -9 does.
func (b *bench) kill() {
	_ = b.host.Process.Kill()
	_, _ = b.host.Process.Wait()
}

// heard keeps what is written to it, and does something when a word comes for the first time.
type heard struct {
	all   bytes.Buffer
	word  string
	found bool
	then  func()
}

func (h *heard) Write(p []byte) (int, error) {
	h.all.Write(p)
	if !h.found && strings.Contains(h.all.String(), h.word) {
		h.found = true
		h.then()
	}
	return len(p), nil
}

// sync runs a command that has to end with a code, and returns its outputs.
func (b *bench) sync(want int, args ...string) (stdout, stderr string) {
	b.Helper()
	code, stdout, stderr := pergola(b.T, append([]string{"admin", "sync"}, args...)...)
	if code != want {
		b.Fatalf("admin sync %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout, stderr
}

func (b *bench) says(text string, want ...string) {
	b.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			b.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// laptops is a file of a table with so many rows.
func laptops(rows int) string {
	var table strings.Builder
	for i := range rows {
		fmt.Fprintf(&table, "        A-%d,X\n", i)
	}
	return `version: 1
connections:
  - name: Pasted
    plugin: example.synccsv
    synchronizer: csv
    settings:
      table: |
        serial,model
` + table.String() + `synchronizations:
  - name: Laptops
    connection: Pasted
    mapping:
      stream: table
      project: OPS
      type: {default: Laptop}
      fields:
        - {field: Summary, column: serial}
        - {field: Description, column: model}
    schedule: {cron: "0 6 1 1 *", zone: Europe/Berlin}
`
}

func TestSynchronizationFromFileToIssues(t *testing.T) {
	b := newBench(t)
	out, _ := b.sync(0, "sources")
	b.says(out, "example.synccsv/csv")
	write(t, "sync.yaml", laptops(3))
	out, _ = b.sync(0, "import", "sync.yaml", "--dry-run")
	b.says(out, "synchronization Laptops: created", "dry run")
	out, _ = b.sync(0, "list")
	if strings.Contains(out, "Laptops") {
		t.Errorf("the dry run made it:\n%s", out)
	}
	b.sync(0, "import", "sync.yaml")
	out, _ = b.sync(0, "import", "sync.yaml")
	b.says(out, "0 created, 0 changed, 2 unchanged, 0 deleted.")
	out, _ = b.sync(0, "export")
	write(t, "exported.yaml", out)
	out, _ = b.sync(0, "import", "exported.yaml", "--delete")
	b.says(out, "0 created, 0 changed, 2 unchanged, 0 deleted.")

	out, _ = b.sync(0, "connections", "test", "Pasted")
	b.says(out, "works")
	out, _ = b.sync(0, "check", "Laptops")
	b.says(out, "Nothing keeps Laptops from running.")
	out, _ = b.sync(0, "preview", "Laptops")
	b.says(out, "serial (string)", `summary = "A-2"`)
	out, _ = b.sync(0, "plan", "Laptops", "--limit", "1")
	b.says(out, "created  3", "A-0", `summary: nothing → "A-0"`)
	if strings.Contains(out, "A-1") {
		t.Errorf("--limit 1 shows more:\n%s", out)
	}
	out, _ = b.sync(0, "run", "Laptops")
	b.says(out, "done", "3 created")
	out, _ = b.sync(0, "run", "Laptops")
	b.says(out, "3 skipped")
	b.steered()
	b.stoppedByTheBrake()
	b.refused()
	b.elsewhere()
}

// steered has the schedule and runs steered.
func (b *bench) steered() {
	b.Helper()
	out, _ := b.sync(0, "runs", "Laptops", "--json")
	var newest syncing.Run
	line, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(line), &newest); err != nil || newest.Counts["skipped"] != 3 {
		b.Fatalf("runs --json prints %s: %v", out, err)
	}
	out, _ = b.sync(0, "rows", string(newest.ID))
	b.says(out, "OUTCOME")
	_, stderr := b.sync(1, "cancel", string(newest.ID))
	b.says(stderr, "pergola: ")
	out, _ = b.sync(0, "schedule", "times", "Laptops")
	if strings.Count(out, "\n") != 5 {
		b.Errorf("times prints %s", out)
	}
	out, _ = b.sync(0, "schedule", "pause", "Laptops")
	b.says(out, "paused")
	out, _ = b.sync(0, "schedule", "set", "Laptops", "--every", "6h")
	b.says(out, "every 6h", "The next run is at")
	out, _ = b.sync(0, "import", "sync.yaml")
	b.says(out, `schedule.cron: nothing → "0 6 1 1 *"`, `schedule.every: "6h" → nothing`)
	out, _ = b.sync(0, "schedule", "clear", "Laptops")
	b.says(out, "by hand only")
}

// stoppedByTheBrake has a run stopped, and approved.
func (b *bench) stoppedByTheBrake() {
	b.Helper()
	write(b.T, "braked.yaml", strings.Replace(laptops(4), "      fields:", "      brake: {count: 0, ask: true}\n      fields:", 1))
	b.sync(0, "import", "braked.yaml")
	_, stderr := b.sync(3, "run", "Laptops")
	b.says(stderr, "brake", "--approve")
	out, _ := b.sync(0, "run", "Laptops", "--approve")
	b.says(out, "1 created")
}

// refused gives wrong input, each with what the error has to say.
func (b *bench) refused() {
	b.Helper()
	for _, tt := range []struct {
		code int
		file string
		args []string
		want []string
	}{
		{1, "", []string{"run", "Phones"}, []string{`there is no synchronization "Phones"`, "Laptops"}},
		{1, "", []string{"run", "--follow", "nobody"}, []string{"no such run"}},
		{2, "", []string{"run"}, []string{"--follow RUN"}},
		{1, "", []string{"list", "--tenant", "nobody.example"}, []string{`no site "nobody.example"`, b.site.URL()[len("http://"):]}},
		{1, "", []string{"connections", "delete", "Pasted"}, []string{"1 synchronizations read this connection"}},
		{2, "", []string{"connections", "save", "New"}, []string{"--source"}},
		{1, "{}", []string{"connections", "save", "New", "--source", "example.synccsv/csv", "--settings", "wrong"}, []string{"settings.table"}},
		{1, "hush", []string{"connections", "save", "Pasted", "--secret", "password=wrong"}, []string{"secrets.password", "no such secret"}},
		{1, "", []string{"schedule", "set", "Laptops", "--cron", "99 * * * *"}, []string{"cron"}},
		{2, "", []string{"schedule", "set", "Laptops"}, []string{"--cron, --every, --once or --on-projects"}},
		{1, strings.Replace(laptops(1), "OPS", "OPX", 1), []string{"import", "wrong"}, []string{`line 15: there is no project "OPX"`, "OPS"}},
		{1, strings.Replace(laptops(1), "stream", "streem", 1), []string{"import", "wrong"}, []string{`line 14: there is no key "streem"`}},
		{1, strings.Replace(laptops(1), "    settings:", "    secrets: {password: {env: NOT_SET}}\n    settings:", 1), []string{"import", "wrong"}, []string{"line 6: the variable NOT_SET is not set"}},
	} {
		write(b.T, "wrong", tt.file)
		stdout, stderr := b.sync(tt.code, tt.args...)
		b.says(stderr, tt.want...)
		if strings.Contains(stdout+stderr, "hush") {
			b.Errorf("%v shows the secret", tt.args)
		}
	}
}

func TestRunGoesOnAfterItsHostWasKilled(t *testing.T) {
	const rows = 230
	b := newBench(t)
	write(t, "sync.yaml", laptops(rows))
	b.sync(0, "import", "sync.yaml")
	fault := []string{"sandbox", "fault", "add", "latency", "--delay", "1200ms", "--method", "POST", "--path", "/rest/**", "--site", b.site.URL()}
	if code, _, stderr := pergola(t, fault...); code != 0 {
		t.Fatal(stderr)
	}
	out, _ := b.sync(0, "run", "Laptops", "--no-wait")
	id := strings.TrimSpace(out)
	// The host is killed as soon as it tells that some rows are done.
	var stderr bytes.Buffer
	progress := &killer{host: b.kill}
	if code := run([]string{"admin", "sync", "run", "--follow", id, "--json"}, progress, &stderr); code != 1 {
		t.Fatalf("following a host that is killed ends with %d: %s", code, stderr.String())
	}
	b.says(stderr.String(), "the host went away", "--follow "+id)
	if progress.last.Done == 0 || progress.last.State.Over() {
		t.Fatalf("the host was killed when the run was %s with %d rows done", progress.last.State, progress.last.Done)
	}
	_, none := b.sync(1, "list")
	b.says(none, "no host runs", "pergola serve")

	if code, _, stderr := pergola(t, "sandbox", "fault", "remove", "--all", "--site", b.site.URL()); code != 0 {
		t.Fatal(stderr)
	}
	b.start()
	out, _ = b.sync(0, "run", "--follow", id)
	b.says(out, "Run "+id+": done", fmt.Sprintf("%d created", rows))
	out, _ = b.sync(0, "run", "Laptops")
	b.says(out, fmt.Sprintf("%d skipped", rows))
}

// killer reads the lines of a run that is followed, and kills its host when the first rows are done.
type killer struct {
	last syncing.Run
	host func()
}

func (k *killer) Write(p []byte) (int, error) {
	if err := json.Unmarshal(p, &k.last); err != nil {
		return 0, err
	}
	if k.last.Done > 0 && k.host != nil {
		k.host()
		k.host = nil
	}
	return len(p), nil
}
