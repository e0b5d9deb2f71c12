package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/doctor"
	"github.com/pergola-platform/pergola/host/door"
)

type doctorCmd struct {
	hostFlags `embed:""`
	JSON      bool `help:"Print one JSON object a line." name:"json"`
	Offline   bool `help:"Ask nobody outside: leave out base_url, the clock and what the host calls."`
}

// Run checks whatever can be checked, whether the host runs or not. It changes nothing, and ends with 1 where something does not work.
func (c doctorCmd) Run(ctx context.Context, s streams) error {
	var r doctor.Report
	cfg, values, err := c.load(nil)
	if err != nil {
		r.Fail("configuration", "Mend it; pergola config shows where each value comes from.", "%v", err)
	} else {
		c.check(ctx, &r, cfg, values)
	}
	if err := c.print(s, &r); err != nil {
		return err
	}
	if n := r.Count(doctor.Failure); n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(r.Lines))
	}
	return nil
}

func (c doctorCmd) check(ctx context.Context, r *doctor.Report, cfg config.Config, values []config.Value) {
	if file, keys := config.Exposed(values); file != "" {
		r.Warn("configuration", "chmod go= "+file, "%s holds secrets (%s) and can be read by others", file, strings.Join(keys, ", "))
	} else {
		r.OK("configuration", "valid")
	}
	host := running(ctx, r, cfg)
	r.Listen(ctx, "listen", cfg.Listen, host != nil)
	if cfg.Server.RedirectListen != "" {
		r.Listen(ctx, "server.redirect_listen", cfg.Server.RedirectListen, host != nil)
	}
	if cfg.Server.TLS.On() {
		r.CertFiles(cfg.Server.TLS.CertFile, cfg.Server.TLS.KeyFile, time.Now())
	}
	kept(ctx, r, cfg)
	plugins(r, cfg)
	r.Limits(int64(cfg.Engine.MemoryBudgetMiB) << 20)
	if cfg.Forge.AppID == "" {
		r.OK("Forge", "no Forge app is configured")
	} else {
		r.OK("Forge", "%s, environments %s", cfg.Forge.AppID, strings.Join(cfg.Forge.Environments, ", "))
	}
	if !c.Offline {
		outside(ctx, r, cfg, host)
	}
}

// running asks the host that runs on the data directory how it stands, nil where none does.
func running(ctx context.Context, r *doctor.Report, cfg config.Config) *app.State {
	const check = "host"
	client := door.Client(cfg.Data)
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var st app.State
	err := askState(ctx, client, &st)
	switch {
	case errors.Is(err, door.ErrClosed):
		r.OK(check, "none runs on %s; what only it knows was not looked at", cfg.Data)
		return nil
	case err != nil:
		r.Warn(check, "Give the command as the host's own user, with the program of the host.", "one runs, and cannot be asked: %v", err)
		return &app.State{}
	case st.Version != app.Version():
		r.Warn(check, "Start the host again to have it be the newer one.", "%s runs, and this program is %s", st.Version, app.Version())
	default:
		r.OK(check, "%s runs at %s", st.Version, st.URL)
	}
	for part, wrong := range st.Parts {
		if wrong != "" {
			r.Fail(part, "The log of the host says more; it goes on by itself when the cause is mended.", "%s", wrong)
		}
	}
	for _, p := range st.Plugins {
		switch {
		case !p.Serves:
			r.Fail("plugin "+string(p.ID), "Mend or replace it, then send the host SIGHUP.", "%s does not serve: %s", p.Version, p.Reason)
		case p.Reason != "":
			r.Warn("plugin "+string(p.ID), "Mend or replace the newer version, then send the host SIGHUP.", "%s serves on: %s", p.Version, p.Reason)
		}
	}
	return &st
}

func askState(ctx context.Context, client *http.Client, st *app.State) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host/state", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers with status %d", answer.StatusCode)
	}
	return json.NewDecoder(answer.Body).Decode(st)
}

// outside checks what the host is reached by, and what it calls.
func outside(ctx context.Context, r *doctor.Report, cfg config.Config, host *app.State) {
	client := doctor.Client()
	defer client.CloseIdleConnections()
	base := cfg.BaseURL
	var date time.Time
	if base == "" {
		r.Warn("base URL", "Set base_url to the address under which Jira reaches the host; without it only this machine can.", "base_url is not set")
	} else {
		var of doctor.Report
		date = of.Address(ctx, client, base, cfg.Connect.AppKey, time.Now())
		for _, l := range of.Lines {
			if l.State == doctor.Failure && host == nil && l.Check == "base URL" { // nobody is there to answer
				l.State, l.Do = doctor.Warning, "No host runs here. Where none shall answer elsewhere either, start it and ask again. "+l.Do
			}
			r.Lines = append(r.Lines, l)
		}
		if host != nil {
			date = time.Time{} // it is this machine's own clock
		}
	}
	r.Clock(ctx, client, date, time.Now, cfg.Connect.KeyHosts...)
	for _, a := range cfg.Connect.KeyHosts {
		r.Outbound(ctx, client, "install keys", "connect.key_hosts", a, cfg.Forge.AppID == "")
	}
	if cfg.Connect.ActAsUser {
		r.Outbound(ctx, client, "tokens of users", "connect.token_url", cfg.Connect.TokenURL, true)
	}
	if cfg.Forge.AppID != "" {
		r.KeySet(ctx, client, cfg.Forge.JWKSURL)
	}
}

func (c doctorCmd) print(s streams, r *doctor.Report) error {
	if c.JSON {
		for _, l := range r.Lines {
			if err := printLine(s.out, l); err != nil {
				return err
			}
		}
		return nil
	}
	for _, l := range r.Lines {
		fmt.Fprintf(s.out, "%-8s %s: %s\n", l.State, l.Check, clean(l.Found))
		if l.Do != "" {
			fmt.Fprintf(s.out, "%-8s → %s\n", "", clean(l.Do))
		}
	}
	_, err := fmt.Fprintf(s.out, "%d ok, %d to be looked at, %d failed.\n", r.Count(doctor.OK), r.Count(doctor.Warning), r.Count(doctor.Failure))
	return err
}
