package limit

import (
	"net/http"
	"strings"
)

// maxRoute bounds the name of a group; longer ones are cut off, so that such endpoints share a bucket.
const maxRoute = 96

// words are parts of paths that stand where others have an id.
var words = map[string]bool{
	"archive": true, "attachment": true, "bulk": true, "bulkfetch": true, "computation": true, "createmeta": true, "issuetypes": true,
	"jql": true, "approximate-count": true, "multi": true, "picker": true, "properties": true, "search": true, "unarchive": true, "migration": true,
	"reserveClientKey": true, "refresh": true, "failed": true,
}

// parents are parts of paths that an id comes after.
var parents = map[string]bool{
	"issue": true, "properties": true, "project": true, "field": true, "context": true, "task": true, "issueLink": true, "issueLinkType": true,
	"transfer": true, "mapping": true, "issuetypes": true, "createmeta": true, "comment": true, "option": true, "remotelink": true, "worklog": true,
}

// appendRoute appends the method and the path with {} for ids: what Jira counts as one endpoint. What it does not know for an id makes a
// group of its own, which errs on the side of more calls; Jira's own refusals then correct it.
func appendRoute(to []byte, method, path string) []byte {
	to = append(append(to, method...), ' ')
	before := ""
	for rest := strings.TrimPrefix(path, "/"); rest != ""; {
		part, after, _ := strings.Cut(rest, "/")
		id := part
		if parents[before] && !words[part] || numeric(part) && before != "api" && before != "forge" && before != "atlassian-connect" {
			id = "{}"
		}
		if len(to)+1+len(id) > maxRoute {
			return to
		}
		to = append(append(to, '/'), id...)
		before, rest = part, after
	}
	return to
}

func numeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

const issuePath = "/rest/api/3/issue/"

// issueOf is the issue that a call writes, by id or key as the call has it; "" for none, and for calls that write several.
func issueOf(c Call) string {
	if c.Method == http.MethodGet || !strings.HasPrefix(c.Path, issuePath) {
		return ""
	}
	id, _, _ := strings.Cut(c.Path[len(issuePath):], "/")
	if words[id] {
		return ""
	}
	return id
}
