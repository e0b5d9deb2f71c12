package page

import (
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// listPage is how many issues a list shows at a time, and exported how many a file has at most.
const (
	listPage = 25
	exported = 10000
)

// navigator is what the page with a list of issues shows.
type navigator struct {
	Side         *projectSide
	Project      *world.Project
	Filter       *world.Filter
	JQL, Error   string
	Before, Here string // the query before the place of an error, and there
	After        string
	Columns      []column
	Choices      []column
	Rows         []listRow
	Total        int
	From, To     int
	Prev, Next   string
	Export       string
	CanSave      bool
}

// listRow is an issue with what stands in the columns.
type listRow struct {
	row
	Cells []detail
}

// issueList shows the issues of a project, of a filter, or with jql in the address those of a query.
func (s *Pages) issueList(v *view) error {
	body := navigator{CanSave: v.user != visitor}
	status, title := http.StatusOK, "Issues"
	q := v.r.URL.Query()
	if v.r.PathValue("project") != "" {
		p, err := v.projectOf()
		if err != nil {
			return err
		}
		side, err := s.projectSide(v, p, "issues")
		if err != nil {
			return err
		}
		body.Project, body.Side, title = p, &side, p.Name
		body.JQL = "project = " + p.Key + " ORDER BY key"
	}
	names := q.Get("columns")
	if id := q.Get("filter"); id != "" {
		if body.Filter = v.filter(id); body.Filter == nil {
			return rest.Fail(http.StatusNotFound, "There is no such filter, or it is not shared with you.")
		}
		body.JQL, title = body.Filter.JQL, body.Filter.Name
		if names == "" {
			names = strings.Join(body.Filter.Columns, ",")
		}
	}
	if q.Has("jql") {
		body.JQL = strings.TrimSpace(q.Get("jql"))
	}
	found, text, err := s.findForPage(v, body.JQL)
	var e *rest.Error
	if errors.As(err, &e) {
		body.Error, status = strings.Join(e.Messages, " "), e.Status
		body.mark()
	} else if err != nil {
		return err
	}
	all := v.columns()
	body.Columns = chosenColumns(all, names)
	if q.Get("as") == "csv" && err == nil {
		return v.export(found, body.Columns)
	}
	v.fillList(&body, found, all, text)
	return v.render(status, "issues.html", title, "issues", body)
}

// fillList writes the rows of a page, and the addresses of what leads on.
func (v *view) fillList(body *navigator, found query.Found, all []column, text string) {
	start, _ := strconv.Atoi(v.r.URL.Query().Get("start")) // anything odd is the first page
	total := found.Count()
	start = max(0, min(start, total))
	end := min(start+listPage, total)
	for _, n := range found.First(end)[start:] {
		i := v.st.IssueAt(n)
		r := listRow{row: rowOf(v.st, i)}
		for _, c := range body.Columns {
			r.Cells = append(r.Cells, c.cell(v, i))
		}
		body.Rows = append(body.Rows, r)
	}
	body.Total, body.From, body.To = total, start+1, end
	link := func(change map[string]string) string {
		q := url.Values{"jql": {body.JQL}}
		if names := v.r.URL.Query().Get("columns"); names != "" {
			q.Set("columns", names)
		}
		for k, value := range change {
			q.Set(k, value)
		}
		return v.r.URL.Path + "?" + q.Encode()
	}
	if start > 0 {
		body.Prev = link(map[string]string{"start": strconv.Itoa(max(0, start-listPage))})
	}
	if end < total {
		body.Next = link(map[string]string{"start": strconv.Itoa(end)})
	}
	body.Export = link(map[string]string{"as": "csv"})
	for n := range body.Columns {
		body.Columns[n].sort(text, func(jql string) string { return link(map[string]string{"jql": jql}) })
	}
	for _, c := range all {
		c.Chosen = slices.ContainsFunc(body.Columns, func(o column) bool { return o.ID == c.ID })
		body.Choices = append(body.Choices, c)
	}
}

// mark finds the place of an error in the query, where the words name none.
func (n *navigator) mark() {
	_, err := syntax.Parse(n.JQL)
	var e *syntax.Error
	if !errors.As(err, &e) {
		return
	}
	at := min(e.Pos.Offset, len(n.JQL))
	end := at
	for end < len(n.JQL) && n.JQL[end] != ' ' {
		end++
	}
	n.Before, n.Here, n.After = n.JQL[:at], n.JQL[at:end], n.JQL[end:]
	if n.Here == "" {
		n.Here = " "
	}
}

// findForPage runs what was typed into a search box: JQL, or words to look for in summaries. It returns the query, too.
func (s *Pages) findForPage(v *view, text string) (query.Found, string, error) {
	q, err := query.Parse(text)
	if err != nil && !strings.ContainsAny(text, "=~<>!()\"") && !strings.Contains(strings.ToLower(text), "order by") {
		quoted := strings.ReplaceAll(strings.TrimSpace(text), `\`, `\\`)
		text = `summary ~ "` + quoted + `*" ORDER BY key`
		q, err = query.Parse(text)
	}
	if err != nil {
		return query.Found{}, text, err
	}
	if q.Where == nil && len(q.OrderBy) == 0 {
		q.OrderBy = []syntax.Sort{{Field: syntax.Field{Name: "key"}}}
	}
	found, err := query.Find(v.st, v.user.Account, s.now(), q, s.apps)
	return found, text, err
}

// export writes a list as a file of comma-separated values, the texts as people read them.
func (v *view) export(found query.Found, columns []column) error {
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="issues.csv"`)
	w := csv.NewWriter(v.w)
	head := []string{"Issue key", "Issue id", "Summary"}
	for _, c := range columns {
		head = append(head, c.Name)
	}
	_ = w.Write(head) // a broken connection is all that can be wrong
	for _, n := range found.First(exported) {
		i := v.st.IssueAt(n)
		line := []string{i.Key, string(i.ID), cell(i.Summary)}
		for _, c := range columns {
			line = append(line, cell(c.cell(v, i).words()))
		}
		_ = w.Write(line)
	}
	w.Flush()
	return nil
}

// cell keeps a spreadsheet from running a text as a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "'" + text
		}
	}
	return text
}
