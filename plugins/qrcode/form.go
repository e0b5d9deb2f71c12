package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// values are the form's fields as the user typed them.
type values map[string]string

// values returns what the form showed when it was sent.
func (s sheet) values() values {
	v := values{"jql": s.JQL, "preset": s.Preset, "start": strconv.Itoa(s.Start)}
	if s.Size > 0 {
		v["size"] = number(s.Size)
	}
	if s.Second {
		v["second"] = "true"
	}
	if s.Preset == customPreset {
		v.setMeasures(s.Custom)
	}
	return v
}

func (v values) setMeasures(g geometry) {
	for _, m := range measures {
		v[m.field] = number(m.get(&g))
	}
}

// firstValues fills the form for somebody who just came: for the issue that Params["issue"] names by id or key, or
// beside which the page stands.
func firstValues(r *sdk.Request) values {
	v := values{"preset": defaultPreset, "start": "1"}
	switch issue := r.Params["issue"]; {
	case digits(issue):
		v["jql"] = "id = " + issue
	case issueKey(issue):
		v["jql"] = "key = " + issue
	case r.Context.IssueID != "":
		v["jql"] = "id = " + r.Context.IssueID
	}
	return v
}

// issueKey says whether text has the form of a key, such as OPS-7, so that it cannot be anything else inside JQL.
func issueKey(text string) bool {
	project, n, ok := strings.Cut(text, "-")
	if !ok || !digits(n) || project == "" || len(project) > 100 {
		return false
	}
	for i, r := range project {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

// parseSheet reads the form. ask is true where the user has just chosen to enter measures and has not seen the fields for
// them yet. With errors or ask, the sheet is of no use.
func parseSheet(form map[string][]string, o options) (s sheet, v values, errs fieldErrors, ask bool) {
	v, errs = values{}, fieldErrors{}
	for name, all := range form {
		if len(all) > 0 && len(all[0]) <= maxJQL {
			v[name] = strings.TrimSpace(all[0])
		}
	}
	s = sheet{JQL: v["jql"], Preset: v["preset"], Second: v["second"] == "true", Start: 1}
	if s.JQL == "" || !within(s.JQL, maxJQL) {
		errs.add("jql", "Enter a query of up to %d characters, such as project = OPS.", maxJQL)
	}

	if _, known := presetNamed(s.Preset); !known && s.Preset != customPreset {
		errs.add("preset", "Choose one of these.")
		return s, v, errs, false
	}
	if s.Preset == customPreset {
		if _, seen := form[measures[0].field]; !seen {
			p, _ := presetNamed(defaultPreset)
			v.setMeasures(p.geometry)
			return s, v, nil, true
		}
		s.Custom = parseMeasures(v, errs)
		for field, message := range s.Custom.validate() {
			errs.add(field, "%s", message)
		}
	}

	var err error
	if v["size"] != "" {
		if s.Size, err = parseNumber(v["size"]); err != nil || !(s.Size >= minCode && s.Size <= maxSize) {
			errs.add("size", "Enter a number from %s to %d, or nothing.", number(minCode), maxSize)
		}
	}
	if s.Preset == customPreset && len(errs) > 0 {
		return s, v, errs, false // without a valid geometry nothing else can be said
	}

	per := s.geometry().perSheet()
	if v["start"] != "" {
		if s.Start, err = strconv.Atoi(v["start"]); err != nil || s.Start < 1 || s.Start > per {
			errs.add("start", "Enter a number from 1 to %d: that many labels are on one sheet.", per)
		}
	}
	if errs["size"] == "" {
		_, wrong := fit(s.geometry(), o.symbology, s.Size, o.size, s.Second)
		for field, message := range wrong {
			if field != "preset" || s.Preset != customPreset {
				errs.add(field, "%s", message)
			}
		}
	}
	return s, v, errs, false
}

func parseMeasures(v values, errs fieldErrors) geometry {
	var g geometry
	for _, m := range measures {
		var err error
		if m.whole {
			*m.count(&g), err = strconv.Atoi(v[m.field])
		} else {
			*m.value(&g), err = parseNumber(v[m.field])
		}
		if err != nil {
			errs.add(m.field, "Enter a number from %s to %s.", number(m.min), number(m.max))
		}
	}
	return g
}

// parseNumber reads a decimal number with a point or a comma.
func parseNumber(text string) (float64, error) {
	return strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
}

// formPage asks what to print. wrong is about the form as a whole.
func formPage(r *sdk.Request, o options, v values, errs fieldErrors, wrong string) *view.Page {
	field := func(name, label string, kind view.FieldKind, help string) view.Field {
		return view.Field{Name: name, Label: label, Kind: kind, Help: help, Value: v[name], Error: errs[name]}
	}

	jql := field("jql", "Issues (JQL)", view.TextAreaField, fmt.Sprintf("One label for each issue that this query finds, such as project = OPS AND created >= -30d. At most %d.", maxLabels))
	jql.Required = true
	sheets := field("preset", "Labels", view.SelectField, "")
	sheets.Required = true
	for _, p := range presets {
		sheets.Options = append(sheets.Options, view.Option{Value: p.name, Label: p.label})
	}
	sheets.Options = append(sheets.Options, view.Option{Value: customPreset, Label: "Other measures"})
	fields := []view.Field{jql, sheets}

	if v["preset"] == customPreset {
		for _, m := range measures {
			f := field(m.field, m.label, view.NumberField, "")
			f.Required, f.Min, f.Max, f.Step, f.Unit = true, number(m.min), number(m.max), "any", "mm"
			if m.whole {
				f.Step, f.Unit = "1", ""
			}
			fields = append(fields, f)
		}
	}

	start := field("start", "First label", view.NumberField, "1 is the top left one. Choose a later one to use up a sheet, counting row by row.")
	start.Min, start.Step = "1", "1"
	size := field("size", "Size of the code", view.NumberField,
		fmt.Sprintf("With its white border. Empty: %s mm, or as large as the label allows.", number(o.size)))
	size.Min, size.Max, size.Step, size.Unit = number(minCode), strconv.Itoa(maxSize), "any", "mm"
	fields = append(fields, start, size, field("second", "Summary below the key", view.SwitchField, ""))

	page := &view.Page{Title: "QR labels", Blocks: []view.Block{
		{Form: &view.Form{Action: "start", Submit: "Make labels", Fields: fields, Error: wrong}},
	}}
	return withBack(r, page)
}

// withBack lets a user who came from an issue's panel go back to its code.
func withBack(r *sdk.Request, page *view.Page) *view.Page {
	if r.Context.IssueID != "" {
		page.Blocks = append(page.Blocks, view.Actions(view.Button{Label: "Back to the code", View: "panel"}))
	}
	return page
}
