package main

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// labels draws the form for a sheet of labels. It also answers Cancel and Start again, whose state fills the form.
func (p *plugin) labels(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if page := notReady(r, o); page != nil {
		return page, nil
	}
	v := firstValues(r)
	if j, err := decodeJob(r.State); err == nil {
		v = j.Sheet.values()
	}
	return formPage(r, o, v, nil, ""), nil
}

// start answers the form: it shows what is wrong with it, or takes the first step.
func (p *plugin) start(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if page := notReady(r, o); page != nil {
		return page, nil
	}
	s, v, errs, ask := parseSheet(r.Form, o)
	if ask || len(errs) > 0 {
		return formPage(r, o, v, errs, ""), nil
	}
	return p.advance(ctx, r, o, &job{Sheet: s, Content: string(o.content), Field: o.field})
}

// step goes on with a job that came back from the browser.
func (p *plugin) step(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if page := notReady(r, o); page != nil {
		return page, nil
	}
	j, err := decodeJob(r.State)
	if err != nil {
		return nil, err
	}
	if !j.madeWith(o) {
		return formPage(r, o, j.Sheet.values(), nil, changedSettings), nil
	}
	return p.advance(ctx, r, o, j)
}

const changedSettings = "An admin changed what the codes contain in the meantime. Start again."

// madeWith says whether the job began with the settings that hold now.
func (j *job) madeWith(o options) bool {
	return j.Content == string(o.content) && (o.content != contentField || j.Field == o.field)
}

// complete says whether every label is known.
func (j *job) complete() bool {
	return j.Found && (content(j.Content) != contentLink || j.Coded == len(j.Labels))
}

// advance does a step's worth of work: at most one page of the search and one batch of codes, so that a step stays far
// below the time that a call may take, and a single label needs only one.
func (p *plugin) advance(ctx context.Context, r *sdk.Request, o options, j *job) (*view.Page, error) {
	err := p.work(ctx, o, j)
	if errs := (fieldErrors)(nil); errors.As(err, &errs) {
		return formPage(r, o, j.Sheet.values(), errs, ""), nil
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !j.complete():
		return progressPage(j)
	case len(j.Labels) == 0:
		return emptyPage(j)
	}
	return readyPage(r, o, j)
}

func (p *plugin) work(ctx context.Context, o options, j *job) error {
	if !j.Found {
		if err := search(ctx, o, j); err != nil {
			return err
		}
	}
	if j.Found && !j.complete() {
		return p.addCodes(ctx, j)
	}
	return nil
}

func progressPage(j *job) (*view.Page, error) {
	state, err := j.encode()
	if err != nil {
		return nil, err
	}
	progress := &view.Progress{
		Label: "Finding issues", Done: len(j.Labels),
		Next: &view.Next{Action: "step", State: state}, Cancel: "cancel",
	}
	if j.Found {
		progress.Label, progress.Done, progress.Total = "Making codes", j.Coded, len(j.Labels)
	}
	return &view.Page{Title: "QR labels", Blocks: []view.Block{{Progress: progress}}}, nil
}

func emptyPage(j *job) (*view.Page, error) {
	again, err := startAgain(j)
	if err != nil {
		return nil, err
	}
	return &view.Page{Title: "QR labels", Blocks: []view.Block{
		{Empty: &view.Empty{Title: "No issues found", Body: "The query finds no issue that you may see. Change it and try again."}},
		view.Actions(again),
	}}, nil
}

// startAgain shows the form as it was sent.
func startAgain(j *job) (view.Button, error) {
	state, err := (&job{Sheet: j.Sheet}).encode()
	return view.Button{Label: "Start again", View: "labels", State: state}, err
}

// notReady returns a page that says why no codes can be made with these settings, nil where they can.
func notReady(r *sdk.Request, o options) *view.Page {
	if wrong := (*problem)(nil); errors.As(o.ready(r), &wrong) {
		return withBack(r, &view.Page{Title: "QR labels", Blocks: []view.Block{wrong.notice()}})
	}
	return nil
}
