// Package runs is the runs of plugins' jobs (sdk/job): it begins and steers them for plugins and for admins, and does their steps as runs of
// one kind of host/jobs, which sees to it that they survive whatever happens to a host.
//
// What a plugin gives a run to keep, and what its steps leave behind, is judged by plugin.json as records are: ids, numbers, times and words
// that are declared, and nothing else. A plugin that is switched off has its runs canceled ([Service.SwitchedOff]).
package runs
