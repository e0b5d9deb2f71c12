package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/jobs/embed"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// Config is what Jobs need. Store, Keys, Log and one of Dir and URL are required.
type Config struct {
	// Store keeps the records; its gate has to know Types.
	Store store.Store
	// Keys seals inputs and cursors.
	Keys Keys
	Log  *slog.Logger

	// Dir is where the embedded queue stores, for an installation of one host: a directory of its own.
	Dir string
	// URL is a NATS cluster, such as nats://a:4222,nats://b:4222, for an installation of several hosts.
	URL string
	// Credentials is a file with the user's credentials for URL, CA one with the authorities that sign its certificates; ""
	// means none and those of the system.
	Credentials, CA string
	// Replicas is how many nodes of the cluster keep the queue; 0 means 3 with URL.
	Replicas int
	// Bucket names the queue in a cluster that several installations share; "" means pergola_jobs.
	Bucket string
	// Lease is how long a host may be silent before others take over its runs, in whole seconds; 0 means 15 s.
	Lease time.Duration

	// Workers is how many runs this host works on at a time; 0 means 8.
	Workers int
	// PerTenant is how many runs of one tenant all hosts together work on at a time; 0 means 4. All hosts need the same.
	PerTenant int
	// MaxLive is how many runs of a tenant may wait and run; 0 means 1000.
	MaxLive int
	// Quantum is after which time a run lets other tenants go first; 0 means half a second.
	Quantum time.Duration
	// Weight is a tenant's share of the work, against that of others, from 1; nil means 1 for all.
	Weight func(capability.TenantID) int
	// Admit is asked before a run is worked on. An error with the code unavailable puts it off, any other one pauses it with its
	// code: so a plugin that was switched off does nothing more. nil admits all.
	Admit func(context.Context, capability.TenantID, capability.PluginID) error
	// Within makes of a step's context the one in which it is done, such as one that is marked as of the background; nil leaves it as it is.
	Within func(context.Context) context.Context
	// Keep is how long a run is kept after its end; 0 means 30 days.
	Keep time.Duration
	// Sweep is how often the board is compared with the store, and runs whose time is over are deleted; 0 means 5 minutes.
	Sweep time.Duration
	// Grace is for how long Close lets steps come to their end; 0 means 10 s.
	Grace time.Duration

	// Now and At are the clock of due times, pauses and turns; At returns a channel on which something comes at a time. nil means
	// the clock of the machine, by which leases run in any case.
	Now func() time.Time
	At  func(time.Time) <-chan time.Time
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Store == nil || c.Keys == nil || c.Log == nil:
		return c, errors.New("open jobs: Store, Keys and Log are required")
	case (c.Dir == "") == (c.URL == ""):
		return c, errors.New("open jobs: set either Dir, for one host, or URL, for several that share a NATS cluster")
	case c.Workers < 0 || c.PerTenant < 0 || c.MaxLive < 0 || c.Quantum < 0 || c.Keep < 0 || c.Sweep < 0 || c.Grace < 0 || c.Replicas < 0:
		return c, errors.New("open jobs: a limit is negative; 0 is the default")
	}
	if c.URL != "" {
		fill(&c.Replicas, 3)
	}
	fill(&c.Workers, 8)
	fill(&c.PerTenant, 4)
	fill(&c.MaxLive, 1000)
	fill(&c.Quantum, 500*time.Millisecond)
	fill(&c.Keep, 30*24*time.Hour)
	fill(&c.Sweep, 5*time.Minute)
	fill(&c.Grace, 10*time.Second)
	if c.Weight == nil {
		c.Weight = func(capability.TenantID) int { return 1 }
	}
	if c.Admit == nil {
		c.Admit = func(context.Context, capability.TenantID, capability.PluginID) error { return nil }
	}
	if c.Within == nil {
		c.Within = func(ctx context.Context) context.Context { return ctx }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.At == nil {
		c.At = func(t time.Time) <-chan time.Time { return time.After(time.Until(t)) }
	}
	return c, nil
}

// Jobs starts runs, works on them and tells how they are. It is safe for concurrent use. Make it with Open.
type Jobs struct {
	cfg     Config
	records records
	server  *embed.Server // nil with a cluster
	conn    *nats.Conn
	board   *board.Board

	work       context.Context //nolint:containedctx // it is the life of what Work starts
	stop       context.CancelFunc
	draining   chan struct{} // closed when no step is to begin any more
	drain      func()
	background sync.WaitGroup
	stopListen func()

	mu      sync.Mutex
	kinds   map[string]Kind
	working bool
	closed  bool

	dispatcher dispatcher
}

// Open opens the queue and the records. Register the kinds of runs, then call Work. A host that only starts and shows runs leaves
// both.
func Open(ctx context.Context, cfg Config) (_ *Jobs, err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	draining := make(chan struct{})
	j := &Jobs{
		cfg: cfg, records: records{store: cfg.Store, keys: cfg.Keys, now: cfg.Now}, kinds: map[string]Kind{},
		work: work, stop: stop, draining: draining, drain: sync.OnceFunc(func() { close(draining) }),
	}
	j.dispatcher.init(cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close(ctx))
		}
	}()
	if cfg.Dir != "" {
		if j.server, err = embed.Start(ctx, embed.Config{Dir: cfg.Dir, Log: cfg.Log}); err != nil {
			return nil, err
		}
	}
	if j.conn, err = j.connect(); err != nil {
		return nil, err
	}
	j.board, err = board.Open(ctx, board.Config{
		Conn: j.conn, Bucket: cfg.Bucket, Replicas: cfg.Replicas, Lease: cfg.Lease, Alone: j.server != nil, Log: cfg.Log,
	})
	return j, err
}

func (j *Jobs) connect() (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("pergola"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1), // what is written late may be wrong by then
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			j.cfg.Log.Debug("job queue", "error", err)
		}),
	}
	if j.server != nil {
		options = append(options, j.server.Option())
	}
	if j.cfg.Credentials != "" {
		options = append(options, nats.UserCredentials(j.cfg.Credentials))
	}
	if j.cfg.CA != "" {
		options = append(options, nats.RootCAs(j.cfg.CA))
	}
	conn, err := nats.Connect(j.cfg.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to the job queue: %w; see that its address and credentials are right", err)
	}
	return conn, nil
}

// Register makes a kind of run known to this host. Hosts work on runs of kinds that they know, and leave others alone.
func (j *Jobs) Register(k Kind) error {
	k, err := k.withDefaults()
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, taken := j.kinds[k.Name]; taken || j.working {
		return fmt.Errorf("register kind %s: kinds are registered once each, before Work", k.Name)
	}
	j.kinds[k.Name] = k
	return nil
}

func (j *Jobs) kind(name string) (Kind, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	k, ok := j.kinds[name]
	return k, ok
}

// known returns the kind, or an error for whoever asked for it.
func (j *Jobs) known(name string) (Kind, error) {
	k, ok := j.kind(name)
	if !ok {
		j.mu.Lock()
		defer j.mu.Unlock()
		return Kind{}, fail(sdk.Invalid, "there is no kind of job %q; there are %q", name, slices.Sorted(maps.Keys(j.kinds)))
	}
	return k, nil
}

// Work begins to work on runs and to watch schedules, until Close.
func (j *Jobs) Work() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.working || j.closed {
		return errors.New("jobs are worked on already, or closed")
	}
	stop, err := j.board.Listen(topicControl, "", "", j.heardControl)
	if err != nil {
		return err
	}
	j.working, j.stopListen = true, stop
	j.background.Go(j.dispatch)
	j.background.Go(j.watchAlarms)
	j.background.Go(j.sweep)
	j.background.Go(j.heed)
	if j.server != nil {
		j.background.Go(j.revive)
	}
	return nil
}

// Healthy says whether this host takes part: an error while it does not reach the queue. What it works on is given up then, and
// taken over by others.
func (j *Jobs) Healthy() error {
	if err := j.board.Healthy(); err != nil {
		return &coded{&sdk.Error{
			Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the job queue does not answer; look at the disk of its data directory, or at the NATS cluster",
		}, err}
	}
	return nil
}

// Close lets steps come to their end for the time of grace, gives all runs back and closes the queue. Closing twice is no
// error.
func (j *Jobs) Close(ctx context.Context) error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.mu.Unlock()
	j.drain()
	grace := time.AfterFunc(j.cfg.Grace, j.dispatcher.interruptAll)
	ended := context.AfterFunc(ctx, j.dispatcher.interruptAll)
	j.background.Wait() // the dispatcher waits for its workers
	grace.Stop()
	ended()
	j.stop()
	if j.stopListen != nil {
		j.stopListen()
	}
	var errs []error
	if j.board != nil {
		errs = append(errs, j.board.Close(ctx))
	}
	if j.conn != nil {
		j.conn.Close()
	}
	if j.server != nil {
		errs = append(errs, j.server.Close())
	}
	return errors.Join(errs...)
}

// revive starts the embedded queue anew where it gave up, which it does for good when its disk is full. It is given the time of
// a lease to come to itself.
func (j *Jobs) revive() {
	pause := j.strayPause()
	tick := time.NewTicker(pause / 2)
	defer tick.Stop()
	healthy := time.Now()
	for {
		select {
		case <-j.draining:
			return
		case <-tick.C:
		}
		if j.board.Healthy() == nil {
			healthy = time.Now()
			continue
		}
		if time.Since(healthy) < pause {
			continue
		}
		j.cfg.Log.ErrorContext(j.work, "the job queue stands still and is started anew; is its disk full?")
		if err := j.server.Restart(j.work); err != nil {
			j.cfg.Log.ErrorContext(j.work, "start the job queue anew", "error", err)
		}
		healthy = time.Now()
	}
}

// Forget takes everything of a tenant off the queue. Its records go with the purge of the store.
func (j *Jobs) Forget(ctx context.Context, t capability.TenantID) error {
	return j.board.Forget(ctx, t)
}
