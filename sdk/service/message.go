package service

import "github.com/pergola-platform/pergola/sdk"

//go:generate msgp -tests=false -io=false -o zz_message_msgp.go

// Question is what a plugin asks of a service.
//
// Since: v0.4
type Question struct {
	Service string `msg:"service"` // with its major version, as plugin.json lists it in requires
	Op      string `msg:"op"`      // what to do, a word of the service's own
	Body    []byte `msg:"body,omitempty,limit=4194304"`
}

// Request is a question as it reaches the plugin that answers.
//
// Since: v0.4
type Request struct {
	Name string `msg:"name"` // of the service in the code: a key of sdk.Plugin.Services
	Op   string `msg:"op"`
	// Caller is the id of the plugin that asks. The host has verified it, and the context, which is that of the page or step
	// on which the caller runs.
	Caller  string      `msg:"caller"`
	Context sdk.Context `msg:"context"`
	Body    []byte      `msg:"body,omitempty,limit=4194304"`
	// Background says that the caller answers an event or does a step of a job, so that nobody waits. A context without an account is then that
	// of no visitor. Since: v0.5
	Background bool `msg:"background,omitempty"`
}

// Answer is what a service gives.
//
// Since: v0.4
type Answer struct {
	Body []byte `msg:"body,omitempty,limit=4194304"`
}
