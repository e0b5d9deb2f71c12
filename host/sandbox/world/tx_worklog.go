package world

// Adjustment is the way in which work changes the remaining estimate of its issue.
type Adjustment string

// The ways, as Jira's adjustEstimate names them.
const (
	Leave  Adjustment = "leave"  // it stays
	Auto   Adjustment = "auto"   // time that was spent is taken off it, time that was not is added again
	SetNew Adjustment = "new"    // it becomes Seconds
	Manual Adjustment = "manual" // Seconds are taken off it when work is added, and added when work is deleted
)

// Adjust says what becomes of the remaining estimate, which never falls below nothing. The zero value leaves it.
type Adjust struct {
	How     Adjustment
	Seconds int64 // for SetNew and Manual
}

// after returns the remaining estimate once spent has changed by so many seconds.
func (a Adjust) after(remaining, spent int64) int64 {
	switch a.How {
	case Auto:
		remaining -= spent
	case SetNew:
		remaining = a.Seconds
	case Manual:
		if spent < 0 {
			remaining += a.Seconds
		} else {
			remaining -= a.Seconds
		}
	}
	return max(0, remaining)
}

// AddWorklog keeps time that was spent, and adds it to the issue's. The remaining estimate stays.
func (tx *Tx) AddWorklog(on IssueID, w *Worklog) error {
	return tx.AddWorklogAdjusting(on, w, Adjust{})
}

// AddWorklogAdjusting is [Tx.AddWorklog] with another remaining estimate. The worklog gets its id, times and author where they
// are not given, and belongs to the state then.
func (tx *Tx) AddWorklogAdjusting(on IssueID, w *Worklog, a Adjust) error {
	before := tx.Issue(on)
	if before == nil {
		return about("issue", on).missing()
	}
	if w.Seconds <= 0 {
		return about("worklog", "").invalid("seconds", "%d is not a time that was spent", w.Seconds)
	}
	i := before.clone()
	id := tx.next("worklog", 10000)
	w.ID = WorklogID(text(id))
	if w.Created.IsZero() {
		w.Created = tx.Now
	}
	if w.Started.IsZero() {
		w.Started = w.Created
	}
	if w.Updated.IsZero() {
		w.Updated = w.Created
	}
	w.Author = cmpOr(w.Author, tx.By)
	w.Editor = cmpOr(w.Editor, w.Author)
	i.Worklogs = append(i.Worklogs, part{id: id, mem: w})
	tx.enter(worklogPart, id, i)
	tx.spend(before, i, w.Seconds, a)
	tx.emit(Event{Kind: "worklog", Op: Created, ID: string(w.ID), Issue: i, New: w})
	return nil
}

// PutWorklog keeps a new version of a worklog; its time of update is now. The remaining estimate stays.
func (tx *Tx) PutWorklog(w *Worklog) error { return tx.PutWorklogAdjusting(w, Adjust{}) }

// PutWorklogAdjusting is [Tx.PutWorklog] with another remaining estimate.
func (tx *Tx) PutWorklogAdjusting(w *Worklog, a Adjust) error {
	on, before := tx.Worklog(w.ID)
	if on == nil {
		return about("worklog", w.ID).missing()
	}
	if w.Seconds <= 0 {
		return about("worklog", w.ID).invalid("seconds", "%d is not a time that was spent", w.Seconds)
	}
	i := on.clone()
	w.Updated, w.Editor = tx.Now, cmpOr(tx.By, w.Editor)
	replacePart(i.Worklogs, number(w.ID), w)
	tx.dropParts(on, i)
	tx.spend(on, i, w.Seconds-before.Seconds, a)
	tx.emit(Event{Kind: "worklog", Op: Updated, ID: string(w.ID), Issue: i, Old: before, New: w})
	return nil
}

// DeleteWorklog forgets a worklog and takes its time off the issue's. The remaining estimate stays.
func (tx *Tx) DeleteWorklog(id WorklogID) error { return tx.DeleteWorklogAdjusting(id, Adjust{}) }

// DeleteWorklogAdjusting is [Tx.DeleteWorklog] with another remaining estimate.
func (tx *Tx) DeleteWorklogAdjusting(id WorklogID, a Adjust) error {
	on, before := tx.Worklog(id)
	if on == nil {
		return about("worklog", id).missing()
	}
	i := on.clone()
	i.Worklogs = withoutPart(i.Worklogs, number(id))
	tx.partOf[worklogPart].Put(tx.owner, number(id), 0)
	tx.dropParts(on, i)
	tx.spend(on, i, -before.Seconds, a)
	tx.emit(Event{Kind: "worklog", Op: Deleted, ID: string(id), Issue: i, Old: before})
	return nil
}

// spend keeps an issue with more or less time spent.
func (tx *Tx) spend(before, i *Issue, seconds int64, a Adjust) {
	i.Spent = max(0, i.Spent+seconds)
	i.Remaining = a.after(i.Remaining, seconds)
	i.Updated = tx.Now
	tx.put(before, i, Updated)
}
