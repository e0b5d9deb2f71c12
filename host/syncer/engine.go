package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	gosync "sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Jira is a tenant's site; *jira.Client is one.
type Jira interface {
	Scan(ctx context.Context, t tenant.Tenant, s jira.Scan) ([]jira.Raw, string, error)
	Count(ctx context.Context, t tenant.Tenant, jql string) (int, error)
	Fetch(ctx context.Context, t tenant.Tenant, idsOrKeys, fields, properties []string) ([]jira.Raw, error)
	Create(ctx context.Context, t tenant.Tenant, drafts []jira.Draft) ([]jira.Made, error)
	Edit(ctx context.Context, t tenant.Tenant, id string, d jira.Draft) error
	SetIssueProperty(ctx context.Context, t tenant.Tenant, id, key string, value any) error
	Transitions(ctx context.Context, t tenant.Tenant, id string) ([]jira.Transition, error)
	Transit(ctx context.Context, t tenant.Tenant, id, transition string) error
	Archive(ctx context.Context, t tenant.Tenant, ids []string) error
	CreateMeta(ctx context.Context, t tenant.Tenant, project, issueType string) ([]jira.Meta, error)
	FindAccounts(ctx context.Context, t tenant.Tenant, query string) ([]jira.Account, error)
	Account(ctx context.Context, t tenant.Tenant, id string) (jira.Account, error)
	FieldContext(ctx context.Context, t tenant.Tenant, field string) (string, error)
	AddOption(ctx context.Context, t tenant.Tenant, field, fieldContext, value string) (jira.Choice, error)
	Administers(ctx context.Context, t tenant.Tenant) (bool, error)
	Permitted(ctx context.Context, t tenant.Tenant, account, project string, permissions ...string) ([]string, error)
	Project(ctx context.Context, t tenant.Tenant, id string) (jira.Project, error)
	SetAppProperty(ctx context.Context, t tenant.Tenant, key string, value any) error
	AppProperty(ctx context.Context, t tenant.Tenant, key string, out any) error
}

var _ Jira = (*jira.Client)(nil)

// Config is what an Engine needs. Jira and Secret are required.
type Config struct {
	Jira Jira
	// Secret returns the secret of a tenant by which digests are made. It stays the same as long as the tenant does.
	Secret func(ctx context.Context, t capability.TenantID) (identity.Secret, error)
	// ActAs says that Jira makes calls in the name of people (jira.AsUser): then issues are written in the sync user's.
	ActAs bool
	// AddOptions says that sites are asked for the scope ADMIN, which adding a choice to a select field takes.
	AddOptions bool
	// Rows is how many rows a step reads, at most; 0 means 200.
	Rows int
	// Parallel is how many issues of a step are written at a time; 0 means 4.
	Parallel int
	// Length is after which time a step begins no further page; 0 means a second. What was done is lost with a host only since its
	// last step.
	Length time.Duration
	// Now is time.Now where it is nil.
	Now func() time.Time
	// Sleep waits before a write is tried again, or until ctx ends; nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Engine does the steps of runs. It is safe for concurrent use, of different runs.
type Engine struct {
	cfg Config

	mu   gosync.Mutex
	runs map[runID]*memory
}

type runID struct {
	tenant capability.TenantID
	run    string
}

// New returns an engine.
func New(c Config) (*Engine, error) {
	switch {
	case c.Jira == nil:
		return nil, errors.New("sync engine: Jira is missing")
	case c.Secret == nil:
		return nil, errors.New("sync engine: Secret is missing")
	case c.Rows < 0 || c.Rows > 1000 || c.Parallel < 0 || c.Parallel > 16 || c.Length < 0:
		return nil, errors.New("sync engine: Rows is up to 1000, Parallel up to 16, Length not negative")
	}
	if c.Length == 0 {
		c.Length = time.Second
	}
	if c.Rows == 0 {
		c.Rows = 200
	}
	if c.Parallel == 0 {
		c.Parallel = 4
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return &Engine{cfg: c, runs: map[runID]*memory{}}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Sync is one synchronization.
type Sync struct {
	ID         string // a word of ours: it stands in the property of each issue
	Tenant     tenant.Tenant
	Source     *sync.Source
	Name       string // of the synchronizer, where Source serves several
	Connection sync.Config
	Config     mapping.Config
}

// StepInput asks for a step.
type StepInput struct {
	// Run is the run's id. Number counts its steps, from 0; Attempt the failed tries of this one.
	Run             string
	Number, Attempt int
	// Cursor is what the step before returned; nil for the first.
	Cursor []byte
	// DryRun plans and writes nothing: the results say what would become of the rows.
	DryRun bool
	// Show is called with each row of a dry run, with values; nil where nobody looks.
	Show func(Shown)
	// Approved lets a run pass that the brake would stop.
	Approved bool
}

// StepOutput is what came of a step.
type StepOutput struct {
	// Cursor is for the next step: at most MaxCursor bytes, of positions, numbers and times.
	Cursor []byte
	Done   bool
	// Stopped is why the run ended before it was through: "brake". Empty for other ends.
	Stopped string
	// Brake is why the brake stopped the run or, at the end of a dry run, would stop one that writes; nil where it does not.
	Brake *Braked
	// After puts the next step off: Jira's quota is used up.
	After  time.Duration
	Reason string // of After, Jira's name of the limit
	// Add is by how many rows the run got on, Total how many there are, 0 where that is not known.
	Add, Total int64
	Counts     map[string]int64 // by Outcome
	Rows       []Result
}

// Step does the next step of a run. Errors are *sdk.Error, or wrap one: invalid where the configuration or the source does
// not allow the run, with a mapping.Problems where that is what is wrong; unavailable and others where trying again may help.
func (e *Engine) Step(ctx context.Context, s Sync, in StepInput) (StepOutput, error) {
	s.Connection.Target = s.Config.Project
	at, err := parseCursor(in.Cursor)
	if err != nil {
		return StepOutput{}, err
	}
	m, err := e.open(ctx, s, in)
	if err != nil {
		return e.throttled(in, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Config = m.mapping.Config // with its defaults
	st := &step{Engine: e, memory: m, sync: s, in: in, at: at, began: e.cfg.Now()}
	// Only whoever saw the step before end well knows of all issues that the run has made.
	if in.Attempt > 0 || m.number != in.Number-1 || !m.clean {
		m.sure = false
	}
	m.clean = false
	out, err := st.run(ctx)
	if st.unfinished = errors.Is(err, errLater); err != nil && !st.unfinished {
		return e.throttled(in, err)
	}
	if out.Cursor, err = st.at.encode(); err != nil {
		return StepOutput{}, err
	}
	m.number, m.clean = in.Number, true
	st.forgetDone(out.Rows)
	if out.Done {
		e.Forget(s.Tenant.ID, in.Run)
	}
	return out, nil
}

// maxPause is how long a step waits for Jira itself; what takes longer is for the run to wait.
const maxPause = 5 * time.Second

// throttled makes of an error that means a used-up limit a step that goes on later.
func (*Engine) throttled(in StepInput, err error) (StepOutput, error) {
	var f *jira.Failure
	if errors.As(err, &f) && f.Reason != "" {
		after := f.RetryAfter
		if after <= 0 {
			after = maxPause
		}
		return StepOutput{Cursor: in.Cursor, After: after, Reason: f.Reason}, nil
	}
	return StepOutput{}, err
}

func fail(code sdk.Code, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}

// What the account has to be allowed in the project.
var needed = []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES"}

// memory is what an engine knows of a run beside its cursor.
type memory struct {
	mu      gosync.Mutex
	mapping *mapping.Mapping
	stream  sync.Stream
	hasher  *identity.Hasher
	prefix  string // of the project's issue keys
	lookup  *finder
	paths   *paths
	keys    *keys

	number int                        // of the last step that was done here
	clean  bool                       // it ended well
	sure   bool                       // every issue that the run has made is known or shown by the search
	walked int                        // up to this key number, every issue above the cursor's floor is known
	made   map[identity.Digest]string // issues that the search may not show yet
	done   map[identity.Digest]Result // rows of the step under way that are done
}

// open returns what is known of a run, and finds it out where nothing is.
func (e *Engine) open(ctx context.Context, s Sync, in StepInput) (*memory, error) {
	id := runID{s.Tenant.ID, in.Run}
	e.mu.Lock()
	m := e.runs[id]
	e.mu.Unlock()
	if m != nil {
		return m, nil
	}
	m, err := e.prepare(ctx, s)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	const most = 1000 // runs that were given up elsewhere leave their memory here
	if len(e.runs) >= most {
		clear(e.runs)
	}
	e.runs[id] = m
	return m, nil
}

// Forget drops what is remembered of a run that does not go on here, such as one that was canceled. A run that ends is forgotten by
// itself.
func (e *Engine) Forget(t capability.TenantID, run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.runs, runID{t, run})
}

// Check compiles a synchronization against its source and its site, and looks whether the app and the sync user may do what it
// asks for.
func (e *Engine) Check(ctx context.Context, s Sync) (*mapping.Mapping, error) {
	s.Connection.Target = s.Config.Project
	m, err := e.prepare(ctx, s)
	if err != nil {
		return nil, err
	}
	return m.mapping, nil
}

func (e *Engine) prepare(ctx context.Context, s Sync) (*memory, error) {
	if s.ID == "" || s.Source == nil {
		return nil, fail(sdk.Internal, "a synchronization has no id or no source")
	}
	stream, err := discover(ctx, s)
	if err != nil {
		return nil, err
	}
	// Who may not make issues is told of no issue types either, so leave comes first.
	denied := e.preflight(ctx, s)
	if sdk.CodeOf(denied) == sdk.PermissionDenied {
		return nil, denied
	}
	site := mapping.Site{}
	for _, typ := range s.Config.Types() {
		if site[typ], err = e.cfg.Jira.CreateMeta(ctx, s.Tenant, s.Config.Project, typ); err != nil && sdk.CodeOf(err) != sdk.Invalid {
			return nil, err
		}
		if err != nil {
			delete(site, typ) // there is no such type, which Compile says with its place
		}
	}
	compiled, err := mapping.Compile(s.Config, stream, site)
	if err != nil {
		return nil, unfit(err)
	}
	if denied != nil {
		return nil, denied
	}
	contexts, err := e.contexts(ctx, s)
	if err != nil {
		return nil, err
	}
	project, err := e.cfg.Jira.Project(ctx, s.Tenant, s.Config.Project)
	if err != nil {
		return nil, err
	}
	secret, err := e.cfg.Secret(ctx, s.Tenant.ID)
	if err != nil {
		return nil, err
	}
	if len(secret) < 16 {
		return nil, fail(sdk.Internal, "the tenant's secret for digests is shorter than 16 bytes")
	}
	return &memory{
		mapping: compiled, stream: stream, hasher: secret.Hasher(), prefix: project.Key + "-", number: -1, made: map[identity.Digest]string{},
		lookup: &finder{jira: e.cfg.Jira, tenant: s.Tenant, contexts: contexts, accounts: map[string]found{}, options: map[string]found{}},
		paths:  &paths{jira: e.cfg.Jira, tenant: s.Tenant, project: s.Config.Project, known: map[place][]way{}},
		done:   map[identity.Digest]Result{},
	}, nil
}

// invalid is a configuration that does not fit, with its problems.
type invalid struct {
	shown sdk.Error
	cause error
}

func unfit(problems error) error {
	return &invalid{sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: problems.Error()}, problems}
}

func (e *invalid) Error() string   { return e.shown.Message }
func (e *invalid) Unwrap() []error { return []error{&e.shown, e.cause} }

func discover(ctx context.Context, s Sync) (sync.Stream, error) {
	if s.Source.Discover == nil {
		return sync.Stream{}, fail(sdk.Unimplemented, "the synchronizer does not say which streams it has")
	}
	catalog, err := s.Source.Discover.Discover(ctx, &sync.Discover{Name: s.Name, Config: s.Connection, Stream: s.Config.Stream})
	if err != nil {
		return sync.Stream{}, err
	}
	for _, stream := range catalog.Streams {
		if stream.Name == s.Config.Stream {
			return stream, nil
		}
	}
	return sync.Stream{}, sync.NoStream(s.Config.Stream)
}

// preflight looks whether the app, which writes, and the sync user, in whose name, may.
func (e *Engine) preflight(ctx context.Context, s Sync) error {
	accounts := []string{""}
	if s.Config.RunAs != "" {
		accounts = append(accounts, s.Config.RunAs)
	}
	for _, account := range accounts {
		got, err := e.cfg.Jira.Permitted(ctx, s.Tenant, account, s.Config.Project, needed...)
		if err != nil {
			return err
		}
		var lacks []string
		for _, p := range needed {
			if !slices.Contains(got, p) {
				lacks = append(lacks, p)
			}
		}
		if len(lacks) > 0 {
			who := "the app"
			if account != "" {
				who = "the sync user"
			}
			return fail(sdk.PermissionDenied, "%s lacks the permissions %s in the target project; a project admin can grant them", who, strings.Join(lacks, ", "))
		}
	}
	return nil
}
