package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/ui/graph"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The model of a graph. All sizes are in the drawing's own units, which are CSS pixels while it is not zoomed.
type (
	drawing struct {
		ID, Label, Words string
		Width, Height    string
		Middle           string // id of the spot that is shown first
		NodeWidth        string
		NodeHeight       string
		TextWidth        string
		Kinds            []kind
		Lines            []edge
		Spots            []spot // in reading order
		Table            *table
		Wide             bool // the words of each line fit in
	}
	// kind is a kind of relation: an entry of the legend.
	kind struct {
		ID, Label string
		Number    int
		Count     int
		Color     view.Color
		Dashes    string // of SVG's stroke-dasharray; "" for a line without gaps
	}
	edge struct {
		Kind        *kind
		From, To    int // nodes
		Title       string
		Path, Heads string
		Words       *words // beside the line
	}
	words struct{ X, Y, Anchor, Text string }
	// spot is a node in its place.
	spot struct {
		ID, Short            string // Short: what it is called
		Number               int
		X, Y                 string
		Lines                []words // the label and the detail, cut to fit
		Title                string  // all of it in full
		Icon                 view.Icon
		Issue                *issueLink
		Lozenge              *badge
		Tone                 view.Tone
		Focus                bool
		Expand               *turn
		ExpandX, Half, IconY string
	}
	badge struct{ X, Y, Width, TextX, TextY, Text string }
)

// dashes tell kinds apart where colours cannot: in print, and for who does not see them.
var dashes = []string{"", "8 4", "2 3", "12 4 2 4", "16 5", "6 3 2 3 2 3", "4 4", "10 3 4 3"}

// Sizes in the drawing.
const (
	nodeWidth     = 220
	nodeHeight    = 44
	lowHeight     = 32 // of nodes without a second line
	nodePad       = 10
	iconRoom      = 22
	expandRoom    = 26
	columnGap     = 76
	worded        = 60 // the most edges of a graph whose lines carry words
	wordedAlike   = 12 // the same where all say one thing, as the legend does
	mostLineWords = 110
	drawingPad    = 12
)

// graph converts a graph; nil where there is nothing to draw.
func (b *builder) graph(in *view.Graph) *drawing {
	b.graphs++
	d := &drawing{ID: "graph" + strconv.Itoa(b.graphs), Label: b.text(in.Label)}
	if d.Label == "" {
		d.Label = "Graph"
	}
	nodes, numbers := b.nodes(in)
	if len(nodes) == 0 {
		return nil
	}
	edges := b.edges(in, d, numbers)
	height := float64(lowHeight)
	for _, n := range nodes {
		if n.Detail != "" || n.Lozenge != "" {
			height = nodeHeight
		}
	}
	g := graph.Graph{Nodes: len(nodes), Focus: -1}
	for i, n := range nodes {
		if n.Focus && g.Focus < 0 {
			g.Focus = i
		}
	}
	gap, longest := float64(columnGap), 0.0
	d.Wide = len(edges) <= wordedAlike || len(edges) <= worded && len(d.Kinds) > 1
	for _, e := range edges {
		g.Edges = append(g.Edges, graph.Edge{From: e.From, To: e.To, Kind: e.Kind.Number})
		longest = max(longest, textWidth(e.Kind.Label, wordsSize))
	}
	if d.Wide {
		gap += min(longest, mostLineWords)
	}
	laid := graph.Lay(g, graph.Config{NodeWidth: nodeWidth, NodeHeight: height, ColumnGap: gap})
	d.Width, d.Height = px(math.Ceil(laid.Width+2*drawingPad)), px(math.Ceil(laid.Height+2*drawingPad))
	d.NodeWidth, d.NodeHeight, d.TextWidth = px(nodeWidth), px(height), px(nodeWidth-nodePad/2)
	b.spots(d, nodes, laid, height)
	d.draw(edges, laid, nodes)
	d.Table = b.table(same(in.Label, nodes, edges))
	if g.Focus >= 0 {
		d.Middle = d.ID + "-" + strconv.Itoa(g.Focus)
	}
	d.Words = counted(len(nodes), "node") + " and " + counted(len(edges), "relation") + ". The table below says the same."
	return d
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// nodes are the nodes that are drawn, and their numbers by id.
func (b *builder) nodes(in *view.Graph) ([]view.Node, map[string]int) {
	var out []view.Node
	numbers := map[string]int{}
	for _, n := range head(b.budget, in.Nodes, view.MaxGraphNodes) {
		if _, twice := numbers[n.ID]; twice {
			continue
		}
		if !b.element() {
			break
		}
		n.Label, n.Detail, n.Lozenge = b.text(n.Label), b.text(n.Detail), b.text(n.Lozenge)
		if n.Label == "" {
			n.Label = "Untitled"
		}
		numbers[n.ID] = len(out)
		out = append(out, n)
	}
	return out, numbers
}

// edges are the edges that are drawn; it finds their kinds too.
func (b *builder) edges(in *view.Graph, d *drawing, numbers map[string]int) []edge {
	var out []edge
	kinds := map[string]*kind{}
	var order []*kind
	for _, e := range head(b.budget, in.Edges, view.MaxGraphEdges) {
		from, ok := numbers[e.From]
		to, too := numbers[e.To]
		if !ok || !too {
			continue
		}
		if !b.element() {
			break
		}
		k := kinds[e.Label]
		if k == nil {
			n := len(order)
			k = &kind{ID: d.ID + "-kind" + strconv.Itoa(n), Number: n, Label: b.text(e.Label), Color: known(e.Color, colors), Dashes: dashes[n%len(dashes)]}
			if k.Label == "" {
				k.Label = "is related to"
			}
			kinds[e.Label] = k
			order = append(order, k)
		}
		k.Count++
		out = append(out, edge{Kind: k, From: from, To: to, Heads: map[bool]string{true: "both"}[e.Both]})
	}
	for _, k := range order {
		d.Kinds = append(d.Kinds, *k)
	}
	return out
}

// spots puts the nodes where they belong.
func (b *builder) spots(d *drawing, nodes []view.Node, laid graph.Drawing, height float64) {
	for _, n := range laid.Order {
		in, at := nodes[n], laid.Nodes[n]
		s := spot{
			ID: d.ID + "-" + strconv.Itoa(n), Number: n, X: px(at.X + drawingPad), Y: px(at.Y + drawingPad), Short: short(in.Label), Title: in.Label,
			Icon: known(in.Icon, icons), Tone: tone(in.Tone), Focus: in.Focus, ExpandX: px(nodeWidth - expandRoom), Half: px(height / 2), IconY: px(height/2 - 8),
		}
		if in.Detail != "" {
			s.Title += ", " + in.Detail
		}
		if in.Lozenge != "" {
			s.Title += ", " + in.Lozenge
		}
		if issueID.MatchString(in.IssueID) {
			s.Issue = b.issue(in.IssueID)
		}
		left, right := float64(nodePad), float64(nodeWidth-nodePad)
		if s.Icon != "" {
			left += iconRoom
		}
		if in.Expand != nil {
			if s.Expand = b.turn(s.ID+"-expand", in.Expand, 0); s.Expand != nil {
				right -= expandRoom - nodePad/2
			}
		}
		s.write(in, left, right, height)
		d.Spots = append(d.Spots, s)
	}
}

// write fits the texts of a node between left and right.
func (s *spot) write(in view.Node, left, right, height float64) {
	if in.Detail == "" && in.Lozenge == "" {
		s.Lines = []words{{X: px(left), Y: px(height/2 + 4.5), Text: fit(in.Label, nameSize, right-left)}}
		return
	}
	s.Lines = []words{{X: px(left), Y: px(18), Text: fit(in.Label, nameSize, right-left)}}
	if in.Lozenge != "" {
		text := fit(strings.ToUpper(in.Lozenge), lozengeSize, 84)
		w := textWidth(text, lozengeSize) + 8
		x := right - w
		if in.Detail == "" {
			x = left
		} else {
			right = x - 6
		}
		s.Lozenge = &badge{X: px(x), Y: px(24.5), Width: px(w), TextX: px(x + w/2), TextY: px(33.5), Text: text}
	}
	if in.Detail != "" {
		s.Lines = append(s.Lines, words{X: px(left), Y: px(34), Text: fit(in.Detail, detailSize, right-left)})
	}
}

// draw makes the lines.
func (d *drawing) draw(edges []edge, laid graph.Drawing, nodes []view.Node) {
	taken := newTaken()
	for i, e := range edges {
		l := laid.Lines[i]
		atStart, atEnd := l.Reversed || e.Heads != "", !l.Reversed || e.Heads != ""
		e.Title = short(nodes[e.From].Label) + " " + short(e.Kind.Label) + " " + short(nodes[e.To].Label)
		e.Path, e.Heads = pathOf(&l, atStart, atEnd)
		if d.Wide {
			e.Words = taken.place(&l, fit(e.Kind.Label, wordsSize, mostLineWords))
		}
		d.Lines = append(d.Lines, e)
	}
}

// pathOf returns the line of an edge and its arrows, as SVG path data. The line ends within the arrow.
func pathOf(l *graph.Line, atStart, atEnd bool) (line, heads string) {
	const long, wide, hidden = 9, 4, 5
	var p, h strings.Builder
	at := func(pt graph.Point) string { return px(pt.X+drawingPad) + " " + px(pt.Y+drawingPad) }
	arrow := func(tip graph.Point, side int) {
		base := tip.X + float64(side*long) + drawingPad
		fmt.Fprintf(&h, "M%sL%s %sV%sz", at(tip), px(base), px(tip.Y+drawingPad-wide), px(tip.Y+drawingPad+wide))
	}
	start := l.Start
	if atStart {
		arrow(start, l.Leaves)
		start.X += float64(l.Leaves * hidden)
	}
	p.WriteString("M" + at(start))
	for i, s := range l.Steps {
		to := s.To
		if i == len(l.Steps)-1 && atEnd {
			arrow(to, l.Comes)
			to.X += float64(l.Comes * hidden)
		}
		if s.Straight {
			p.WriteString("L" + at(to))
		} else {
			p.WriteString("C" + at(s.C1) + " " + at(s.C2) + " " + at(to))
		}
	}
	return p.String(), h.String()
}

// taken are the places of words, by rows, so that no two words lie over each other.
type taken struct{ rows map[int][][2]float64 }

func newTaken() *taken { return &taken{rows: map[int][][2]float64{}} }

// place returns the words of a line beside it, on the side where it does not run; nil where there are others already.
func (t *taken) place(l *graph.Line, text string) *words {
	const tall = 12
	w := textWidth(text, wordsSize)
	x, y, anchor := l.Label.X, l.Label.Y-4, "middle"
	from := x - w/2
	switch l.Side {
	case -1:
		x, anchor = x-13, "end"
		from = x - w
	case 1:
		x, anchor = x+13, "start"
		from = x
	default:
		y = l.Label.Y + 4
	}
	if l.Side != 0 && descends(l) {
		y = l.Label.Y + tall
	}
	first, last := int(y-tall)/4, int(y)/4
	for row := first; row <= last; row++ {
		for _, other := range t.rows[row] {
			if from < other[1] && other[0] < from+w {
				return nil
			}
		}
	}
	for row := first; row <= last; row++ {
		t.rows[row] = append(t.rows[row], [2]float64{from, from + w})
	}
	return &words{X: px(x + drawingPad), Y: px(y + drawingPad), Anchor: anchor, Text: text}
}

// descends says whether a line comes from above to the end at which its words stand.
func descends(l *graph.Line) bool {
	for i := range l.Steps {
		if l.Side < 0 {
			i = len(l.Steps) - 1 - i
		}
		if s := &l.Steps[i]; !s.Straight && s.C1.Y != s.C2.Y {
			return (s.C1.Y < s.C2.Y) == (l.Side < 0)
		}
	}
	return false
}

// same is the table that says what the drawing says: a row for each edge, then one for each node without any.
func same(label string, nodes []view.Node, edges []edge) *view.Table {
	t := &view.Table{Caption: label, Compact: true, Columns: []view.Column{{Title: "From"}, {Title: "Relation"}, {Title: "To"}}}
	cell := func(n view.Node) view.Cell {
		c := view.Cell{Spans: []view.Span{{Text: n.Label, IssueID: n.IssueID}}}
		if n.Detail != "" {
			c.Spans = append(c.Spans, view.Span{Text: ", " + n.Detail})
		}
		if n.Lozenge != "" {
			c.Spans = append(c.Spans, view.Span{Text: " "}, view.Span{Text: n.Lozenge, Lozenge: true, Tone: n.Tone})
		}
		return c
	}
	linked := make([]bool, len(nodes))
	for _, e := range edges {
		linked[e.From], linked[e.To] = true, true
		how := e.Kind.Label
		if e.Heads != "" {
			how += " (both ways)"
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{cell(nodes[e.From]), view.T(how), cell(nodes[e.To])}})
	}
	for i, n := range nodes {
		if !linked[i] {
			t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{cell(n), view.T("linked to nothing here"), {}}})
		}
	}
	return t
}

// short is what a node or a kind is called where it is named again and again, which no budget counts.
func short(s string) string { return fit(s, 1, 60) }

// px writes a coordinate with a tenth of a pixel.
func px(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}
