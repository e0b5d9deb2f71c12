package view

//go:generate msgp -tests=false -io=false -o zz_graph_msgp.go

// The most of a graph that a host draws; what is beyond is left out, and the page says so.
//
// Since: v0.5
const (
	MaxGraphNodes = 500
	MaxGraphEdges = 2000
)

// Graph is a drawing of things and the relations between them, such as the issues around an issue. The host lays it out, with the
// node of the focus amid the others: what points to it on its left, what it points to on its right. The user can zoom, hide kinds of
// relation, and save the drawing; a table below it says the same.
//
// Since: v0.5
type Graph struct {
	Label string `msg:"label"` // says what is drawn, for screen readers: "Relations of OPS-7"
	Nodes []Node `msg:"nodes,limit=16384"`
	Edges []Edge `msg:"edges,omitempty,limit=16384"`
}

// Node is one thing of a graph.
//
// Since: v0.5
type Node struct {
	// ID identifies the node in its graph: edges name it. Two nodes of one id are one; the first counts.
	ID string `msg:"id"`
	// Label is what the node is called, such as an issue's key and summary; Detail is a second, muted line. Both are cut where they
	// do not fit; the user finds them in full in a tooltip and in the table.
	Label  string `msg:"label"`
	Detail string `msg:"detail,omitempty"`
	// IssueID makes the node a link to that issue of the same site.
	IssueID string `msg:"issue_id,omitempty"`
	// Lozenge is a status in the colour of Tone; empty for none.
	Lozenge string `msg:"lozenge,omitempty"`
	Tone    Tone   `msg:"tone,omitempty"`
	Icon    Icon   `msg:"icon,omitempty"`
	// Focus marks the node around which the graph is drawn. Where several have it, all are marked and the first is in the middle.
	Focus bool `msg:"focus,omitempty"`
	// Expand adds a button to the node that draws the page anew, such as with what is linked to this node.
	Expand *Call `msg:"expand,omitempty"`
}

// Edge is a relation between two nodes. One that names a node that is not there is left out.
//
// Since: v0.5
type Edge struct {
	// From and To are the ids of nodes, which can be the same one.
	From string `msg:"from"`
	To   string `msg:"to"`
	// Label names the relation, read from From to To: "runs on". Edges of one label are of one kind: the legend names it once, and
	// the user can hide it.
	Label string `msg:"label"`
	// Color tells kinds apart, together with the dashes of the line, which the host chooses. The first edge of a kind decides.
	Color Color `msg:"color,omitempty"`
	// Both says that the relation goes both ways: the line has an arrow at either end.
	Both bool `msg:"both,omitempty"`
}
