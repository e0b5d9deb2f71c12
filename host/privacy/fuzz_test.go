package privacy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// A leaf is a value of a body with the names that lead to it; "[]" stands for a place in a list.
type leaf struct {
	path  []string
	value any // a string, a json.Number, a bool, nil, or a json.Delim for an object or a list that is empty
}

// leaves reads a body token by token, so that a name that comes twice shows both of its values.
func leaves(t *testing.T, body []byte) []leaf {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out []leaf
	var read func(path []string)
	read = func(path []string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("what passed is no JSON: %v", err)
		}
		open, ok := token.(json.Delim)
		if !ok || !dec.More() {
			out = append(out, leaf{path, token})
			if ok {
				_, _ = dec.Token()
			}
			return
		}
		for dec.More() {
			name := any("[]")
			if open == '{' {
				name, _ = dec.Token()
			}
			read(append(slices.Clone(path), name.(string)))
		}
		_, _ = dec.Token()
	}
	read(nil)
	return out
}

func made(s string, least, most int, of string) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, of) == ""
}

const (
	digits = "0123456789"
	small  = "abcdefghijklmnopqrstuvwxyz"
	both   = small + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// fits says by hand, and apart from the gate's own forms, what a text of a kind can be.
var fits = map[privacy.Kind]func(string) bool{
	privacy.Tenant:     func(s string) bool { return len(s) == 26 && made(s, 1, 26, small+"234567") || s == "_platform" },
	privacy.ClientKey:  func(s string) bool { return made(s, 1, 256, both+digits+"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") },
	privacy.Collection: func(s string) bool { return made(s, 1, 200, small+digits+"._") },
	privacy.Permission: func(s string) bool { return made(s, 1, 1<<20, small+":-") || made(s, 1, 1<<20, small+digits+":./") },
	privacy.Account:    func(s string) bool { return made(s, 1, 128, both+digits+":_-") },
	privacy.Status:     func(s string) bool { return made(s, 1, 32, small+"_") },
	manifest.KindIssue: func(s string) bool { return made(s, 1, 19, digits) },
	privacy.Switch:     func(s string) bool { return s == "true" || s == "false" },
	privacy.Token:      func(s string) bool { return made(s, 18, 18, both+digits) },
	privacy.Sealed: func(s string) bool {
		part := strings.Split(s, ".")
		return len(part) == 3 && made(strings.TrimPrefix(part[0], "v"), 1, 1<<20, digits) && made(part[1], 1, 64, both+digits+"_-") && made(part[2], 1, 1<<20, both+digits+"_-")
	},
	privacy.Address: func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && slices.Contains([]string{"http", "https"}, strings.ToLower(u.Scheme)) && u.Host != "" && !strings.Contains(s, " ") &&
			!strings.Contains(strings.TrimSuffix(s, "?"), "?") && !strings.Contains(strings.TrimSuffix(s, "#"), "#") && u.User == nil
	},
	privacy.Time: func(s string) bool {
		_, err := time.Parse(time.RFC3339Nano, s)
		return err == nil && made(s, 20, 35, digits+"-:.TZ+")
	},
	privacy.Count: func(s string) bool {
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && fmt.Sprint(n) == s
	},
}

// find returns the field that a leaf stands in, nil for none.
func find(typ privacy.Type, l leaf) *privacy.Field {
	for i, f := range typ.Fields {
		if slices.Equal(l.path, strings.Split(strings.ReplaceAll(f.Path, "[]", ".[]"), ".")) {
			return &typ.Fields[i]
		}
	}
	return nil
}

// free says whether a leaf stands inside of an admin's configuration, which may be anything.
func free(typ privacy.Type, l leaf) bool {
	return len(l.path) > 0 && slices.ContainsFunc(typ.Fields, func(f privacy.Field) bool { return f.Kind == privacy.Configuration && f.Path == l.path[0] })
}

// leads says whether a leaf that holds nothing stands on the way to a field.
func leads(typ privacy.Type, l leaf) bool {
	return slices.ContainsFunc(typ.Fields, func(f privacy.Field) bool {
		way := strings.Split(strings.ReplaceAll(f.Path, "[]", ".[]"), ".")
		return len(l.path) <= len(way) && slices.Equal(l.path, way[:len(l.path)])
	})
}

func isAccount(typ privacy.Type, l leaf) bool {
	f := find(typ, l)
	return f != nil && f.Kind == privacy.Account
}

// judge compares what passed the gate with its declaration.
func judge(t *testing.T, typ privacy.Type, d store.Doc) {
	t.Helper()
	if !json.Valid(d.Body) {
		t.Error("something follows the document")
	}
	indexed := map[string]bool{}
	rest := d.Key.ID // less the values of which it is made
	if len(typ.IDFields) > 0 {
		rest += "."
	}
	for _, path := range typ.IDFields {
		for _, l := range leaves(t, d.Body) {
			if value, text := l.value.(string); text && strings.Join(l.path, ".") == path && !strings.Contains(value, ".") {
				rest, _ = strings.CutPrefix(rest, value+".")
			}
		}
	}
	if len(typ.IDFields) > 0 && rest != "" {
		t.Errorf("the id holds %q, which is in none of its fields", rest)
	}
	for _, l := range leaves(t, d.Body) {
		if free(typ, l) {
			continue
		}
		text := fmt.Sprint(l.value)
		f := find(typ, l)
		switch v := l.value.(type) {
		case nil, json.Delim:
			if !leads(typ, l) {
				t.Errorf("the name at %q says what it likes", l.path)
			}
			continue
		case json.Number:
			if f != nil && f.Kind != privacy.Count {
				t.Errorf("a number in %q", l.path)
			}
		case bool:
			if f != nil && f.Kind != privacy.Switch {
				t.Errorf("a truth in %q", l.path)
			}
		case string:
			if f != nil && v == "" {
				continue
			}
		}
		switch {
		case f == nil:
			t.Errorf("an undeclared value at %q", l.path)
			continue
		case !fits[f.Kind](text):
			t.Errorf("%q of %s at %q", text, f.Kind, l.path)
		case f.Values != nil && !slices.Contains(f.Values, text):
			t.Errorf("%q, which is not among the words of %q", text, l.path)
		}
		if f.Index != "" && d.Index[f.Index] == text {
			indexed[f.Index] = true
		}
	}
	for name := range d.Index {
		if !indexed[name] {
			t.Errorf("an index %q of what is not in the document", name)
		}
	}
}

// seeds are bodies for each rule, the last ones for those that hide something.
var seeds = []string{
	`{"key":"k-1","secret":"v1.k.AAAA","url":"https://a.example/jira","state":"active","changed":"2026-01-31T12:00:00.5+01:00","times":-3,"on":true,"granted":["jira:read"],"removed":[{"collection":"rec.a.b"}],"settings":{"any":["thing"]}}`,
	`{"fields":{"owner":"ann","state":"new","issue":"10000","token":"123456789ABCDEFGHJ"},"written":"2026-01-31T12:00:00Z"}`,
	`{"fields":{"relation":"123456789ABCDEFGHJ","outward":"10001","inward":"10002","by":"ann"},"written":"2026-01-31T12:00:00Z"}`,
	`{"fields":{"relation":"123456789ABCDEFGHJ","outward":"10001","inward":"10003"}}`, `{"fields":{"relation":"123456789ABCDEFGHJ.10001.10002"}}`,
	`{"by":"ann","team":["bob","ann","ann"],"seats":[{"holder":"ann"},{"holder":"bob"},{"holder":"ann"},{}],"at":{"last":"2026-01-31T12:00:00Z"},"n":9007199254740993}`,
	`{"by":null,"team":[],"seats":null,"at":{}}`,
	`{"times":7.5}`, `{"times":"7"}`, `{"times":1e3}`, `{"on":"yes"}`, `{"key":7}`, `{"key":true}`, `{"key":["k"]}`, `{"key":{"k":"v"}}`, `[]`, `"ann"`, `null`,
	`{"url":"https://u:p@a.example"}`, `{"url":"https://a.example/?q=x"}`, `{"changed":"2026-01-31T12:00:00.1234567890Z"}`, `{"state":"ill"}`,
	`{"key":"Mia's laptop","key":"k"}`,
	`{"by":"ann","by":"bob"}`,
	`{"Mia's laptop is broken":null}`, `{"Mia's laptop is broken":{}}`, `{"granted":["jira:read",{"Mia's laptop":[]}]}`,
	`{"at.last":"2026-01-31T12:00:00Z"}`, `{"team[]":"ann"}`, `{"seats[].holder":"ann"}`, `{"fields.owner":"ann"}`,
	`{"by":"ann"} {"summary":"Mia's laptop is broken"}`,
}

func FuzzCheck(f *testing.F) {
	for _, body := range seeds {
		f.Add([]byte(body), "", "")
	}
	f.Add([]byte(`{"key":"k-1"}`), "key", "k-1")
	f.Add([]byte(`{"by":"ann"}`), "by", "ann")
	f.Add([]byte(`{"by":"ann"}`), "by", "Mia's laptop")
	all, err := privacy.NewTypes(installed{links(), labels(map[string]manifest.Field{
		"owner": {Kind: manifest.KindAccount, Indexed: true}, "state": {Kind: manifest.KindStatus, Values: []string{"new", "printed"}},
		"issue": {Kind: manifest.KindIssue}, "token": {Kind: manifest.KindToken},
	})}, site, people)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, index, value string) {
		for _, key := range []store.Key{
			{Tenant: store.Platform, Collection: "site", ID: tenantID}, {Tenant: tenantID, Collection: "people", ID: "a"},
			{Tenant: tenantID, Collection: "rec.acme.labels.label", ID: "10001"},
			{Tenant: tenantID, Collection: "rec.acme.links.link", ID: "123456789ABCDEFGHJ.10001.10002"},
		} {
			d := store.Doc{Key: key, Rev: 7, Body: body}
			if index != "" {
				d.Index = map[string]string{index: value}
			}
			if all.Check(d) != nil {
				continue
			}
			typ, _ := all.Of(key.Collection)
			judge(t, typ, d)
			for _, account := range []string{"ann", value} {
				if account != "" {
					without(t, all, typ, d, account)
				}
			}
		}
	})
}

// without compares what is left of a document with what was there: less the account in account fields, and nothing else.
func without(t *testing.T, all *privacy.Types, typ privacy.Type, d store.Doc, account string) {
	t.Helper()
	op, named, err := typ.Without(d, account)
	if err != nil {
		t.Fatalf("what passed cannot be edited: %v", err)
	}
	there := slices.ContainsFunc(leaves(t, d.Body), func(l leaf) bool { return isAccount(typ, l) && l.value == account })
	if named != there {
		t.Fatalf("the document names the account: %v; it is in %s", named, d.Body)
	}
	if !named {
		return
	}
	if op.Delete || op.IfRev != d.Rev || op.Doc.Key != d.Key {
		t.Fatalf("the write is %+v", op)
	}
	// What is empty once the account went out of it is a matter of taste.
	values := func(body []byte, but func(leaf) bool) (out []string) {
		for _, l := range leaves(t, body) {
			if _, empty := l.value.(json.Delim); !empty && !but(l) {
				out = append(out, fmt.Sprintf("%q = %#v", l.path, l.value))
			}
		}
		slices.Sort(out)
		return out
	}
	want := values(d.Body, func(l leaf) bool { return isAccount(typ, l) && l.value == account })
	if diff := cmp.Diff(want, values(op.Doc.Body, func(leaf) bool { return false })); diff != "" {
		t.Errorf("without %q (-want +got):\n%s", account, diff)
	}
	if err := all.Check(op.Doc); err != nil {
		t.Errorf("what is left cannot be written: %v", err)
	}
	for name, value := range d.Index {
		i := slices.IndexFunc(typ.Fields, func(f privacy.Field) bool { return f.Index == name })
		gone := typ.Fields[i].Kind == privacy.Account && value == account
		if _, kept := op.Doc.Index[name]; kept == gone {
			t.Errorf("the index entry %q stays: %v", name, kept)
		}
	}
}
