package relations

import "context"

//go:generate msgp -tests=false -io=false -o zz_links_msgp.go

// Links is the service of advanced links. It tells ids only; whoever shows the issues reads them with the user's rights.
const Links = "pergola.links/v1"

// The operations of [Links].
const (
	OpSides  = "sides"  // SidesQuestion → SideList
	OpLinked = "linked" // LinkedQuestion → LinkedList
	OpLink   = "link"   // Linking → LinkOutcome
	OpUnlink = "unlink" // Linking → LinkOutcome
)

// MostLinked is how many issues a [LinkedQuestion] can name, and MostPerIssue how many links of each it can ask for.
const (
	MostLinked   = 100
	MostPerIssue = 1000
)

// Side is a relation as it is seen from an issue at one of its ends.
type Side struct {
	End
	Name     string   `msg:"name"`  // of the relation, for admins
	Label    string   `msg:"label"` // that stands in an issue at this end
	Color    string   `msg:"color,omitempty"`
	Contexts Contexts `msg:"contexts,omitempty,limit=16384"` // of the issues at the other end
	Most     int      `msg:"most,omitempty"`                 // links of an issue at this end; 0 means any number
	Native   bool     `msg:"native,omitempty"`               // its links are Jira's own
}

// SidesQuestion asks which sides show in an issue; an empty id asks for both sides of every relation.
type SidesQuestion struct {
	IssueID string `msg:"issue_id,omitempty"`
}

// SideList is sides in the order in which an admin made the relations.
type SideList struct {
	Sides []Side `msg:"sides,limit=16384"`
}

// Sides asks advanced links for the sides that show in an issue, or for all. The list is nil where the service is not there.
func Sides(ctx context.Context, issue string) (*SideList, error) {
	var out SideList
	if there, err := ask(ctx, Links, OpSides, &SidesQuestion{IssueID: issue}, &out); err != nil || !there {
		return nil, err
	}
	return &out, nil
}

// LinkedQuestion asks what issues at one end are linked to.
type LinkedQuestion struct {
	End
	IssueIDs []string `msg:"issue_ids,limit=16384"` // at most [MostLinked]
	// Limit is how many links of each issue are wanted, 1 to [MostPerIssue]; 0 means 50.
	Limit int `msg:"limit,omitempty"`
	// Cursor leads to a further page, where one issue is asked for: LinkedList.Next.
	Cursor string `msg:"cursor,omitempty"`
}

// LinkedList is what each issue is linked to, in the order of the question.
type LinkedList struct {
	Issues []Linked `msg:"issues,limit=16384"`
	Next   string   `msg:"next,omitempty"`
}

// Linked is what one issue is linked to.
type Linked struct {
	IssueID string   `msg:"issue_id"`
	Others  []string `msg:"others,omitempty,limit=16384"` // ids of the issues at the other end
	More    bool     `msg:"more,omitempty"`               // there are more than were asked for
}

// LinkedTo asks advanced links what issues are linked to. The list is nil where the service is not there.
func LinkedTo(ctx context.Context, q LinkedQuestion) (*LinkedList, error) {
	var out LinkedList
	if there, err := ask(ctx, Links, OpLinked, &q, &out); err != nil || !there {
		return nil, err
	}
	return &out, nil
}

// Linking asks to link an issue at an end to others, or to remove such links. The user needs the right to link issues at both ends. Without
// a user, after an event or in a job, the plugin that asks has made sure that the relation takes the issues, by the rights of an account that an admin
// named. Then only links of the feature's own are made, where no rule of another plugin needs a user to be judged, and none is removed.
type Linking struct {
	End
	IssueID string   `msg:"issue_id"`
	Others  []string `msg:"others,limit=16384"` // at most 20
}

// LinkOutcome is what was done. What was there already, or not there, is no refusal.
type LinkOutcome struct {
	Changed int       `msg:"changed"`
	Refused []Refusal `msg:"refused,omitempty,limit=16384"`
}

// Refusal is an issue that cannot be linked, and why, in words for the user.
type Refusal struct {
	IssueID string `msg:"issue_id"`
	Message string `msg:"message"`
}

// Link has advanced links add or, with [OpUnlink], remove links. The outcome is nil where the service is not there.
func Link(ctx context.Context, op string, l Linking) (*LinkOutcome, error) {
	var out LinkOutcome
	if there, err := ask(ctx, Links, op, &l, &out); err != nil || !there {
		return nil, err
	}
	return &out, nil
}
