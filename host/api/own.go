package api

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/pergola-platform/pergola/core/manifest"
)

// own.json declares the host's own routes, as a plugin.json does. Those without a scope are for every token.
//
//go:embed own.json
var ownJSON []byte

// The handlers of own.json.
const (
	HandleToken   = "token"
	HandleConfigs = "configs"
	HandleConfig  = "config"

	HandleConfigCreate = "config-create"
	HandleConfigChange = "config-change"
	HandleConfigDelete = "config-delete"

	HandleSyncs     = "syncs"
	HandleSyncStart = "sync-start"
	HandleSyncRun   = "sync-run"
)

// Own returns the routes of the host itself.
var Own = sync.OnceValue(func() *Routes {
	var m struct {
		Schemas json.RawMessage  `json:"schemas"`
		Routes  []manifest.Route `json:"routes"`
	}
	var versions struct {
		Routes []struct{ Versioned, Conditional bool } `json:"routes"`
	}
	if err := errors.Join(json.Unmarshal(ownJSON, &m), json.Unmarshal(ownJSON, &versions)); err != nil {
		panic(fmt.Sprintf("own.json: %v", err)) // embedded; a test compiles it
	}
	r, err := compile("", "Pergola", m.Schemas, m.Routes)
	if err != nil {
		panic(fmt.Sprintf("own.json: %v", err))
	}
	for i, v := range versions.Routes {
		r.All[i].Versioned, r.All[i].Conditional = v.Versioned, v.Conditional
	}
	return r
})
