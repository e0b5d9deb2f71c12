// Package syncing is what admins do with synchronizations: they connect to sources, write down how rows become issues, look at
// what a run would do, begin runs by hand or by schedule, and read what came of them. Start with [New]; every page, route and
// command goes through a [Service].
//
// A [Connection] says how a source is reached; its secrets are sealed with the tenant's own key and go nowhere but to the plugin. A
// [Synchronization] says which rows of it become which issues (host/syncer/mapping) and when. Both are configuration that an
// admin wrote. A run is a job (host/jobs) of the kind [Kind] whose steps are those of the engine (host/syncer); what it did is in
// host/syncer/runlog as ids, counts and codes. A plan and a preview show values, so they are computed for whoever looks and kept
// nowhere.
//
// # What an error stops
//
// A row that fails is noted and comes again with the next run. A run that cannot go on ends, and the schedule of its
// synchronization waits until an admin has looked. Where it is the source that refuses, its connection is in trouble: no run
// of any synchronization uses it until a test finds it well again.
package syncing
