package relations

import (
	"context"
	"hash/fnv"
	"time"
)

//go:generate msgp -tests=false -io=false -o zz_bulk_msgp.go

// The operations of [Links] on many links at once, for jobs. A change is bounded by the rights of the account that began the job, at both ends, and
// so is the list of links that are Jira's own: what that account may not see is not in it.
const (
	OpPairs   = "pairs"   // PairsQuestion → PairList
	OpJoin    = "join"    // Joining → Outcomes
	OpPart    = "part"    // Parting → Outcomes
	OpRestore = "restore" // Restoring → Outcomes
)

// Undoable is for how long a run that moved links can be taken back: as long as advanced links remember what was removed.
const Undoable = 30 * 24 * time.Hour

// MostPairs is how many links one of these changes can name, and MostListed how many a list has. Of links of Jira's own name at most MostNative:
// each costs Jira some questions, and a step has half a minute.
const (
	MostPairs  = 50
	MostNative = 20
	MostListed = 500
)

// Pair is a link, there or not: of an issue at the first end of a relation and one at the second end.
type Pair struct {
	Relation string `msg:"relation"`
	First    string `msg:"first"`
	Second   string `msg:"second"`
}

// PairsQuestion lists links in the order of relation, first and second issue. Links of Jira's own come project by project, in the order of the keys of
// the issues at one end.
type PairsQuestion struct {
	Relation string `msg:"relation,omitempty"` // empty for all, where Batch is there
	// Batch leaves the links that a [Joining] with that number made and nobody touched since; with Removed those that a [Parting] with it
	// removed in the last 30 days, but for those that a [Restoring] with it made again or found there.
	Batch   int64 `msg:"batch,omitempty"`
	Removed bool  `msg:"removed,omitempty"`
	After   *Pair `msg:"after,omitempty"` // behind which the list begins, whether it is there or not
	Limit   int   `msg:"limit,omitempty"` // 1 to [MostListed], which 0 means
	// Walk is a number above 0 of the caller's, the same for all pages of one list. Links of Jira's own are listed by it: which projects a list is
	// through with is remembered under it for some days. Others need none.
	Walk int64 `msg:"walk,omitempty"`
	// Seen is the end at whose issues links of Jira's own are looked for, of those that the relation is for there; empty means the first.
	Seen string `msg:"seen,omitempty"`
	// Scope is a clause of JQL that bounds these issues; empty for all. It is for links of Jira's own only.
	Scope string `msg:"scope,omitempty"`
}

// PairList is a page of links. It can be shorter than the limit, or empty, and not be the last.
type PairList struct {
	Pairs []Pair `msg:"pairs,omitempty,limit=16384"`
	More  bool   `msg:"more,omitempty"`
	Total int    `msg:"total,omitempty"` // of links of the question from its beginning, where there are at most 10000 and none is Jira's own; only without After
	// Next is behind what the next page begins, where that is not the last link of this one.
	Next *Pair `msg:"next,omitempty"`
}

// Behind is the After of the next page; nil where there is none.
func (l *PairList) Behind() *Pair {
	switch {
	case !l.More:
		return nil
	case l.Next != nil:
		return l.Next
	case len(l.Pairs) == 0:
		return nil
	}
	return &l.Pairs[len(l.Pairs)-1]
}

// Pairs lists links. The list is nil where the service is not there.
func Pairs(ctx context.Context, q PairsQuestion) (*PairList, error) {
	var out PairList
	if there, err := ask(ctx, Links, OpPairs, &q, &out); err != nil || !there {
		return nil, err
	}
	return &out, nil
}

// Joining makes links, as far as the relations, the rules of other plugins at either end, and the maximum at either end allow it.
type Joining struct {
	Pairs []Pair `msg:"pairs,limit=16384"` // 1 to [MostPairs]
	// Batch is a number of the caller's, above 0, that goes with each link that is made: by it they are found and taken back.
	// A link that is there already with the same number counts as made: so it is when a step is done a second time.
	Batch int64 `msg:"batch,omitempty"`
	Check bool  `msg:"check,omitempty"` // says what would be done, and does nothing
	// Taken is how many links to take for made already at some ends, beside those that are there: what a dry run said of pairs before.
	Taken []Taken `msg:"taken,omitempty,limit=16384"`
}

// Taken is a number of links that an issue at an end is to be taken to have more than it has.
type Taken struct {
	End
	IssueID string `msg:"issue_id"`
	Links   int    `msg:"links"`
}

// Parting removes links. What is left of one, for 30 days, has the number Batch, by which they can be made again.
type Parting struct {
	Pairs []Pair `msg:"pairs,limit=16384"` // 1 to [MostPairs]
	Batch int64  `msg:"batch,omitempty"`   // 0 for none
	// Only leaves alone all but the links that a [Joining] with that number made and nobody touched since; 0 is without that.
	Only  int64 `msg:"only,omitempty"`
	Check bool  `msg:"check,omitempty"` // says what would be done, and does nothing
}

// Restoring makes links again that a [Parting] with that number removed, as they were. No rule is asked, but the maximum counts.
type Restoring struct {
	Pairs []Pair `msg:"pairs,limit=16384"` // 1 to [MostPairs]
	Batch int64  `msg:"batch"`
}

// Outcomes are what became of each pair, in the order of the question.
type Outcomes struct {
	Outcomes []Outcome `msg:"outcomes,limit=16384"`
}

// Outcome is what became of a pair.
type Outcome struct {
	What    string `msg:"what"`
	Message string `msg:"message,omitempty"` // of a rule, in words for whoever began it
}

// What becomes of a pair.
const (
	Made      = "made"     // or removed, or restored; with Check, what would be
	Nothing   = "there"    // it is there already, or when links are removed it is not
	Changed   = "changed"  // somebody changed it since: it is left alone
	BySelf    = "self"     // an issue is not linked to itself
	ByHidden  = "hidden"   // an issue is not there, or the account may not see it
	ByContext = "context"  // the relation is for issues of other projects or types
	ByMaximum = "maximum"  // an end takes no more
	ByRights  = "rights"   // the account lacks the permission to link issues at one end
	ByRule    = "rule"     // a rule of another plugin does not allow it
	ByNative  = "native"   // Jira does not take the link
	ByGone    = "relation" // there is no such relation
)

// JoinPairs has advanced links make links. The outcomes are nil where the service is not there.
func JoinPairs(ctx context.Context, j Joining) ([]Outcome, error) { return change(ctx, OpJoin, &j) }

// PartPairs has advanced links remove links. The outcomes are nil where the service is not there.
func PartPairs(ctx context.Context, p Parting) ([]Outcome, error) { return change(ctx, OpPart, &p) }

// RestorePairs has advanced links make links again. The outcomes are nil where the service is not there.
func RestorePairs(ctx context.Context, r Restoring) ([]Outcome, error) {
	return change(ctx, OpRestore, &r)
}

func change(ctx context.Context, op string, question message) ([]Outcome, error) {
	var out Outcomes
	if there, err := ask(ctx, Links, op, question, &out); err != nil || !there {
		return nil, err
	}
	return out.Outcomes, nil
}

// BatchOf makes a number of the id of a run, so that whoever knows the run knows its batch.
func BatchOf(run string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(run)) // it never fails
	return max(int64(h.Sum64()>>1), 1)
}
