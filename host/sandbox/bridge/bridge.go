// Package bridge holds Atlassian's own Connect bridge, both halves of it, so that app frames in the sandbox talk through
// the code that they meet in Jira. The files under dist are theirs, byte for byte; README.md says where they come from.
// The one thing that must differ is the address of the theme style sheets: [AppScript] replaces that line on its way out.
package bridge

import (
	"bytes"
	"embed"
	"fmt"
	"strconv"
)

//go:embed dist
var files embed.FS

//go:embed app.js
var appHalf []byte

// cdnLine is the line of iframe.js that names Atlassian's CDN, and cdnFormat what stands there instead.
const (
	cdnLine   = `  var CDN_URL = "https://" + CDN_DOMAIN;`
	cdnFormat = `  var CDN_URL = %s;`
)

// StyleHashes are the sources that a page's style-src needs beside 'self': connect-host.js writes two style elements,
// always the same, which make web items that open dialogs clickable.
const StyleHashes = "'sha256-noKUDODRQd3Pu1pplDdnyFgo1+JRfPSFy8xZ4QYt0aM=' 'sha256-si3uLF78H3NKo7FJkSxFjioHKquA+0du5fhpo6lKdX4='"

// AppScript returns all.js, the script that an app's page loads: Atlassian's iframe.js with its style sheets taken from
// cdn (an address without trailing slash), followed by our app.js.
func AppScript(cdn string) ([]byte, error) {
	upstream, err := files.ReadFile("dist/iframe.js")
	if err != nil {
		return nil, fmt.Errorf("read the bridge: %w", err)
	}
	if bytes.Count(upstream, []byte(cdnLine)) != 1 {
		return nil, fmt.Errorf("patch the bridge: the line that names the CDN is not there exactly once; see bridge/README.md")
	}
	patched := bytes.Replace(upstream, []byte(cdnLine), fmt.Appendf(nil, cdnFormat, strconv.Quote(cdn)), 1)
	return append(append(patched, '\n'), appHalf...), nil
}

// File returns a file of Atlassian's package, such as "connect-host.js" or "themes/atlaskit-tokens_dark.css".
func File(name string) ([]byte, bool) {
	body, err := files.ReadFile("dist/" + name)
	return body, err == nil
}
