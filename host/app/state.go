package app

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
)

// State is how a host that runs stands, as its operator reads it. Fields are added, never changed.
type State struct {
	Version string `json:"version"`
	URL     string `json:"url"`
	// Parts are what a request needs, with what is wrong, "" where nothing is.
	Parts   map[string]string `json:"parts"`
	Plugins []PluginState     `json:"plugins"`
}

// PluginState is how a plugin stands.
type PluginState struct {
	ID      capability.PluginID `json:"id"`
	Version string              `json:"version"`
	Serves  bool                `json:"serves"`
	Reason  string              `json:"reason,omitempty"` // why not, or why a newer version does not
}

// state answers the operator's door.
func (h *Host) state(ctx context.Context) any {
	s := State{Version: Version(), URL: h.url, Parts: map[string]string{}}
	for part, err := range h.ready(ctx) {
		s.Parts[part] = ""
		if err != nil {
			s.Parts[part] = err.Error()
		}
	}
	for _, p := range h.engine.Plugins() {
		s.Plugins = append(s.Plugins, PluginState{p.Manifest.ID, p.Manifest.Version, p.Serves, p.Reason})
	}
	return s
}
