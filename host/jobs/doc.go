// Package jobs runs what takes longer than a request: durable runs of many short steps, by hand, by schedule or on an event.
// Whatever host is killed at whatever moment, another one goes on from the last step that was committed. Start with [Open].
//
// A [Kind] says in code how one step is done. A step gets the run's input and the cursor that the step before it returned, and
// returns the next cursor; the cursor is committed before the next step begins. So a run repeats at most the step that was under
// way when its host ended. Every step has a [StepID] that is the same however often the step is tried: executors hand it
// to whatever they change, as a key of idempotency, or see by what is there already that they were here before. Then
// each step's effect happens once.
//
// # What may be in an input and a cursor
//
// Identifiers, numbers and times, and nothing else: never content of an issue, a name or value of a field, or a row of an outside
// source. Both are bounded in size, so that there is no room for them, and sealed with the tenant's own key, so that they
// end with it. Counts have names that a Kind declares. Of an error only its code and source are kept. A concurrency key is kept as a
// digest.
//
// # Where it is kept
//
// The records of runs and schedules are documents of host/store, under their tenant, as declared by [Types]: exports, purges and
// searches for an account find them like all others. Their revisions decide what counts. The queue, the leases and the timers
// are on a board in NATS JetStream (host/jobs/board), which holds ids only, and is written anew from the store where it was lost. RATIONALE.md
// says why.
//
// # Fairness
//
// Each host has so many workers. A free one goes to the tenant that had least work so far, by its weight; within a tenant to
// the run that waits longest, where each step of priority is a head start of five minutes. A run gives its worker back
// after a while if another tenant waits. How many runs of a tenant, and of a concurrency key, are worked on at the same time is
// limited over all hosts together, exactly.
package jobs
