package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"
)

// person is somebody who has logged in to the site of a running `pergola dev`, without a browser.
type person struct {
	*dev
	client *http.Client
}

// newOperator is mia, who administers the site.
func newOperator(t *testing.T, d *dev) *person { return newPerson(t, d, "mia") }

func newPerson(t *testing.T, d *dev, login string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &person{d, &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	o.send(http.MethodGet, d.Sandbox+"/login?as="+login, "", nil)
	return o
}

// send makes a call that has to succeed.
func (o *person) send(method, address, authorization string, in any) []byte {
	o.t.Helper()
	status, text := o.try(method, address, authorization, in)
	if status/100 != 2 {
		o.t.Fatalf("%s %s: %d: %.600s", method, address, status, text)
	}
	return text
}

func (o *person) try(method, address, authorization string, in any) (status int, text []byte) {
	o.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		o.t.Fatal(err)
	}
	q, err := http.NewRequest(method, address, bytes.NewReader(raw))
	if err != nil {
		o.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}
	answer, err := o.client.Do(q)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if text, err = io.ReadAll(answer.Body); err != nil {
		o.t.Fatal(err)
	}
	return answer.StatusCode, text
}

// host makes a call of a page of the app, beside an issue or none, that has to succeed.
func (o *person) host(issue, target string, in any) string {
	o.t.Helper()
	status, text := o.ask(issue, target, in)
	if status/100 != 2 {
		o.t.Fatalf("%s: %d: %.600s", target, status, text)
	}
	return text
}

func (o *person) ask(issue, target string, in any) (status int, text string) {
	o.t.Helper()
	var a struct{ Token string }
	if err := json.Unmarshal(o.send(http.MethodPost, o.Sandbox+"/sandbox/context-token", "", frameOf{App: "pergola", Issue: issue}), &a); err != nil {
		o.t.Fatal(err)
	}
	status, raw := o.try(http.MethodPost, o.Host+target, "JWT "+a.Token, in)
	return status, string(raw)
}

// grant gives a permission in all projects of a scheme to a holder, such as a group.
func (o *person) grant(scheme, permission string, holder map[string]string) {
	o.t.Helper()
	o.send(http.MethodPost, o.Sandbox+"/rest/api/3/permissionscheme/"+scheme+"/permission", "", map[string]any{"permission": permission, "holder": holder})
}

func (o *person) write(plugin, typ string, form map[string][]string) {
	o.t.Helper()
	o.host("", "/api/admin/plugins/"+plugin+"/configs/"+typ+"/save", map[string]any{"form": form})
}

// relate makes a relation of which the first end shows, and returns its id. issue is one in which no other relation shows.
func (o *person) relate(name, outward, issue string) string {
	o.t.Helper()
	return o.relateAs(issue, map[string][]string{"name": {name}, "outward": {outward}, "storage": {"app"}})
}

// relateNatively makes a relation that is kept as links of Jira's own of a type.
func (o *person) relateNatively(name, outward, issue, typ string) string {
	o.t.Helper()
	return o.relateAs(issue, map[string][]string{"name": {name}, "outward": {outward}, "storage": {"jira"}, "linkType": {typ}})
}

func (o *person) relateAs(issue string, form map[string][]string) string {
	o.t.Helper()
	form["inward"], form["color"], form["first.show"] = []string{"the other way"}, []string{"blue"}, []string{"true"}
	o.write(linkPlugin, "relation", form)
	var params struct{ Add string }
	if err := json.Unmarshal([]byte(attribute(o.host(issue, linkPanel+"view/panel", struct{}{}), "data-params")), &params); err != nil {
		o.t.Fatal("the panel offers no link: ", err)
	}
	id, _, there := strings.Cut(params.Add, "-first")
	if !there {
		o.t.Fatalf("%q is no side", params.Add)
	}
	return id
}

// link joins an issue at the first end of a relation to others, as many at once as a user may pick.
func (o *person) link(relation, issue string, others ...string) {
	o.t.Helper()
	for some := range slices.Chunk(others, 20) {
		page := o.host(issue, linkPanel+"action/add", map[string]any{"state": []byte(relation + "-first"), "form": map[string][]string{"issues": some}})
		done := " is linked</"
		if len(some) > 1 {
			done = fmt.Sprintf("%d issues are linked", len(some))
		}
		if !strings.Contains(page, done) {
			o.t.Fatalf("%s was not linked to %v:\n%s", issue, some, page)
		}
	}
}

// id of an issue, by its key.
func (o *person) id(key string) string {
	o.t.Helper()
	var i struct{ ID string }
	if err := json.Unmarshal(o.send(http.MethodGet, o.Sandbox+"/rest/api/3/issue/"+key+"?fields=summary", "", nil), &i); err != nil {
		o.t.Fatal(err)
	}
	return i.ID
}

// find returns the key of the first issue that a query finds.
func (o *person) find(jql string) string {
	o.t.Helper()
	var found struct{ Issues []struct{ Key string } }
	text := o.send(http.MethodPost, o.Sandbox+"/rest/api/3/search/jql", "", map[string]any{"jql": jql, "fields": []string{"key"}, "maxResults": 1})
	if err := json.Unmarshal(text, &found); err != nil || len(found.Issues) == 0 {
		o.t.Fatalf("%s finds %s: %v", jql, text, err)
	}
	return found.Issues[0].Key
}
