package ui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// Stored is the page that tells an admin, and whoever answers for data protection, what is stored about their site. Its JSON
// is what they download: the same, without the page's own addresses.
type Stored struct {
	AppName string    `json:"app"`    // "" means Pergola
	Site    string    `json:"site"`   // its host name, such as acme.atlassian.net
	At      time.Time `json:"at"`     // when it was counted
	Region  string    `json:"region"` // where the data lies; "" says that the operator has not said
	// Sealed says how the fields marked as sealed are encrypted, such as "AES-256-GCM, with a key of your site's own"; ""
	// shows nothing.
	Sealed string `json:"sealed,omitempty"`
	// Grace is how long everything is kept after the app was uninstalled; 0 says that it is deleted at once.
	Grace   time.Duration  `json:"-"`
	Groups  []StoredGroup  `json:"groups"`
	Never   []string       `json:"never"` // what is never stored, a phrase each
	Plugins []StoredPlugin `json:"plugins"`

	// DownloadCall is the call, below the shell's API, that answers with the JSON as a file; "" offers no download. It is a
	// call and no link, since a link out of Jira's frame carries no token.
	DownloadCall string `json:"-"`
	// AdminURL leads back to the admin page; "" shows no way back.
	AdminURL string `json:"-"`
}

// StoredGroup is what the host, or one plugin, stores.
type StoredGroup struct {
	Title   string              `json:"title"`
	Purpose string              `json:"purpose,omitempty"` // a sentence without its full stop
	Plugin  capability.PluginID `json:"plugin,omitempty"`  // "" for the host itself
	Types   []StoredType        `json:"types"`
}

// StoredType is one type of record.
type StoredType struct {
	Name      string        `json:"name"`
	Purpose   string        `json:"purpose"` // a sentence without its full stop
	Documents int64         `json:"documents"`
	Retention string        `json:"retention"`         // goes on after "Kept", such as "90 days after the last change"
	Erasure   string        `json:"erasure,omitempty"` // what happens to it when an account that it names is closed, a sentence
	Fields    []StoredField `json:"fields"`
}

// StoredField is one field of a type of record.
type StoredField struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`    // such as jira.issue
	Meaning string `json:"meaning"` // the kind in words; "" takes those of the kind, where the page knows it
	Account bool   `json:"account"` // it holds account ids
	Sealed  bool   `json:"sealed"`  // it is encrypted, see Stored.Sealed
}

// StoredPlugin is an installed plugin, with what it may do.
type StoredPlugin struct {
	Name        string             `json:"name"`
	Version     string             `json:"version"`
	Enabled     bool               `json:"enabled"`
	Permissions []StoredPermission `json:"permissions"`
}

// StoredPermission is what a plugin asks for; the words are those of the admin page.
type StoredPermission struct {
	Title   string `json:"title"`
	Detail  string `json:"detail,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Granted bool   `json:"granted"`
}

// MarshalJSON writes the time of grace in whole hours, as a duration of ISO 8601.
func (s Stored) MarshalJSON() ([]byte, error) {
	type plain Stored
	return json.Marshal(struct {
		plain
		Grace string `json:"keptAfterUninstall"`
	}{plain(s), fmt.Sprintf("PT%dH", s.Grace/time.Hour)})
}

// Stored draws the page that says what is stored about a site.
func (r *Renderer) Stored(w io.Writer, shell Shell, s Stored) error {
	const heading = "What is stored about your site"
	shell = shell.defaults()
	shell.Kind, shell.Title = KindAdmin, heading
	shell.API = cmp.Or(shell.API, "/api/admin")
	return r.render(w, "stored-document", document{Shell: shell, Heading: heading, Body: newStored(s)})
}

// stored is the model of the template.
type stored struct {
	Stored
	Time, Moment         string // of At, for a program and for a person
	Records              string // how many in all
	RecordWord, TypeWord string
	Types, PersonTypes   int    // types of record; those of them that hold account ids
	GraceWords           string // "" where there is none
	Parts                []storedPart
	Bars                 []storedBar // of all types, the largest first
}

type storedPart struct {
	StoredGroup
	Kinds []storedKind
}

// storedKind is a type of record on the page.
type storedKind struct {
	StoredType
	ID            string
	Count         string // such as "1,204 records"
	Fields        []storedField
	Persons, Held bool // some field holds account ids; there is a record
}

type storedField struct {
	StoredField
	Words string
}

// storedBar is a row of the picture.
type storedBar struct {
	ID, Name, By, Number string
	Width                string // of the bar, a percentage; "" draws none
	Persons              bool
	documents            int64
}

func newStored(s Stored) stored {
	s.AppName = cmp.Or(s.AppName, "Pergola")
	out := stored{Stored: s, Time: s.At.UTC().Format(time.RFC3339), Moment: s.At.UTC().Format("2 January 2006, 15:04 UTC"), GraceWords: graceWords(s.Grace)}
	var total, most int64
	for i, g := range s.Groups {
		part := storedPart{StoredGroup: g}
		for j, t := range g.Types {
			k := newStoredKind(t, fmt.Sprintf("type-%d-%d", i+1, j+1))
			if k.Persons {
				out.PersonTypes++
			}
			part.Kinds = append(part.Kinds, k)
			out.Bars = append(out.Bars, storedBar{ID: k.ID, Name: t.Name, By: g.Title, Number: Grouped(t.Documents), Persons: k.Persons, documents: t.Documents})
			out.Types++
			total += t.Documents
			most = max(most, t.Documents)
		}
		out.Parts = append(out.Parts, part)
	}
	slices.SortStableFunc(out.Bars, func(a, b storedBar) int { return cmp.Compare(b.documents, a.documents) })
	for i, b := range out.Bars {
		out.Bars[i].Width = barWidth(b.documents, most)
	}
	out.Records, out.RecordWord, out.TypeWord = Grouped(total), plural(total, "record"), plural(int64(out.Types), "type")+" of record"
	return out
}

func newStoredKind(t StoredType, id string) storedKind {
	out := storedKind{StoredType: t, ID: id, Count: Grouped(t.Documents) + " " + plural(t.Documents, "record"), Held: t.Documents > 0}
	for _, f := range t.Fields {
		out.Fields = append(out.Fields, storedField{f, cmp.Or(f.Meaning, kindWords(f.Kind))})
		out.Persons = out.Persons || f.Account
	}
	return out
}

// barWidth is the length of a bar in percent of the longest. What is there at all can be seen.
func barWidth(n, most int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatFloat(max(1, 100*float64(n)/float64(most)), 'f', 1, 64) + "%"
}

func graceWords(d time.Duration) string {
	const day = 24 * time.Hour
	n, unit := int64(d/time.Hour), "hour"
	if d%day == 0 {
		n, unit = int64(d/day), "day"
	}
	if n <= 0 {
		return ""
	}
	return Grouped(n) + " " + plural(n, unit)
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// Grouped writes a number with commas between its thousands.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
