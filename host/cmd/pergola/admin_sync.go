package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/door"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
)

type syncCmd struct {
	Sources     syncSourcesCmd  `cmd:"" help:"List the kinds of sources to which the site can connect."`
	Connections connectionsCmd  `cmd:"" help:"Look after the connections to sources."`
	List        syncListCmd     `cmd:"" help:"List the synchronizations, and how they stand."`
	Show        syncShowCmd     `cmd:"" help:"Print a synchronization as JSON."`
	Check       syncCheckCmd    `cmd:"" help:"Say what keeps a synchronization from running."`
	Preview     syncPreviewCmd  `cmd:"" help:"Show the first rows of the source, and what the mapping makes of them."`
	Plan        syncPlanCmd     `cmd:"" help:"Show what a run would do, and write nothing."`
	Run         syncRunCmd      `cmd:"" help:"Run a synchronization and follow the run, or follow one that runs already."`
	Runs        syncRunsCmd     `cmd:"" help:"List the runs of a synchronization, the newest first."`
	Rows        syncRowsCmd     `cmd:"" help:"Show which rows a run wrote, and which failed and why."`
	Pause       syncPauseCmd    `cmd:"" help:"Have a run stop after the step that is under way."`
	Resume      syncResumeCmd   `cmd:"" help:"Have a paused run go on."`
	Cancel      syncCancelCmd   `cmd:"" help:"End a run. What it has done stays done."`
	Retry       syncRetryCmd    `cmd:"" help:"Have a run that failed or was canceled go on from where it ended."`
	Schedule    syncScheduleCmd `cmd:"" help:"Have a synchronization run by itself."`
	Export      syncExportCmd   `cmd:"" help:"Print all connections and synchronizations as YAML, without secrets."`
	Import      syncImportCmd   `cmd:"" help:"Make connections and synchronizations be as a YAML file says."`
}

// syncFlags lead to a site of the host that runs.
type syncFlags struct {
	storageFlags `embed:""`
	remoteFlags  `embed:""`
	Tenant       string `help:"The site: its id, its alias or its host name. Not needed where the host has one only." placeholder:"SITE"`
	JSON         bool   `help:"Print JSON, for programs." name:"json"`
}

// desk speaks with the host that runs, about one site.
type desk struct {
	client *http.Client
	base   string // where the host is; "" behind its door
	token  string // "" behind the door, which asks nobody who they are
	tenant string // id
}

// desk returns a desk of the host that is named, or of the one on the data directory.
func (f syncFlags) desk() (*desk, error) {
	switch {
	case f.Host != "" && (f.Data != "" || f.Config != "" || len(f.Set) > 0):
		return nil, usageError{errors.New("--host leads to a host on another machine; leave --data, --config and --set out")}
	case f.Host != "":
		return f.reach()
	case f.TokenFile != "":
		return nil, usageError{errors.New("--token-file is for --host; the host on --data needs no token")}
	}
	cfg, err := f.load()
	if err != nil {
		return nil, err
	}
	return &desk{client: door.Client(cfg.Data)}, nil
}

// with connects to the host and runs f.
func (f syncFlags) with(ctx context.Context, run func(*desk) error) error {
	d, err := f.desk()
	if err != nil {
		return err
	}
	defer d.client.CloseIdleConnections()
	if d.tenant, err = d.find(ctx, f.Tenant); err != nil {
		return err
	}
	return run(d)
}

// find returns the id of the site that somebody named, or of the only one.
func (d *desk) find(ctx context.Context, named string) (string, error) {
	var sites []struct{ ID, Alias, Address, State string }
	if err := d.ask(ctx, http.MethodGet, "/tenants", nil, &sites); err != nil {
		return "", err
	}
	var found []string
	var there []string
	for _, s := range sites {
		host := s.Address
		if u, err := url.Parse(s.Address); err == nil && u.Host != "" {
			host = u.Host
		}
		there = append(there, fmt.Sprintf("%s (%s, %s)", s.ID, clean(host), s.State))
		if named == "" || named == s.ID || named == s.Alias || strings.EqualFold(named, host) || strings.EqualFold(strings.TrimSuffix(named, "/"), s.Address) {
			found = append(found, s.ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(there) == 0:
		return "", errors.New("no site has installed the app yet")
	case named == "":
		return "", usageError{fmt.Errorf("the host has %d sites; name one with --tenant: %s", len(there), strings.Join(there, ", "))}
	case len(found) == 0:
		return "", fmt.Errorf("there is no site %q here; there are %s", named, strings.Join(there, ", "))
	}
	return "", usageError{fmt.Errorf("%d sites are called %q; name one by its id: %s", len(found), named, strings.Join(found, ", "))}
}

// call asks for something about the synchronizations of the site.
func (d *desk) call(ctx context.Context, method, path string, in, out any) error {
	return d.ask(ctx, method, "/tenants/"+url.PathEscape(d.tenant)+"/sync"+path, in, out)
}

// patience is how long an answer may take: the host gives up after 25 seconds by itself.
const patience = 45 * time.Second

// maxAnswer bounds an answer, in bytes: a page of a plan can have many values.
const maxAnswer = 64 << 20

// ask makes a request. in and out may be nil; an out of type *[]byte gets the answer as it is.
func (d *desk) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode a request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, cmp.Or(d.base, "http://operator")+path, body)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	answer, err := d.client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address says nothing to anybody
		}
		return &lostError{d.explain(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return &lostError{err}
	}
	if answer.StatusCode/100 != 2 {
		err := refusedByHost(answer.StatusCode, raw)
		var said *hostError
		if d.token != "" && !errors.As(err, &said) {
			err = fmt.Errorf("%w; --host is the address of operator.listen, and base_url is another", err)
		}
		return err
	}
	if text, ok := out.(*[]byte); ok {
		*text = raw
		return nil
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("the host's answer cannot be read; it may be of another version than this program: %w", err)
	}
	return nil
}

// lostError is for a host that cannot be reached, or went away.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// hostError is a refusal by the host.
type hostError struct {
	Code     sdk.Code  `json:"code"`
	Message  string    `json:"message"`
	Field    string    `json:"field"`
	Problems []problem `json:"problems"`
	request  string
}

// problem is one thing that is wrong, with where and what to do.
type problem struct {
	At   string `json:"at"`
	What string `json:"what"`
	Do   string `json:"do"`
}

func (p problem) String() string {
	out := clean(p.What)
	if p.At != "" {
		out = clean(p.At) + ": " + out
	}
	if p.Do != "" {
		out += "; " + clean(p.Do)
	}
	return out
}

func (e *hostError) Error() string {
	out := clean(e.Message)
	if e.Field != "" && len(e.Problems) == 0 {
		out = clean(e.Field) + ": " + out
	}
	if e.Code == sdk.Internal {
		out += " (request " + clean(e.request) + ")"
	}
	for _, p := range e.Problems {
		out += "\n  " + p.String()
	}
	return out
}

func refusedByHost(status int, raw []byte) error {
	var said struct {
		Error     hostError `json:"error"`
		RequestID string    `json:"requestId"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Error.Message == "" {
		return fmt.Errorf("the host answers %d and no reason; it may be of another version than this program", status)
	}
	said.Error.request = said.RequestID
	return &said.Error
}

// sync finds a synchronization by its id or name.
func (d *desk) sync(ctx context.Context, named string) (syncing.Synchronization, error) {
	var all []syncing.Synchronization
	if err := d.call(ctx, http.MethodGet, "/syncs", nil, &all); err != nil {
		return syncing.Synchronization{}, err
	}
	return choose("synchronization", named, all, func(s syncing.Synchronization) (id, name string) { return s.ID, s.Name })
}

// connection finds a connection by its id or name.
func (d *desk) connection(ctx context.Context, named string) (syncing.Connection, error) {
	var all []syncing.Connection
	if err := d.call(ctx, http.MethodGet, "/connections", nil, &all); err != nil {
		return syncing.Connection{}, err
	}
	return choose("connection", named, all, func(c syncing.Connection) (id, name string) { return c.ID, c.Name })
}

// noneError is for a name that nothing has.
type noneError struct{ error }

func choose[T any](kind, named string, all []T, of func(T) (id, name string)) (T, error) {
	var found, none T
	var ids, names []string
	for _, one := range all {
		id, name := of(one)
		if id == named {
			return one, nil
		}
		names = append(names, clean(name))
		if name == named {
			found, ids = one, append(ids, id)
		}
	}
	switch {
	case len(ids) == 1:
		return found, nil
	case len(ids) > 1:
		return none, usageError{fmt.Errorf("%d %ss are called %q; name one by its id: %s", len(ids), kind, named, strings.Join(ids, ", "))}
	case len(names) == 0:
		return none, noneError{fmt.Errorf("there is no %s %q; there is none yet", kind, named)}
	}
	return none, noneError{fmt.Errorf("there is no %s %q; there are %s", kind, named, strings.Join(names, ", "))}
}

type syncSourcesCmd struct {
	syncFlags `embed:""`
}

func (c syncSourcesCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var all []struct {
			Plugin       string `json:"plugin"`
			PluginName   string `json:"pluginName"`
			Synchronizer string `json:"synchronizer"`
			Title        string `json:"title"`
			Secrets      []struct {
				Name string `json:"name"`
			} `json:"secrets"`
		}
		if err := d.call(ctx, http.MethodGet, "/synchronizers", nil, &all); err != nil {
			return err
		}
		return lines(s, c.JSON, "SOURCE\tTITLE\tPLUGIN\tSECRETS", all, func(i int) string {
			one := all[i]
			var secrets []string
			for _, secret := range one.Secrets {
				secrets = append(secrets, secret.Name)
			}
			return cells(one.Plugin+"/"+one.Synchronizer, one.Title, one.PluginName, strings.Join(secrets, ", "))
		})
	})
}

type syncListCmd struct {
	syncFlags `embed:""`
}

func (c syncListCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var all []syncing.Synchronization
		if err := d.call(ctx, http.MethodGet, "/syncs", nil, &all); err != nil {
			return err
		}
		var connections []syncing.Connection
		if err := d.call(ctx, http.MethodGet, "/connections", nil, &connections); err != nil {
			return err
		}
		names := map[string]string{}
		for _, one := range connections {
			names[one.ID] = one.Name
		}
		return lines(s, c.JSON, "ID\tNAME\tCONNECTION\tREADS\tSCHEDULE\tNEXT\tTROUBLE", all, func(i int) string {
			one := all[i]
			at, next := "by hand", ""
			if one.Schedule != nil {
				at, next = scheduleWords(*one.Schedule), moment(one.Schedule.Next)
			}
			return cells(one.ID, one.Name, names[one.Connection], one.Mapping.Stream, at, next, troubleWords(one.Trouble))
		})
	})
}

type syncShowCmd struct {
	syncFlags `embed:""`
	Sync      string `arg:"" help:"Name or id of the synchronization." placeholder:"SYNC"`
}

func (c syncShowCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		return printJSON(s.out, one)
	})
}
