package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// The kinds of record field that plugin.json can declare. There is none that takes free text, by design.
const (
	KindIssue     = "jira.issue"      // numeric id
	KindProject   = "jira.project"    // numeric id
	KindIssueType = "jira.issueType"  // numeric id
	KindField     = "jira.field"      // customfield_10001, or a system field such as duedate
	KindAccount   = "jira.account"    // Atlassian account id; erased with the account
	KindTime      = "platform.time"   // RFC 3339, with nine digits of a second at most
	KindCount     = "platform.count"  // whole number in decimal
	KindStatus    = "platform.status" // one word of up to 32 lower-case letters and underscores
	KindToken     = "platform.token"  // made by the plugin: up to 64 letters, digits, _ and -
	KindSwitch    = "platform.switch" // true or false
)

// Kinds returns every kind of record field.
//
// Since: v0.1
func Kinds() []string {
	return []string{KindIssue, KindProject, KindIssueType, KindField, KindAccount, KindTime, KindCount, KindStatus, KindToken, KindSwitch}
}

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Validate says whether value can be stored in a field of that kind: nil, or an error with the code invalid. The error
// names what is wanted and never the value, which may be something that must not reach a log.
//
// Since: v0.1
func Validate(kind, value string) error {
	var ok bool
	var want string
	switch kind {
	case KindIssue, KindProject, KindIssueType:
		ok, want = only(value, 19, digits), "a numeric id of up to 19 digits"
	case KindField:
		number, custom := strings.CutPrefix(value, "customfield_")
		ok = custom && only(number, 19, digits) || only(value, 40, letters) && strings.Contains(lower, value[:1])
		want = "a field id, such as customfield_10001 or duedate"
	case KindAccount:
		ok, want = only(value, 128, letters+digits+":_-"), "an account id of up to 128 letters, digits, :, _ and -"
	case KindTime:
		ok = isTime(value)
		want = "a time by RFC 3339, such as 2026-01-31T12:00:00Z"
	case KindCount:
		n, err := strconv.ParseInt(value, 10, 64)
		ok, want = err == nil && strconv.FormatInt(n, 10) == value, "a whole number in decimal without leading zeros"
	case KindStatus:
		ok, want = only(value, 32, lower+"_"), "a word of up to 32 lower-case letters and underscores"
	case KindToken:
		ok, want = only(value, 64, letters+digits+"_-"), "up to 64 letters, digits, _ and -"
	case KindSwitch:
		ok, want = value == "true" || value == "false", "true or false"
	default:
		return sdk.Errorf(sdk.Invalid, "the kind %q is not known", kind)
	}
	if !ok {
		return sdk.Errorf(sdk.Invalid, "want %s", want)
	}
	return nil
}

// ValidID says whether id can name a record: 1 to 128 of A-Z a-z 0-9 . _ -
//
// Since: v0.1
func ValidID(id string) bool { return only(id, 128, letters+digits+"._-") }

// only says whether s is 1 to most bytes long and made of those characters.
func only(s string, most int, of string) bool {
	return s != "" && len(s) <= most && strings.Trim(s, of) == ""
}

// isTime is stricter than time.Parse, which also takes hours of one digit, a comma before the fraction, and a fraction
// of any length, in which anything could be hidden.
func isTime(s string) bool {
	if _, err := time.Parse(time.RFC3339, s); err != nil || len(s) < len("2006-01-02T15:04:05Z") || s[13] != ':' || s[19] == ',' {
		return false
	}
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction)-len(strings.TrimLeft(fraction, digits)) <= 9
}
