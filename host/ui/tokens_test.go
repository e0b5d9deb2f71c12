package ui_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tokens returns the values of tokens.css for a mode.
func tokens(t *testing.T, mode string) map[string]string {
	t.Helper()
	b, _, _, _ := newRenderer(t).Static("tokens.css")
	css := string(b)
	start := map[string]string{"light": ":root {", "dark": `html[data-color-mode="dark"] {`, "auto": "@media (prefers-color-scheme: dark)"}[mode]
	_, css, ok := strings.Cut(css, start)
	if !ok {
		t.Fatalf("no %s", start)
	}
	css, _, _ = strings.Cut(css, "}")
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(--ds-[\w-]+): ([^;]+);`).FindAllStringSubmatch(css, -1) {
		out[m[1]] = m[2]
	}
	return out
}

func TestTokensAreThoseInUse(t *testing.T) {
	b, _, _, _ := newRenderer(t).Static("app.css")
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`var\((--ds-[\w-]+)`).FindAllStringSubmatch(string(b), -1) {
		used[m[1]] = true
	}
	light, dark := tokens(t, "light"), tokens(t, "dark")
	for name := range used {
		if light[name] == "" || dark[name] == "" && !strings.Contains(name, "font") {
			t.Errorf("%s has no value", name)
		}
	}
	for name := range light {
		if !used[name] {
			t.Errorf("%s is not used", name)
		}
	}
	if d := cmp.Diff(dark, tokens(t, "auto")); d != "" {
		t.Error(d)
	}
}

// TestTextCanBeRead computes the contrast of each pair of colours that app.css puts together:
// https://www.w3.org/TR/WCAG21/#contrast-minimum and #non-text-contrast.
func TestTextCanBeRead(t *testing.T) {
	surfaces := []string{"--ds-elevation-surface-current", "--ds-surface-raised", "--ds-surface-overlay"}
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"--ds-text", "", 4.5}, {"--ds-text-subtle", "", 4.5}, {"--ds-text-subtlest", "", 4.5}, {"--ds-text-danger", "", 4.5}, {"--ds-link", "", 4.5},
		{"--ds-text", "--ds-background-neutral", 4.5}, {"--ds-text", "--ds-background-neutral-hovered", 4.5}, {"--ds-text-subtle", "--ds-background-neutral", 4.5},
		{"--ds-text-inverse", "--ds-background-brand-bold", 4.5}, {"--ds-text-inverse", "--ds-background-brand-bold-hovered", 4.5},
		{"--ds-text-inverse", "--ds-background-danger-bold", 4.5}, {"--ds-text-selected", "--ds-background-selected", 4.5},
		{"--ds-text", "--ds-background-information", 4.5}, {"--ds-text", "--ds-background-success", 4.5}, {"--ds-text", "--ds-background-warning", 4.5}, {"--ds-text", "--ds-background-danger", 4.5},
		{"--ds-link", "--ds-background-danger", 4.5}, {"--ds-text", "--ds-background-input", 4.5}, {"--ds-text-subtlest", "--ds-background-input", 4.5},
		{"--ds-text-accent-blue-bolder", "--ds-background-accent-blue-subtler", 4.5}, {"--ds-text-accent-green-bolder", "--ds-background-accent-green-subtler", 4.5},
		{"--ds-text-accent-yellow-bolder", "--ds-background-accent-yellow-subtler", 4.5}, {"--ds-text-accent-red-bolder", "--ds-background-accent-red-subtler", 4.5},
		{"--ds-border-focused", "", 3}, {"--ds-border-input", "", 3}, {"--ds-border-danger", "", 3}, {"--ds-background-neutral-bold", "", 3}, {"--ds-background-success-bold", "", 3},
		{"--ds-icon-inverse", "--ds-background-neutral-bold", 3}, {"--ds-icon-inverse", "--ds-background-success-bold", 3}, {"--ds-background-brand-bold", "", 3},
		{"--ds-text", "--ds-background-neutral-subtle-hovered", 4.5}, {"--ds-text-subtle", "--ds-background-neutral-subtle-hovered", 4.5}, {"--ds-text-subtle", "--ds-background-selected", 4.5}, {"--ds-link", "--ds-background-selected", 4.5},
		{"--ds-text", "--ds-background-selected", 4.5}, {"--ds-icon-subtle", "", 3}, {"--ds-border-bold", "", 3},
		{"--ds-icon-accent-blue", "", 3}, {"--ds-icon-accent-gray", "", 3}, {"--ds-icon-accent-green", "", 3}, {"--ds-icon-accent-lime", "", 3}, {"--ds-icon-accent-magenta", "", 3},
		{"--ds-icon-accent-orange", "", 3}, {"--ds-icon-accent-purple", "", 3}, {"--ds-icon-accent-red", "", 3}, {"--ds-icon-accent-teal", "", 3}, {"--ds-icon-accent-yellow", "", 3},
	}
	for _, mode := range []string{"light", "dark"} {
		v := tokens(t, mode)
		for _, p := range pairs {
			for _, s := range surfaces {
				ground := over(t, v[s], [3]float64{})
				back := ground
				if p.back != "" {
					back = over(t, v[p.back], ground)
				}
				if c := contrast(over(t, v[p.front], back), back); c < p.least {
					t.Errorf("%s: %s on %s on %s has %.2f, less than %.1f", mode, p.front, p.back, s, c, p.least)
				}
			}
		}
	}
}

// over lays a colour, #RRGGBB or #RRGGBBAA, over a ground.
func over(t *testing.T, hex string, ground [3]float64) (out [3]float64) {
	t.Helper()
	if len(hex) != 7 && len(hex) != 9 {
		t.Fatalf("%q is no colour", hex)
	}
	part := func(i int) float64 {
		n, err := strconv.ParseUint(hex[i:i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		return float64(n) / 255
	}
	alpha := 1.0
	if len(hex) == 9 {
		alpha = part(7)
	}
	for i := range out {
		out[i] = part(1+2*i)*alpha + ground[i]*(1-alpha)
	}
	return out
}

func contrast(a, b [3]float64) float64 {
	light := func(c [3]float64) float64 {
		for i, v := range c {
			if c[i] = v / 12.92; v > 0.04045 {
				c[i] = math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := light(a)+0.05, light(b)+0.05
	return max(x/y, y/x)
}
