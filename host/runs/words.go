package runs

import "github.com/pergola-platform/pergola/sdk"

// Words say what something means, and what to do about it.
type Words struct {
	Means string `json:"means"`
	Do    string `json:"do,omitempty"`
}

// AllWords are those of the codes with which a step ends, for an admin.
func AllWords() map[sdk.Code]Words {
	return map[sdk.Code]Words{
		sdk.Invalid:          {"What the run was begun with cannot be used.", "Begin another one."},
		sdk.NotFound:         {"Something that the run works on is gone.", "See whether it was deleted, then begin another run."},
		sdk.Exists:           {"Something was changed by somebody else at the same time.", "Let it go on from where it ended."},
		sdk.PermissionDenied: {"Jira or the app does not allow what the run does.", "See what whoever began the run may do in Jira, and what the plugin may do on the Pergola page."},
		sdk.Unauthenticated:  {"Jira no longer knows who asks.", "Let somebody who is active in Jira begin another run."},
		sdk.Exhausted:        {"A limit was reached.", "It goes on by itself after a pause, or when you let it."},
		sdk.Canceled:         {"It was interrupted.", "Let it go on from where it ended."},
		sdk.Deadline:         {"A step took too long.", "Let it go on from where it ended. If it happens again, tell the publisher of the plugin."},
		sdk.Unavailable:      {"Jira, or the plugin, does not answer.", "It goes on by itself after a pause, or when you let it."},
		sdk.Unimplemented:    {"This version of the plugin does not do that.", "Begin another run."},
		sdk.Internal:         {"The plugin failed.", "Let it go on from where it ended. If it happens again, tell the publisher of the plugin."},
	}
}
