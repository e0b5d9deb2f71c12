package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// operator is mia, who administers the site of a running `pergola dev`, without a browser.
type operator struct {
	*dev
	client *http.Client
}

func newOperator(t *testing.T, d *dev) *operator {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{d, &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	o.send(http.MethodGet, d.Sandbox+"/login?as=mia", "", nil)
	return o
}

func (o *operator) send(method, address, authorization string, in any) []byte {
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
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		o.t.Fatalf("%s %s: %s, %v: %.600s", method, address, answer.Status, err, text)
	}
	return text
}

// host makes a call of a page of the app, beside an issue or none.
func (o *operator) host(issue, target string, in any) string {
	o.t.Helper()
	var a struct{ Token string }
	if err := json.Unmarshal(o.send(http.MethodPost, o.Sandbox+"/sandbox/context-token", "", frameOf{App: "pergola", Issue: issue}), &a); err != nil {
		o.t.Fatal(err)
	}
	return string(o.send(http.MethodPost, o.Host+target, "JWT "+a.Token, in))
}

func (o *operator) write(plugin, typ string, form map[string][]string) {
	o.t.Helper()
	o.host("", "/api/admin/plugins/"+plugin+"/configs/"+typ+"/save", map[string]any{"form": form})
}

// relate makes a relation of which the first end shows, and returns its id. issue is one in which no other relation shows.
func (o *operator) relate(name, outward, issue string) string {
	o.t.Helper()
	o.write(linkPlugin, "relation", map[string][]string{
		"name": {name}, "outward": {outward}, "inward": {"the other way"}, "color": {"blue"}, "storage": {"app"}, "first.show": {"true"},
	})
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

// TestARuleBoundsWhatIsPickedByTheRightsOfAnother has a guest link what a rule offers by the rights of somebody else: the guest finds it by name
// and nothing else, is told of the link only that it is there, and finds nothing any more once that account is closed.
func TestARuleBoundsWhatIsPickedByTheRightsOfAnother(t *testing.T) {
	d := startDev(t, t.TempDir())
	o := newOperator(t, d)
	o.send(http.MethodPost, d.Sandbox+"/rest/api/3/permissionscheme/10000/permission", "", map[string]any{
		"permission": "LINK_ISSUES", "holder": map[string]string{"type": "group", "parameter": "guests"},
	})
	relation := o.relate("Who has it", "belongs to", "OPS-1")
	o.write("pergola.datalogic", "rule", map[string][]string{
		"name": {"People"}, "relation": {relation}, "end": {"first"}, "jql": {"project = HR AND key != {{issue.key}}"}, "empty": {"nothing"}, "outOfScope": {"keep"}, "user": {string(world.Jonas)},
	})

	ada, jonas := newTab(t), newTab(t)
	ada.open(d.Sandbox + "/login?dest=/browse/OPS-1&as=ada")
	link := `[...document.querySelectorAll("button")].find((e) => e.textContent === "Link an issue")`
	input := `document.querySelector("[data-name=issues] [role=combobox]")`
	typed := func(text string) string {
		return `((e) => { if (!e) return; e.focus(); e.value = ` + text + `; e.dispatchEvent(new Event("input", { bubbles: true })); })(` + input + `)`
	}
	ada.click(linksFrame, link)
	ada.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
	ada.do(linksFrame, typed(`"OPS-2"`), nil)
	ada.wait(linksFrame, `document.body.textContent.includes("No issue that can be linked here has these words")`)
	ada.do(linksFrame, typed(`"HR-1"`), nil)
	ada.click(linksFrame, `[...document.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("HR-1 "))`)
	ada.click(linksFrame, button("Link"))
	ada.wait(linksFrame, `document.querySelector("main, .page").textContent.includes("1 more that you may not see")`)
	jonas.open(d.Sandbox + "/login?dest=/browse/OPS-1&as=jonas")
	jonas.wait(linksFrame, `document.querySelector("details").textContent.includes("HR-1")`)

	o.send(http.MethodPost, d.Sandbox+"/sandbox/users/jonas/close", "", nil)
	ada.click(linksFrame, link)
	ada.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
	// Until the host asks who has an account again; what is typed changes, or the picker would not ask again.
	ada.wait(linksFrame, `(() => { if (document.body.textContent.includes("the account by whose rights the rule searches is closed")) return true;
		window.n = (window.n ?? 0) + 1; if (window.n % 10 === 0) `+typed(`"HR-" + (1 + window.n % 3)`)+`; return false; })()`)
}
