package wasm

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/sdk"
)

// Config configures a driver. The zero value works, without a cache on disk.
type Config struct {
	// CacheDir keeps native code between runs of the program, which makes loading a Go plugin some thirty times faster.
	// Whoever can write there can run code in this process, so New refuses a directory that others may write to; one
	// that is missing is created. Empty means no cache.
	CacheDir string

	// MaxMemoryBytes is the ceiling for Limits.MemoryBytes of any module; 0 means 1 GiB, at most 4 GiB.
	MaxMemoryBytes uint64

	// StartTimeout bounds the start of a module's first instance, in Load; later ones start within the deadline of the
	// call that needs them. 0 means 10 s.
	StartTimeout time.Duration

	// Logger receives what an operator should know. It gets no output of guests. nil means slog.Default().
	Logger *slog.Logger

	// Output receives, at debug level, what guests write to stdout and stderr, and the stack traces of traps. It may
	// show whatever a guest had in memory, so only a host for development sets it. nil drops it.
	Output *slog.Logger

	// Now is the guests' clock; nil means time.Now.
	Now func() time.Time

	// Random is the guests' source of randomness, safe for concurrent use; nil means crypto/rand.
	Random io.Reader

	// MemoryBudget is what all guests may have together, in bytes: of each that runs all of its memory, of each that idles
	// what it does not share. 0 means 2 GiB.
	MemoryBudget uint64

	// AllowUnmetered lets code run that the fuel counter does not know. Such code is stopped at its deadline by other means,
	// which miss calls that branch for ever without a loop: it can hold up the whole process. Only for code that is trusted.
	AllowUnmetered bool

	// Strategy is how memory is restored; the zero value is the best that the system offers.
	Strategy snapshot.Strategy
}

// hostPage is the size of the pages that the system maps.
var hostPage = os.Getpagesize()

// MaxCode is the largest module in bytes that Load takes.
const MaxCode = 64 << 20

// Driver runs Wasm modules. It is safe for concurrent use; make one with [New].
type Driver struct {
	config  Config
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	random  io.Reader
	cache   wazero.CompilationCache // nil without CacheDir
	budget  budget
	lane    lane

	sweeps       atomic.Int64  // so far
	stopSweeping chan struct{} // closed by the first Close
	swept        chan struct{} // closed when no further sweep comes

	compilations, instances atomic.Int64

	mu       sync.Mutex
	runtimes map[bool]wazero.Runtime // by whether code has a fuel counter
	code     map[[sha256.Size]byte]*compiled
	modules  map[*module]struct{}
	closed   bool
}

var (
	_ driver.Driver   = (*Driver)(nil)
	_ driver.Preparer = (*Driver)(nil)
)

var errDriverClosed = errors.New("the Wasm driver is closed")

// New returns a driver.
func New(c Config) (*Driver, error) {
	d := &Driver{
		config: c, log: c.Logger, now: c.Now, random: c.Random, lane: newLane(), stopSweeping: make(chan struct{}), swept: make(chan struct{}),
		runtimes: map[bool]wazero.Runtime{}, code: map[[sha256.Size]byte]*compiled{}, modules: map[*module]struct{}{},
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.random == nil {
		d.random = rand.Reader
	}
	d.started = d.now()
	if d.config.StartTimeout <= 0 {
		d.config.StartTimeout = 10 * time.Second
	}
	if d.config.MaxMemoryBytes == 0 {
		d.config.MaxMemoryBytes = 1 << 30
	}
	if d.config.MaxMemoryBytes > 4<<30 || d.config.MaxMemoryBytes < pageSize {
		return nil, fmt.Errorf("wasm: MaxMemoryBytes is %d; it has to be between 64 KiB and 4 GiB", c.MaxMemoryBytes)
	}
	if d.config.MemoryBudget == 0 {
		d.config.MemoryBudget = 2 << 30
	}
	d.budget.limit = d.config.MemoryBudget
	if c.CacheDir != "" {
		var err error
		if d.cache, err = openCache(c.CacheDir); err != nil {
			return nil, err
		}
	}
	go d.sweepNowAndThen()
	if _, err := d.runtime(context.Background(), true); err != nil {
		return nil, errors.Join(err, d.Close(context.Background()))
	}
	return d, nil
}

// runtime returns the runtime for code with a fuel counter, or that for code without one, which has other means to end.
func (d *Driver) runtime(ctx context.Context, metered bool) (wazero.Runtime, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.runtimes[metered]; r != nil {
		return r, nil
	}
	// Without reference types a guest cannot grow a table, which is memory that no limit counts.
	features := api.CoreFeaturesV2.SetEnabled(api.CoreFeatureReferenceTypes, false)
	if !metered {
		features |= experimental.CoreFeaturesExceptionHandling
	}
	rc := wazero.NewRuntimeConfig().
		WithCloseOnContextDone(!metered).
		WithCoreFeatures(features).
		WithDebugInfoEnabled(false).
		WithMemoryLimitPages(uint32(d.config.MaxMemoryBytes / pageSize))
	if d.cache != nil {
		rc = rc.WithCompilationCache(d.cache)
	}
	r := wazero.NewRuntimeWithConfig(ctx, rc)
	d.runtimes[metered] = r
	return r, provide(ctx, r)
}

func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open compilation cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open compilation cache: %w", err)
	}
	if mode := info.Mode(); mode&(fs.ModePerm&0o022) != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("open compilation cache %s: others may write to it (%v), and what lies there is run: chmod 700 it", dir, mode.Perm())
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open compilation cache %s: %w", dir, err)
	}
	return cache, nil
}

// Load implements driver.Driver. It refuses what ABI v1 cannot run and what could not be restored after a call, puts a fuel
// counter into the rest and compiles it, starts it and saves the state in which its calls begin, and makes the first instance, so
// that code which cannot even start is found out here. What the cache on disk holds is not done again.
func (d *Driver) Load(ctx context.Context, code []byte, limits driver.Limits) (driver.Module, error) {
	limits = wholePages(limits.WithDefaults())
	c, err := d.ready(ctx, code, limits)
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	m := &module{driver: d, code: c, gate: driver.NewGate(limits)}
	if c.metered() {
		startCtx, cancel := context.WithTimeout(ctx, d.config.StartTimeout)
		defer cancel()
		first, err := d.instantiate(m, limits.MaxMemoryBytes, starting{startCtx})
		if err != nil {
			d.release(c)
			return nil, fmt.Errorf("load module: start it: %w", err)
		}
		m.idle = []*instance{first}
	}
	d.mu.Lock()
	closed := d.closed
	if !closed {
		d.modules[m] = struct{}{}
	}
	d.mu.Unlock()
	if closed {
		for _, in := range m.idle {
			in.close()
		}
		d.release(c)
		return nil, errDriverClosed
	}
	return m, nil
}

// Prepare implements driver.Preparer.
func (d *Driver) Prepare(ctx context.Context, code []byte, limits driver.Limits) (release func()) {
	c, err := d.ready(ctx, code, wholePages(limits.WithDefaults()))
	if err != nil {
		return func() {}
	}
	return func() { d.release(c) }
}

// ready checks a module and returns its native code. The caller must release what it got.
func (d *Driver) ready(ctx context.Context, code []byte, limits driver.Limits) (*compiled, error) {
	if limits.MaxMemoryBytes > d.config.MaxMemoryBytes {
		return nil, fmt.Errorf("%s of memory is asked for and %s is the most that this host gives", mib(limits.MaxMemoryBytes), mib(d.config.MaxMemoryBytes))
	}
	if len(code) > MaxCode {
		return nil, fmt.Errorf("it is %s long, at most %s are allowed", mib(uint64(len(code))), mib(MaxCode))
	}
	s, err := inspect(code)
	if err != nil {
		return nil, err
	}
	if err := check(s, limits.MemoryBytes); err != nil {
		return nil, err
	}
	return d.compile(ctx, code, s, limits.MemoryBytes)
}

// wholePages rounds bounds of memory down to pages of Wasm.
func wholePages(l driver.Limits) driver.Limits {
	l.MemoryBytes -= l.MemoryBytes % pageSize
	l.MaxMemoryBytes -= l.MaxMemoryBytes % pageSize
	return l
}

// Stats are counts for an operator's metrics.
type Stats struct {
	Compilations int64 // modules compiled or read from the cache on disk, since New
	Resident     int   // modules whose native code is in memory now
	Instances    int64 // instances that exist now, busy and idle
	MemoryBytes  int64 // of the budget that is used now
}

// Stats returns the driver's counts.
func (d *Driver) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Stats{Compilations: d.compilations.Load(), Resident: len(d.code), Instances: d.instances.Load(), MemoryBytes: d.budget.used.Load()}
}

func (d *Driver) overBudget() error {
	return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Limit: "host.memory", Message: fmt.Sprintf(
		"all plugins together use the %s of memory that this host has for them (engine.memory_budget_mib); try again in a moment", mib(d.config.MemoryBudget))}
}

// forget drops a module that was closed.
func (d *Driver) forget(m *module) {
	d.mu.Lock()
	delete(d.modules, m)
	d.mu.Unlock()
	d.release(m.code)
}

// Close implements driver.Driver.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.stopSweeping)
	}
	modules := make([]*module, 0, len(d.modules))
	for m := range d.modules {
		modules = append(modules, m)
	}
	d.mu.Unlock()

	<-d.swept
	errs := make([]error, len(modules))
	var wg sync.WaitGroup
	for i, m := range modules {
		wg.Go(func() { errs[i] = m.Close(ctx) })
	}
	wg.Wait()
	for _, r := range d.runtimes {
		errs = append(errs, r.Close(context.WithoutCancel(ctx)))
	}
	if d.cache != nil {
		errs = append(errs, d.cache.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}
