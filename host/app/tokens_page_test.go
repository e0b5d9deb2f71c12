package app_test

import (
	"net/http"
	"strings"
	"testing"
)

const apiFrame = "/connect/api"

// TestAnAdminMakesAndRevokesATokenInTheBrowser finds the page from the admin's page, makes a token, sees it once, uses it and revokes it.
func TestAnAdminMakesAndRevokesATokenInTheBrowser(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	b := newTab(t)
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	b.open(d.Admin)
	b.wait(adminFrame, `document.querySelector(".admin-links")`)
	var address string
	b.do(adminFrame, `[...document.querySelectorAll(".admin-links a")].find((a) => a.textContent === "API tokens").href`, &address)
	b.open(address)
	b.wait(apiFrame, `document.body.textContent.includes("No program has a token")`)

	// Without a scope it says what is missing, and keeps what was typed.
	write := `((e) => { e.value = "Nightly import"; e.dispatchEvent(new Event("input", { bubbles: true })); })(` + field("name") + `)`
	b.do(apiFrame, write, nil)
	b.click(apiFrame, button("Make token"))
	b.wait(apiFrame, `document.body.textContent.includes("Choose at least one thing") && `+field("name")+`.value === "Nightly import"`)
	b.click(apiFrame, field("links-read"))
	b.click(apiFrame, button("Make token"))
	b.wait(apiFrame, `document.body.textContent.includes("Copy the token now") && document.querySelector("table").textContent.includes("Nightly import")`)
	var page string
	b.do(apiFrame, `document.body.textContent`, &page)
	token := tokenForm.FindString(page)
	if token == "" || !strings.Contains(page, "links:read") || !strings.Contains(page, "Never") {
		t.Fatalf("the page shows no token, or not what it is for: %s", page)
	}
	use := func() int {
		t.Helper()
		q, err := http.NewRequest(http.MethodGet, d.Host+"/api/v1/token", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		return a.StatusCode
	}
	if status := use(); status != http.StatusOK {
		t.Errorf("the token opens with %d", status)
	}

	// It is shown once, and now says that it was used today.
	b.open(address)
	b.wait(apiFrame, `document.querySelector("table")?.textContent.includes("Nightly import") && !document.querySelector("table").textContent.includes("Never")`)
	b.do(apiFrame, `document.body.textContent`, &page)
	if strings.Contains(page, token) {
		t.Error("the page shows the token a second time")
	}
	b.click(apiFrame, button("Revoke"))
	b.wait(apiFrame, `document.querySelector("dialog[open]")?.textContent.includes("stop working at once")`)
	b.click(apiFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent.startsWith("Revoke"))`)
	b.wait(apiFrame, `document.body.textContent.includes("No program has a token")`)
	if status := use(); status != http.StatusUnauthorized {
		t.Errorf("the revoked token opens with %d", status)
	}
}
