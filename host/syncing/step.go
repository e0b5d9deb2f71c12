package syncing

import (
	"context"
	"encoding/json"
	"errors"
	gosync "sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Kind is the name of the jobs that are runs of synchronizations.
const Kind = "sync.run"

// stepTimeout bounds a step: what a slow source and a slow Jira need for a page of rows, and no more than a host can wait for
// when it ends.
const stepTimeout = 2 * time.Minute

// retry is for what a later try may mend: a source or a Jira that does not answer for a while.
var retry = jobs.Retry{Attempts: 6, First: 5 * time.Second, Most: 10 * time.Minute, Lost: 10}

// input is that of a run.
type input struct {
	Sync     string `json:"sync"`
	Approved bool   `json:"approved,omitempty"`
	ByHand   bool   `json:"byHand,omitempty"`
}

// prepare puts together what the engine needs of a synchronization.
func (s *Service) prepare(ctx context.Context, t tenant.Tenant, find sources, connection, id string, m mapping.Config) (syncer.Sync, link, error) {
	l, err := s.open(ctx, t, find, connection)
	if err != nil {
		return syncer.Sync{}, link{}, err
	}
	return syncer.Sync{ID: id, Tenant: t, Source: l.source, Name: l.known.Name, Connection: l.config, Config: m}, l, nil
}

// step does a step of a run.
func (s *Service) step(ctx context.Context, js jobs.Step) (jobs.Next, error) {
	var in input
	if err := json.Unmarshal(js.Input, &in); err != nil {
		return jobs.Next{}, fail(sdk.Invalid, "the input of the run is damaged; start another one")
	}
	t, err := s.cfg.Tenants.ByID(ctx, js.Tenant)
	if err != nil {
		return jobs.Next{}, err
	}
	if t.State != tenant.Active { // the site was switched off in the middle of the run, which is no fault of the synchronization
		return jobs.Next{}, fail(sdk.Unavailable, "the app is not switched on for this Jira site")
	}
	if js.Number == 0 {
		if err := s.cfg.Log.Begin(ctx, t.ID, runlog.Header{Run: string(js.Run), Sync: in.Sync}); err != nil {
			return jobs.Next{}, err
		}
	}
	k, err := s.syncs.get(ctx, t.ID, in.Sync)
	if err != nil {
		return jobs.Next{}, err
	}
	plugin := held{features: s.cfg.Features}
	defer plugin.release()
	work, l, err := s.prepare(ctx, t, plugin.source, k.doc.Connection, in.Sync, syncOf(k).Mapping)
	if err != nil {
		return jobs.Next{}, s.failed(ctx, js, k, link{}, nil, err)
	}
	if !in.ByHand && js.Number == 0 {
		if why := waits(k, l); why != "" {
			return jobs.Next{Done: true}, s.cfg.Log.Step(ctx, t.ID, string(js.Run), 0, syncer.StepOutput{Done: true, Stopped: why})
		}
	}
	var ears *listener
	work.Source, ears = listen(work.Source)
	out, err := s.cfg.Engine.Step(ctx, work, syncer.StepInput{
		Run: string(js.Run), Number: js.Number, Attempt: js.Attempt, Cursor: js.Cursor, Approved: in.Approved,
	})
	if err != nil {
		return jobs.Next{}, s.failed(ctx, js, k, l, ears, err)
	}
	if err := s.cfg.Log.Step(ctx, t.ID, string(js.Run), js.Number, out); err != nil {
		return jobs.Next{}, err
	}
	if out.Done && out.Stopped == "" && k.doc.Trouble != "" {
		k.doc.Trouble = ""
		s.note(s.syncs.put(ctx, t.ID, k))
	}
	return jobs.Next{Cursor: out.Cursor, Done: out.Done, After: out.After, Add: out.Add, Total: out.Total, Counts: out.Counts}, nil
}

// held is the version of a plugin on which a step runs from its beginning to its end.
type held struct {
	features Features
	letGo    func() // nil until a source was found
}

func (h *held) source(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, error) {
	source, known, release, err := h.features.StepSource(ctx, t, id, name)
	h.letGo = release
	return source, known, err
}

func (h *held) release() {
	if h.letGo != nil {
		h.letGo()
	}
}

// waits says why a scheduled run is not to begin, "" where it is.
func waits(k kept[syncDocument], l link) string {
	switch {
	case l.kept.doc.Trouble != "":
		return stoppedConnection
	case k.doc.Trouble != "":
		return stoppedTrouble
	}
	return ""
}

// failed notes an error that ends a run at the narrowest level that it concerns, and returns it.
func (s *Service) failed(ctx context.Context, js jobs.Step, k kept[syncDocument], l link, ears *listener, err error) error {
	if !retry.Final(err, js.Attempt) {
		return err
	}
	if source := ears.heard(err); source != nil {
		l.kept.doc.Trouble = sdk.CodeOf(source)
		s.note(s.connections.put(ctx, js.Tenant, l.kept))
		return err
	}
	k.doc.Trouble = sdk.CodeOf(err)
	s.note(s.syncs.put(ctx, js.Tenant, k))
	return err
}

// note logs that a trouble could not be noted: somebody changed the document meanwhile, which ends the trouble, or the store does not
// answer, and the next run notes it.
func (s *Service) note(_ any, err error) {
	if err != nil && sdk.CodeOf(err) != sdk.Exists {
		s.cfg.Logger.Warn("note the trouble of a synchronization", "error", err)
	}
}

// listener hears whether it is the source that fails.
type listener struct {
	mu     gosync.Mutex
	failed error // the last one of the source
}

// listen is a source whose errors are heard.
func listen(s *sync.Source) (*sync.Source, *listener) {
	l, out := &listener{}, *s
	if s.Discover != nil {
		out.Discover = sync.DiscoverFunc(hearing(l, s.Discover.Discover))
	}
	if s.Read != nil {
		out.Read = sync.ReadFunc(hearing(l, s.Read.Read))
	}
	if s.Write != nil {
		out.Write = sync.WriteFunc(hearing(l, s.Write.Write))
	}
	return &out, l
}

func hearing[In, Out any](l *listener, ask func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		out, err := ask(ctx, in)
		if err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.failed = err
		}
		return out, err
	}
}

// heard is the source's own error where that is what ended a step: nil where it was something else.
func (l *listener) heard(err error) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil || !errors.Is(err, l.failed) {
		return nil
	}
	return l.failed
}
