package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// searchRequest is what both forms of the search take.
type searchRequest struct {
	JQL           string   `json:"jql"`
	Fields        []string `json:"fields"`
	MaxResults    *int     `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken"`
	Expand        string   `json:"expand"`
	Properties    []string `json:"properties"`
}

// The page sizes of a search: Jira gives few issues with fields at a time, and many bare ids.
const (
	defaultPage = 50
	maxPage     = 100
	maxIDPage   = 5000
	tokenLife   = 7 * 24 * time.Hour
)

func (s *Site) searchGet(c *call) (answer, error) {
	q := c.URL.Query()
	in := searchRequest{JQL: q.Get("jql"), Fields: q["fields"], NextPageToken: q.Get("nextPageToken"), Expand: q.Get("expand"), Properties: q["properties"]}
	if text := q.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return answer{}, fail(http.StatusBadRequest, "The value '%s' of maxResults is not a number.", text)
		}
		in.MaxResults = &n
	}
	return s.search(c, in)
}

func (s *Site) searchPost(c *call) (answer, error) {
	var in searchRequest
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	return s.search(c, in)
}

func (s *Site) search(c *call, in searchRequest) (answer, error) {
	q, err := bounded(in.JQL)
	if err != nil {
		return answer{}, err
	}
	found, err := find(c.st, c.who.account, s.now(), q)
	if err != nil {
		return answer{}, err
	}
	bare, show := onlyIDs(in.Fields), selectFields(c.st, in.Fields)
	size := defaultPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 0 {
		return answer{}, fail(http.StatusBadRequest, "maxResults must not be negative.")
	}
	size = min(size, maxPage)
	if bare && in.MaxResults != nil {
		size = min(*in.MaxResults, maxIDPage)
	}
	start, err := s.pageStart(in, found, size)
	if err != nil {
		return answer{}, err
	}
	total := found.count()
	end := min(start+size, total)
	out := object{"isLast": end == total}
	page := found.first(end)[min(start, end):]
	if end < total && end > start {
		out["nextPageToken"] = s.pageToken(in.JQL, page[max(0, len(page)-rememberedIssues):], end)
	}
	issues := []object{}
	for _, n := range page {
		issues = append(issues, s.foundJSON(c.st, c.who.account, c.st.IssueAt(n), in, show))
	}
	out["issues"] = issues
	if strings.Contains(in.Expand, "names") {
		names, schema := object{}, object{}
		for _, f := range show {
			names[string(f.id)], schema[string(f.id)] = f.name, f.schema
		}
		out["names"], out["schema"] = names, schema
	}
	return answer{http.StatusOK, out}, nil
}

// foundJSON is an issue in a search: just its id, unless more was asked for.
func (s *Site) foundJSON(st *world.State, who world.AccountID, i *world.Issue, in searchRequest, show []field) object {
	var out object
	switch {
	case len(show) > 0:
		out = s.issueFor(st, who, i, show)
	case slices.Contains(splitNames(in.Fields), "key"):
		out = object{"id": i.ID, "key": i.Key, "self": s.link("/rest/api/3/issue/%s", i.ID)}
	default:
		out = object{"id": i.ID}
	}
	if names := splitNames(in.Properties); len(names) > 0 {
		out["properties"] = chosenProperties(i, names)
	}
	return out
}

func (s *Site) approximateCount(c *call) (answer, error) {
	var in struct {
		JQL string `json:"jql"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	q, err := bounded(in.JQL)
	if err != nil {
		return answer{}, err
	}
	found, err := find(c.st, c.who.account, s.now(), q)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, object{"count": found.count()}}, nil
}

func splitNames(lists []string) []string {
	var out []string
	for _, l := range lists {
		for n := range strings.SplitSeq(l, ",") {
			if n = strings.TrimSpace(n); n != "" {
				out = append(out, n)
			}
		}
	}
	return out
}

// onlyIDs says whether the fields parameter asks for ids and keys at most; nothing asks for ids.
func onlyIDs(names []string) bool {
	return !slices.ContainsFunc(splitNames(names), func(n string) bool { return n != "id" && n != "key" })
}

// pageMark is what a page token holds. It belongs to one query, and remembers the last issues shown rather than a
// position only, so that an issue that appears or disappears meanwhile makes others neither repeat nor vanish.
type pageMark struct {
	Query   string          `json:"q"`
	Shown   []world.IssueID `json:"s"`
	Next    int             `json:"n"` // where the page after starts, if all of Shown are gone
	Expires int64           `json:"e"`
}

// rememberedIssues is how many of a page's last issues its token remembers.
const rememberedIssues = 5

func queryMark(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (s *Site) pageToken(text string, shown []uint32, next int) string {
	mark := pageMark{Query: queryMark(text), Next: next, Expires: s.now().Add(tokenLife).Unix()}
	for _, n := range shown {
		mark.Shown = append(mark.Shown, world.IssueID(strconv.FormatUint(uint64(n), 10)))
	}
	raw, _ := json.Marshal(mark) // plain fields always encode
	return base64.RawURLEncoding.EncodeToString(raw)
}

// pageStart finds the first issue of the page that the request asks for.
func (s *Site) pageStart(in searchRequest, found found, size int) (int, error) {
	if in.NextPageToken == "" {
		return 0, nil
	}
	var mark pageMark
	raw, err := base64.RawURLEncoding.DecodeString(in.NextPageToken)
	if err != nil || json.Unmarshal(raw, &mark) != nil || mark.Query != queryMark(in.JQL) || mark.Expires < s.now().Unix() || mark.Next < 0 {
		return 0, fail(http.StatusBadRequest, "The provided next page token is invalid.")
	}
	total := found.count()
	few := found.first(min(mark.Next, total) + size)
	for _, id := range slices.Backward(mark.Shown) {
		if n := found.position(id, few); n >= 0 {
			return n + 1, nil
		}
	}
	return min(mark.Next, total), nil
}
