package analysis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Function describes a function of Jira's own.
type Function struct {
	Name string
	Kind Kind // of its values; DateTime also fits dates, Issue also parents
	List bool // wants an operator for lists

	min, max int    // arguments; max -1 for any number
	period   byte   // of a function on the calendar, one of dwMy
	end      bool   // of the period, not its start
	missing  string // the sentence about an argument that names nothing: %[1]s the function, %[2]s the argument, %[3]s the first
	missing2 string // the same from the second argument on
	usage    string // the sentence about a wrong number of arguments, where it is an own one
	login    bool   // cannot do without a user unless arguments name one
}

const (
	noVersionProject = "Could not resolve the project '%[2]s' provided to function '%[1]s'."
	cascadeUsage     = "Incorrect number of arguments specified for the function 'cascadeOption'. Usages: cascadeOption(parentOption), cascadeOption(parentOption, childOption), cascadeOption(parentOption, \"None\")."
	linkUsage        = "Incorrect number of arguments for function '%[1]s'. Usage: '%[1]s ( issuekey [, linkDescription ]* )'."
	noIssue          = "Issue '%[2]s' could not be found in function '%[1]s'."
	noLinkType       = "Issue link type '%[2]s' could not be found in function '%[1]s'."
)

// functions are Jira's own, less those that need boards, service desks or the pages that somebody looked at.
var functions = []Function{
	{Name: "cascadeOption", Kind: Option, List: true, min: 1, max: 2, usage: cascadeUsage,
		missing:  "The option '%[2]s' specified in function '%[1]s' is not a valid parent option.",
		missing2: "The option '%[2]s' is not a child of option '%[3]s' in function '%[1]s'."},
	{Name: "choiceOption", Kind: Option, List: true, min: 1, max: -1},
	{Name: "componentsLeadByUser", Kind: Component, List: true, max: 1, login: true},
	{Name: "currentLogin", Kind: DateTime},
	{Name: "currentUser", Kind: User},
	{Name: "earliestUnreleasedVersion", Kind: Version, min: 1, max: 1, missing: noVersionProject},
	{Name: "endOfDay", Kind: DateTime, max: 1, period: 'd', end: true},
	{Name: "endOfMonth", Kind: DateTime, max: 1, period: 'M', end: true},
	{Name: "endOfWeek", Kind: DateTime, max: 1, period: 'w', end: true},
	{Name: "endOfYear", Kind: DateTime, max: 1, period: 'y', end: true},
	{Name: "lastLogin", Kind: DateTime},
	{Name: "latestReleasedVersion", Kind: Version, min: 1, max: 1, missing: noVersionProject},
	{Name: "linkedIssues", Kind: Issue, List: true, min: 1, max: -1, usage: linkUsage, missing: noIssue, missing2: noLinkType},
	{Name: "linkedWorkItems", Kind: Issue, List: true, min: 1, max: -1, usage: linkUsage, missing: noIssue, missing2: noLinkType},
	{Name: "membersOf", Kind: User, List: true, min: 1, max: 1,
		missing: "Function '%[1]s' can not generate a list of usernames for group '%[2]s'; the group does not exist."},
	{Name: "now", Kind: DateTime},
	{Name: "parentIssue", Kind: Issue, List: true, min: 1, max: 1, missing: noIssue},
	{Name: "projectsLeadByUser", Kind: Project, List: true, max: 1, login: true},
	{Name: "projectsWhereUserHasPermission", Kind: Project, List: true, min: 1, max: 1, login: true},
	{Name: "projectsWhereUserHasRole", Kind: Project, List: true, min: 1, max: 1, login: true},
	{Name: "releasedVersions", Kind: Version, List: true, max: -1, missing: noVersionProject},
	{Name: "standardIssueTypes", Kind: IssueType, List: true},
	{Name: "standardWorkTypes", Kind: IssueType, List: true},
	{Name: "startOfDay", Kind: DateTime, max: 1, period: 'd'},
	{Name: "startOfMonth", Kind: DateTime, max: 1, period: 'M'},
	{Name: "startOfWeek", Kind: DateTime, max: 1, period: 'w'},
	{Name: "startOfYear", Kind: DateTime, max: 1, period: 'y'},
	{Name: "subtaskIssueTypes", Kind: IssueType, List: true},
	{Name: "subtaskWorkTypes", Kind: IssueType, List: true},
	{Name: "unreleasedVersions", Kind: Version, List: true, max: -1, missing: noVersionProject},
	{Name: "updatedBy", Kind: Issue, List: true, min: 1, max: 3},
	{Name: "votedIssues", Kind: Issue, List: true, login: true},
	{Name: "votedWorkItems", Kind: Issue, List: true, login: true},
	{Name: "watchedIssues", Kind: Issue, List: true, login: true},
	{Name: "watchedWorkItems", Kind: Issue, List: true, login: true},
}

// Functions are Jira's own functions in alphabetical order. Which of them a site can answer is for its Environment.
func Functions() []Function { return slices.Clone(functions) }

func findFunction(name string) (Function, bool) {
	for _, f := range functions {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return Function{}, false
}

func unknownFunction(o syntax.Operand) string {
	return fmt.Sprintf("Unable to find JQL function '%s'.", o)
}

// checkArguments says what is wrong with the arguments of a call, without calling; "" for nothing.
func (a *Analyzer) checkArguments(f Function, o syntax.Operand) string {
	n := len(o.Args)
	if n < f.min || f.max >= 0 && n > f.max {
		switch {
		case f.usage != "":
			return sentence(f.usage, o.Text)
		case f.min == f.max:
			return fmt.Sprintf("Function '%s' expected '%d' arguments but received '%d'.", o.Text, f.min, n)
		case f.max < 0:
			return fmt.Sprintf("Function '%s' expected at least '%d' arguments but received '%d'.", o.Text, f.min, n)
		}
		return fmt.Sprintf("Function '%s' expected between '%d' and '%d' arguments but received '%d'.", o.Text, f.min, f.max, n)
	}
	if f.period != 0 && n == 1 {
		if _, ok := parseIncrement(o.Args[0], f.period); !ok {
			return fmt.Sprintf("Duration for function '%s' should have the format (+/-)n(yMwdm), e.g -1M for 1 month earlier.", o.Text)
		}
	}
	if f.login && a.Environment.Me() == "" && (n == 0 || f.min > 0) {
		return fmt.Sprintf("Function '%s' cannot be called as anonymous user.", o.Text)
	}
	return ""
}

// sentence fills a message that may leave out some of its arguments.
func sentence(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	text, _, _ = strings.Cut(text, "%!(EXTRA")
	return text
}

// moment evaluates a function on dates.
func (a *Analyzer) moment(f Function, o syntax.Operand) (time.Time, string) {
	now := a.Environment.Now()
	if f.Name == "now" {
		return now, ""
	}
	if f.period != 0 {
		by := increment{0, f.period}
		if len(o.Args) == 1 {
			by, _ = parseIncrement(o.Args[0], f.period) // checked before
		}
		return calendar(now, f.period, f.end, by, a.FirstDay), ""
	}
	texts, message := a.call(f, o)
	if message != "" {
		return time.Time{}, message
	}
	if len(texts) == 1 {
		if t, err := time.Parse(time.RFC3339, texts[0]); err == nil {
			return t.In(now.Location()), ""
		}
	}
	return now, ""
}

// call asks the environment.
func (a *Analyzer) call(f Function, o syntax.Operand) ([]string, string) {
	if f.Name == "currentUser" {
		if me := a.Environment.Me(); me != "" {
			return []string{me}, ""
		}
		return nil, ""
	}
	texts, err := a.Environment.Call(f.Name, o.Args)
	var bad *ArgumentError
	switch {
	case err == nil:
		return texts, ""
	case errors.Is(err, ErrUnknown):
		return nil, unknownFunction(o)
	case errors.As(err, &bad) && bad.Index >= 0 && bad.Index < len(o.Args):
		format := f.missing
		if bad.Index > 0 && f.missing2 != "" {
			format = f.missing2
		}
		if format == "" {
			format = "The value '%[2]s' given to the function '%[1]s' does not exist."
		}
		return nil, sentence(format, o.Text, o.Args[bad.Index], o.Args[0])
	}
	return nil, err.Error()
}
