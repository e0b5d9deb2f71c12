package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// card words for an admin how a plugin stands.
func (s *Server) card(f feature.Feature) ui.AdminPlugin {
	p := ui.AdminPlugin{Manifest: f.Manifest, Enabled: f.Choice.Enabled, Missing: f.Missing()}
	switch {
	case f.Choice.Enabled && f.Quarantine != nil:
		p.Health, p.Retry = s.paused(*f.Quarantine)
	case f.Status.Health == core.Failed:
		p.Health = ui.Health{Tone: view.Danger, Label: "Not working", Reason: f.Status.Reason}
	case f.Choice.Enabled && len(p.Missing) > 0:
		p.Grant = true
		p.Health = ui.Health{Tone: view.Warning, Label: "Working", Reason: "This version asks for more than you have granted, and runs without it: " +
			permissionWords(p.Missing) + ". Look below at what it may do; to grant it, use the button here, or switch the feature off and on again."}
	case f.Status.Reason != "": // it serves, but not the version that the operator wanted
		p.Health = ui.Health{Tone: view.Warning, Label: "Working", Reason: f.Status.Reason}
	case f.Choice.Enabled:
		p.Health = ui.Health{Tone: view.Success, Label: "Working"}
	}
	if t := f.Status.Trial; t != nil {
		if t.Version == f.Manifest.Version {
			p.Trial = fmt.Sprintf("Version %s is being tried on some sites, and this site is one of them. It takes over everywhere if it does well; else version %s comes back.", t.Version, f.Status.Manifest.Version)
		} else {
			p.Trial = fmt.Sprintf("Version %s is being tried on some sites. This site has version %s until it has done well there.", t.Version, f.Manifest.Version)
		}
	}
	p.Runs, p.Caution = boundsWords(f.Facts)
	p.Limits = limits(f)
	return p
}

// permissionWords names permissions as an admin reads them.
func permissionWords(names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = strings.ToLower(manifest.Known(name).Title)
	}
	return strings.Join(words, "; ")
}

// paused words a quarantine.
func (s *Server) paused(q core.Quarantine) (ui.Health, bool) {
	why := "too many of its calls had to be stopped, the last because " + stopWords(q.Code, q.Limit)
	if !s.Now().Before(q.Until) {
		return ui.Health{Tone: view.Warning, Label: "Being tried again", Reason: "It was paused on this site: " + why +
			". The next visit to it is let through, and decides whether it works again."}, false
	}
	return ui.Health{Tone: view.Danger, Label: "Paused", Reason: fmt.Sprintf(
		"Paused on this site: %s. It is tried again with the first visit after %s UTC. If that helps nothing, tell its publisher, or switch it off.",
		why, q.Until.UTC().Format("15:04:05 on 2 January"))}, true
}

// stopWords say why a call had to be stopped.
func stopWords(code sdk.Code, limit string) string {
	_, what, _ := strings.Cut(limit, ".")
	switch driver.Limit(what) {
	case driver.LimitFuel:
		return "it used up its CPU limit"
	case driver.LimitMemory:
		return "it wanted more memory than it may have"
	case driver.LimitTimeout:
		return "it took longer than it may"
	case driver.LimitHostCalls, driver.LimitEgress, driver.LimitLog, driver.LimitConcurrency:
	}
	switch {
	case limit != "":
		return "it reached its limit " + limit
	case code == sdk.Deadline:
		return "it took longer than its callers wait"
	}
	return "it broke off with an error of its own"
}

// boundsWords say how a plugin's code is kept in bounds, and what to know where that is less than the best.
func boundsWords(f driver.Facts) (runs []string, caution string) {
	switch f.Memory {
	case driver.PristineMemory, driver.FreshMemory:
		runs = append(runs, "Each call runs on fresh memory: nothing is left of other calls, or of other sites.")
	case driver.SharedMemory:
		runs = append(runs, "All calls, of all sites, share one memory: the plugin itself must keep them apart.")
	}
	switch f.Metering {
	case driver.FuelMetering:
		runs = append(runs, "Each call has a CPU limit: it is stopped when it computes too much, and others do not wait for it.")
	case driver.DeadlineMetering:
		runs = append(runs, "Each call is stopped at its time limit. What it computes until then is not counted.")
	case driver.NoMetering:
		runs = append(runs, "Each call is told to end at its time limit, and has to do so by itself.")
	}
	return runs, sentence(f.Note)
}

// limits word what one call may use: of requests always, of the other classes where the plugin asks for something.
func limits(f feature.Feature) []ui.Limit {
	asks := map[driver.Class]bool{driver.Request: true}
	for _, b := range f.Bounds {
		asks[b.Class] = asks[b.Class] || b.Asked > 0
	}
	var out []ui.Limit
	for _, b := range f.Bounds {
		if !asks[b.Class] || b.Limit == driver.LimitFuel && f.Facts.Metering != driver.FuelMetering {
			continue
		}
		name, amount := limitWords(b.Limit)
		if b.Class != driver.Request {
			name += ", for each " + classWords(b.Class)
		}
		l := ui.Limit{Name: name, Gets: amount(b.Gets), Less: b.Gets < b.Asked}
		if b.Asked > 0 {
			l.Asked = amount(b.Asked)
		}
		out = append(out, l)
	}
	return out
}

func classWords(c driver.Class) string {
	if c == driver.Event {
		return "event"
	}
	return "step of a job"
}

// limitWords name a limit, and its amounts in the manifest's unit.
func limitWords(l driver.Limit) (name string, amount func(int64) string) {
	with := func(unit string) func(int64) string {
		return func(n int64) string { return ui.Grouped(n) + " " + unit }
	}
	switch l {
	case driver.LimitMemory:
		return "Memory", with("MiB")
	case driver.LimitFuel:
		return "CPU", func(n int64) string { return ui.Grouped(n/1e6) + " million steps" }
	case driver.LimitTimeout:
		return "Time", func(n int64) string { return (time.Duration(n) * time.Millisecond).String() }
	case driver.LimitHostCalls:
		return "Questions to the host", ui.Grouped
	case driver.LimitEgress:
		return "Exchanged with Jira and others", with("KiB")
	case driver.LimitLog:
		return "Written to the log", with("KiB")
	case driver.LimitConcurrency:
		return "Calls of this site at the same time", ui.Grouped
	}
	return string(l), ui.Grouped
}
