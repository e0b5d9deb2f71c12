package web_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/manifest"
)

// main is what a page shows: its element of that id, without markup and space.
var (
	pageElement = regexp.MustCompile(`(?s)<div id="page".*?</div>`)
	markup      = regexp.MustCompile(`<[^>]*>|\s`)
)

// What users meet when a plugin's call had to be stopped is what its manifest says.
func TestFailurePolicyIsWhatUsersMeet(t *testing.T) {
	for _, tt := range []struct {
		policy string
		fails  int // calls that break off before one answers
		status int
		calls  int // of the plugin
		want   string
	}{
		{manifest.Closed, 1, 500, 1, "The plugin has a defect"},
		{manifest.Retry, 1, 200, 2, "issue " + here},
		{manifest.Retry, 2, 500, 2, "The plugin has a defect"},
		{manifest.Hide, 1, 200, 1, ""},
	} {
		for way, ask := range map[string]func(h *host) answer{
			"page": func(h *host) answer { return h.page(panelPage, user) },
			"view": func(h *host) answer { return h.call(panelAPI+"view/show", user, here, "{}") },
		} {
			t.Run(fmt.Sprintf("%s, %d failures, %s", tt.policy, tt.fails, way), func(t *testing.T) {
				h := startWith(t, `"failurePolicy":{"view":"`+tt.policy+`"},`, core.Breaking{})
				fails := tt.fails
				h.slow = func() {
					if fails--; fails >= 0 {
						panic("as asked")
					}
				}
				got := ask(h)
				if got.status != tt.status || len(h.asked()) != tt.calls {
					t.Errorf("status %d after %d calls, want %d after %d: %s", got.status, len(h.asked()), tt.status, tt.calls, got.body)
				}
				if !strings.Contains(got.body, tt.want) || strings.Contains(got.body, "as asked") {
					t.Errorf("the page does not say %q: %s", tt.want, got.body)
				}
				if tt.status == 500 && !strings.Contains(got.body, "publisher can help") {
					t.Errorf("nobody learns what to do: %s", got.body)
				}
				if tt.policy == manifest.Hide {
					empty(t, got)
				}
			})
		}
	}
}

// empty wants a panel that is whole and shows nothing.
func empty(t *testing.T, got answer) {
	t.Helper()
	page := pageElement.FindString(got.body)
	if !strings.Contains(page, `class="page nothing"`) || markup.ReplaceAllString(page, "") != "" {
		t.Errorf("the panel is not empty: %s", page)
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || strings.Contains(got.body, "<!doctype") != strings.Contains(got.body, "</html>") {
		t.Errorf("the page is not whole: %s", got.body)
	}
}

// A paused plugin is as its policy says too: hidden, or with the reason and what to do. Actions always say it.
func TestPausedPluginIsAsItsPolicySays(t *testing.T) {
	for policy, status := range map[string]int{manifest.Closed: 503, manifest.Retry: 503, manifest.Hide: 200} {
		t.Run(policy, func(t *testing.T) {
			h := startWith(t, `"failurePolicy":{"view":"`+policy+`"},`, core.Breaking{Stops: 1})
			h.slow = func() { panic("as asked") }
			h.call(panelAPI+"action/keep", user, here, "{}")
			calls := len(h.asked())
			got := h.page(panelPage, user)
			if got.status != status || len(h.asked()) != calls {
				t.Errorf("status %d, %d calls; want %d and none: %s", got.status, len(h.asked())-calls, status, got.body)
			}
			if policy == manifest.Hide {
				empty(t, got)
			} else if !strings.Contains(got.body, "paused on your site") || !strings.Contains(got.body, "A Jira admin can have it tried at once") {
				t.Errorf("nobody learns what to do: %s", got.body)
			}
			if got := h.page("/connect/module/acme.notes/open", user); got.status != 503 { // a page of its own is never just empty
				t.Errorf("the general page: status %d: %s", got.status, got.body)
			}
			if got := h.call(panelAPI+"action/keep", user, here, "{}"); got.status != 503 || !strings.Contains(got.body, "paused on your site") {
				t.Errorf("an action: status %d: %s", got.status, got.body)
			}
		})
	}
}

// Only an admin has a paused plugin tried again, with the token of the admin page's own calls.
func TestTryAgainIsForAdmins(t *testing.T) {
	const retry = "/api/admin/plugins/acme.notes/retry"
	h := startWith(t, "", core.Breaking{Stops: 1})
	if got := h.call(retry, admin, "", "{}"); got.status != 200 || !strings.Contains(got.body, "Notes is not paused") {
		t.Errorf("nothing is paused: status %d: %s", got.status, got.body)
	}
	h.slow = func() { panic("as asked") }
	h.page(panelPage, user)
	h.mu.Lock()
	h.slow = nil
	h.mu.Unlock()
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"no token": {"", 401}, "a user": {h.contextToken(user, ""), 403}, "a page's token": {h.bound("POST", retry, admin), 401},
	} {
		if got := h.do("POST", retry, tt.token, "{}"); got.status != tt.want {
			t.Errorf("%s: status %d, want %d", name, got.status, tt.want)
		}
	}
	if got := h.do("GET", retry, h.contextToken(admin, ""), ""); got.status != 405 {
		t.Errorf("GET: status %d, want 405", got.status)
	}
	if got := h.page(panelPage, user); got.status != 503 {
		t.Errorf("it was tried again without an admin: status %d", got.status)
	}
	got := h.call(retry, admin, "", "{}")
	if got.status != 200 || !strings.Contains(got.body, "Notes is let through") || !strings.Contains(got.body, "Being tried again") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := h.page(panelPage, user); got.status != 200 {
		t.Errorf("the next visit: status %d: %s", got.status, got.body)
	}
	if got := h.page("/connect/admin", admin); strings.Contains(got.body, "tried again") || !strings.Contains(got.body, "Working") {
		t.Error("the card still speaks of the pause")
	}
	if got := h.call("/api/admin/plugins/no.body/retry", admin, "", "{}"); got.status != 404 {
		t.Errorf("a plugin that is not there: status %d", got.status)
	}
}

func TestCardSaysHowThePluginIsKeptInBounds(t *testing.T) {
	h := startWith(t, `"limits":{"request":{"timeoutMs":60000,"memoryMiB":32}},`, core.Breaking{})
	got := h.page("/connect/admin", admin)
	for _, want := range []string{
		"How it is kept in bounds", "All calls, of all sites, share one memory", "has to do so by itself",
		`<tr><td>Memory</td><td class="number">32 MiB</td><td class="number">32 MiB</td></tr>`,
		`<tr><td>Time</td><td class="number">1m0s</td><td class="number"><strong>30s</strong></td></tr>`,
		`<tr><td>Questions to the host</td><td class="number"><span class="muted">nothing</span></td><td class="number">1,000</td></tr>`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the card does not say %q", want)
		}
	}
	if strings.Contains(got.body, "million steps") {
		t.Error("a CPU limit is shown of code that has none")
	}
}
