package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Hold is one version of a plugin, for all that one request does with it: whatever is decided by its manifest still holds
// when the code is called, though a newer version takes over in between. It keeps the version from being closed, so
// it is released soon. Its methods are those of [Engine], for the tenant and plugin for which it was made.
type Hold struct {
	engine *Engine
	loaded *loaded
	tenant capability.TenantID
}

// Hold returns the version of a plugin that serves a tenant. The caller must release it. The error is a *sdk.Error:
// not_found, or unavailable.
func (e *Engine) Hold(id capability.PluginID, tenant capability.TenantID) (*Hold, error) {
	l, err := e.lease(id, tenant)
	if err != nil {
		return nil, err
	}
	return &Hold{e, l, tenant}, nil
}

// Manifest returns the version's manifest, which nobody changes.
func (h *Hold) Manifest() *manifest.Manifest { return h.loaded.manifest }

// Facts say how the version's code runs.
func (h *Hold) Facts() driver.Facts { return h.loaded.module.Facts() }

// Bounds are what its calls may use, class by class. Nobody changes the list.
func (h *Hold) Bounds() []Bound { return h.loaded.bounds }

// Release gives the version back. It is called once, when every call has ended.
func (h *Hold) Release() { h.loaded.release() }

// View is [Engine.View] on the version that is held.
func (h *Hold) View(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Page, error) {
	var page view.Page
	if err := h.engine.callOn(ctx, h.loaded, h.bind(b), wire.OpView, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// Action is [Engine.Action] on the version that is held.
func (h *Hold) Action(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Page, error) {
	var page view.Page
	if err := h.engine.callOn(ctx, h.loaded, h.bind(b), wire.OpAction, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// File is [Engine.File] on the version that is held.
func (h *Hold) File(ctx context.Context, b capability.Binding, r *sdk.Request) (*sdk.Attachment, error) {
	var file sdk.Attachment
	if err := h.engine.callOn(ctx, h.loaded, h.bind(b), wire.OpFile, r, &file); err != nil {
		return nil, err
	}
	return &file, nil
}

// Suggest is [Engine.Suggest] on the version that is held.
func (h *Hold) Suggest(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Choices, error) {
	var choices view.Choices
	if err := h.engine.callOn(ctx, h.loaded, h.bind(b), wire.OpSuggest, r, &choices); err != nil {
		return nil, err
	}
	return &choices, nil
}

// bind keeps a hold from calling for anybody else than it was made for.
func (h *Hold) bind(b capability.Binding) capability.Binding {
	b.Tenant, b.Plugin = h.tenant, h.loaded.manifest.ID
	return b
}

// Alive returns the manifest of every version whose code may run now or later: of those that serve, that are on trial,
// and that end their last calls. A host keeps what it knows of these.
func (e *Engine) Alive() []*manifest.Manifest {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var out []*manifest.Manifest
	e.each(func(l *loaded) { out = append(out, l.manifest) })
	return out
}
