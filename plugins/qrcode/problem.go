package main

import (
	"errors"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// problem is something that the reader, or their admin, can put right: what is wrong, and what to do about it. It holds
// no issue content.
type problem struct{ title, body string }

// Error returns both sentences.
func (p *problem) Error() string { return p.title + ". " + p.body }

// notice shows the problem on a page.
func (p *problem) notice() view.Block {
	return view.Block{Notice: &view.Notice{Tone: view.Warning, Title: p.title, Body: p.body}}
}

// forFile makes an error that a download can answer with, where there is no page to show a notice on.
func forFile(err error) error {
	var p *problem
	if errors.As(err, &p) {
		return sdk.Errorf(sdk.Invalid, "%s", p.Error())
	}
	return err
}
