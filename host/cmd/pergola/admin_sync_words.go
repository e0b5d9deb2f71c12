package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/sdk"
)

// lines prints a table, or one JSON object a line.
func lines[T any](s streams, asJSON bool, head string, all []T, of func(i int) string) error {
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(w, head)
	}
	for i := range all {
		if asJSON {
			if err := printLine(s.out, all[i]); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(w, of(i))
	}
	return w.Flush()
}

// cells is a line of a table.
func cells(texts ...string) string {
	for i := range texts {
		if texts[i] = clean(texts[i]); texts[i] == "" {
			texts[i] = "-"
		}
	}
	return strings.Join(texts, "\t")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

func scheduleWords(s syncing.Schedule) string {
	var out string
	switch {
	case s.OnProjects:
		timed := s
		timed.OnProjects = false
		return strings.TrimPrefix(scheduleWords(timed)+" and when projects change", " and ")
	case s.Cron != "":
		out = strings.TrimSpace(s.Cron + " " + s.Zone)
	case s.Every != "":
		out = "every " + s.Every
	case !s.Once.IsZero():
		out = "once, " + moment(s.Once)
	}
	if s.Paused {
		out += " (paused)"
	}
	return out
}

func troubleWords(code sdk.Code) string {
	if code == "" {
		return ""
	}
	w := syncing.TroubleWords(code)
	return w.Means + " " + w.Do
}

// faultWords says what is wrong with a value, and what to do.
func faultWords(f syncing.PlanFault) string {
	w := syncing.FaultWords(mapping.Code(f.Code))
	out := w.Means + " " + w.Do
	if f.Field != "" {
		out = f.Field + ": " + out
	}
	return out
}

func faultsWords(faults []syncing.PlanFault) string {
	var out []string
	for _, f := range faults {
		out = append(out, faultWords(f))
	}
	return strings.Join(out, " ")
}

// countWords are the counts of a run in the order of syncer.Outcomes.
func countWords(counts map[string]int64) string {
	var out []string
	for _, name := range syncer.Outcomes() {
		if n := counts[name]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(out) == 0 {
		return "nothing to do"
	}
	return strings.Join(out, ", ")
}

// changeWords is what would become of a field.
func changeWords(c syncer.Change) string {
	if c.Kept {
		return c.Field + ": edited in Jira to " + value(c.Before) + ", the row says " + value(c.After)
	}
	out := c.Field + ": " + value(c.Before) + " → " + value(c.After)
	if c.Edited {
		out += ", edited in Jira"
	}
	return out
}

// value is a JSON value for a line of a table.
func value(v any) string {
	raw, err := json.Marshal(v)
	if err != nil || string(raw) == "null" {
		return "nothing"
	}
	const most = 60
	if text := []rune(string(raw)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(raw)
}

// input reads a file, or standard input for -.
func input(name string) ([]byte, error) {
	const most = 1 << 20
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(raw) > most {
		return nil, usageError{fmt.Errorf("%s is longer than %d bytes", name, most)}
	}
	return raw, nil
}

// secretFrom reads a secret, without the end of its last line.
func secretFrom(file string) (string, error) {
	raw, err := input(file)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if secret == "" {
		return "", usageError{errors.New(file + " holds no secret: it is empty")}
	}
	return secret, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// asProblems shows what is wrong with a file as the host would.
func asProblems(err error) error {
	var file *blueprint.Error
	if !errors.As(err, &file) {
		return err
	}
	out := &hostError{Code: sdk.Invalid, Message: file.Error()}
	for _, p := range file.Problems {
		out.Problems = append(out.Problems, problem{p.At(), p.What, p.Do})
	}
	return out
}
