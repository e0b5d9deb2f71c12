package jobs

import (
	"github.com/pergola-platform/pergola/host/privacy"
)

// Collections of each tenant.
const (
	runCollection      = "jobs.run"
	scheduleCollection = "jobs.schedule"
)

// Indexes of runCollection and scheduleCollection.
const (
	byState    = "state"
	byKind     = "kind"
	bySchedule = "schedule"
	byLive     = "live"   // runs that go on by themselves
	byLiveOf   = "liveOf" // those of one schedule
	byLine     = "line"   // those that come one after the other
	byEvent    = "event"
)

// yes is the index value of a switch that is on.
const yes = "true"

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	states := make([]string, 0, len(States()))
	for _, s := range States() {
		states = append(states, string(s))
	}
	return []privacy.Type{
		{
			Collection: runCollection, Name: "Run of a job", ID: privacy.Job, Changed: "changed",
			Purpose: "Go on with long work after a restart, and show an admin what was done: when, by whom, how much and with which result",
			Kept:    "until some time after its end, which the operator sets (30 days by default)",
			Fields: []privacy.Field{
				{Path: "kind", Kind: privacy.Code, Index: byKind},
				{Path: "plugin", Kind: privacy.Plugin},
				{Path: "job", Kind: privacy.Code},
				{Path: "state", Kind: privacy.Status, Values: states, Index: byState},
				{Path: "live", Kind: privacy.Switch, Index: byLive},
				{Path: "asked", Kind: privacy.Status, Values: []string{string(Paused), string(Canceled)}},
				{Path: "refused", Kind: privacy.Switch},
				{Path: "priority", Kind: privacy.Count},
				{Path: "key", Kind: privacy.Digest},
				{Path: "inOrder", Kind: privacy.Switch},
				{Path: "line", Kind: privacy.Digest, Index: byLine},
				{Path: "schedule", Kind: privacy.Code, Index: bySchedule},
				{Path: "liveOf", Kind: privacy.Code, Index: byLiveOf},
				{Path: "planned", Kind: privacy.Time},
				{Path: "by", Kind: privacy.Account},
				{Path: "input", Kind: privacy.Sealed},
				{Path: "cursor", Kind: privacy.Sealed},
				{Path: "step", Kind: privacy.Count},
				{Path: "attempt", Kind: privacy.Count},
				{Path: "lost", Kind: privacy.Count},
				{Path: "token.era", Kind: privacy.Count},
				{Path: "token.number", Kind: privacy.Count},
				{Path: "code", Kind: privacy.Code},
				{Path: "source", Kind: privacy.Code},
				{Path: "done", Kind: privacy.Count},
				{Path: "total", Kind: privacy.Count},
				{Path: "counts[].name", Kind: privacy.Code},
				{Path: "counts[].n", Kind: privacy.Count},
				{Path: "worked", Kind: privacy.Count},
				{Path: "created", Kind: privacy.Time},
				{Path: "started", Kind: privacy.Time},
				{Path: "ended", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
				{Path: "due", Kind: privacy.Time},
			},
		},
		{
			Collection: scheduleCollection, Name: "Schedule of a job", ID: privacy.Code, Changed: "changed",
			Purpose: "Begin work at the times and on the events that an admin chose, and remember which admin it was",
			Fields: []privacy.Field{
				{Path: "kind", Kind: privacy.Code},
				{Path: "plugin", Kind: privacy.Plugin},
				{Path: "input", Kind: privacy.Sealed},
				{Path: "key", Kind: privacy.Digest},
				{Path: "priority", Kind: privacy.Count},
				{Path: "when", Kind: privacy.Configuration},
				{Path: "event", Kind: privacy.Code, Index: byEvent},
				{Path: "missed", Kind: privacy.Status, Values: []string{string(MissedOnce), string(MissedSkip), string(MissedAll)}},
				{Path: "missedMax", Kind: privacy.Count},
				{Path: "overlap", Kind: privacy.Status, Values: []string{string(OverlapSkip), string(OverlapQueue), string(OverlapAllow)}},
				{Path: "paused", Kind: privacy.Switch},
				{Path: "by", Kind: privacy.Account},
				{Path: "next", Kind: privacy.Time},
				{Path: "last", Kind: privacy.Time},
				{Path: "lastRun", Kind: privacy.Job},
				{Path: "skipped", Kind: privacy.Count},
				{Path: "created", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
			},
		},
	}
}
