// Package events brings what happens in Jira to the plugins that listen to it. A webhook becomes a run of a job for each of these plugins
// ([Service.Take]), and the webhook is answered; the run tells the plugin, again after growing pauses where that fails, and after the last
// try it is a dead letter, which the log names and admins see: [Service.Dead], [Service.Replay], [Service.Discard].
//
// Of a webhook only ids are read and kept: no key, no name, no value. Events of one issue come to a plugin in the order of their times;
// Jira may tell one late, and then it comes late. What is told twice, in whichever way, is one
// event. A plugin that is switched off hears of nothing that happens meanwhile; what it was to hear before waits until it is on again.
//
// [Hooks] look after the webhooks themselves, where a site has the app by Connect: they register them, with filters by what plugins want to hear, and
// fetch what Jira could not deliver. [Service.Take] judges each event all the same: filters let more through.
package events
