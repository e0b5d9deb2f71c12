package desk

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxText is the length of a rich text in characters, maxLine that of a line.
const (
	maxText = 32767
	maxLine = 255
)

// reader reads the values of a form. rich says that texts come as documents.
type reader struct {
	st   *world.State
	rich bool
}

// ref names a thing as REST does: by id, value, name, account or key.
type ref struct {
	ID        string          `json:"id"`
	Value     string          `json:"value"`
	Name      string          `json:"name"`
	Key       string          `json:"key"`
	AccountID world.AccountID `json:"accountId"`
	Child     *ref            `json:"child"`
}

// refOf reads a reference; a bare string is an id.
func refOf(raw json.RawMessage) (ref, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return ref{ID: text}, text != ""
	}
	var r ref
	return r, json.Unmarshal(raw, &r) == nil
}

func refsOf(raw json.RawMessage) ([]ref, bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	out := []ref{}
	for _, each := range list {
		r, ok := refOf(each)
		if !ok {
			return nil, false
		}
		out = append(out, r)
	}
	return out, true
}

// nothing says whether a value is none.
func nothing(raw json.RawMessage) bool {
	switch strings.TrimSpace(string(raw)) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	var text string
	return json.Unmarshal(raw, &text) == nil && strings.TrimSpace(text) == ""
}

// set writes a value into an issue; it returns what is wrong with it, in words for whoever fills in the form.
func (r reader) set(i *world.Issue, f Field, raw json.RawMessage) (problem string) {
	stored, problem := r.read(f, raw)
	if problem != "" || stored == nil {
		return problem
	}
	if f.Custom != nil {
		i.Custom[f.Field] = stored
		return ""
	}
	switch f.Field {
	case "summary":
		_ = json.Unmarshal(stored, &i.Summary) // what read returns is of its kind, here and below
	case "description":
		i.Description = stored
	case "environment":
		i.Environment = stored
	case "priority":
		_ = json.Unmarshal(stored, &i.Priority)
	case "duedate":
		_ = json.Unmarshal(stored, &i.Due)
	case "labels":
		_ = json.Unmarshal(stored, &i.Labels)
	case "components":
		_ = json.Unmarshal(stored, &i.Components)
	case "versions":
		_ = json.Unmarshal(stored, &i.Affects)
	case "fixVersions":
		_ = json.Unmarshal(stored, &i.Fixes)
	case "assignee":
		_ = json.Unmarshal(stored, &i.Assignee)
	}
	return ""
}

// read turns what REST takes for a field into what an issue keeps; nil for nothing.
func (r reader) read(f Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	if nothing(raw) {
		return nil, ""
	}
	switch f.Kind {
	case world.Text, world.URL, world.Date, world.DateTime:
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, "Write a text here."
		}
		if text, problem = line(f.Kind, strings.TrimSpace(text)); problem != "" {
			return nil, problem
		}
		return encoded(text), ""
	case world.TextArea:
		return r.document(raw)
	case world.Number:
		if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
			return nil, "Write a number here, such as 12.5."
		}
		return raw, ""
	case world.Labels:
		var list []string
		if json.Unmarshal(raw, &list) != nil || slices.ContainsFunc(list, func(l string) bool { return l == "" || strings.ContainsAny(l, " \t\r\n") }) {
			return nil, "A label can't contain spaces."
		}
		return encoded(list), ""
	case world.Object:
		return raw, ""
	}
	return r.named(f, raw)
}

// line checks a text of one line.
func line(kind world.Kind, text string) (kept, problem string) {
	if strings.ContainsAny(text, "\r\n") || utf8.RuneCountInString(text) > maxLine {
		return "", "Write at most 255 characters, in one line."
	}
	switch kind {
	case world.URL:
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", "Write an address here, such as https://example.com/page."
		}
	case world.Date:
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return "", "Write a date here, such as 2027-01-31."
		}
	case world.DateTime:
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05-0700"} {
			if t, err := time.Parse(form, text); err == nil {
				return t.UTC().Format(time.RFC3339), ""
			}
		}
		return "", "Write date and time here, such as 2027-01-31T09:00:00Z."
	}
	return text, ""
}

func (r reader) document(raw json.RawMessage) (stored json.RawMessage, problem string) {
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil && !r.rich:
		raw = adf.Document(text)
	default:
		var doc adf.Node
		if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" {
			return nil, "Write a text here, or a document where isAdfRequest is true."
		}
	}
	if utf8.RuneCountInString(world.DocumentText(raw)) > maxText {
		return nil, "The text is longer than 32,767 characters."
	}
	return raw, ""
}

// named reads references to things of the site.
func (r reader) named(f Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	single := f.Kind == world.Option || f.Kind == world.Radio || f.Kind == world.Person || f.Kind == world.GroupOf || f.Kind == world.ProjectOf ||
		f.Kind == world.Cascading
	var refs []ref
	ok := false
	if single {
		var one ref
		one, ok = refOf(raw)
		refs = []ref{one}
	} else {
		refs, ok = refsOf(raw)
	}
	if !ok {
		return nil, "Choose a value."
	}
	ids := []string{}
	for _, each := range refs {
		id, problem := r.id(f, each)
		if problem != "" {
			return nil, problem
		}
		ids = append(ids, id)
	}
	switch {
	case f.Kind == world.Cascading:
		if child := refs[0].Child; child != nil && (child.ID != "" || child.Value != "") {
			id, ok := choose(below(f.Choices, ids[0]), *child)
			if !ok {
				return nil, "Choose a second value that belongs to the first."
			}
			ids = append(ids, id)
		}
		return encoded(ids), ""
	case single:
		return encoded(ids[0]), ""
	}
	return encoded(ids), ""
}

func below(list []Choice, value string) []Choice {
	for _, c := range list {
		if c.Value == value {
			return c.Children
		}
	}
	return nil
}

// choose finds the choice that a reference means.
func choose(list []Choice, r ref) (id string, ok bool) {
	for _, c := range list {
		label := r.Value + r.Name
		if c.Value == r.ID || r.ID == "" && label != "" && strings.EqualFold(c.Label, label) {
			return c.Value, true
		}
	}
	return "", false
}

func (r reader) id(f Field, to ref) (id, problem string) {
	switch f.Kind {
	case world.Person, world.People:
		account := to.AccountID
		if account == "" {
			account = world.AccountID(to.ID)
		}
		if u := r.st.User(account); u == nil || u.Closed {
			return "", "Choose somebody who has an account here."
		}
		return string(account), ""
	case world.GroupOf, world.GroupsOf:
		name := to.Name
		if name == "" {
			name = to.ID
		}
		if r.st.Groups.Get(world.GroupName(name)) == nil {
			return "", "Choose a group that exists."
		}
		return name, ""
	}
	id, ok := choose(f.Choices, to)
	if !ok {
		if f.Kind == world.ProjectOf {
			if p := r.st.FindProject(to.Key); p != nil && f.offers(string(p.ID), "") {
				return string(p.ID), ""
			}
		}
		return "", "Choose one of the values that are offered."
	}
	return id, ""
}

// encoded is a value of strings as JSON, which always works.
func encoded(v any) json.RawMessage {
	raw, _ := json.Marshal(v)
	return raw
}
