package sdktest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Press presses the button with that label and returns the page that comes then. The error has the code not_found where
// the page has no such button, and invalid where the button saves a file (see [Host.Save]) or prints.
//
// Since: v0.1
func (h *Host) Press(page *view.Page, label string) (*view.Page, error) {
	b, err := find(page, label)
	if err != nil {
		return nil, err
	}
	r := sdk.Request{Params: b.Params, State: b.State}
	switch {
	case b.Action != "":
		r.Name = b.Action
		return h.Action(r)
	case b.View != "":
		r.Name = b.View
		return h.View(r)
	default:
		return nil, sdk.Errorf(sdk.Invalid, "the button %q shows no page", label)
	}
}

// Save presses the button with that label and returns the file that the browser saves then.
//
// Since: v0.1
func (h *Host) Save(page *view.Page, label string) (*sdk.Attachment, error) {
	b, err := find(page, label)
	if err != nil {
		return nil, err
	}
	if b.File == "" {
		return nil, sdk.Errorf(sdk.Invalid, "the button %q saves no file", label)
	}
	return h.File(sdk.Request{Name: b.File, Params: b.Params, State: b.State})
}

// Submit fills in the page's form with that action and sends it: fields that are not in values keep what they show. A
// field that the form does not have is an error with the code not_found.
//
// Since: v0.1
func (h *Host) Submit(page *view.Page, action string, values map[string]string) (*view.Page, error) {
	f, form, err := fillIn(page, action, single(values))
	if err != nil {
		return nil, err
	}
	return h.Action(sdk.Request{Name: action, Form: form, State: f.State})
}

// SubmitAll is [Host.Submit] for fields that hold several values, as pickers do. A field without a value is not sent.
//
// Since: v0.5
func (h *Host) SubmitAll(page *view.Page, action string, values map[string][]string) (*view.Page, error) {
	f, form, err := fillIn(page, action, values)
	if err != nil {
		return nil, err
	}
	return h.Action(sdk.Request{Name: action, Form: form, State: f.State})
}

// Type types into a picker of the page's form with that action, and returns the choices that its suggester offers. values are what the
// user entered into the form's fields before, as in [Host.SubmitAll]. What is too short to ask for gives no choices.
//
// Since: v0.5
func (h *Host) Type(page *view.Page, action, field, text string, values map[string][]string) (*view.Choices, error) {
	f, form, err := fillIn(page, action, values)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(f.Fields, func(f view.Field) bool { return f.Name == field && f.Kind == view.PickerField })
	if i < 0 {
		return nil, sdk.Errorf(sdk.NotFound, "the form %s has no picker %q", action, field)
	}
	text = strings.TrimSpace(text)
	least := f.Fields[i].MinChars
	if least == 0 {
		least = 2
	}
	if n := utf8.RuneCountInString(text); n > 0 && n < least {
		return &view.Choices{}, nil
	}
	return h.Suggest(sdk.Request{Name: f.Fields[i].Suggest, Params: map[string]string{"q": text, "field": field}, Form: form, State: f.State})
}

// Sort presses the title of a column and returns the page that comes then.
//
// Since: v0.5
func (h *Host) Sort(page *view.Page, column string) (*view.Page, error) {
	for b := range blocks(page.Blocks) {
		if b.Table == nil {
			continue
		}
		for _, c := range b.Table.Columns {
			if c.Title == column && c.Sort != nil {
				return h.follow(*c.Sort, nil)
			}
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "the page has no column %q that sorts", column)
}

// Turn leafs to a page of the pager with that label.
//
// Since: v0.5
func (h *Host) Turn(page *view.Page, label string, number int) (*view.Page, error) {
	for b := range blocks(page.Blocks) {
		if b.Pager != nil && b.Pager.Label == label {
			return h.follow(b.Pager.Call, map[string]string{"page": strconv.Itoa(number)})
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "the page has no pager %q", label)
}

// follow makes a call with more params.
func (h *Host) follow(c view.Call, more map[string]string) (*view.Page, error) {
	params := map[string]string{}
	maps.Copy(params, c.Params)
	maps.Copy(params, more)
	r := sdk.Request{Name: c.View, Params: params, State: c.State}
	if c.Action != "" {
		r.Name = c.Action
		return h.Action(r)
	}
	return h.View(r)
}

// fillIn returns the page's form with that action, and what a browser sends of it after values were entered.
func fillIn(page *view.Page, action string, values map[string][]string) (*view.Form, map[string][]string, error) {
	for b := range blocks(page.Blocks) {
		if b.Form == nil || b.Form.Action != action {
			continue
		}
		form := map[string][]string{}
		for _, f := range b.Form.Fields {
			all := []string{f.Value}
			if f.Kind == view.PickerField {
				all = nil
				for _, c := range f.Chosen {
					all = append(all, c.Value)
				}
			}
			if v, ok := values[f.Name]; ok {
				all = v
			}
			if len(all) > 0 && (f.Kind != view.SwitchField || all[0] == "true") { // as a browser does
				form[f.Name] = all
			}
		}
		for name := range values {
			if !has(b.Form.Fields, name) {
				return nil, nil, sdk.Errorf(sdk.NotFound, "the form %s has no field %q", action, name)
			}
		}
		return b.Form, form, nil
	}
	return nil, nil, sdk.Errorf(sdk.NotFound, "the page has no form for the action %q", action)
}

func single(values map[string]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range values {
		out[k] = []string{v}
	}
	return out
}

// blocks are the blocks of a page, with those in sections.
func blocks(all []view.Block) iter.Seq[view.Block] {
	return func(yield func(view.Block) bool) {
		for _, b := range all {
			if !yield(b) {
				return
			}
			if b.Section == nil {
				continue
			}
			for inner := range blocks(b.Section.Blocks) {
				if !yield(inner) {
					return
				}
			}
		}
	}
}

// Finish follows a page's progress, step by step as the browser does, until a page comes that has no next step. More
// than a thousand steps are an error with the code exhausted.
//
// Since: v0.1
func (h *Host) Finish(page *view.Page) (*view.Page, error) {
	for range 1000 {
		next := nextStep(page)
		if next == nil {
			return page, nil
		}
		var err error
		if page, err = h.Action(sdk.Request{Name: next.Action, State: next.State}); err != nil {
			return nil, err
		}
	}
	return nil, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: fmt.Sprintf("the work has not ended after %d steps", 1000)}
}

func nextStep(page *view.Page) *view.Next {
	for b := range blocks(page.Blocks) {
		if b.Progress != nil && b.Progress.Next != nil {
			return b.Progress.Next
		}
	}
	return nil
}

func has(fields []view.Field, name string) bool {
	for _, f := range fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

func find(page *view.Page, label string) (*view.Button, error) {
	var all []view.Button
	for b := range blocks(page.Blocks) {
		if b.Buttons != nil {
			all = append(all, b.Buttons.Buttons...)
		}
		if b.Table != nil {
			for _, r := range slices.Concat(b.Table.Rows, b.Table.Foot) {
				for _, c := range r.Cells {
					all = append(all, c.Buttons...)
				}
			}
		}
		if b.List != nil {
			for _, i := range b.List.Items {
				all = append(all, i.Buttons...)
			}
		}
	}
	for i := range all {
		if all[i].Label == label {
			return &all[i], nil
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "the page has no button %q", label)
}
