// Package functions answers what users write in JQL: it hands the clauses with a function of a plugin, which Jira sends, to the plugin
// ([Service.Answer]), and keeps the answers right that Jira keeps ([Service.Stale]).
//
// Jira keeps an answer for everybody, under an id, with what was asked. Where a plugin says that its answers are old, and after an admin has changed
// something of the plugin, a run goes through Jira's list page by page, asks the plugin again, and tells Jira what changed. Several reasons within
// a few seconds are one run.
//
// What users write as arguments may be names. It is not logged, and nothing of it is stored: a run keeps the keys of functions, a position and an id.
package functions
