package mapping

import (
	"strings"

	"github.com/pergola-platform/pergola/host/jira"
)

// Kind is what a Jira field holds, as far as a value has to be written in a form of its own.
type Kind string

// The kinds.
const (
	Text      Kind = "text"
	Document  Kind = "document" // rich text, ADF
	Number    Kind = "number"
	Date      Kind = "date"
	DateTime  Kind = "datetime"
	Labels    Kind = "labels"
	Option    Kind = "option"
	Options   Kind = "options"
	Cascading Kind = "cascading"
	User      Kind = "user"
	Users     Kind = "users"
	Named     Kind = "named"     // priority, security level, version: one, by id
	NamedList Kind = "namedList" // components, versions: several, by id
	Parent    Kind = "parent"
	Status    Kind = "status"
)

// KindOf tells the kind of a field by Jira's description; "" for one that cannot be written to.
func KindOf(m jira.Meta) Kind {
	s := m.Schema
	switch {
	case s.System == "description", s.System == "environment", strings.HasSuffix(s.Custom, ":textarea"):
		return Document
	case s.System == "parent" || m.ID == "parent":
		return Parent
	case s.System == "project", s.System == "issuetype":
		return ""
	}
	switch s.Type {
	case "string":
		return Text
	case "number":
		return Number
	case "date":
		return Date
	case "datetime":
		return DateTime
	case "option":
		return Option
	case "option-with-child":
		return Cascading
	case "user":
		return User
	case "priority", "securitylevel", "version", "resolution":
		return Named
	case "array":
		switch s.Items {
		case "string":
			return Labels
		case "option":
			return Options
		case "user":
			return Users
		case "component", "version":
			return NamedList
		}
	}
	return ""
}

// clears says how an empty value of the kind is written.
func (k Kind) empty() any {
	switch k {
	case Labels, Options, Users, NamedList:
		return []any{}
	}
	return nil
}
