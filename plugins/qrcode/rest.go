package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
)

const (
	// maxAsked is how many labels a program gets with one request, in the time that one may take.
	maxAsked = batch
	// maxAskedPages bounds the pages of its search, as maxPages does for the page.
	maxAskedPages = 20
)

// asked is what a program wants printed: the sheet, and what the page's form has no field for.
type asked struct {
	sheet
	issues  []string // ids and keys in the order of the labels; nil where the sheet has a query
	partial bool     // print the others where some issues get no label
}

// printRoute answers with the PDF of labels, by the same rules as the page.
func (p *plugin) printRoute(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return 0, nil, err
	}
	page := &sdk.Request{Context: r.Context}
	if err := o.ready(page); err != nil {
		return 0, nil, forFile(err)
	}
	want, err := readAsked(r.Body, o)
	if err != nil {
		return 0, nil, err
	}
	j := &job{Sheet: want.sheet, Content: string(o.content), Field: o.field}
	if err := p.collect(ctx, o, j); err != nil {
		return 0, nil, forProgram(err)
	}
	if want.issues != nil {
		slices.SortStableFunc(j.Labels, func(a, b label) int { return want.place(a) - want.place(b) })
	}
	out, err := newPrint(page, o, j)
	if err != nil {
		return 0, nil, forProgram(err)
	}
	if len(out.left) > 0 && !want.partial || len(out.labels) == 0 {
		return 0, nil, refused(out)
	}
	pdf, err := renderPDF(out, p.now())
	if err != nil {
		return 0, nil, err
	}
	return 200, msgp.Raw(msgp.AppendBytes(nil, pdf)), nil
}

// collect finds all issues, and then makes their codes: none where there are too many.
func (p *plugin) collect(ctx context.Context, o options, j *job) error {
	for !j.Found {
		if err := search(ctx, o, j); err != nil {
			return err
		}
		if len(j.Labels) > maxAsked || !j.Found && j.Pages >= maxAskedPages {
			return fieldErrors{"jql": "This query finds more than 100 issues. Ask for 100 labels at a time: narrow it, for example with AND created >= -7d."}
		}
	}
	if len(j.Labels) == 0 {
		return fieldErrors{"jql": "It finds no issue that the account of the token may see."}
	}
	if j.complete() {
		return nil
	}
	return p.addCodes(ctx, j)
}

// readAsked reads a body that the host has judged by the schema of plugin.json. The rules of the form hold, in its words.
func readAsked(body []byte, o options) (asked, error) {
	v, _, err := msgp.ReadIntfBytes(body)
	sent, ok := v.(map[string]any)
	if err != nil || !ok {
		return asked{}, sdk.Errorf(sdk.Invalid, "the body is not what this route takes")
	}
	var out asked
	form := map[string][]string{"preset": {defaultPreset}}
	for name, value := range sent {
		switch value := value.(type) {
		case []any:
			for _, one := range value {
				issue, _ := one.(string)
				if !digits(issue) && !issueKey(issue) {
					return asked{}, fault("issues", "Name issues by id or key, such as OPS-7.")
				}
				out.issues = append(out.issues, strings.ToUpper(issue))
			}
		case string:
			form[name] = []string{value}
		case bool:
			form[name] = []string{strconv.FormatBool(value)}
		case int64:
			form[name] = []string{strconv.FormatInt(value, 10)}
		case uint64:
			form[name] = []string{strconv.FormatUint(value, 10)}
		case float64:
			form[name] = []string{strconv.FormatFloat(value, 'f', -1, 64)}
		}
	}
	if (out.issues != nil) == (form["jql"] != nil) {
		return asked{}, fault("jql", "Send either jql or issues.")
	}
	if out.issues != nil {
		form["jql"] = []string{"id in (" + strings.Join(out.issues, ",") + ")"}
	}
	sheet, _, errs, ask := parseSheet(form, o)
	if ask {
		errs = fieldErrors{measures[0].field: "Send all measures of the labels with preset custom."}
	}
	out.sheet, out.partial = sheet, form["partial"] != nil && form["partial"][0] == "true"
	return out, forProgram(errs.orNil())
}

func (e fieldErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// place is where an issue stands among those that were asked for.
func (a asked) place(l label) int {
	return slices.IndexFunc(a.issues, func(issue string) bool { return issue == l.ID || issue == strings.ToUpper(l.Key) })
}

func fault(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: message}
}

// forProgram makes an error of what the page's form shows beside its fields: of the first one.
func forProgram(err error) error {
	var errs fieldErrors
	if !errors.As(err, &errs) {
		return err
	}
	field := slices.Min(slices.Collect(maps.Keys(errs)))
	return fault(field, errs[field])
}

// refused names the issues that get no label.
func refused(out *print) error {
	words := make([]string, len(out.left))
	for i, l := range out.left {
		words[i] = l.key + " (" + l.why + ")"
	}
	message := count(len(words), "issue") + " without a label: " + strings.Join(words, ", ") + "."
	if len(out.labels) > 0 {
		message += " Leave them out, or send partial for the labels of the others."
	}
	return fault("issues", message)
}
