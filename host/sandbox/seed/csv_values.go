package seed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeForms are how exports write a time, Jira's own first. Without a zone it is UTC.
var timeForms = []struct {
	form  string
	clock bool
}{
	{"02/Jan/06 3:04 PM", true}, {time.RFC3339, true}, {"2006-01-02T15:04:05.000-0700", true}, {"2006-01-02 15:04:05", true}, {"2006-01-02 15:04", true},
	{"02/Jan/2006 3:04 PM", true}, {"02/Jan/06 15:04", true}, {"02.01.2006 15:04", true}, {time.DateOnly, false}, {"02/Jan/06", false}, {"2/Jan/06", false}, {"2/Jan/06 3:04 PM", true}, {"02.01.2006", false},
}

// parseTime reads a time and says whether it is more than a day. Midnight by Jira's clock is a day: so it writes date fields.
func parseTime(s string) (t time.Time, clock, ok bool) {
	for _, f := range timeForms {
		if t, err := time.Parse(f.form, s); err == nil && t.Year() > 0 && t.Year() < 10000 {
			midnight := strings.HasSuffix(s, " 12:00 AM")
			return t.UTC(), f.clock && !midnight, true
		}
	}
	return time.Time{}, false, false
}

// signed takes a comment, "time;author;text", or time that was spent, "text;time;author;seconds", apart.
func signed(cell, is string) (at, author, text string, ok bool) {
	if is == "comments" {
		parts := strings.SplitN(cell, ";", 3)
		if len(parts) < 3 {
			return "", "", cell, false
		}
		if _, _, ok := parseTime(parts[0]); !ok { // a comment that somebody wrote into a spreadsheet
			return "", "", cell, false
		}
		return parts[0], parts[1], parts[2], parts[1] != ""
	}
	parts := strings.Split(cell, ";")
	if len(parts) < 4 {
		return "", "", cell, false
	}
	n := len(parts)
	return parts[n-3], parts[n-2], strings.Join(parts[:n-3], ";"), parts[n-2] != ""
}

// issues yields the rows as issues.
func (l *learner) issues(yield func(*Issue, error) bool) {
	for r, err := range l.file.rows() {
		if err != nil {
			yield(nil, err)
			return
		}
		b := rowIssue{learner: l, row: r, out: &Issue{origin: &origin{file: l.file.name, line: r.line, column: l.file.title}}}
		b.fill()
		if err := b.problems.err(); err != nil {
			yield(nil, err)
			return
		}
		if !yield(b.out, nil) {
			return
		}
	}
}

// rowIssue makes an issue of a row.
type rowIssue struct {
	*learner
	row      row
	out      *Issue
	problems Problems
}

func (b *rowIssue) report(rel, wrong, write string) {
	b.problems = append(b.problems, b.out.origin.problem(rel, wrong, write))
}

func (b *rowIssue) one(is string) string { return b.file.one(b.row, is) }

func (b *rowIssue) fill() {
	i, f := b.out, b.file
	i.ID, i.Key, i.Project, i.Type, i.Status, i.Summary = b.one("id"), b.one("key"), b.one("project"), b.one("type"), b.one("status"), b.one("summary")
	if i.Key != "" {
		i.Project = ProjectKey(i.Key)
	}
	i.Summary = strings.Join(strings.Fields(i.Summary), " ")
	i.Description.Plain = strings.ReplaceAll(b.one("description"), "\r\n", "\n")
	i.Environment.Plain = strings.ReplaceAll(b.one("environment"), "\r\n", "\n")
	i.Estimate, i.Remaining = b.seconds("originalEstimate"), b.seconds("remainingEstimate")
	i.Priority, i.Security = b.one("priority"), b.one("security")
	if r := b.one("resolution"); !unresolved(r) {
		i.Resolution = r
	}
	i.Labels, i.Components = f.all(b.row, "labels"), f.all(b.row, "components")
	i.Versions, i.FixVersions = f.all(b.row, "versions"), f.all(b.row, "fixVersions")
	i.Reporter, i.Assignee = b.user("reporter"), b.user("assignee")
	for _, w := range firstList(f.all(b.row, "watcherIDs"), f.all(b.row, "watchers")) {
		i.Watchers = append(i.Watchers, cmp.Or(b.users[w], w))
	}
	i.Created, i.Updated, i.Resolved = b.time("created"), b.time("updated"), b.time("resolved")
	if due := b.time("due"); !due.IsZero() {
		i.Due = Date(due.Format(time.DateOnly))
	}
	b.parent()
	b.links()
	b.said()
	names, values := f.pairs(b.row, customColumn)
	for _, n := range names {
		if raw := b.value(n, values[n]); raw != nil {
			if i.Fields == nil {
				i.Fields = map[string]json.RawMessage{}
			}
			i.Fields[n] = raw
		}
	}
}

func firstList(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}

func (b *rowIssue) user(is string) string {
	ref := cmp.Or(b.one(is+"ID"), b.one(is))
	return cmp.Or(b.users[ref], ref)
}

func (b *rowIssue) time(is string) time.Time {
	cell := b.one(is)
	if cell == "" {
		return time.Time{}
	}
	t, _, ok := parseTime(cell)
	if !ok {
		b.report("."+is, fmt.Sprintf("%.40q is not a time", cell), "write it as 20/Nov/26 9:00 AM, or as 2026-11-20T09:00:00Z")
	}
	return t
}

// seconds reads an estimate.
func (b *rowIssue) seconds(is string) int {
	cell := b.one(is)
	if cell == "" {
		return 0
	}
	n, err := strconv.ParseInt(cell, 10, 32)
	if err != nil || n < 0 {
		b.report("."+is, fmt.Sprintf("%.40q is not a number of seconds", cell), "write 3600 for an hour")
	}
	return int(n)
}

// inFile says whether an issue of the file has the key.
func (b *rowIssue) inFile(key string) bool {
	project, number, ok := splitKey(key)
	if ok {
		_, ok = b.keys.level(project, number)
	}
	return ok
}

func (b *rowIssue) parent() {
	p := b.one("parent")
	if id := b.one("parentID"); p == "" && id != "" {
		p = cmp.Or(b.byID[id], id)
	}
	if b.inFile(p) {
		b.out.Parent = p
	}
}

// links takes outward links, and inward ones where the file has no outward column for them: an export writes a link at
// both ends.
func (b *rowIssue) links() {
	add := func(phrase string, keys []string) {
		for _, k := range keys {
			if b.inFile(k) && k != b.out.Key {
				b.out.Links = append(b.out.Links, Link{Phrase: phrase, To: k})
			}
		}
	}
	for _, is := range []string{outwardColumn, inwardColumn} {
		names, keys := b.file.pairs(b.row, is)
		for _, n := range names {
			for _, t := range b.site.LinkTypes {
				switch {
				case t.Name != n:
				case is == outwardColumn:
					add(t.Outward, keys[n])
				case !b.file.has(outwardColumn, n):
					add(t.Inward, keys[n])
				}
			}
		}
	}
}

// said makes comments and time that was spent. A comment without a time and an author is the reporter's.
func (b *rowIssue) said() {
	i := b.out
	for _, cell := range b.file.all(b.row, "comments") {
		at, author, text, ok := signed(cell, "comments")
		if !ok {
			at, author = "", cmp.Or(i.Reporter, b.site.Users[0].Account)
		}
		t, _, _ := parseTime(at)
		if t.IsZero() {
			t = i.Created
		}
		if text = strings.ReplaceAll(text, "\r\n", "\n"); text != "" {
			i.Comments = append(i.Comments, Comment{Author: cmp.Or(b.users[author], author), Body: Text{Plain: text}, Created: t})
		}
	}
	for _, cell := range b.file.all(b.row, "worklogs") {
		at, author, text, ok := signed(cell, "worklogs")
		t, _, good := parseTime(at)
		seconds, err := strconv.Atoi(cell[strings.LastIndexByte(cell, ';')+1:])
		if !ok || !good || err != nil || seconds < 1 {
			b.report(".worklogs", fmt.Sprintf("%.40q is not time that was spent", cell), "write text;20/Nov/26 9:00 AM;author;seconds")
			continue
		}
		i.Worklogs = append(i.Worklogs, Worklog{Author: cmp.Or(b.users[author], author), Started: t, Seconds: seconds, Comment: Text{Plain: text}})
	}
}

// value writes the cells of a field as the JSON of its kind. What does not fit, [Copy] refuses.
func (b *rowIssue) value(name string, cells []string) json.RawMessage {
	var kind Kind
	for _, f := range b.site.Fields {
		if f.Name == name || f.ID == name {
			kind = f.Kind
		}
	}
	rel := ".fields" + member(name)
	switch kind {
	case KindNumber:
		if _, err := strconv.ParseFloat(cells[0], 64); err != nil || !plainNumber.MatchString(cells[0]) {
			b.report(rel, fmt.Sprintf("%.40q is not a number", cells[0]), "write digits and at most one point")
			return nil
		}
		n, _ := strconv.ParseFloat(cells[0], 64)
		return strconv.AppendFloat(nil, n, 'f', -1, 64)
	case KindDate, KindDateTime:
		t, _, ok := parseTime(cells[0])
		if !ok {
			b.report(rel, fmt.Sprintf("%.40q is not a time", cells[0]), "write it as 20/Nov/26 9:00 AM, or as 2026-11-20")
			return nil
		}
		return quote(t.Format(map[Kind]string{KindDate: time.DateOnly, KindDateTime: time.RFC3339}[kind]))
	case KindUser:
		return quote(cmp.Or(b.users[cells[0]], cells[0]))
	case KindUsers:
		for n, c := range cells {
			cells[n] = cmp.Or(b.users[c], c)
		}
		return stringList(cells)
	case KindOptions, KindLabels, KindGroups, KindVersions:
		return stringList(cells)
	case KindCascading:
		parts := strings.SplitN(cells[0], "->", 2)
		for n := range parts {
			parts[n] = strings.TrimSpace(parts[n])
		}
		return stringList(parts)
	case KindObject:
		if !json.Valid([]byte(cells[0])) || cells[0][0] != '{' {
			b.report(rel, fmt.Sprintf("%.40q is not an object", cells[0]), "write JSON in { }")
			return nil
		}
		return json.RawMessage(cells[0])
	case KindTextarea:
		return quote(strings.ReplaceAll(strings.Join(cells, "\n"), "\r\n", "\n"))
	}
	return quote(cells[0])
}

func stringList(values []string) json.RawMessage {
	raw, _ := json.Marshal(values) // strings always encode
	return raw
}
