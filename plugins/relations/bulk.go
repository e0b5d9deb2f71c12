package relations

import (
	"context"
	"hash/fnv"
	"time"
)

//go:generate msgp -tests=false -io=false -o zz_bulk_msgp.go

// The operations of [Links] on many links at once, for jobs. They are about links of the feature's own: those that are Jira's own are not
// listed, and a change of one is refused as [ByNative]. A change is bounded by the rights of the account that began the job, at both ends.
const (
	OpPairs   = "pairs"   // PairsQuestion → PairList
	OpJoin    = "join"    // Joining → Outcomes
	OpPart    = "part"    // Parting → Outcomes
	OpRestore = "restore" // Restoring → Outcomes
)

// Undoable is for how long a run that moved links can be taken back: as long as advanced links remember what was removed.
const Undoable = 30 * 24 * time.Hour

// MostPairs is how many links one of these changes can name, and MostListed how many a list has.
const (
	MostPairs  = 50
	MostListed = 500
)

// Pair is a link, there or not: of an issue at the first end of a relation and one at the second end.
type Pair struct {
	Relation string `msg:"relation"`
	First    string `msg:"first"`
	Second   string `msg:"second"`
}

// PairsQuestion lists links in the order of relation, first and second issue.
type PairsQuestion struct {
	Relation string `msg:"relation,omitempty"` // empty for all, where Batch is there
	// Batch leaves the links that a [Joining] with that number made and nobody touched since; with Removed those that a [Parting] with it
	// removed in the last 30 days, be they there again or not.
	Batch   int64 `msg:"batch,omitempty"`
	Removed bool  `msg:"removed,omitempty"`
	After   *Pair `msg:"after,omitempty"` // behind which the list begins, whether it is there or not
	Limit   int   `msg:"limit,omitempty"` // 1 to [MostListed], which 0 means
}

// PairList is a page of links. It can be shorter than the limit, and not be the last.
type PairList struct {
	Pairs []Pair `msg:"pairs,omitempty,limit=16384"`
	More  bool   `msg:"more,omitempty"`
	Total int    `msg:"total,omitempty"` // of links of the question from its beginning, where there are at most 10000; only without After
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
	ByNative  = "native"   // links of the relation are Jira's own
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
