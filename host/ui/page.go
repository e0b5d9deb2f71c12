package ui

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"

	"github.com/pergola-platform/pergola/sdk/view"
)

// The models of the templates. They hold what was checked and bounded, and the ids that tie labels to inputs.
type (
	page struct {
		Title   string
		Flag    *view.Flag
		Open    *issueLink
		Blocks  []block
		Cut     bool
		Prints  bool // some figure is for paper
		Waiting bool // the page calls its next step by itself
		Nothing bool // a panel without content, which takes no room
	}
	block struct {
		Heading  *view.Heading
		Text     *text
		Notice   *view.Notice
		Empty    *view.Empty
		Figure   *figure
		Table    *table
		Form     *form
		Progress *progress
		Buttons  []button
		Section  *section
		List     *list
		Pager    *pager
		Graph    *drawing
		Runs     *runs
	}
	// runs is filled by static/runs.js.
	runs struct{ ID, Job, Unit, None, Then string }
	text struct {
		Spans []span
		Muted bool
	}
	span struct {
		Text         string
		Strong, Code bool
		Href         string
		Issue        *issueLink
		Lozenge      bool
		Tone         view.Tone
	}
	issueLink struct{ ID, Key, Href string }
	table     struct {
		ID, Caption string
		Columns     []column
		Rows, Foot  []row
		Compact     bool
	}
	row  struct{ Cells []cell }
	cell struct {
		ID      string // of a row's first cell: it says what the row's buttons are about
		Number  bool
		Head    bool // it names its row
		Spans   []span
		Buttons []button
	}
	form struct {
		ID, Call, Submit, State string
		Fields                  []field
		Error                   string
		Summary                 []summaryLine
		Beside                  []button // of the one that sends it
	}
	progress struct {
		ID, Label   string
		Done, Total int
		Words       string
		Next        string // path of the call; "" for none
		NextState   string
		Cancel      *button
	}
	button struct {
		ID, Label            string
		Call                 string // path of the call, below Shell.API
		File, Print, Primary bool
		Params, State        string
		Confirm              string
		About                string // id of what tells this button from others of the same label
	}
)

// builder turns a plugin's blocks into models.
type builder struct {
	*budget
	shell Shell
	keys  map[string]string // issue keys by id
	ids   int

	prints, waiting bool // some figure is for paper, some progress goes on by itself

	depth                  int             // of sections
	sections               map[string]bool // names of sections so far
	tables, pagers, graphs int             // so far: ids of what the user presses again must not depend on what lies above
}

var jobName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

func (b *builder) id(prefix string) string {
	b.ids++
	return prefix + strconv.Itoa(b.ids)
}

func newPage(s Shell, p *view.Page) page {
	b := &builder{budget: newBudget(), shell: s, keys: issueKeys(s, p), sections: map[string]bool{}}
	out := page{Title: b.text(p.Title)}
	if p.Flag != nil {
		out.Flag = &view.Flag{Tone: tone(p.Flag.Tone), Title: b.text(p.Flag.Title), Body: b.text(p.Flag.Body)}
	}
	if issueID.MatchString(p.OpenIssue) {
		out.Open = b.issue(p.OpenIssue)
	}
	out.Blocks = b.blocks(p.Blocks)
	out.Prints, out.Waiting, out.Cut = b.prints, b.waiting, b.cut
	out.Nothing = s.Kind == KindPanel && len(out.Blocks) == 0 && !out.Cut
	return out
}

// blocks converts blocks. Buttons behind a form stand in one line with its own.
func (b *builder) blocks(in []view.Block) []block {
	var out []block
	for _, in := range in {
		if !b.element() {
			break
		}
		bl, ok := b.block(in)
		if !ok {
			continue
		}
		if n := len(out); bl.Buttons != nil && n > 0 && out[n-1].Form != nil && out[n-1].Form.Beside == nil {
			out[n-1].Form.Beside = bl.Buttons
			continue
		}
		out = append(out, bl)
		b.prints = b.prints || bl.Figure != nil && bl.Figure.Print && !bl.Figure.Refused
		b.waiting = b.waiting || bl.Progress != nil && bl.Progress.Next != ""
	}
	return out
}

// block converts one block; one that is empty or of a kind that this host does not know is left out.
func (b *builder) block(in view.Block) (block, bool) {
	switch {
	case in.Heading != nil:
		level := in.Heading.Level
		if level != 3 {
			level = 2
		}
		h := &view.Heading{Level: level, Text: b.text(in.Heading.Text)}
		return block{Heading: h}, h.Text != ""
	case in.Text != nil:
		t := &text{Spans: b.spans(in.Text.Spans), Muted: in.Text.Muted}
		return block{Text: t}, len(t.Spans) > 0
	case in.Notice != nil:
		n := &view.Notice{Tone: tone(in.Notice.Tone), Title: b.text(in.Notice.Title), Body: b.text(in.Notice.Body)}
		return block{Notice: n}, n.Title+n.Body != ""
	case in.Empty != nil:
		e := &view.Empty{Title: b.text(in.Empty.Title), Body: b.text(in.Empty.Body)}
		return block{Empty: e}, e.Title+e.Body != ""
	case in.Figure != nil:
		f := newFigure(b.budget, b.id("figure"), in.Figure)
		return block{Figure: &f}, true
	case in.Table != nil:
		t := b.table(in.Table)
		return block{Table: t}, len(t.Columns) > 0
	case in.Form != nil:
		f := b.form(in.Form)
		return block{Form: f}, f != nil
	case in.Progress != nil:
		p := b.progress(in.Progress)
		return block{Progress: p}, p != nil
	case in.Buttons != nil:
		buttons := b.buttons(in.Buttons.Buttons, "")
		return block{Buttons: buttons}, len(buttons) > 0
	case in.Section != nil:
		s := b.section(in.Section)
		return block{Section: s}, s != nil
	case in.List != nil:
		l := b.list(in.List)
		return block{List: l}, len(l.Items) > 0
	case in.Pager != nil:
		p := b.pager(in.Pager)
		return block{Pager: p}, p != nil
	case in.Graph != nil:
		g := b.graph(in.Graph)
		return block{Graph: g}, g != nil
	case in.Runs != nil:
		if !b.shell.Runs || !jobName.MatchString(in.Runs.Job) || !b.element() {
			return block{}, false
		}
		r := &runs{ID: b.id("runs"), Job: in.Runs.Job, Unit: b.text(in.Runs.Unit), None: b.text(in.Runs.None)}
		if in.Runs.Then != "" {
			r.Then = "view/" + url.PathEscape(b.text(in.Runs.Then))
		}
		return block{Runs: r}, true
	}
	return block{}, false
}

func (b *builder) spans(in []view.Span) []span {
	var out []span
	for _, s := range head(b.budget, in, maxSpans) {
		s = b.named(s)
		if s.Text == "" {
			continue
		}
		if !b.element() {
			break
		}
		sp := span{Text: b.text(s.Text), Strong: s.Strong, Code: s.Code, Lozenge: s.Lozenge, Tone: tone(s.Tone)}
		switch {
		case issueID.MatchString(s.IssueID):
			sp.Issue = b.issue(s.IssueID)
		case s.Href != "" && len(s.Href) <= maxWord:
			if href, err := address(s.Href); err == nil {
				b.bytes -= len(href)
				sp.Href = href
			}
		}
		out = append(out, sp)
	}
	return out
}

func (b *builder) table(in *view.Table) *table {
	t := &table{ID: b.id("table"), Caption: b.text(in.Caption), Compact: in.Compact}
	if t.Caption == "" {
		t.Caption = "Table"
	}
	t.Columns = b.columns(in.Columns)
	t.Rows, t.Foot = b.rows(t, in.Rows, in.RowHeads), b.rows(t, in.Foot, in.RowHeads)
	return t
}

func (b *builder) rows(t *table, in []view.Row, heads bool) []row {
	var out []row
	for _, in := range in {
		if !b.element() {
			break
		}
		r := row{Cells: make([]cell, len(t.Columns))} // a row that is too short or too long must not break the table
		about := b.id("row")
		for i := range r.Cells {
			c := &r.Cells[i]
			c.Number = t.Columns[i].Number
			if i == 0 {
				c.ID, c.Head = about, heads
			}
			if b.element() && i < len(in.Cells) {
				c.Spans = b.spans(in.Cells[i].Spans)
				c.Buttons = b.buttons(in.Cells[i].Buttons, about)
			}
		}
		out = append(out, r)
	}
	return out
}

func (b *builder) form(in *view.Form) *form {
	if in.Action == "" || !b.states(in.State) {
		return nil
	}
	f := &form{
		ID: b.id("form"), Call: "action/" + url.PathEscape(b.text(in.Action)), Submit: b.text(in.Submit),
		State: base64.StdEncoding.EncodeToString(in.State), Error: b.text(in.Error),
	}
	if f.Submit == "" {
		f.Submit = "Send"
	}
	for _, in := range in.Fields {
		if in.Name == "" || !b.element() {
			continue
		}
		f.Fields = append(f.Fields, b.field(in))
	}
	f.Summary = summary(f.Fields)
	return f
}

func (b *builder) progress(in *view.Progress) *progress {
	p := &progress{ID: b.id("progress"), Label: b.text(in.Label), Done: max(in.Done, 0), Total: max(in.Total, 0)}
	if p.Label == "" {
		p.Label = "Working"
	}
	switch {
	case p.Total > 0:
		p.Done = min(p.Done, p.Total)
		p.Words = strconv.Itoa(p.Done) + " of " + strconv.Itoa(p.Total)
	case p.Done > 0:
		p.Words = strconv.Itoa(p.Done) + " so far"
	}
	if in.Next == nil || in.Next.Action == "" {
		return p
	}
	if !b.states(in.Next.State) {
		return nil
	}
	p.Next = "action/" + url.PathEscape(b.text(in.Next.Action))
	p.NextState = base64.StdEncoding.EncodeToString(in.Next.State)
	if in.Cancel != "" && b.states(in.Next.State) {
		p.Cancel = &button{ID: b.id("button"), Label: "Cancel", Call: "action/" + url.PathEscape(b.text(in.Cancel)), State: p.NextState}
	}
	return p
}

func (b *builder) buttons(in []view.Button, about string) []button {
	var out []button
	for _, in := range in {
		if in.Label == "" || !b.element() || !b.states(in.State) {
			continue
		}
		bt := button{ID: b.id("button"), Label: b.text(in.Label), Primary: in.Primary, Confirm: b.text(in.Confirm), About: about}
		switch {
		case in.Action != "":
			bt.Call = "action/" + url.PathEscape(b.text(in.Action))
		case in.File != "":
			bt.Call, bt.File = "file/"+url.PathEscape(b.text(in.File)), true
		case in.View != "":
			bt.Call = "view/" + url.PathEscape(b.text(in.View))
		case in.Print:
			bt.Print = true
		default:
			continue
		}
		bt.State = base64.StdEncoding.EncodeToString(in.State)
		bt.Params = b.params(in.Params)
		out = append(out, bt)
	}
	return out
}

// tone returns a known tone; an unknown one is neutral.
func tone(t view.Tone) view.Tone {
	switch t {
	case view.Info, view.Success, view.Warning, view.Danger:
		return t
	}
	return view.Neutral
}
