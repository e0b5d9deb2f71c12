package manifest

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The kinds of record field: what a plugin may keep. There is none that takes free text, by design. They are those of
// sdk/store, so that plugins and hosts judge a value alike.
const (
	KindIssue        = store.KindIssue        // numeric id
	KindProject      = store.KindProject      // numeric id
	KindIssueType    = store.KindIssueType    // numeric id
	KindField        = store.KindField        // customfield_10001, or one of Jira's own fields such as duedate
	KindFieldContext = store.KindFieldContext // numeric id
	KindFilter       = store.KindFilter       // numeric id
	KindRequestType  = store.KindRequestType  // numeric id
	KindPortal       = store.KindPortal       // numeric id of a service desk
	KindCategory     = store.KindCategory     // numeric id of a project category
	KindLinkType     = store.KindLinkType     // numeric id
	KindLink         = store.KindLink         // numeric id of a link between two issues
	KindIssueStatus  = store.KindIssueStatus  // numeric id
	KindAccount      = store.KindAccount      // Atlassian account id; erased with the account
	KindTime         = store.KindTime         // RFC 3339
	KindCount        = store.KindCount        // whole number in decimal
	KindStatus       = store.KindStatus       // one of the words that the field's values declare
	KindToken        = store.KindToken        // made by the host
	KindSwitch       = store.KindSwitch       // true or false
	KindConfig       = store.KindConfig       // the id of a configuration document
)

// Kinds returns every kind of record field, in the order of the documentation.
func Kinds() []string { return store.Kinds() }

// IDKinds returns the kinds that a record's id can be of.
func IDKinds() []string { return store.IDKinds() }

// PartKinds returns the kinds of the fields of which a record's id can be made.
func PartKinds() []string { return store.PartKinds() }

// ValidateValue says whether value is of that kind, as far as the kind alone tells: see [Field.Validate]. The error names
// what is wanted and never the value, which may be something that must not reach a log.
func ValidateValue(kind, value string) error { return store.Validate(kind, value) }

// Validate says whether value fits the declaration of the field; only whether a token is one of the host's own is for its
// maker to say. The error names what is wanted and never the value.
func (f Field) Validate(value string) error {
	if f.Kind == KindStatus && !slices.Contains(f.Values, value) {
		return sdk.Errorf(sdk.Invalid, "want %s", oneOf(f.Values))
	}
	return ValidateValue(f.Kind, value)
}

// Validate says whether a record of that type can have that id, as far as its form tells. Ids that are made of fields are
// for [RecordID.Derive].
func (r RecordID) Validate(id string) error { return ValidateValue(r.Kind, id) }

// Derive returns the id of a record with these fields, where ids are made of fields; or the first of the fields that it
// lacks.
func (r RecordID) Derive(fields map[string]string) (id, lacks string) {
	values := make([]string, len(r.Fields))
	for i, name := range r.Fields {
		if values[i] = fields[name]; values[i] == "" {
			return "", name
		}
	}
	return store.JoinID(values...), ""
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}
