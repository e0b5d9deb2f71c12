package manifest

import "github.com/pergola-platform/pergola/sdk/store"

// The kinds of record field: what a plugin may keep. There is none that takes free text, by design. They are those of
// sdk/store, so that plugins and hosts judge a value alike.
const (
	KindIssue     = store.KindIssue     // numeric id
	KindProject   = store.KindProject   // numeric id
	KindIssueType = store.KindIssueType // numeric id
	KindField     = store.KindField     // customfield_10001, or a system field such as duedate
	KindAccount   = store.KindAccount   // Atlassian account id; erased with the account
	KindTime      = store.KindTime      // RFC 3339
	KindCount     = store.KindCount     // whole number in decimal
	KindStatus    = store.KindStatus    // one word of lower-case letters and underscores
	KindToken     = store.KindToken     // made by the plugin: up to 64 letters, digits, _ and -
	KindSwitch    = store.KindSwitch    // true or false
)

// Kinds returns every kind of record field, in the order of the documentation.
func Kinds() []string { return store.Kinds() }

// ValidateValue says whether value is of that kind. The error names what is wanted and never the value, which may be
// something that must not reach a log.
func ValidateValue(kind, value string) error { return store.Validate(kind, value) }
