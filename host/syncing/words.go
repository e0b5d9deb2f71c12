package syncing

import (
	"fmt"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
)

// Words are what an admin reads of a code: what it means, and what to do about it.
type Words struct {
	Means string `json:"means"`
	Do    string `json:"do,omitempty"`
}

var faultWords = map[mapping.Code]Words{
	mapping.KeyEmpty:      {"A key column of the row is empty, so nothing tells the row apart.", "Fill it in at the source, or choose other key columns."},
	mapping.KeyTwice:      {"Several rows have the same key.", "Make the key unique at the source, or add a column to the key."},
	mapping.Untold:        {"The source cannot tell the value: it is too long or of a type that has no exact form.", "Shorten it at the source, or map another column."},
	mapping.Expression:    {"The expression failed for this row, or took too long.", "Try the expression on this row in the preview; think of empty values."},
	mapping.NotMapped:     {"The list of values does not have what the row says.", "Add a line for it, or let other values through."},
	mapping.NotText:       {"The value is of a type that the field cannot hold.", "Map another column, or turn the value into text with an expression."},
	mapping.TooLong:       {"The text is longer than the field may be.", "Shorten it at the source or with an expression."},
	mapping.NotNumber:     {"The value is no number.", "Write digits with a point, not a comma, or turn it into one with an expression."},
	mapping.NotDate:       {"The value is no date.", "Write it as 2027-01-31, or map a date column."},
	mapping.NotTime:       {"The value is no moment.", "Write it as 2027-01-31T09:30:00+01:00, or map a time column and choose its time zone."},
	mapping.NoOption:      {"The field has no such choice.", "Add the choice in Jira, let it be added by itself, or lead the value to another one."},
	mapping.NoAccount:     {"The value is neither a mail address nor the id of an account.", "Map a column with mail addresses or account ids, or lead each value to an account id."},
	mapping.AccountHidden: {"Nobody was found by that mail address: the people of this site hide theirs.", "Use account ids, or lead each value to an account id."},
	mapping.AccountTwice:  {"Several accounts match the value.", "Use the account id."},
	mapping.NoRow:         {"The row that is named has no issue yet.", "It is tied in the next run in which that row has one. If it never has, look why that row fails."},
	mapping.NoType:        {"The row does not say which issue type it has.", "Choose an issue type for rows that do not say, or add their value to the list."},
	mapping.Required:      {"Jira requires the field, and the row has nothing for it.", "Write a default for empty values, or make the field optional in Jira."},
	mapping.JiraRefused:   {"Jira did not take the value.", "Look at what the field allows in Jira, and at the value in the preview."},
	mapping.NoPath:        {"No way of transitions leads to the status.", "Add a transition in the workflow that the account may use without a screen, or choose another status."},
	mapping.IssueTwice:    {"Several issues claim the same row.", "Somebody cloned an issue with its property. Delete the issue that is not wanted."},
	mapping.Forbidden:     {"The account in whose name issues are written may not do that.", "Give it the permission in the project, or choose another account."},
	mapping.IssueGone:     {"The issue vanished while it was written.", "Nothing: the next run makes a new one."},
	mapping.NotReturned:   {"The source did not take the value that flows back.", "Look whether the row is still there and the source's user may write to it."},
	mapping.Unavailable:   {"Jira did not answer.", "Nothing: the row comes again with the next run."},
}

// FaultWords are the words for what is wrong with a value of a row. A code that is not known, of a newer version, has its name.
func FaultWords(code mapping.Code) Words {
	if w, ok := faultWords[code]; ok {
		return w
	}
	return Words{Means: "The value could not be used (" + string(code) + ").", Do: "Look at it in the preview."}
}

var troubleWords = map[sdk.Code]Words{
	sdk.Invalid:          {"Something that was written down does not fit any more.", "Check the settings: a table, a column or a field may have been renamed."},
	sdk.NotFound:         {"Something that is named is not there any more.", "Check the settings: a table, a project or a plugin may be gone."},
	sdk.Exists:           {"Something was changed at the same moment.", "Run it again."},
	sdk.PermissionDenied: {"Something is not allowed.", "Check the permissions of the account and of the source's user, and that the plugin is switched on."},
	sdk.Unauthenticated:  {"The login was refused.", "Write the user and the password again."},
	sdk.Exhausted:        {"A limit is used up.", "Wait a while. If it comes again, ask for a higher limit or read less at once."},
	sdk.Canceled:         {"It was broken off.", "Run it again."},
	sdk.Deadline:         {"It took too long.", "Look whether the source is slow just now, then run it again."},
	sdk.Unavailable:      {"There was no answer.", "Look whether the source is up and can be reached from here."},
	sdk.Unimplemented:    {"The plugin cannot do that.", "Install a newer version of the plugin."},
	sdk.Internal:         {"Something is broken in the plugin or on our side.", "Run it again. If it stays so, tell whoever runs this server the number of the run."},
}

// TroubleWords are the words for the code with which a source refused, or a run failed.
func TroubleWords(code sdk.Code) Words {
	if w, ok := troubleWords[code]; ok {
		return w
	}
	return Words{Means: "It failed (" + string(code) + ").", Do: "Run it again."}
}

var stoppedWords = map[string]Words{
	"brake":           {"The brake stopped it: it would have changed more than you allow.", "Look at the plan. If it is what you want, run it with your approval."},
	stoppedConnection: {"It did not begin: the source refused an earlier run.", "Test the connection. When it works, the schedule goes on."},
	stoppedTrouble:    {"It did not begin: an earlier run failed for good.", "Look at that run, mend the synchronization, and save it or run it by hand."},
}

// brakeWords say why the brake stops a run.
func brakeWords(b syncer.Braked) string {
	switch b.Rule {
	case syncer.BrakeAsk:
		return "This synchronization asks before every run that would write."
	case syncer.BrakeCount:
		return fmt.Sprintf("A run would make or change %s; %d are allowed.", issues(b.Issues), b.Most)
	case syncer.BrakeShare:
		return fmt.Sprintf("A run would change %s that are there already, or find their rows gone; %d are allowed.", issues(b.Issues), b.Most)
	case syncer.BrakeEmpty:
		return fmt.Sprintf("The source has no row at all, and %s came from it.", issues(b.Issues))
	}
	return "A run would do more than is allowed."
}

func issues(n int) string {
	if n == 1 {
		return "1 issue"
	}
	return fmt.Sprintf("%d issues", n)
}

var outcomeWords = map[syncer.Outcome]string{
	syncer.Created: "Created", syncer.Changed: "Changed", syncer.Transitioned: "Moved to another status", syncer.Skipped: "Nothing to do",
	syncer.Restored: "Set back", syncer.Edited: "Edited in Jira", syncer.Gone: "Row is gone", syncer.Returned: "Written back", syncer.Failed: "Failed",
}

var stateWords = map[jobs.State]string{
	jobs.Queued: "Waits for its turn", jobs.Running: "Running", jobs.Waiting: "Waits to go on", jobs.Paused: "Paused",
	jobs.Done: "Done", jobs.Failed: "Failed", jobs.Canceled: "Canceled",
}

// Glossary is all words for codes, for a page or a program that shows them.
type Glossary struct {
	Faults   map[mapping.Code]Words    `json:"faults"`
	Troubles map[sdk.Code]Words        `json:"troubles"`
	Stopped  map[string]Words          `json:"stopped"`
	Outcomes map[syncer.Outcome]string `json:"outcomes"`
	States   map[jobs.State]string     `json:"states"`
}

// AllWords returns the glossary. Nobody changes it.
func AllWords() Glossary {
	return Glossary{Faults: faultWords, Troubles: troubleWords, Stopped: stoppedWords, Outcomes: outcomeWords, States: stateWords}
}
