package api

import (
	_ "embed"
	"encoding/json"
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
	if err := json.Unmarshal(ownJSON, &m); err != nil {
		panic(fmt.Sprintf("own.json: %v", err)) // embedded; a test compiles it
	}
	r, err := compile("", "Pergola", m.Schemas, m.Routes)
	if err != nil {
		panic(fmt.Sprintf("own.json: %v", err))
	}
	return r
})
