package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
)

// pergola runs the program as main does, with buffers for a terminal.
func pergola(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(args, &out, &err)
	return code, out.String(), err.String()
}

// alone leaves the test in an empty working directory, without the settings of the environment it runs in.
func alone(t *testing.T) (dir string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "PERGOLA_") {
			t.Setenv(name, value) // puts it back after the test
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir = t.TempDir()
	t.Chdir(dir)
	return dir
}

func TestWrongUsageEndsWith2AndSaysWhatToWrite(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"no command", nil, []string{"serve", "dev", "sandbox", "Try pergola --help"}},
		{"unknown command", []string{"server"}, []string{"server", "Try pergola --help"}},
		{"unknown flag", []string{"serve", "--lisen", "127.0.0.1:0"}, []string{"--lisen", "Try pergola --help"}},
		{"argument too many", []string{"version", "now"}, []string{"now", "Try pergola --help"}},
		{"setting without a value", []string{"config", "--set", "log.level"}, []string{"log.level", "Try pergola --help"}},
		{"unknown setting", []string{"config", "--set", "logs.level=debug"}, []string{`no setting "logs.level"`, "did you mean log.level"}},
		{"value out of range", []string{"config", "--set", "engine.request.memory_mib=1"}, []string{"engine.request.memory_mib", "8 to 4096"}},
		{"missing file", []string{"serve", "--config", "nowhere.yaml"}, []string{"nowhere.yaml does not exist"}},
		{"listen address of config", []string{"config", "--listen", "8080"}, []string{"listen (PERGOLA_LISTEN)", `"8080"`, "127.0.0.1:8080"}},
		{"listen address of serve", []string{"serve", "--listen", "8080"}, []string{"listen (PERGOLA_LISTEN)", `"8080"`}},
		{"listen address of dev", []string{"dev", "--listen", "8080"}, []string{"listen (PERGOLA_LISTEN)", `"8080"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := alone(t)
			code, stdout, stderr := pergola(t, tt.args...)
			if code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			if stdout != "" {
				t.Errorf("stdout carries %q", stdout)
			}
			for _, want := range append(tt.want, "pergola: ") {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr does not say %q:\n%s", want, stderr)
				}
			}
			if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
				t.Errorf("it left %v behind (%v)", made, err)
			}
		})
	}
}

func TestWhatFailsEndsWith1(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"address of the host is taken", []string{"serve", "--listen", address}, []string{address, "--listen takes another address"}},
		{"address of the sandbox is taken", []string{"dev", "--listen", "127.0.0.1:0", "--sandbox", address}, []string{address, "--sandbox takes another address"}},
		{"data directory is a file", []string{"serve", "--listen", "127.0.0.1:0", "--data", "file"}, []string{"data directory", "file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, filepath.Join(alone(t), "file"), "")
			code, stdout, stderr := pergola(t, tt.args...)
			if code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			if stdout != "" {
				t.Errorf("stdout carries %q", stdout)
			}
			for _, want := range append(tt.want, "pergola: ") {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr does not say %q:\n%s", want, stderr)
				}
			}
		})
	}
}

func TestVersionAloneIsPrinted(t *testing.T) {
	alone(t)
	code, stdout, stderr := pergola(t, "version")
	if code != 0 || stdout != app.Version()+"\n" || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestHelpIsNoError(t *testing.T) {
	alone(t)
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}} {
		code, stdout, stderr := pergola(t, args...)
		if code != 0 || !strings.HasPrefix(stdout, "Usage: pergola") || stderr != "" {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

// row is a line of `pergola config`.
type row struct{ Value, From, Meaning string }

// table reads what `pergola config` prints, by the columns of its first line.
func table(t *testing.T, stdout string) (keys []string, rows map[string]row) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	value, from, meaning := strings.Index(lines[0], "VALUE"), strings.Index(lines[0], "FROM"), strings.Index(lines[0], "MEANING")
	if !strings.HasPrefix(lines[0], "SETTING ") || value < 0 || from < value || meaning < from {
		t.Fatalf("the first line is %q", lines[0])
	}
	rows = map[string]row{}
	for _, line := range lines[1:] {
		if len(line) <= meaning {
			t.Fatalf("%q has no meaning", line)
		}
		key := strings.TrimSpace(line[:value])
		keys = append(keys, key)
		rows[key] = row{strings.TrimSpace(line[value:from]), strings.TrimSpace(line[from:meaning]), line[meaning:]}
	}
	return keys, rows
}

func TestConfigPrintsEveryValueWithItsOrigin(t *testing.T) {
	write(t, filepath.Join(alone(t), "pergola.yaml"), "data: from-file\nlisten: 127.0.0.1:1\nlog:\n  level: warn\n")
	t.Setenv("PERGOLA_LISTEN", "127.0.0.1:2")
	t.Setenv("PERGOLA_LOG_FORMAT", "json")
	code, stdout, stderr := pergola(t, "config", "--listen", "127.0.0.1:3",
		"--set", "plugins.enabled=a.b,c.d", "--set", "connect.bridge_url=https://x.example/all.js?v=1")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	keys, rows := table(t, stdout)
	for key, want := range map[string]row{
		"data":                   {Value: "from-file", From: "file pergola.yaml"},
		"listen":                 {Value: "127.0.0.1:3", From: "flag"},
		"log.level":              {Value: "warn", From: "file pergola.yaml"},
		"log.format":             {Value: "json", From: "environment"},
		"plugins.enabled":        {Value: "a.b,c.d", From: "flag"},
		"connect.bridge_url":     {Value: "https://x.example/all.js?v=1", From: "flag"},
		"base_url":               {Value: "", From: "default"},
		"engine.request.timeout": {Value: "10s", From: "default"},
		"metrics.token":          {Value: "", From: "default"},
	} {
		got, found := rows[key]
		if got.Meaning == "" {
			t.Errorf("%s is not explained (found: %v)", key, found)
		}
		got.Meaning = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	_, values, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, v := range values {
		want = append(want, v.Key)
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestFlagOfItsOwnWinsOverSet(t *testing.T) {
	alone(t)
	for _, args := range [][]string{
		{"config", "--data", "mine", "--set", "data=other"},
		{"config", "--set", "data=other", "--data", "mine"},
	} {
		code, stdout, stderr := pergola(t, args...)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if _, rows := table(t, stdout); rows["data"].Value != "mine" {
			t.Errorf("%v: data is %q", args, rows["data"].Value)
		}
	}
}

func TestMetricsTokenIsNeverPrinted(t *testing.T) {
	const token = "hush-0123456789"
	for _, tt := range []struct {
		name, from string
		args       []string
		set        func(t *testing.T, dir string)
	}{
		{"flag", "flag", []string{"--set", "metrics.token=" + token}, func(*testing.T, string) {}},
		{"environment", "environment", nil, func(t *testing.T, _ string) { t.Setenv("PERGOLA_METRICS_TOKEN", token) }},
		{"file", "file pergola.yaml", nil, func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "pergola.yaml"), "metrics:\n  token: "+token+"\n")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.set(t, alone(t))
			args := append([]string{"config"}, tt.args...)
			code, stdout, stderr := pergola(t, args...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			_, rows := table(t, stdout)
			if got := rows["metrics.token"]; got.Value != "[secret]" || got.From != tt.from {
				t.Errorf("it is shown as %+v", got)
			}
			bad, stdoutOfBad, stderrOfBad := pergola(t, slices.Concat(args, []string{"--set", "log.level=loud"})...)
			if bad != 2 {
				t.Errorf("exit code %d of a wrong configuration, want 2", bad)
			}
			for _, out := range []string{stdout, stderr, stdoutOfBad, stderrOfBad} {
				if strings.Contains(out, token) {
					t.Errorf("the token is printed:\n%s", out)
				}
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
