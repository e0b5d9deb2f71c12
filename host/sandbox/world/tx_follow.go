package world

import "slices"

// AddWatcher has a user follow an issue. Who does so already stays. The issue does not count as updated.
func (tx *Tx) AddWatcher(on IssueID, who AccountID) error {
	return tx.follower(on, who, "watcher", Created, func(i *Issue) *[]AccountID { return &i.Watchers })
}

// RemoveWatcher ends that. Who does not follow the issue is no error.
func (tx *Tx) RemoveWatcher(on IssueID, who AccountID) error {
	return tx.follower(on, who, "watcher", Deleted, func(i *Issue) *[]AccountID { return &i.Watchers })
}

// AddVote has a user vote for an issue, once. Nobody votes for an issue that they reported, or for one that is resolved.
func (tx *Tx) AddVote(on IssueID, who AccountID) error {
	switch i := tx.Issue(on); {
	case i == nil:
	case i.Reporter == who:
		return about("issue", on).invalid("voters", "%s reported it", who)
	case i.Resolution != "":
		return about("issue", on).invalid("voters", "it is resolved")
	}
	return tx.follower(on, who, "vote", Created, func(i *Issue) *[]AccountID { return &i.Voters })
}

// RemoveVote takes a vote back. Who has not voted is no error.
func (tx *Tx) RemoveVote(on IssueID, who AccountID) error {
	return tx.follower(on, who, "vote", Deleted, func(i *Issue) *[]AccountID { return &i.Voters })
}

func (tx *Tx) follower(on IssueID, who AccountID, kind string, op Op, list func(*Issue) *[]AccountID) error {
	before := tx.Issue(on)
	switch {
	case before == nil:
		return about("issue", on).missing()
	case tx.User(who) == nil:
		return about("user", who).missing()
	case slices.Contains(*list(before), who) == (op == Created):
		return nil
	}
	i := before.clone()
	if l := list(i); op == Created {
		*l = append(*l, who)
	} else {
		*l = slices.DeleteFunc(*l, func(a AccountID) bool { return a == who })
	}
	tx.put(before, i, quietly)
	tx.emit(Event{Kind: kind, Op: op, ID: string(who), Issue: i, Before: before})
	return nil
}
