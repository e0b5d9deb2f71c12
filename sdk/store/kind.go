package store

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// The kinds of record field that plugin.json can declare. There is none that takes free text, by design.
const (
	KindIssue        = "jira.issue"        // numeric id
	KindProject      = "jira.project"      // numeric id
	KindIssueType    = "jira.issueType"    // numeric id
	KindField        = "jira.field"        // customfield_10001, or one of Jira's own fields such as duedate
	KindFieldContext = "jira.fieldContext" // numeric id
	KindFilter       = "jira.filter"       // numeric id
	KindRequestType  = "jira.requestType"  // numeric id
	KindPortal       = "jira.portal"       // numeric id of a service desk
	KindCategory     = "jira.category"     // numeric id of a project category
	KindLinkType     = "jira.linkType"     // numeric id
	KindLink         = "jira.link"         // numeric id of a link between two issues
	KindIssueStatus  = "jira.status"       // numeric id
	KindAccount      = "jira.account"      // Atlassian account id; erased with the account
	KindTime         = "platform.time"     // RFC 3339, with nine digits of a second at most
	KindCount        = "platform.count"    // whole number in decimal
	KindStatus       = "platform.status"   // one of the words that the field's values declare
	KindToken        = "platform.token"    // what Tokens returned
	KindSwitch       = "platform.switch"   // true or false
	KindConfig       = "platform.config"   // the id of a configuration document, see sdk/config. Since: v0.5
)

// numeric are the kinds that are a numeric id.
var numeric = []string{
	KindIssue, KindProject, KindIssueType, KindFieldContext, KindFilter, KindRequestType, KindPortal, KindCategory, KindLinkType, KindLink,
	KindIssueStatus,
}

// systemFields are the ids of Jira's own fields. Any word of letters would be one that says something.
var systemFields = strings.Fields(`
	aggregateprogress aggregatetimeestimate aggregatetimeoriginalestimate aggregatetimespent assignee attachment comment components created
	creator description duedate environment fixVersions issuekey issuelinks issuerestriction issuetype labels lastViewed parent priority
	progress project reporter resolution resolutiondate security status statusCategory statuscategorychangedate subtasks summary thumbnail
	timeestimate timeoriginalestimate timespent timetracking updated versions votes watches worklog workratio`)

// Kinds returns every kind of record field.
//
// Since: v0.1
func Kinds() []string {
	return []string{
		KindIssue, KindProject, KindIssueType, KindField, KindFieldContext, KindFilter, KindRequestType, KindPortal, KindCategory,
		KindLinkType, KindLink, KindIssueStatus, KindAccount, KindTime, KindCount, KindStatus, KindToken, KindSwitch,
		KindConfig,
	}
}

// IDKinds returns the kinds that a record's id can be of: Jira's things and tokens. An account is none of them, so that
// erasing one never means to look for it among ids.
//
// Since: v0.2
func IDKinds() []string {
	return slices.DeleteFunc(Kinds(), func(kind string) bool {
		return kind == KindAccount || strings.HasPrefix(kind, "platform.") && kind != KindToken
	})
}

// PartKinds returns the kinds of the fields of which a record's id can be made ("id": {"fields": …} in plugin.json): IDKinds,
// configuration documents, words and switches. None of their values has a dot, by which they are joined. An account is none of them, as above; a number
// is none, whose order would not be that of the ids.
//
// Since: v0.5
func PartKinds() []string { return append(IDKinds(), KindConfig, KindStatus, KindSwitch) }

// JoinID returns the id of the record whose id is made of fields with these values, in the order of plugin.json: what Get
// and Delete want.
//
// Since: v0.5
func JoinID(values ...string) string { return strings.Join(values, ".") }

// SplitID returns the values of which JoinID made an id.
//
// Since: v0.5
func SplitID(id string) []string { return strings.Split(id, ".") }

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// The form of a token, 105 bits. The alphabet leaves out 0, O, I and l, which people mix up when they type one from paper.
const (
	TokenLength   = 18
	TokenAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

// Validate says whether value can be stored in a field of that kind: nil, or an error with the code invalid. The error
// names what is wanted and never the value, which may be something that must not reach a log. Of a status and a token it
// knows the form alone: the host also compares a status with the declared words, and a token with those that it made.
//
// Since: v0.1
func Validate(kind, value string) error {
	var ok bool
	var want string
	switch kind {
	case KindField:
		number, custom := strings.CutPrefix(value, "customfield_")
		ok = custom && only(number, 19, digits) || slices.Contains(systemFields, value)
		want = "a field id, such as customfield_10001 or duedate"
	case KindAccount:
		ok, want = only(value, 128, lower+upper+digits+":_-"), "an account id of up to 128 letters, digits, :, _ and -"
	case KindTime:
		ok = isTime(value)
		want = "a time by RFC 3339, such as 2026-01-31T12:00:00Z"
	case KindCount:
		n, err := strconv.ParseInt(value, 10, 64)
		ok, want = err == nil && strconv.FormatInt(n, 10) == value, "a whole number in decimal without leading zeros"
	case KindStatus:
		ok, want = only(value, 32, lower+"_"), "a word of up to 32 lower-case letters and underscores"
	case KindToken:
		ok, want = len(value) == TokenLength && only(value, TokenLength, TokenAlphabet), "a token that store.Tokens returned"
	case KindConfig:
		ok, want = len(value) == TokenLength && only(value, TokenLength, TokenAlphabet), "the id of a configuration document, as config.List returns it"
	case KindSwitch:
		ok, want = value == "true" || value == "false", "true or false"
	default:
		if !slices.Contains(numeric, kind) {
			return sdk.Errorf(sdk.Invalid, "the kind %q is not known", kind)
		}
		ok, want = only(value, 19, digits), "a numeric id of up to 19 digits"
	}
	if !ok {
		return sdk.Errorf(sdk.Invalid, "want %s", want)
	}
	return nil
}

// ValidID says whether id can name a record at all: 1 to 128 of A-Z a-z 0-9 . _ - The kind that plugin.json declares for the
// ids of a record type allows less.
//
// Since: v0.1
func ValidID(id string) bool { return only(id, 128, lower+upper+digits+"._-") }

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
