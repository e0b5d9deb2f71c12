package main_test

import (
	"strings"
	"testing"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
)

func TestTokensAreRandomAndKeepTheirForm(t *testing.T) {
	seen := map[string]bool{}
	letters := map[rune]int{}
	random := randomReader(1)
	for range 2000 {
		token, err := qrcode.NewToken(random)
		if err != nil {
			t.Fatal(err)
		}
		if !qrcode.ValidToken(token) || seen[token] {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
		for _, r := range token {
			letters[r]++
		}
	}
	// 36,000 letters of 58: some 620 each. Five standard deviations are 124.
	if len(letters) != 58 {
		t.Errorf("%d letters are used, want 58", len(letters))
	}
	for r, n := range letters {
		if n < 496 || n > 745 {
			t.Errorf("letter %c comes %d times of 36000", r, n)
		}
	}
	for _, bad := range []string{"", "short", strings.Repeat("0", 18), strings.Repeat("a", 17), strings.Repeat("a", 19), "aaaaaaaaaaaaaaaaa-"} {
		if qrcode.ValidToken(bad) {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestTokenNeedsRandomness(t *testing.T) {
	if _, err := qrcode.NewToken(strings.NewReader("too little")); err == nil {
		t.Error("a token was made of nothing")
	}
}
