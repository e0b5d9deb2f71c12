package bridge_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
)

// published are the sums of the files in the npm packages that README.md names.
var published = map[string]string{
	"connect-host.js":                                  "64726de424a057a15c4efe76fb251f27bef81196dee86e31b33fb49835ddd13b",
	"iframe.js":                                        "4745b9fbcc2e372d7971e98e7e8dfc1f99b21a20b609c6d4fb2d68260f9c19ca",
	"jquery.min.js":                                    "fc9a93dd241f6b045cbff0481cf4e1901becd0e12fb45166a8f17f95823f0b1a",
	"surfaces.css":                                     "5adb5c4d1bc4b13d1b8013d3dfc3ac33ea4c0897be03d573214932b6a901c0cc",
	"legacy-text-colors.css":                           "af86d9b28dc819a61172715f12c4af7973c3796d8aa58d2d52a5782e524655bd",
	"themes/atlaskit-tokens_light.css":                 "1fdc3c8fc48594d8e9674b8ab407b5c0ced82c885adb91c2279a6184850f8cdd",
	"themes/atlaskit-tokens_dark.css":                  "44900400a18acdf82b0b2e64b6b5091de178389857f36d41e7d695d61e2838e7",
	"themes/atlaskit-tokens_spacing.css":               "152bf6c22b182366f8908eb0532e54ae455ef82ae4b9c266da8b06fcebf5261c",
	"themes/atlaskit-tokens_shape.css":                 "0d4523655671565a37d5abdb286f09b515cf2d3e967ec9c5fb987fb29a907b74",
	"themes/atlaskit-tokens_typography-adg3.css":       "a81f2d1a05175ff78999a9bb7c02a3a038b3927b543cf6d4437eaa76f7579c9e",
	"themes/atlaskit-tokens_typography-modernized.css": "c7d5fc18e7ce14e3d4edd7e7dfff32ce5dd218de90e8bb423c8b6de3e27610ed",
	"themes/atlaskit-tokens_typography-refreshed.css":  "deb9d7f8990919b20da434cb91cf22ccca2b3c3ae8c8aa6a2a8901d5cdeea7b5",
}

func TestFilesAreThePublishedOnes(t *testing.T) {
	for name, want := range published {
		body, ok := bridge.File(name)
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: sha256 %s, want %s", name, got, want)
		}
	}
}

func TestAppScriptDiffersInTheCDNLineOnly(t *testing.T) {
	upstream, _ := bridge.File("iframe.js")
	script, err := bridge.AppScript("http://sandbox.example/connect-cdn/atlassian-connect")
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Split(string(upstream), "\n")
	after := strings.Split(string(script), "\n")
	var changed []string
	for n, line := range before {
		if after[n] != line {
			changed = append(changed, "-"+line, "+"+after[n])
		}
	}
	want := []string{
		`-  var CDN_URL = "https://" + CDN_DOMAIN;`,
		`+  var CDN_URL = "http://sandbox.example/connect-cdn/atlassian-connect";`,
	}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed lines (-want +got):\n%s", diff)
	}
	rest := strings.Join(after[len(before):], "\n")
	if !bytes.HasPrefix([]byte(rest), []byte("// The app's half of what")) {
		t.Errorf("after Atlassian's file comes %.60q, want our app.js", rest)
	}
}

func TestFileKnowsNothingOutsideDist(t *testing.T) {
	for _, name := range []string{"../bridge.go", "../app.js", "", "nope.js", "themes"} {
		if _, ok := bridge.File(name); ok {
			t.Errorf("File(%q) found something", name)
		}
	}
}
