package main

import (
	"context"
	"errors"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
)

// png draws the issue's code as a picture.
func (p *plugin) png(ctx context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	_, s, sym, err := download(ctx, r)
	if err != nil {
		return nil, err
	}
	body, err := encodePNG(sym)
	if err != nil {
		return nil, err
	}
	return &sdk.Attachment{Name: fileName(s.issue.Key, "png"), ContentType: "image/png", Body: body}, nil
}

// svg draws it as a vector drawing, in the size in which it is to be printed.
func (p *plugin) svg(ctx context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	o, s, sym, err := download(ctx, r)
	if err != nil {
		return nil, err
	}
	width, _ := o.symbology.box(o.size)
	return &sdk.Attachment{Name: fileName(s.issue.Key, "svg"), ContentType: "image/svg+xml", Body: encodeSVG(sym, width, s.issue.Key)}, nil
}

// download is what both have in common.
func download(ctx context.Context, r *sdk.Request) (o options, s subject, sym *symbol, err error) {
	if r.Context.IssueID == "" {
		return o, s, nil, sdk.Errorf(sdk.Invalid, "open an issue to save its code")
	}
	if o, err = loadOptions(ctx); err != nil {
		return o, s, nil, err
	}
	if s, err = load(ctx, r, o); err == nil {
		sym, err = o.encode(s.text)
	}
	switch {
	case errors.Is(err, errNoCode):
		err = sdk.Errorf(sdk.NotFound, "this issue has no code any more; open the issue again and create one")
	case errors.Is(err, errEmptyField):
		err = sdk.Errorf(sdk.Invalid, "the field that the code contains is empty; fill it in first")
	}
	return o, s, sym, forFile(err)
}

// fileName proposes a name such as label-OPS-7.png.
func fileName(key, extension string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r <= ' ' {
			return '-'
		}
		return r
	}, printable(key))
	return "label-" + name + "." + extension
}
