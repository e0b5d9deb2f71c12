package platform

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

func (s *API) searchOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/search/jql", rest.ScopeRead, s.searchGet),
		rest.Op("POST", "/rest/api/3/search/jql", rest.ScopeRead, s.searchPost),
		rest.Op("POST", "/rest/api/3/search/approximate-count", rest.ScopeRead, s.approximateCount),
	}
}

// searchRequest is what both forms of the search take.
type searchRequest struct {
	JQL           string   `json:"jql"`
	Fields        []string `json:"fields"`
	MaxResults    *int     `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken"`
	Expand        string   `json:"expand"`
	Properties    []string `json:"properties"`
	Reconcile     []int64  `json:"reconcileIssues"`
}

// maxReconciled is how many issues a search can be told to look at as they are now.
const maxReconciled = 50

// find runs a query as searches see the site, but for the issues of the request that they are to see as they are now.
func (s *API) find(c *rest.Call, q *syntax.Query, reconcile []int64) (query.Found, error) {
	if len(reconcile) > maxReconciled {
		return query.Found{}, rest.Fail(http.StatusBadRequest, "reconcileIssues can hold up to %d issue ids.", maxReconciled)
	}
	var fresh []uint32
	for _, id := range reconcile {
		if n := world.IssueID(shape.Text(id)).Number(); n != 0 {
			fresh = append(fresh, n)
		}
	}
	slices.Sort(fresh)
	return query.FindLagged(s.store.Lagged(), c.St, c.Who.Account, s.now(), q, index.Of(slices.Compact(fresh)...), s.apps)
}

func (s *API) searchGet(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	in := searchRequest{JQL: q.Get("jql"), Fields: q["fields"], NextPageToken: q.Get("nextPageToken"), Expand: q.Get("expand"), Properties: q["properties"]}
	if text := q.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The value '%s' of maxResults is not a number.", text)
		}
		in.MaxResults = &n
	}
	for _, text := range rest.SplitNames(q["reconcileIssues"]) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The value '%s' of reconcileIssues is not an issue id.", text)
		}
		in.Reconcile = append(in.Reconcile, n)
	}
	return s.search(c, in)
}

func (s *API) searchPost(c *rest.Call) (rest.Answer, error) {
	var in searchRequest
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	return s.search(c, in)
}

func (s *API) search(c *rest.Call, in searchRequest) (rest.Answer, error) {
	q, err := query.Bounded(in.JQL)
	if err != nil {
		return rest.Answer{}, err
	}
	found, err := s.find(c, q, in.Reconcile)
	if err != nil {
		return rest.Answer{}, err
	}
	bare, show := onlyIDs(in.Fields), shape.SelectFields(c.St, in.Fields)
	size := rest.DefaultPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "maxResults must not be negative.")
	}
	size = min(size, rest.MaxPage)
	if bare && in.MaxResults != nil {
		size = min(*in.MaxResults, rest.MaxIDPage)
	}
	start, err := s.pageStart(in, found, size)
	if err != nil {
		return rest.Answer{}, err
	}
	total := found.Count()
	end := min(start+size, total)
	out := object{"isLast": end == total}
	page := found.First(end)[min(start, end):]
	if end < total && end > start {
		out["nextPageToken"] = s.pageToken(in.JQL, page[max(0, len(page)-rememberedIssues):], end)
	}
	c.St.Warm(page)
	issues := []object{}
	for _, n := range page {
		issues = append(issues, s.foundJSON(c.St, c.Who.Account, c.St.IssueAt(n), in, show))
	}
	out["issues"] = issues
	if names, schema := shape.NamesAndSchema(show); strings.Contains(in.Expand, "names") {
		out["names"], out["schema"] = names, schema
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// without leaves names out of a list.
func without(list []string, names ...string) []string {
	return slices.DeleteFunc(list, func(n string) bool { return slices.Contains(names, n) })
}

// foundJSON is an issue in a search: just its id, unless more was asked for.
func (s *API) foundJSON(st *world.State, who world.AccountID, i *world.Issue, in searchRequest, show []shape.Field) object {
	var out object
	switch {
	case len(show) > 0:
		out = s.expanded(st, who, i, show, without(rest.SplitNames([]string{in.Expand}), "names", "schema"))
	case slices.Contains(rest.SplitNames(in.Fields), "key"):
		out = object{"id": i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID)}
	default:
		out = object{"id": i.ID}
	}
	if names := rest.SplitNames(in.Properties); len(names) > 0 {
		out["properties"] = shape.ChosenProperties(i, names)
	}
	return out
}

func (s *API) approximateCount(c *rest.Call) (rest.Answer, error) {
	var in struct {
		JQL string `json:"jql"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	q, err := query.Bounded(in.JQL)
	if err != nil {
		return rest.Answer{}, err
	}
	found, err := s.find(c, q, nil)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"count": found.Count()}}, nil
}

// onlyIDs says whether the fields parameter asks for ids and keys at most; nothing asks for ids.
func onlyIDs(names []string) bool {
	return !slices.ContainsFunc(rest.SplitNames(names), func(n string) bool { return n != "id" && n != "key" })
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

func (s *API) pageToken(text string, shown []uint32, next int) string {
	mark := pageMark{Query: queryMark(text), Next: next, Expires: s.now().Add(rest.TokenLife).Unix()}
	for _, n := range shown {
		mark.Shown = append(mark.Shown, world.IssueID(strconv.FormatUint(uint64(n), 10)))
	}
	raw, _ := json.Marshal(mark) // plain fields always encode
	return base64.RawURLEncoding.EncodeToString(raw)
}

// pageStart finds the first issue of the page that the request asks for.
func (s *API) pageStart(in searchRequest, found query.Found, size int) (int, error) {
	if in.NextPageToken == "" {
		return 0, nil
	}
	var mark pageMark
	raw, err := base64.RawURLEncoding.DecodeString(in.NextPageToken)
	if err != nil || json.Unmarshal(raw, &mark) != nil || mark.Query != queryMark(in.JQL) || mark.Expires < s.now().Unix() || mark.Next < 0 {
		return 0, rest.Fail(http.StatusBadRequest, "The provided next page token is invalid.")
	}
	total := found.Count()
	few := found.First(min(mark.Next, total) + size)
	for _, id := range slices.Backward(mark.Shown) {
		if n := found.Position(id, few); n >= 0 {
			return n + 1, nil
		}
	}
	return min(mark.Next, total), nil
}
