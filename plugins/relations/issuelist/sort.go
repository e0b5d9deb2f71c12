package issuelist

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/jira"
)

// Order is a field by which issues are sorted.
type Order struct {
	Field      string
	Descending bool
}

// parseOrder reads what [Order.String] writes.
func parseOrder(s string) (Order, bool) {
	field, descending := strings.CutPrefix(s, "-")
	return Order{field, descending}, field != ""
}

// String is the order as a param: the field, with a minus before it where it is descending.
func (o Order) String() string {
	if o.Descending {
		return "-" + o.Field
	}
	return o.Field
}

// sorted returns the issues in an order, those that are alike by key. An issue without a value comes last, whichever way the order goes.
func sorted(issues []jira.Issue, by []Order) []jira.Issue {
	out := slices.Clone(issues)
	slices.SortStableFunc(out, func(a, b jira.Issue) int {
		for _, o := range by {
			if c := o.compare(&a, &b); c != 0 {
				return c
			}
		}
		return compareKeys(a.Key, b.Key)
	})
	return out
}

func (o Order) compare(a, b *jira.Issue) int {
	c := 0
	if o.Field == key {
		c = compareKeys(a.Key, b.Key)
	} else {
		va, vb := a.Fields[o.Field], b.Fields[o.Field]
		switch {
		case va.Text == "" && vb.Text == "":
			return 0
		case va.Text == "":
			return 1
		case vb.Text == "":
			return -1
		}
		c = compareValues(va, vb)
	}
	if o.Descending {
		return -c
	}
	return c
}

// compareValues orders numbers by value, dates and moments by time, statuses by how far they are, and the rest by their text. Where a
// field holds several of these, numbers stand before moments, and those before all else.
func compareValues(a, b jira.Value) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a.Kind {
	case jira.NumberValue:
		return compareNumbers(a.Text, b.Text)
	case jira.DateValue, jira.MomentValue:
		return cmp.Compare(a.At, b.At)
	case jira.StatusValue:
		if c := cmp.Compare(progress[a.Category], progress[b.Category]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(strings.ToLower(a.Text), strings.ToLower(b.Text)); c != 0 {
		return c
	}
	return cmp.Compare(a.Text, b.Text)
}

func rank(v jira.Value) int {
	switch v.Kind {
	case jira.NumberValue:
		return 0
	case jira.DateValue, jira.MomentValue:
		return 1
	case jira.StatusValue:
		return 2
	default:
		return 3
	}
}

// progress orders the categories of statuses; one that is not known comes last.
var progress = map[string]int{jira.StatusToDo: -3, jira.StatusInProgress: -2, jira.StatusDone: -1}

func compareNumbers(a, b string) int {
	x, _ := strconv.ParseFloat(a, 64) // what is out of range is infinite
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y)
}

// compareKeys orders by project and number: OPS-9 stands before OPS-10.
func compareKeys(a, b string) int {
	projectA, numberA := cutKey(a)
	projectB, numberB := cutKey(b)
	if c := cmp.Compare(projectA, projectB); c != 0 {
		return c
	}
	if c := cmp.Compare(len(numberA), len(numberB)); c != 0 {
		return c
	}
	return cmp.Compare(numberA, numberB)
}

func cutKey(k string) (project, number string) {
	at := strings.LastIndexByte(k, '-')
	if at < 0 {
		return k, ""
	}
	return k[:at], k[at+1:]
}
