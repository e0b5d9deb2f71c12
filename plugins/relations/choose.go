package relations

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/jira"
)

//go:generate msgp -tests=false -io=false -o zz_choose_msgp.go

// DataLogic is the service that says what can be linked: with it, an admin's rules take the place of “any issue of these projects and
// types that the user may see”.
const DataLogic = "pergola.datalogic/v1"

// The operations of [DataLogic].
const (
	OpFind    = "find"    // FindQuestion → Findings
	OpJudge   = "judge"   // JudgeQuestion → Judgement
	OpStale   = "stale"   // StaleQuestion → Stale
	OpPresets = "presets" // PresetsQuestion → PresetList
	OpFollow  = "follow"  // FollowQuestion → Followed
)

// Where is where a user links: an issue at the end of a relation, and what the form at hand holds that is not saved yet.
type Where struct {
	End
	IssueID string `msg:"issue_id,omitempty"` // empty where the issue is not created yet
	// Chosen is what the form holds: ids of issues, by relation and end as [ChosenKey] writes them. A side that is in it counts as it is in
	// it, also where that is empty; of one that is not, what is linked counts.
	Chosen map[string][]string `msg:"chosen,omitempty,limit=16384"`
}

// ChosenKey is how [Where] names a side.
func ChosenKey(e End) string { return e.Relation + "-" + e.End }

// FindQuestion asks for issues that can be linked.
type FindQuestion struct {
	Where
	Contexts Contexts `msg:"contexts,omitempty,limit=16384"` // what the relation takes at the other end
	// Clause is what the user typed, as JQL; empty for anything.
	Clause string   `msg:"clause,omitempty"`
	Also   string   `msg:"also,omitempty"`  // a further clause, of the parent filter
	Order  string   `msg:"order,omitempty"` // what stands behind ORDER BY
	Fields []string `msg:"fields,omitempty,limit=16384"`
	Limit  int      `msg:"limit,omitempty"` // 1 to 100
}

// Findings are the issues that were found. Governed is false where no rule is for the side: then advanced links searches itself.
type Findings struct {
	Governed bool         `msg:"governed,omitempty"`
	Issues   []jira.Issue `msg:"issues,omitempty,limit=16384"`
	More     bool         `msg:"more,omitempty"`
	// Nothing says why there can be nothing, such as "Choose a company first"; empty where the search simply found nothing.
	Nothing string `msg:"nothing,omitempty"`
}

// FindLinkable asks data logic for issues that can be linked. It is not governed where the service is not there.
func FindLinkable(ctx context.Context, q FindQuestion) (*Findings, error) {
	var out Findings
	_, err := ask(ctx, DataLogic, OpFind, &q, &out)
	return &out, err
}

// JudgeQuestion asks whether issues can be linked, just before they are.
type JudgeQuestion struct {
	Where
	Contexts Contexts `msg:"contexts,omitempty,limit=16384"`
	Also     string   `msg:"also,omitempty"`
	Others   []string `msg:"others,limit=16384"` // ids, at most 100; none to know only what is said of the place
	// Here asks whether the rule's searching user may link the issue at hand, too: on the customer portal, where the customer may not.
	Here bool `msg:"here,omitempty"`
}

// Judgement is which of the issues can be linked, with their keys, and why the others cannot.
type Judgement struct {
	Governed bool         `msg:"governed,omitempty"`
	Issues   []jira.Issue `msg:"issues,omitempty,limit=16384"`
	Refused  []Refusal    `msg:"refused,omitempty,limit=16384"`
	// ByRule says that the rule's searching user links, and not the one who asks: the right to link is then not asked for at the other end.
	ByRule bool `msg:"by_rule,omitempty"`
	// HereByRule says, where that was asked, that the right to link the issue at hand is the searching user's as well.
	HereByRule bool `msg:"here_by_rule,omitempty"`
}

// JudgeLinkable asks data logic whether issues can be linked. It is not governed where the service is not there.
func JudgeLinkable(ctx context.Context, q JudgeQuestion) (*Judgement, error) {
	var out Judgement
	_, err := ask(ctx, DataLogic, OpJudge, &q, &out)
	return &out, err
}

// StaleQuestion asks which of the issues that are linked the rule does not allow any more, where it says that such links are dropped.
type StaleQuestion struct {
	Where
	Contexts Contexts `msg:"contexts,omitempty,limit=16384"`
	Others   []string `msg:"others,limit=16384"` // ids, at most 100
}

// Stale is the issues to be unlinked; none where links are kept.
type Stale struct {
	IssueIDs []string `msg:"issue_ids,omitempty,limit=16384"`
}

// StaleLinks asks data logic which links are to be dropped. There are none where the service is not there.
func StaleLinks(ctx context.Context, q StaleQuestion) (*Stale, error) {
	var out Stale
	_, err := ask(ctx, DataLogic, OpStale, &q, &out)
	return &out, err
}

// PresetsQuestion asks what can be created to be linked.
type PresetsQuestion struct{ Where }

// Preset is a project and a type for a new issue.
type Preset struct {
	ProjectID   string `msg:"project_id"`
	IssueTypeID string `msg:"issue_type_id"`
}

// PresetList is what can be created, none where nothing can be.
type PresetList struct {
	Presets []Preset `msg:"presets,omitempty,limit=16384"`
}

// Presets asks data logic what can be created to be linked. There is nothing where the service is not there.
func Presets(ctx context.Context, q PresetsQuestion) (*PresetList, error) {
	var out PresetList
	_, err := ask(ctx, DataLogic, OpPresets, &q, &out)
	return &out, err
}

// FollowQuestion asks where a path over several relations leads.
type FollowQuestion struct {
	Path     string   `msg:"path"`                  // id of the configuration document of type pergola.datalogic/path
	IssueIDs []string `msg:"issue_ids,limit=16384"` // where it begins, at most [MostLinked]
}

// Followed is where it leads: ids in no order that means something, never those where it began.
type Followed struct {
	IssueIDs []string `msg:"issue_ids,omitempty,limit=16384"` // at most [MostPerIssue]
	More     bool     `msg:"more,omitempty"`                  // there are more than these
}

// Follow asks data logic where a path leads. The answer is nil where the service is not there.
func Follow(ctx context.Context, q FollowQuestion) (*Followed, error) {
	var out Followed
	if there, err := ask(ctx, DataLogic, OpFollow, &q, &out); err != nil || !there {
		return nil, err
	}
	return &out, nil
}

// ParentFilter is the service by which what is linked at one side bounds what can be linked at another: contacts to those of the company.
const ParentFilter = "pergola.parentfilter/v1"

// OpScope is the operation of [ParentFilter]: ScopeQuestion → Scope.
const OpScope = "scope"

// ScopeQuestion asks what can be linked still.
type ScopeQuestion struct{ Where }

// Scope is what can be linked.
type Scope struct {
	// Clause is the JQL that bounds it; empty where nothing does.
	Clause string `msg:"clause,omitempty"`
	// IssueIDs are the issues for which the clause holds, where these are known without a search.
	IssueIDs []string `msg:"issue_ids,omitempty,limit=16384"`
	// Nothing says why there can be nothing; empty where there can.
	Nothing string `msg:"nothing,omitempty"`
	// Follows are the sides on which it depends, as [ChosenKey] writes them: a form drops what it holds here when one of these changes.
	Follows []string `msg:"follows,omitempty,limit=16384"`
	// Joins are the links that make an issue which is created here belong to what is chosen. NoNew says why none can be; empty where one can.
	Joins []Join `msg:"joins,omitempty,limit=16384"`
	NoNew string `msg:"no_new,omitempty"`
}

// Join is a link that a new issue has to get: that of an issue at an end.
type Join struct {
	End
	IssueID string `msg:"issue_id"`
}

// ScopeOf asks the parent filter what can be linked. Nothing is bounded where the service is not there.
func ScopeOf(ctx context.Context, q ScopeQuestion) (*Scope, error) {
	var out Scope
	_, err := ask(ctx, ParentFilter, OpScope, &q, &out)
	return &out, err
}

// FieldSelect is the service that says what tells one choice from another while a user picks.
const FieldSelect = "pergola.fieldselect/v1"

// OpLook is the operation of [FieldSelect]: LookQuestion → Look.
const OpLook = "look"

// LookQuestion asks how the choices of a side look.
type LookQuestion struct{ End }

// Look is how choices look. Governed is false where an admin said nothing of the side.
type Look struct {
	Governed   bool     `msg:"governed,omitempty"`
	Fields     []string `msg:"fields,omitempty,limit=16384"` // ids of those whose values stand below the key and summary
	Search     []string `msg:"search,omitempty,limit=16384"` // ids of text fields that are searched beside key and summary
	Order      string   `msg:"order,omitempty"`              // id of the field by which choices are ordered; empty for the last updated first
	Descending bool     `msg:"descending,omitempty"`
	HideIcon   bool     `msg:"hide_icon,omitempty"`
	HideStatus bool     `msg:"hide_status,omitempty"`
	HideRecent bool     `msg:"hide_recent,omitempty"` // what the user linked lately is not offered first
}

// LookOf asks how the choices of a side look. It is not governed where the service is not there.
func LookOf(ctx context.Context, q LookQuestion) (*Look, error) {
	var out Look
	_, err := ask(ctx, FieldSelect, OpLook, &q, &out)
	return &out, err
}
