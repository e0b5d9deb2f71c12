package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// askedMetric is how often the site has asked.
const askedMetric = `pergola_http_request_seconds_count{method="POST",route="/connect/jql/:plugin/:function",status="200"}`

// search runs JQL as somebody who is logged in at the site: the keys of what is found, or what Jira says instead.
func (r *related) search(who *http.Client, jql string) (keys []string, refused string) {
	r.t.Helper()
	raw, err := json.Marshal(map[string]any{"jql": jql + " ORDER BY key", "fields": []string{"summary"}, "maxResults": 100})
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := who.Post(r.site+"/rest/api/3/search/jql", "application/json", bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	var got struct {
		Issues        []struct{ Key string }
		ErrorMessages []string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		r.t.Fatalf("%s: %v: %.600s", jql, err, text)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, strings.Join(got.ErrorMessages, " ")
	}
	keys = []string{}
	for _, i := range got.Issues {
		keys = append(keys, i.Key)
	}
	return keys, ""
}

// until asks again until the answer is right, for as long as a job may take.
func (r *related) until(what string, is func() string) {
	r.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(time.Minute); ; {
		wrong := is()
		if wrong == "" {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			r.t.Fatalf("in vain: %s: %s", what, wrong)
		}
	}
}

// visitor logs somebody else in at the site.
func (r *related) visitor(login string) *http.Client {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	answer, err := c.Get(r.site + "/login?as=" + login)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return c
}

// saveRelation has an admin write the relation anew.
func (r *related) saveRelation(id string, rev int64, name, searchable string) {
	r.t.Helper()
	form := map[string][]string{
		"name": {name}, "outward": {"uses"}, "inward": {"is used by"}, "color": {"blue"}, "storage": {"app"}, "first.show": {"true"}, "second.show": {"false"},
	}
	if searchable != "" {
		form["searchable"] = []string{searchable}
	}
	r.call("", "/api/admin/plugins/"+linkPlugin+"/configs/relation/"+id+"/save", map[string]any{"params": map[string]string{"rev": strconv.FormatInt(rev, 10)}, "form": form})
}

// TestUsersSearchByRelationInJQL has users write each function in Jira's own search, through everything: the site asks the host under a token, the
// host the plugin in its module, and what is found follows links at once and relations within seconds.
func TestUsersSearchByRelationInJQL(t *testing.T) {
	t.Parallel()
	r := newRelated(t, 6)
	ada := r.visitor("ada")
	keys := make([]string, len(r.issues))
	for i, id := range r.issues {
		var got struct{ Key string }
		r.ask(http.MethodGet, "/rest/api/3/issue/"+id+"?fields=summary", nil, &got)
		keys[i] = got.Key
	}
	among := " AND key in (" + strings.Join(keys, ",") + ")"
	finds := func(jql string, want ...string) {
		t.Helper()
		slices.Sort(want)
		got, refused := r.search(r.admin, jql+among)
		slices.Sort(got)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); refused != "" || diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", jql, refused, diff)
		}
	}
	refuses := func(jql, want string) {
		t.Helper()
		if got, refused := r.search(r.admin, jql+among); !strings.Contains(refused, want) || refused == "" {
			t.Errorf("%s finds %v and says %q, want %q", jql, got, refused, want)
		}
	}

	refuses(`issue in assetsWithLinks("Laptop of an employee")`, "There is no relation “Laptop of an employee”")
	side := r.relate(r.issues[0])
	relation, _, _ := strings.Cut(side, "-first")
	refuses(`issue in assetsWithLinks("laptop of an employee")`, "Searchable with JQL")
	r.saveRelation(relation, 1, "Laptop of an employee", "true")

	// Each function, and each end.
	r.link(side, r.issues[0], []string{r.issues[1], r.issues[2]})
	r.until("the index follows", func() string {
		got, refused := r.search(r.admin, `issue in assetsWithLinks("Laptop of an employee")`)
		if len(got) == 3 {
			return ""
		}
		return fmt.Sprint(got, refused)
	})
	finds(`issue in linkedAssets("LAPTOP of an employee", "`+keys[0]+`")`, keys[1], keys[2])
	finds(`issue in linkedAssets("Laptop of an employee", "`+keys[0]+`", "uses")`, keys[1], keys[2])
	finds(`issue in linkedAssets("Laptop of an employee", "` + keys[0] + `", "is used by")`)
	finds(`issue in linkedAssets("Laptop of an employee", "`+keys[1]+`,`+keys[2]+`")`, keys[0])
	finds(`issue not in linkedAssets("Laptop of an employee", "`+keys[0]+`")`, keys[0], keys[3], keys[4], keys[5])
	finds(`NOT issue in linkedAssets("Laptop of an employee", "`+keys[0]+`")`, keys[0], keys[3], keys[4], keys[5])
	finds(`NOT issue not in linkedAssets("Laptop of an employee", "`+keys[0]+`")`, keys[1], keys[2])
	finds(`issue in assetsWithLinks("Laptop of an employee", "uses")`, keys[0])
	finds(`issue in assetsWithLinks("Laptop of an employee", "second")`, keys[1], keys[2])
	finds(`issue not in assetsWithLinks("Laptop of an employee")`, keys[3], keys[4], keys[5])
	finds(`issue in assetsWithoutLinks("Laptop of an employee", "first")`, keys[1], keys[2], keys[3], keys[4], keys[5])
	finds(`issue in assetsWithoutLinks("Laptop of an employee")`, keys[3], keys[4], keys[5])
	finds(`NOT issue in assetsWithoutLinks("Laptop of an employee")`, keys[0], keys[1], keys[2])

	// An answer that Jira keeps follows what is linked, and the host is not asked for it again.
	asked := r.metric(askedMetric)
	r.link(side, r.issues[0], []string{r.issues[3], r.issues[4]})
	r.until("what is linked is found", func() string {
		got, refused := r.search(r.admin, `issue in linkedAssets("LAPTOP of an employee", "`+keys[0]+`")`)
		if slices.Contains(got, keys[3]) && slices.Contains(got, keys[4]) {
			return ""
		}
		return fmt.Sprint(got, refused)
	})
	finds(`issue in assetsWithoutLinks("Laptop of an employee")`, keys[5])
	if now := r.metric(askedMetric); now != asked || now == "" {
		t.Errorf("the host was asked %s times, and %s before", now, asked)
	}

	// Whoever may not see the issue that is named learns nothing by it.
	told := func(key string) string {
		got, refused := r.search(ada, `issue in linkedAssets("Laptop of an employee", "`+key+`")`)
		if refused == "" {
			t.Errorf("%s: ada finds %v", key, got)
		}
		return strings.ReplaceAll(refused, key, "KEY")
	}
	finds(`issue in linkedAssets("Laptop of an employee", "HR-1")`) // mia may see it
	if seen, _ := r.search(ada, "project = OPS AND key = HR-1"); len(seen) > 0 {
		t.Fatal("ada sees the issue, and this test shows nothing")
	}
	if one, none := told("HR-1"), told("HR-99999"); one != none || !strings.Contains(one, "does not exist for") {
		t.Errorf("of a hidden issue: %s\nof none: %s", one, none)
	}

	// No argument widens the query.
	for _, h := range []string{`\") OR key is not EMPTY OR key in (\"`, `x' OR '1' = '1`, `` + keys[0] + `\") OR (key = ` + keys[5] + ``, `\\`, `) OR (`, `EMPTY`, `*`} {
		for _, f := range []string{`linkedAssets("Laptop of an employee", "%s")`, `linkedAssets("%s", "` + keys[0] + `")`, `linkedAssets("Laptop of an employee", "` + keys[0] + `", "%s")`, `assetsWithLinks("%s")`, `assetsWithoutLinks("Laptop of an employee", "%s")`} {
			if got, refused := r.search(r.admin, `issue in `+strings.ReplaceAll(f, "%s", h)); refused == "" || len(got) > 0 {
				t.Errorf("%s with %s finds %v", f, h, got)
			}
		}
	}
	if log := r.log.String(); strings.Contains(log, "key is not EMPTY") || strings.Contains(log, keys[0]) || strings.Contains(log, "Laptop of") {
		t.Error("the log has what users wrote")
	}

	// The relation gets another name: what Jira keeps is told so, and is right again when the name comes back.
	rename := func(rev int64, name, old, now string) {
		t.Helper()
		r.saveRelation(relation, rev, name, "true")
		r.until("the answers follow", func() string {
			_, refused := r.search(r.admin, `issue in assetsWithLinks("`+old+`")`)
			got, problem := r.search(r.admin, `issue in assetsWithLinks("`+now+`")`)
			if strings.Contains(refused, "There is no relation") && len(got) == 5 {
				return ""
			}
			return fmt.Sprint(refused, got, problem)
		})
	}
	rename(2, "Laptop of a person", "Laptop of an employee", "Laptop of a person")
	rename(3, "Laptop of an employee", "Laptop of a person", "Laptop of an employee")
}
