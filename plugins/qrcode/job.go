package main

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/sdk"
)

//go:generate msgp -unexported -io=false -tests=false -o zz_job_msgp.go
//msgp:limit arrays:500

const (
	maxLabels = 500
	// maxPages bounds the pages of one search: a page can hold few issues or none where the user may not see them.
	maxPages = 200

	maxJQL    = 4000
	maxCursor = 4000
	maxKey    = 255
	maxSecond = 400
	maxState  = 2 << 20 // more than the longest job within these bounds takes
)

// job is a sheet of labels in the making. It travels through the user's browser from one step to the next, so that
// nothing of it is at rest with us, and comes back as foreign bytes: see [decodeJob].
type job struct {
	Sheet sheet `msg:"s"`
	// Content and Field are the settings with which the job began; it cannot go on with others.
	Content string `msg:"c,omitempty"`
	Field   string `msg:"f,omitempty"`

	Cursor string  `msg:"n,omitempty"` // next page of the search
	Pages  int     `msg:"p,omitempty"` // pages searched so far
	Found  bool    `msg:"d,omitempty"` // the search is over
	Coded  int     `msg:"o,omitempty"` // labels whose code is known, for contentLink
	Labels []label `msg:"l,omitempty"`
}

// sheet is what the user asked for in the form.
type sheet struct {
	JQL    string   `msg:"q"`
	Preset string   `msg:"p"`
	Custom geometry `msg:"g"` // for customPreset
	Start  int      `msg:"s"` // position of the first label on the first sheet, from 1
	Size   float64  `msg:"z,omitempty"`
	Second bool     `msg:"2,omitempty"` // print the summary as a second line
}

// geometry returns the chosen one.
func (s sheet) geometry() geometry {
	if p, ok := presetNamed(s.Preset); ok {
		return p.geometry
	}
	return s.Custom
}

// label is one label.
type label struct {
	ID  string `msg:"i"`
	Key string `msg:"k"`
	// Text is the token for contentLink and the value for contentField; contentURL needs none. Empty where there is
	// nothing to encode.
	Text   string `msg:"t,omitempty"`
	Second string `msg:"s,omitempty"`
}

// encode returns the job as it travels.
func (j *job) encode() ([]byte, error) {
	raw, err := j.MarshalMsg(nil)
	if err != nil {
		return nil, sdk.Errorf(sdk.Internal, "encode the sheet's state: %v", err)
	}
	if len(raw) > maxState {
		return nil, sdk.Errorf(sdk.Exhausted, "the texts of these labels are too long to print in one go; narrow the query and print fewer labels at a time")
	}
	return raw, nil
}

// errState answers a state that this plugin did not make: an older page, or somebody's experiment.
var errState = &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "this page is out of date; start again with the label sheet"}

// decodeJob reads a job that comes back from a browser and believes nothing of it: what it returns keeps every bound,
// its geometry is valid, and its labels have the form that a search and the codes would have given them. The error is
// errState.
func decodeJob(raw []byte) (*job, error) {
	var j job
	if len(raw) == 0 || len(raw) > maxState {
		return nil, errState
	}
	if rest, err := j.UnmarshalMsg(raw); err != nil || len(rest) > 0 {
		return nil, errState
	}
	if !j.valid() {
		return nil, errState
	}
	return &j, nil
}

func (j *job) valid() bool {
	if !j.Sheet.valid() || !within(j.Field, 100) || !within(j.Cursor, maxCursor) ||
		j.Pages < 0 || j.Pages > maxPages || len(j.Labels) > maxLabels || j.Coded < 0 || j.Coded > len(j.Labels) ||
		j.Coded > 0 && !j.Found {
		return false
	}
	seen := make(map[string]bool, len(j.Labels))
	for i, l := range j.Labels {
		if !digits(l.ID) || seen[l.ID] || l.Key == "" || !within(l.Key, maxKey) || !within(l.Second, maxSecond) {
			return false
		}
		seen[l.ID] = true
		switch content(j.Content) {
		case contentLink:
			if l.Text != "" && (i >= j.Coded || !validToken(l.Text)) {
				return false
			}
		case contentURL:
			if l.Text != "" {
				return false
			}
		case contentField:
			if len(l.Text) > maxContent+utf8.UTFMax {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func (s sheet) valid() bool {
	if _, ok := presetNamed(s.Preset); !ok {
		if s.Preset != customPreset || len(s.Custom.validate()) > 0 {
			return false
		}
	}
	return s.JQL != "" && within(s.JQL, maxJQL) && s.Start >= 1 && s.Start <= s.geometry().perSheet() &&
		!math.IsNaN(s.Size) && s.Size >= 0 && s.Size <= maxSize
}

// within says whether text is valid UTF-8 of at most n bytes.
func within(text string, n int) bool { return len(text) <= n && utf8.ValidString(text) }

// digits says whether text is a numeric id.
func digits(text string) bool {
	return text != "" && len(text) <= 19 && strings.Trim(text, "0123456789") == ""
}
