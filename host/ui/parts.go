package ui

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk/view"
)

// The models of the parts that make a page longer than one screen: sections, lists, pagers, and columns that sort.
type (
	section struct {
		ID, Name     string // Name: the id of one that stays as the user left it
		Title, Badge string
		Color        view.Color
		Open         bool
		Level        int // of its heading
		Blocks       []block
	}
	list struct {
		Label string
		Items []item
	}
	item struct {
		ID                   string // says what the row's buttons are about
		Icon                 view.Icon
		Spans, Detail, Aside []span
		Buttons              []button
	}
	pager struct {
		Label, Words   string
		Previous, Next *turn
		Turns          []turn
	}
	// turn leads to a page; with no Call it is the page that is shown, with no Number what was left out between two.
	turn struct {
		ID                  string
		Number              int
		Current             bool
		Call, Params, State string
	}
	column struct {
		Title  string
		Number bool
		Sorted view.Order
		Sort   *turn
	}
)

var (
	sectionName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	colors      = []view.Color{view.Gray, view.Red, view.Orange, view.Yellow, view.Lime, view.Green, view.Teal, view.Blue, view.Purple, view.Magenta}
	icons       = []view.Icon{
		view.IssueIcon, view.TaskIcon, view.BugIcon, view.StoryIcon, view.SubtaskIcon, view.ProjectIcon, view.PersonIcon,
		view.CompanyIcon, view.DeviceIcon, view.DocumentIcon,
	}
)

// known returns v if it is one of all, else the zero value.
func known[T comparable](v T, all []T) T {
	if slices.Contains(all, v) {
		return v
	}
	var none T
	return none
}

// section converts a section and the blocks in it. One that lies too deep is left out as a whole.
func (b *builder) section(in *view.Section) *section {
	if b.depth == view.MaxNesting {
		b.cut = true
		return nil
	}
	s := &section{
		ID: b.id("section"), Title: b.text(in.Title), Badge: b.text(in.Badge), Color: known(in.Color, colors), Open: !in.Collapsed,
		Level: min(2+b.depth, 4),
	}
	if s.Title == "" {
		s.Title = "More"
	}
	if sectionName.MatchString(in.Name) && !b.sections[in.Name] {
		b.sections[in.Name] = true
		s.Name = "section-" + in.Name
	}
	b.depth++
	s.Blocks = b.blocks(in.Blocks)
	b.depth--
	return s
}

func (b *builder) list(in *view.List) *list {
	l := &list{Label: b.text(in.Label)}
	if l.Label == "" {
		l.Label = "List"
	}
	for _, in := range in.Items {
		if !b.element() {
			break
		}
		i := item{ID: b.id("item"), Icon: known(in.Icon, icons), Spans: b.spans(in.Spans), Detail: b.spans(in.Detail), Aside: b.spans(in.Aside)}
		i.Buttons = b.buttons(in.Buttons, i.ID)
		if len(i.Spans)+len(i.Detail)+len(i.Aside)+len(i.Buttons) > 0 {
			l.Items = append(l.Items, i)
		}
	}
	return l
}

// pager converts a pager. Where there is one page only, there is none.
func (b *builder) pager(in *view.Pager) *pager {
	page, pages := max(in.Page, 1), max(in.Pages, 0)
	if pages > 0 {
		page = min(page, pages)
	}
	last := page
	if pages > 0 {
		last = pages
	} else if in.More {
		last = page + 1
	}
	if last == 1 {
		return nil
	}
	b.pagers++
	p := &pager{Label: b.text(in.Label), Words: "Page " + strconv.Itoa(page)}
	id := "pager" + strconv.Itoa(b.pagers) + "-"
	if p.Label == "" {
		p.Label = "Pages"
	}
	if pages > 0 {
		p.Words += " of " + strconv.Itoa(pages)
	}
	if in.Total > 0 {
		p.Words += ", " + strconv.Itoa(in.Total) + " in all"
	}
	if page > 1 {
		p.Previous = b.turn(id+"previous", &in.Call, page-1)
	}
	if page < last {
		p.Next = b.turn(id+"next", &in.Call, page+1)
	}
	for _, n := range window(page, pages) {
		switch n {
		case 0:
			p.Turns = append(p.Turns, turn{})
		case page:
			p.Turns = append(p.Turns, turn{ID: id + strconv.Itoa(n), Number: n, Current: true})
		default:
			if t := b.turn(id+strconv.Itoa(n), &in.Call, n); t != nil {
				p.Turns = append(p.Turns, *t)
			}
		}
	}
	return p
}

// window are the numbers that a pager shows: the first, the last and those around the page; 0 is a gap.
func window(page, pages int) []int {
	var out []int
	for n := 1; n <= pages; n++ {
		switch {
		case n == 1, n == pages, n >= page-1 && n <= page+1, pages <= 7:
			out = append(out, n)
		case n < page:
			out = append(out, 0)
			n = page - 2
		default:
			out = append(out, 0)
			n = pages - 1
		}
	}
	return out
}

// turn returns what leads to a page, or, with page 0, what a call leads to; nil if it leads nowhere.
func (b *builder) turn(id string, c *view.Call, page int) *turn {
	if !b.element() || !b.states(c.State) {
		return nil
	}
	t := &turn{ID: id, Number: page, State: base64.StdEncoding.EncodeToString(c.State)}
	switch {
	case c.Action != "":
		t.Call = "action/" + url.PathEscape(b.text(c.Action))
	case c.View != "":
		t.Call = "view/" + url.PathEscape(b.text(c.View))
	default:
		return nil
	}
	params := c.Params
	if page > 0 {
		params = map[string]string{}
		maps.Copy(params, c.Params)
		params["page"] = strconv.Itoa(page)
	}
	t.Params = b.params(params)
	return t
}

// params returns the params of a call as JSON; "" for none.
func (b *builder) params(in map[string]string) string {
	if len(in) == 0 || len(in) > maxParams {
		return ""
	}
	clean := make(map[string]string, len(in))
	for k, v := range in {
		clean[b.text(k)] = b.limit(v, maxInput)
	}
	j, _ := json.Marshal(clean) // a map of strings always marshals
	return string(j)
}

func (b *builder) columns(in []view.Column) []column {
	var out []column
	b.tables++
	for i, c := range head(b.budget, in, maxColumns) {
		if !b.element() {
			return out
		}
		to := column{Title: b.text(c.Title), Number: c.Number, Sorted: known(c.Sorted, []view.Order{view.Ascending, view.Descending})}
		if c.Sort != nil && to.Title != "" {
			to.Sort = b.turn("sort"+strconv.Itoa(b.tables)+"-"+strconv.Itoa(i+1), c.Sort, 0)
		}
		out = append(out, to)
	}
	return out
}
