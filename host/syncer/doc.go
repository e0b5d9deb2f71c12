// Package syncer is the engine of synchronizations: it reads rows of an outside source page by page, and makes and changes Jira issues so
// that they say the same. Start with [New]; a run is a number of calls of [Engine.Step].
//
// Each step is short, may be interrupted at any moment, and may be done again: what a row is tied to, and what was written of it
// last, lies in its issue (host/syncer/identity), so a step sees what an earlier try of it has done already. Between
// steps nothing is needed but the cursor, which holds positions, numbers and times. What an engine remembers of a run beside it only
// saves calls; another host's engine goes on without.
//
// A run has phases: it reads the keys of all rows and finds those that come twice; it plans where a brake is set, and stops
// there when more would change than an admin allows; it writes; it sets the links between rows; it writes to the source what flows back; and it
// does with issues whose row is gone what the policy says.
//
// # No issue is made twice
//
// Jira's search lags behind its records. So the engine never believes a search alone that a row has no issue: the property that ties
// both is written with the issue, in one call; and where a former call may have made issues that the search does not show
// yet (a lost answer, another host's step, a run that ended a moment ago) it reads the records of the newest keys of the project
// before it makes any. See find.go.
//
// # What leaves it
//
// Results of rows name digests, ids of issues and fields, and codes: no value, no name.
package syncer
