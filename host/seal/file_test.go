package seal_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/host/seal"
)

// TestMain lets this program be one of several that start at the same time.
func TestMain(m *testing.M) {
	if path := os.Getenv("SEAL_TEST_KEY_FILE"); path != "" {
		fmt.Println("ready")
		if _, err := bufio.NewReader(os.Stdin).ReadByte(); err != nil && err != io.EOF {
			panic(err)
		}
		keys, made, err := seal.OpenKeyFile(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(len(keys), keys[0].KeyID(), made)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func openFile(t *testing.T, path string) ([]seal.Wrapper, bool) {
	t.Helper()
	keys, made, err := seal.OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return keys, made
}

func TestKeyFileIsMadeOnceForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets", "keys.json")
	first, made := openFile(t, path)
	if !made || len(first) != 1 {
		t.Errorf("%d keys, made %t; want one that was made", len(first), made)
	}
	again, made := openFile(t, path)
	if made || again[0].KeyID() != first[0].KeyID() {
		t.Errorf("a second time: key %q, made %t; want %q as it was", again[0].KeyID(), made, first[0].KeyID())
	}
	s := openStore(t)
	now := (&clock{now: start}).Now
	text := sealed(t, keeperOf(t, s, ringOf(t, first...), now, seal.Config{}), acme, place, value)
	opens(t, keeperOf(t, s, ringOf(t, again...), now, seal.Config{}), acme, place, text, value)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v; want the file alone", entries, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %#o", name, info.Mode(), err, want)
		}
	}
}

func TestKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	openFile(t, path)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, _, err := seal.OpenKeyFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %#o: %v, want a refusal that says what to do", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		openFile(t, path)
	}
}

func TestProcessesThatStartTogetherGetOneKeyFile(t *testing.T) {
	for range 3 {
		path := filepath.Join(t.TempDir(), "keys.json")
		var starts []io.WriteCloser
		var outs []*bufio.Reader
		for range 6 {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "SEAL_TEST_KEY_FILE="+path)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			r := bufio.NewReader(out)
			if line, err := r.ReadString('\n'); line != "ready\n" {
				t.Fatalf("%q, %v", line, err)
			}
			starts, outs = append(starts, in), append(outs, r)
		}
		for _, in := range starts {
			in.Close()
		}
		ids, makers := map[string]bool{}, 0
		for _, r := range outs {
			line, err := r.ReadString('\n')
			var n int
			var id string
			var made bool
			if _, scan := fmt.Sscan(line, &n, &id, &made); scan != nil || n != 1 {
				t.Fatalf("a process said %q, %v", line, err)
			}
			ids[id] = true
			if made {
				makers++
			}
		}
		if len(ids) != 1 || makers != 1 {
			t.Errorf("%d processes made %d keys", makers, len(ids))
		}
	}
}

func TestKeyFileRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	old, _ := openFile(t, path)
	s, now := openStore(t), (&clock{now: start}).Now
	text := sealed(t, keeperOf(t, s, ringOf(t, old...), now, seal.Config{}), acme, place, value)

	id, err := seal.AddKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := openFile(t, path); len(got) != 2 || got[0].KeyID() != old[0].KeyID() {
		t.Errorf("after AddKey the primary is %q of %d", got[0].KeyID(), len(got))
	}
	if err := seal.RemoveKey(path, old[0].KeyID()); err == nil || !strings.Contains(err.Error(), "primary") {
		t.Errorf("removing the primary: %v, want a refusal", err)
	}
	if err := seal.PromoteKey(path, id); err != nil {
		t.Fatal(err)
	}
	both, _ := openFile(t, path)
	if both[0].KeyID() != id {
		t.Errorf("after PromoteKey the primary is %q", both[0].KeyID())
	}
	if p, err := keeperOf(t, s, ringOf(t, both...), now, seal.Config{}).Rewrap(t.Context(), s, seal.RewrapConfig{}); err != nil || p.Done != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if err := seal.RemoveKey(path, old[0].KeyID()); err != nil {
		t.Fatal(err)
	}
	fresh, _ := openFile(t, path)
	opens(t, keeperOf(t, s, ringOf(t, fresh...), now, seal.Config{}), acme, place, text, value)

	for name, err := range map[string]error{"promote": seal.PromoteKey(path, "nobody"), "remove": seal.RemoveKey(path, "nobody")} {
		if err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("%s of an unknown key: %v, want an error with those that are there", name, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("after changes the mode is %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Errorf("a change that was refused left its file: %v", err)
	}
}

// The later of two changes at the same time must not undo the other.
func TestChangesOfKeyFileLoseNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	openFile(t, path)
	var mu sync.Mutex
	var wg sync.WaitGroup
	added := map[string]bool{}
	for range 16 {
		wg.Go(func() {
			for {
				id, err := seal.AddKey(path)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					added[id] = true
					return
				}
				if !strings.Contains(err.Error(), path+".new") {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	got, _ := openFile(t, path)
	for _, k := range got {
		delete(added, k.KeyID())
	}
	if len(got) != 17 || len(added) > 0 {
		t.Errorf("%d keys, lost %v", len(got), added)
	}
}

func TestBrokenKeyFileIsRefusedAndKept(t *testing.T) {
	_, key, _ := strings.Cut(entry("a"), ":")
	for name, text := range map[string]string{
		"nothing":         "",
		"half":            `{"primary":"a","keys":{"a":"` + key[:20],
		"no primary":      `{"keys":{"a":"` + key + `"}}`,
		"another primary": `{"primary":"b","keys":{"a":"` + key + `"}}`,
		"a short key":     `{"primary":"a","keys":{"a":"` + key[:20] + `"}}`,
		"another field":   `{"primary":"a","keys":{"a":"` + key + `"},"old":{}}`,
		"two documents":   `{"primary":"a","keys":{"a":"` + key + `"}}{}`,
		"a bad id":        `{"primary":"a b","keys":{"a b":"` + key + `"}}`,
		"the key as id":   `{"primary":"` + key + `","keys":{"` + key + `":"a"}}`,
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, try := range []func() error{
			func() error { _, _, err := seal.OpenKeyFile(path); return err },
			func() error { _, err := seal.AddKey(path); return err },
			func() error { return seal.PromoteKey(path, "a") },
		} {
			if err := try(); err == nil {
				t.Errorf("%s was taken", name)
			} else if !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), key[:12]) {
				t.Errorf("%s: %v; want the file's name and nothing of a key", name, err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, _, err := seal.OpenKeyFile(t.TempDir()); err == nil {
		t.Error("a directory was taken")
	}
}
