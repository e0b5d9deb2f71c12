package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWhatStandsOnIssuesIsJSON(t *testing.T) {
	for _, in := range []indexed{{Links: []string{}}, {Links: []string{"4Nk7tQxYzAbCdEfGh2:first"}}, {Links: []string{"R:first", "R:first:10001"}, More: true}} {
		want, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(in.json())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		got, ok := readIndexed(want)
		if diff := cmp.Diff(in, got, cmpopts.EquateEmpty()); !ok || diff != "" {
			t.Errorf("read %v (-want +got):\n%s", ok, diff)
		}
	}
}

func TestWhatOthersWroteOnIssuesIsReadAsFarAsItIsSuch(t *testing.T) {
	for text, want := range map[string]bool{
		"{ \"more\" : true,\n \"links\" : [ \"R:first\" , \"R:first:10001\" ] }": true, `{"more":false}`: true, `{}`: true, `{"links":[]}`: true,
		``: false, `null`: false, `{`: false, `}`: false, `[]`: false, `{"links":null}`: false, `{"links":["a]}`: false, `{"links":["a",]}`: false, `{"links":[1]}`: false,
		`{"links":["a\u0022"]}`: false, `{"links":["a"`: false, `{"more":1}`: false, `{"other":true}`: false, `{"links"}`: false,
	} {
		got, ok := readIndexed([]byte(text))
		if ok != want {
			t.Errorf("%q: %+v, %v", text, got, ok)
		}
		if ok && !json.Valid([]byte(text)) {
			t.Errorf("%q is no JSON", text)
		}
	}
}

func FuzzReadIndexed(f *testing.F) {
	f.Add([]byte(`{"links":["R:first"],"more":true}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := readIndexed(raw)
		if !ok {
			return
		}
		if again, ok := readIndexed(got.json()); !ok || !cmp.Equal(got, again, cmpopts.EquateEmpty()) {
			t.Errorf("%q is read as %+v, and that as %+v", raw, got, again)
		}
	})
}
