package fuel_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/pergola-platform/pergola/core/fuel"
)

// specDir finds the tests of the WebAssembly specification that wazero carries in its module.
func specDir(t testing.TB) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "internal", "integration_test", "spectest")
}

func specFiles(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(specDir(t), "v[12]", "testdata", pattern))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files of the specification's tests: %v", len(files), err)
	}
	return files
}

func TestSpecModulesStayValidAndInvalidOnesDoNotBecomeValid(t *testing.T) {
	files := specFiles(t, "*.wasm")
	if testing.Short() {
		files = files[:500]
	}
	ctx := t.Context()
	r := newRuntime(t, wazero.NewRuntimeConfigInterpreter()) // the same validator, without native code
	var accepted, refused, damaged int
	unsupported := map[string]int{}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before := validate(ctx, r, code)
		out, _, err := fuel.Rewrite(code, fuel.Config{})
		var u *fuel.UnsupportedError
		switch {
		case errors.As(err, &u):
			refused++
			unsupported[u.What]++
			if before == nil {
				t.Errorf("%s is valid and refused: %v", filepath.Base(file), err)
			}
		case err != nil:
			damaged++
			if before == nil {
				t.Errorf("%s is valid, and yet: %v", filepath.Base(file), err)
			}
		default:
			accepted++
			if after := validate(ctx, r, out); (before == nil) != (after == nil) {
				t.Errorf("%s: %v before, %v after", filepath.Base(file), before, after)
			}
		}
	}
	t.Logf("%d modules: %d rewritten, %d refused (all of them invalid): %v, %d damaged", len(files), accepted, refused, unsupported, damaged)
}

// The commands of the specification's tests, see https://github.com/WebAssembly/wabt/blob/main/docs/wast2json.md.
type (
	command struct {
		Type     string `json:"type"`
		Line     int    `json:"line"`
		Name     string `json:"name"`
		Filename string `json:"filename"`
		As       string `json:"as"`
		Action   struct {
			Type   string     `json:"type"`
			Module string     `json:"module"`
			Field  string     `json:"field"`
			Args   []argument `json:"args"`
		} `json:"action"`
	}
	argument struct {
		Type     string          `json:"type"`
		LaneType string          `json:"lane_type"`
		Value    json.RawMessage `json:"value"`
	}
)

// words returns an argument as it stands on wazero's stack.
func (a argument) words(t *testing.T) []uint64 {
	t.Helper()
	var lanes []string
	if json.Unmarshal(a.Value, &lanes) != nil {
		var one string
		if err := json.Unmarshal(a.Value, &one); err != nil {
			t.Fatal(err)
		}
		lanes = []string{one}
	}
	width := 128 / len(lanes)
	if a.Type != "v128" {
		width = 64
	}
	words := make([]uint64, max(1, len(lanes)*width/64))
	for i, lane := range lanes {
		if lane == "null" {
			continue
		}
		v, err := strconv.ParseUint(lane, 10, 64)
		if signed, signedErr := strconv.ParseInt(lane, 10, 64); err != nil && signedErr == nil {
			v = uint64(signed)
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(a.Type, "32") {
			v = uint64(uint32(v))
		}
		if width < 64 {
			v &= 1<<width - 1
		}
		words[i*width/64] |= v << (i * width % 64)
	}
	return words
}

// stage runs the commands of one file.
type stage struct {
	runtime    wazero.Runtime
	prepare    func(code []byte) ([]byte, error)
	current    api.Module
	named      map[string]api.Module
	registered map[string]api.Module
}

func newStage(t *testing.T, prepare func([]byte) ([]byte, error)) *stage {
	t.Helper()
	s := &stage{
		runtime: newRuntime(t, wazero.NewRuntimeConfig()), prepare: prepare,
		named: map[string]api.Module{}, registered: map[string]api.Module{},
	}
	provideTick(t, s.runtime, &meter{budget: 1 << 60, slice: 1 << 20})
	code, err := os.ReadFile(filepath.Join(specDir(t), "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if s.registered["spectest"], err = s.runtime.InstantiateWithConfig(context.Background(), code, anonymous); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) load(code []byte) error {
	s.current = nil
	code, err := s.prepare(code)
	if err != nil {
		return err
	}
	ctx := experimental.WithImportResolver(context.Background(), func(name string) api.Module { return s.registered[name] })
	s.current, err = s.runtime.InstantiateWithConfig(ctx, code, anonymous)
	return err
}

func (s *stage) module(name string) api.Module {
	if name == "" {
		return s.current
	}
	return s.named[name]
}

// outcome is what an action gives: results, or a trap.
type outcome struct {
	Results []uint64
	Trap    string
}

func (s *stage) act(t *testing.T, c command) outcome {
	t.Helper()
	m := s.module(c.Action.Module)
	if m == nil {
		return outcome{Trap: "no module"}
	}
	if c.Action.Type == "get" {
		return outcome{Results: []uint64{m.ExportedGlobal(c.Action.Field).Get()}}
	}
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.words(t)...)
	}
	results, err := m.ExportedFunction(c.Action.Field).Call(context.Background(), args...)
	if err != nil {
		return outcome{Trap: firstLine(err)}
	}
	return outcome{Results: results}
}

// index is the index of a function in a message; an import that was added moves it.
var index = regexp.MustCompile(`\[\d+\]`)

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func TestSpecProgramsComputeTheSame(t *testing.T) {
	var actions, traps int
	for _, file := range specFiles(t, "*.json") {
		base := filepath.Base(file)
		if testing.Short() && strings.HasPrefix(base, "simd_") {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(filepath.Dir(file)))+"/"+strings.TrimSuffix(base, ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var script struct {
				Commands []command `json:"commands"`
			}
			if err := json.Unmarshal(text, &script); err != nil {
				t.Fatal(err)
			}
			plain := newStage(t, func(code []byte) ([]byte, error) { return code, nil })
			metered := newStage(t, func(code []byte) ([]byte, error) {
				out, _, err := fuel.Rewrite(code, fuel.Config{})
				return out, err
			})
			for _, c := range script.Commands {
				a, b := play(t, plain, c, filepath.Dir(file)), play(t, metered, c, filepath.Dir(file))
				if diff := cmp.Diff(a, b); diff != "" {
					t.Errorf("line %d: %s %q, -original +metered:\n%s", c.Line, c.Type, c.Action.Field, diff)
				}
				if len(a.Results) > 0 {
					actions++
				}
				if a.Trap != "" {
					traps++
				}
				if plain.current != nil && metered.current != nil && !slices.Equal(memoryOf(plain.current), memoryOf(metered.current)) {
					t.Fatalf("line %d: %s %q left another memory than that of the original", c.Line, c.Type, c.Action.Field)
				}
			}
		})
	}
	t.Logf("%d results and %d traps compared", actions, traps)
	if actions < 1000 && !testing.Short() {
		t.Errorf("only %d results were compared", actions)
	}
}

// play runs one command.
func play(t *testing.T, s *stage, c command, dir string) outcome {
	t.Helper()
	switch c.Type {
	case "module", "assert_uninstantiable":
		code, err := os.ReadFile(filepath.Join(dir, c.Filename))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.load(code); err != nil {
			return outcome{Trap: index.ReplaceAllString(firstLine(err), "[n]")}
		}
		if c.Name != "" {
			s.named[c.Name] = s.current
		}
	case "register":
		s.registered[c.As] = s.module(c.Name)
	case "action", "assert_return", "assert_trap":
		return s.act(t, c)
	}
	return outcome{}
}
