package relations

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/view"
)

//go:generate msgp -tests=false -io=false -o zz_draw_msgp.go

// IssueView is the service that draws linked issues as an admin wants them.
const IssueView = "pergola.issueview/v1"

// OpDraw is the operation of [IssueView]: Drawing → Drawn.
const OpDraw = "draw"

// Drawing asks for the links of an issue to be drawn: all sides at once, so that their issues are read in one request.
type Drawing struct {
	IssueID string `msg:"issue_id"`
	Parts   []Part `msg:"parts,limit=16384"`
}

// Part is a side of the drawing.
type Part struct {
	End
	Label  string   `msg:"label"`                        // that stands above it
	Others []string `msg:"others,omitempty,limit=16384"` // ids of what is linked, at most [MostPerIssue]
	More   bool     `msg:"more,omitempty"`               // there are more than these
	// Page and Sort are what the user asked for: a page, from 1, and a column, with a minus before it where it is descending.
	Page int    `msg:"page,omitempty"`
	Sort string `msg:"sort,omitempty"`
	// Call draws the page anew; the params page and sort are added to it.
	Call view.Call `msg:"call"`
	// Remove is the button that removes a link; absent where the user may not. The params issue and ref are added to it.
	Remove *view.Button      `msg:"remove,omitempty"`
	Refs   map[string]string `msg:"refs,omitempty,limit=16384"` // by issue, where links have ids of their own
}

// Drawn is the drawing, its parts in the order of the question.
type Drawn struct {
	Parts []DrawnPart `msg:"parts,omitempty,limit=16384"`
}

// DrawnPart is a side as an admin wants it. Governed is false where nothing was said of it: then advanced links draws it itself.
type DrawnPart struct {
	Governed  bool         `msg:"governed,omitempty"`
	Blocks    []view.Block `msg:"blocks,omitempty,limit=16384"`
	Position  int          `msg:"position,omitempty"` // lower ones stand first; equal ones in the order of the relations
	Collapsed bool         `msg:"collapsed,omitempty"`
	NoAdd     bool         `msg:"no_add,omitempty"` // users cannot add here
	NoCreate  bool         `msg:"no_create,omitempty"`
	Seen      int          `msg:"seen,omitempty"` // how many of the issues the user may see
}

// Draw asks the issue view to draw links. There are no parts where the service is not there.
func Draw(ctx context.Context, d Drawing) (*Drawn, error) {
	var out Drawn
	_, err := ask(ctx, IssueView, OpDraw, &d, &out)
	return &out, err
}
