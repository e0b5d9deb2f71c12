// Package jira calls a tenant's Jira site as the installed app: REST v3, signed with the secret that the site and the app
// share. It reads issues as flat values, checks what a user may see, and keeps the app properties by which Jira shows our
// modules. Start with [Client]; [Sites] is the same for callers that know a tenant by its id.
//
// Every call has its turn: limit.Limiter decides when it is made, so that Jira refuses none for coming too often, and no site waits behind another.
//
// The app sees more than most users do. Whoever shows anything to a user asks [Client.Browse] first.
//
// Nothing that is read is kept, logged or put into an error: errors name the call and the answer's status, never an
// address, a query or a value. The one exception is a refused JQL query, whose error carries Jira's own words for the
// person who typed it.
package jira
