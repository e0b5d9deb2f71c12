// Package identity is what ties a row of an outside source to its Jira issue. All of it lies in the issue, as the entity property
// [Property]: nothing of a row is kept with us.
//
// The property is indexed ([Indexed]), so that JQL finds the issue of a row by the row's [Digest]. Digests and the hashes of fields
// are made with a secret of the tenant: who reads one cannot find out by trying what it was made of, and two tenants' never
// compare. The secret stays as long as the tenant does; with another one no row would find its issue any more.
package identity

import (
	"encoding/json"
	"strings"
)

// Property is the key of the entity property.
const Property = "pergola.sync"

// The paths inside the property that Jira indexes as strings.
const (
	PathSync  = "sync"
	PathRow   = "row"
	PathState = "state"
)

// Indexed are the paths that the app's descriptor declares.
func Indexed() []string { return []string{PathSync, PathRow, PathState} }

// The states of a link.
const (
	Live    = "live"
	Missing = "missing" // the row was gone, and what the policy says was done
)

// Link is the value of the property.
type Link struct {
	Version int    `json:"v"`
	Sync    string `json:"sync"` // id of the synchronization
	Row     Digest `json:"row"`
	State   string `json:"state"`
	// Key is the row's canonical key, for people and for a change of the tenant's secret; "" where it is very long.
	Key string `json:"key,omitempty"`
	// Marker is the text of the marker column of the row that was written as a whole last. It is the last thing to be written.
	Marker string `json:"marker,omitempty"`
	// Fields are the hashes of what was last written, by field id.
	Fields map[string]string `json:"fields,omitempty"`
	// Run is the id of the run that wrote last. An event of Jira about an issue whose property names a run that goes on, is
	// our own doing.
	Run string `json:"run,omitempty"`
}

// maxKey bounds the key in the property, of which Jira keeps 32,768 characters.
const maxKey = 2048

// Digest names a row: 26 letters and digits.
type Digest string

// New is the link of a row that has no issue yet.
func New(sync string, row Digest, key, run string) Link {
	l := Link{Version: 1, Sync: sync, Row: row, State: Live, Run: run, Fields: map[string]string{}}
	if len(key) <= maxKey {
		l.Key = key
	}
	return l
}

// Parse reads a property. It is false for what is none of ours.
func Parse(raw json.RawMessage) (Link, bool) {
	var l Link
	if len(raw) == 0 || json.Unmarshal(raw, &l) != nil || l.Version != 1 || l.Sync == "" || l.Row == "" {
		return Link{}, false
	}
	if l.Fields == nil {
		l.Fields = map[string]string{}
	}
	return l, true
}

// ByRow is the query for the issues of rows.
func ByRow(rows []Digest) string {
	var b strings.Builder
	b.WriteString(path(PathRow) + " in (")
	for i, r := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(string(r)))
	}
	b.WriteByte(')')
	return b.String()
}

// BySync is the query for all issues of a synchronization; state "" means any.
func BySync(sync, state string) string {
	q := path(PathSync) + " = " + quote(sync)
	if state != "" {
		q += " AND " + path(PathState) + " = " + quote(state)
	}
	return q
}

func path(p string) string { return "issue.property[" + Property + "]." + p }

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(s string) string { return `"` + escapes.Replace(s) + `"` }
