package company

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// maker makes the issues, one unit of the scale after the other. Links lead to issues of the same unit, or to vendors of the
// first: so it keeps little, and an issue always comes after those it links to.
type maker struct {
	now     time.Time
	staff   *staff
	yield   func(*seed.Issue, error) bool
	stopped bool           // nobody listens any more
	next    map[string]int // highest number of each project
	unit    int            // from 0
	made    int            // issues of this unit
	tag     int            // number of the last asset tag
	dice
	unitParts
	vendors []string
}

// unitParts is what the issues of a unit link to.
type unitParts struct {
	city                                                          string
	location                                                      string
	rooms, serverRooms                                            []string
	hardwareContracts, supportContracts, licences, serverLicences []string
	orders                                                        []string
	people                                                        []employee
	laptops, servers, switches, printers, others                  []device
	incidents                                                     []string
}

type employee struct {
	key, name, account, department string
}

type device struct {
	key, name, serial string
	owner             employee
}

// key writes an issue key.
func key(project string, n int) string { return project + "-" + strconv.Itoa(n) }

// emit hands an issue on and returns its key. Where there is none yet, it takes the project's next.
func (m *maker) emit(i *seed.Issue) bool {
	if m.stopped {
		return false
	}
	m.next[i.Project]++
	if i.Key == "" {
		i.Key = key(i.Project, m.next[i.Project])
	}
	m.made++
	m.stopped = !m.yield(i, nil)
	return !m.stopped
}

// put is emit for whoever only needs the key.
func (m *maker) put(i *seed.Issue) string {
	m.emit(i)
	return i.Key
}

// branch makes a unit of the scale and says whether to go on.
func (m *maker) branch() bool {
	if m.unit > 0 { // the first one has the office's issues already
		m.made = 0
	}
	m.dice = dice(0x5eed + m.unit) // #nosec G115 -- units are few
	m.unitParts = unitParts{city: cityOf(m.unit)}
	m.buildings()
	m.contracts()
	m.purchases()
	m.employees()
	m.workplaces()
	m.dataCentre()
	m.furniture()
	m.archive()
	m.seats()
	m.desk(PerScale - m.made)
	return !m.stopped
}

// fields are the values of custom fields.
type fields map[string]json.RawMessage

func (f fields) text(name, value string) fields {
	f[name] = quote(value)
	return f
}

func (f fields) number(name string, value int) fields {
	f[name] = strconv.AppendInt(nil, int64(value), 10)
	return f
}

func (f fields) list(name string, values ...string) fields {
	raw := []byte{'['}
	for i, v := range values {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, quote(v)...)
	}
	f[name] = append(raw, ']')
	return f
}

func (f fields) day(name string, t time.Time) fields { return f.text(name, t.Format(time.DateOnly)) }

// quote encodes a string as JSON. The company's words hold nothing that JSON would escape but the inch sign.
func quote(s string) json.RawMessage {
	raw := make([]byte, 0, len(s)+2)
	raw = append(raw, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			raw = append(raw, '\\')
		}
		raw = append(raw, s[i])
	}
	return append(raw, '"')
}

// ago returns a working hour between so many days ago, low at least 1.
func (m *maker) ago(low, high int) time.Time {
	at := m.now.AddDate(0, 0, -m.between(low, high)).Truncate(24 * time.Hour)
	at = at.Add(7*time.Hour + time.Duration(m.n(10*60))*time.Minute)
	if !at.Before(m.now) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}

// after returns a minute from t until the present, so many days later at most.
func (m *maker) after(t time.Time, days int) time.Time {
	room := min(m.now.Sub(t), time.Duration(days)*24*time.Hour) / time.Minute
	if room < 1 {
		return t
	}
	return t.Add(time.Duration(m.n(int(room))+1) * time.Minute)
}

func (m *maker) day(t time.Time) seed.Date { return seed.Date(t.Format(time.DateOnly)) }

// date returns a day from low to high days from now; both may be negative.
func (m *maker) date(low, high int) time.Time { return m.now.AddDate(0, 0, m.between(low, high)) }

// issue begins an issue that was made at that time.
func (m *maker) issue(project, kind, status, summary string, created time.Time) *seed.Issue {
	return &seed.Issue{Project: project, Type: kind, Status: status, Summary: summary, Reporter: m.colleague(), Created: created, Updated: created}
}

// colleague returns the account of anybody who works here.
func (m *maker) colleague() string { return pick(&m.dice, m.staff.accounts) }

func (m *maker) agent() string { return pick(&m.dice, m.staff.agents) }

// change adds an entry to the history and makes the issue that new.
func (m *maker) change(i *seed.Issue, author string, at time.Time, items ...seed.ChangedField) {
	i.History = append(i.History, seed.Change{Author: author, At: at, Items: items})
	i.Updated = at
}

// moves writes how an issue came to its status, step by step from the first.
func (m *maker) moves(i *seed.Issue, author string, days int, statuses ...string) {
	at := i.Created
	for n := 1; n < len(statuses); n++ {
		at = m.after(at, days)
		m.change(i, author, at, seed.ChangedField{Field: "status", From: statuses[n-1], To: statuses[n]})
	}
	i.Status = statuses[len(statuses)-1]
}

func (m *maker) comment(i *seed.Issue, author, body string, days int) {
	at := m.after(i.Updated, days)
	i.Comments = append(i.Comments, seed.Comment{Author: author, Body: seed.Text{Plain: body}, Created: at})
	i.Updated = at
}

func link(i *seed.Issue, phrase, to string) {
	if to != "" {
		i.Links = append(i.Links, seed.Link{Phrase: phrase, To: to})
	}
}

// some returns one of the keys, or "" where there are none.
func (m *maker) some(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return pick(&m.dice, keys)
}

func (m *maker) nextTag() string {
	m.tag++
	return fmt.Sprintf("PI-%05d", 20000+m.tag)
}
