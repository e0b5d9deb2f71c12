package wasm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/wire"
)

// check refuses a module that ABI v1 cannot run: an import that the host does not offer, an export that is missing or of
// another type, more memory at the start than the limit. It names everything that is wrong at once, and what to do.
func check(s *shape, memoryBytes uint64) error {
	var problems []string
	for _, im := range s.imports {
		if p := checkImport(im); p != "" && !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	problems = append(problems, checkExports(s)...)
	for _, m := range s.memories {
		if m.shared {
			problems = append(problems, "its memory is shared between threads, which cannot be restored after a call: build without threads")
		}
		if m.min > memoryBytes/pageSize {
			problems = append(problems, fmt.Sprintf("it starts with %s of memory and may have %s: raise limits.request.memoryMiB in plugin.json, or the operator's limit",
				mib(m.min*pageSize), mib(memoryBytes)))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New("the module cannot run here: " + strings.Join(problems, "; "))
}

func checkImport(im imported) string {
	what := fmt.Sprintf("it imports %s %s.%s", im.kind, im.module, im.name)
	if im.kind != kindFunc {
		return what + ", and a plugin may import functions alone: let the module define and export its own"
	}
	offered, known := hostFunctions[im.module]
	f, ok := offered[im.name]
	switch {
	case ok && f.sig == im.sig:
		return ""
	case ok:
		return fmt.Sprintf("%s as %s, but it is %s", what, im.sig, f.sig)
	case im.module == wire.Module:
		return fmt.Sprintf("%s, and ABI v%d has no more than %s, %s and %s: build with the SDK of this host's version", what,
			wire.ABI, wire.ImportCall, wire.ImportRead, wire.ImportTick)
	case known:
		return what + ", which WASI preview 1 does not have: build for preview 1"
	case im.module == "gojs" || im.module == "go":
		return what + ", so it was built for a browser: build with GOOS=wasip1"
	case strings.HasPrefix(im.module, "wasi:") || im.module == "wasi_unstable":
		return what + " of another WASI version: build for preview 1"
	default:
		return what + ", which the host does not offer; a plugin reaches the host through the SDK alone"
	}
}

// required are the exports of ABI v1. _initialize is left out: whoever has nothing to set up has none.
var required = []struct{ name, sig string }{
	{wire.ExportBuffer, "(i32) i32"},
	{wire.ExportCall, "(i32) i64"},
}

func checkExports(s *shape) []string {
	var problems, missing []string
	if e, ok := s.exports["memory"]; !ok {
		missing = append(missing, "memory")
	} else if e.kind != kindMemory {
		problems = append(problems, fmt.Sprintf("its export memory is a %s", e.kind))
	}
	for _, want := range required {
		e, ok := s.exports[want.name]
		switch {
		case !ok:
			missing = append(missing, want.name+want.sig)
		case e.kind != kindFunc:
			problems = append(problems, fmt.Sprintf("its export %s is a %s", want.name, e.kind))
		case e.sig != want.sig:
			problems = append(problems, fmt.Sprintf("its export %s is %s, but has to be %s", want.name, e.sig, want.sig))
		}
	}
	if e, ok := s.exports[wire.ExportSeed]; ok && (e.kind != kindFunc || e.sig != "() i32") {
		problems = append(problems, fmt.Sprintf("its export %s is %s %s, but has to be a function () i32", wire.ExportSeed, e.kind, e.sig))
	}
	if e, ok := s.exports[exportInitialize]; ok && (e.kind != kindFunc || e.sig != "()") {
		problems = append(problems, exportInitialize+" has to be a function without parameters and results")
	}
	if len(missing) > 0 {
		hint := "a Go plugin calls serve.Plugin in init and is built with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared"
		if _, command := s.exports["_start"]; command {
			hint = "it is a command with a main function, and a plugin is a reactor: build with -buildmode=c-shared (Go) or --crate-type cdylib (Rust)"
		}
		problems = append(problems, fmt.Sprintf("it does not export %s: %s", strings.Join(missing, ", "), hint))
	}
	return problems
}

const (
	pageSize         = 64 << 10
	exportInitialize = "_initialize"
)

func mib(n uint64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
