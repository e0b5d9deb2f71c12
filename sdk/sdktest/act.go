package sdktest

import (
	"fmt"

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
	for _, b := range page.Blocks {
		if b.Form == nil || b.Form.Action != action {
			continue
		}
		form := map[string][]string{}
		for _, f := range b.Form.Fields {
			value := f.Value
			if v, ok := values[f.Name]; ok {
				value = v
			}
			if f.Kind == view.SwitchField && value != "true" {
				continue // as a browser does
			}
			form[f.Name] = []string{value}
		}
		for name := range values {
			if !has(b.Form.Fields, name) {
				return nil, sdk.Errorf(sdk.NotFound, "the form %s has no field %q", action, name)
			}
		}
		return h.Action(sdk.Request{Name: action, Form: form, State: b.Form.State})
	}
	return nil, sdk.Errorf(sdk.NotFound, "the page has no form for the action %q", action)
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
	for _, b := range page.Blocks {
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
	for _, b := range page.Blocks {
		if b.Buttons != nil {
			all = append(all, b.Buttons.Buttons...)
		}
		if b.Table != nil {
			for _, r := range b.Table.Rows {
				for _, c := range r.Cells {
					all = append(all, c.Buttons...)
				}
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
