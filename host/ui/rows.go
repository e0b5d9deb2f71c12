package ui

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// peopleCall is where the form of an admin asks for people.
const peopleCall = "people"

// rows draws a list of groups.
func (b settingsBuilder) rows(in schemaform.Field, f *field) {
	f.Edit = b.edit
	keys := b.values[in.Path]
	f.Rows = &rows{Word: article(lower(in.Row)), Focus: b.form.At == in.Path}
	if len(keys) < in.MaxRows {
		f.Rows.Add = b.params("add " + in.Path)
	}
	for i, key := range keys {
		at := in.Path + "." + strconv.Itoa(i)
		r := group{ID: f.ID + "-" + strconv.Itoa(i), Title: fmt.Sprintf("%s %d", in.Row, i+1), Name: in.Path, Key: key}
		for _, one := range in.Fields {
			one.Path = at + "." + one.Path
			r.Fields = append(r.Fields, b.field(one))
		}
		r.Moves = append(b.moves(in.Path, r.ID, r.Title, i, len(keys)), move{
			ID: r.ID + "-remove", Word: "Remove", Of: r.Title, Call: b.edit, Params: b.params(fmt.Sprintf("remove %s %d", in.Path, i)),
		})
		r.Focus = b.form.At == at && !b.moved()
		if e := b.form.Errors.For(at); e != "" && f.Error == "" {
			f.Error = r.Title + ": " + e
		}
		f.Rows.Rows = append(f.Rows.Rows, r)
	}
}

// moves are the buttons that change the place of one of n things in a list. After a move the focus stays with what was moved.
func (b settingsBuilder) moves(path, id, of string, i, n int) []move {
	var out []move
	add := func(op, word, glyph string) {
		out = append(out, move{ID: id + "-" + op, Word: word, Of: of, Glyph: glyph, Call: b.edit, Params: b.params(fmt.Sprintf("%s %s %d", op, path, i))})
	}
	if i > 0 {
		add("up", "Move up", "↑")
	}
	if i < n-1 {
		add("down", "Move down", "↓")
	}
	if b.moved() && b.form.At == path+"."+strconv.Itoa(i) && len(out) > 0 {
		at := len(out) - 1
		if strings.HasPrefix(b.form.Edited, "up ") {
			at = 0
		}
		out[at].Focus = true
	}
	return out
}

func (b settingsBuilder) moved() bool {
	op, _, _ := strings.Cut(b.form.Edited, " ")
	return op == "up" || op == "down"
}

// params are those of a button that changes a list.
func (b settingsBuilder) params(button string) string {
	out, err := json.Marshal(map[string]string{"edit": button, "rev": b.rev})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(out)
}

// people draws a field of people, with those that are chosen.
func (b settingsBuilder) people(in schemaform.Field, chosen []string) *picker {
	p := &picker{Call: peopleCall, Multiple: in.Many, Max: in.MaxItems, Min: minChars}
	if !in.Many {
		p.Max = 1
	}
	names := map[string]string{}
	for _, c := range b.form.Choices[schemaform.Users] {
		names[c.ID] = c.Name
		if c.Detail != "" {
			names[c.ID] += " (" + c.Detail + ")"
		}
	}
	for _, id := range chosen {
		if id == "" {
			continue
		}
		label, known := names[id]
		if !known {
			label = id
		}
		p.Chosen = append(p.Chosen, choice{Value: id, Label: label})
	}
	return p
}
