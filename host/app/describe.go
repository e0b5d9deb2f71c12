package app

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/metrics"
	"github.com/pergola-platform/pergola/host/web"
)

// descriptor is atlassian-connect.json, and of which plugins it was made.
type descriptor struct {
	mu   sync.Mutex
	of   []*manifest.Manifest
	text []byte
}

func (h *Host) render(plugins []*manifest.Manifest) ([]byte, error) {
	c := h.cfg.Connect
	return connect.Descriptor(connect.Config{
		AppKey: c.AppKey, Name: c.AppName, Description: "Asset management in Jira, feature by feature.",
		Vendor: connect.Vendor{Name: "Pergola"}, BaseURL: h.url, ActAsUser: c.ActAsUser, AddOptions: c.AddOptions, Registered: c.RegisterWebhooks,
	}, plugins)
}

// describe makes the descriptor anew where the plugins that serve are others than when it was made.
func (h *Host) describe() error {
	h.page.mu.Lock()
	defer h.page.mu.Unlock()
	now := h.features.Manifests()
	if h.page.text != nil && slices.Equal(h.page.of, now) {
		return nil
	}
	text, err := h.render(now)
	if err != nil {
		return err
	}
	h.page.of, h.page.text = now, text
	return nil
}

// Descriptor returns atlassian-connect.json of the plugins that serve now, which a trial can change at any time. Nobody changes
// the bytes.
func (h *Host) Descriptor() []byte {
	if err := h.describe(); err != nil { // each plugin was looked at when it came; the one before is still right
		h.log.Error("make the descriptor anew", "error", err)
	}
	h.page.mu.Lock()
	defer h.page.mu.Unlock()
	return h.page.text
}

// describable refuses a plugin that Jira could not be told of, beside the others.
func (h *Host) describable(m *manifest.Manifest) error {
	all := slices.DeleteFunc(h.features.Manifests(), func(other *manifest.Manifest) bool { return other.ID == m.ID })
	_, err := h.render(append(all, m))
	return err
}

// watchEngine finds out how memory is restored here, and adds how the engine stands to the metrics.
func (h *Host) watchEngine(ctx context.Context) error {
	h.memory = snapshot.Probe()
	if len(h.memory.Refused) == 0 {
		h.log.InfoContext(ctx, "memory of plugins is restored", "strategy", h.memory.Strategy)
	} else {
		h.log.WarnContext(ctx, "memory of plugins is restored, slower than it could be", "strategy", h.memory.Strategy, "refused", errors.Join(h.memory.Refused...))
	}
	return h.metrics.Watch(func() metrics.Engine {
		s := h.wasm.Stats()
		return metrics.Engine{
			Quarantined: h.engine.Quarantined(), Instances: s.Instances, Resident: s.Resident, Compilations: s.Compilations,
			Plugins: h.engine.Occupancy(), MemoryUsed: s.MemoryBytes, MemoryLimit: int64(h.cfg.Engine.MemoryBudgetMiB) << 20,
		}
	})
}

// better are the strategies of core/snapshot, the best first.
var better = []snapshot.Strategy{snapshot.PagemapScan, snapshot.Pagemap, snapshot.Copy}

// detail says how the host runs, for /readyz.
func (h *Host) detail() web.Detail {
	d := web.Detail{Snapshot: string(h.memory.Strategy), Refused: []string{}, MemoryUsed: h.wasm.Stats().MemoryBytes, MemoryLimit: int64(h.cfg.Engine.MemoryBudgetMiB) << 20}
	for _, s := range better {
		if s == h.memory.Strategy {
			break
		}
		d.Refused = append(d.Refused, string(s))
	}
	return d
}

// ready reports the parts that a request needs. A plugin that does not serve is no reason to take the host out of
// rotation, so it is not among them.
func (h *Host) ready(ctx context.Context) map[string]error {
	return map[string]error{"store": h.store.Ping(ctx), "jobs": h.jobs.Healthy()}
}
