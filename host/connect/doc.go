// Package connect is the Atlassian Connect surface: the descriptor with which a Jira site installs the app, generated from
// the plugins' manifests, the lifecycle calls that follow, and the app property by which Jira shows or hides a plugin's
// modules. Tokens are verified by host/auth before anything arrives here. Start with [Descriptor] and [Lifecycle].
//
// Sources: developer.atlassian.com, "Connect app descriptor", "Connect conditions", "Context parameters", "Issue content",
// "Entity properties" (for app properties), "Security for Connect apps".
package connect
