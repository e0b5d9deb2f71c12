package main_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
)

const aToken = "4Nk7tQxYzAbCdEfGh2"

// fullJob is a job within all bounds.
func fullJob(content string, labels int) *qrcode.Job {
	j := &qrcode.Job{
		Sheet:   qrcode.Sheet{JQL: "project = OPS", Preset: "a4-3x8", Start: 5, Size: 20, Second: true},
		Content: content, Pages: 5, Found: true,
	}
	for i := range labels {
		l := qrcode.Label{ID: strconv.Itoa(10001 + i), Key: "OPS-" + strconv.Itoa(i+1), Second: "Laptop"}
		switch content {
		case "link":
			l.Text = aToken
		case "field":
			l.Text = "SN"
		}
		j.Labels = append(j.Labels, l)
	}
	if content == "link" {
		j.Coded = labels
	}
	return j
}

func TestJobComesBackAsItLeft(t *testing.T) {
	for _, content := range []string{"link", "url", "field"} {
		for _, n := range []int{0, 1, 500} {
			j := fullJob(content, n)
			raw, err := j.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := qrcode.DecodeJob(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(j, got); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestLongestJobFitsIntoAState(t *testing.T) {
	j := fullJob("field", 500)
	j.Sheet.JQL = strings.Repeat("x", 4000)
	for i := range j.Labels {
		j.Labels[i].Text = strings.Repeat("x", qrcode.MaxContent)
		j.Labels[i].Second = strings.Repeat("x", 400)
		j.Labels[i].Key = strings.Repeat("X", 255)
	}
	raw, err := j.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := qrcode.DecodeJob(raw); err != nil {
		t.Error(err)
	}
}

func TestTamperedJobIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(j *qrcode.Job)
	}{
		{"unknown preset", func(j *qrcode.Job) { j.Sheet.Preset = "a0" }},
		{"custom geometry that cannot be", func(j *qrcode.Job) { j.Sheet.Preset = "custom"; j.Sheet.Custom.Columns = 1 << 30 }},
		{"start beyond the sheet", func(j *qrcode.Job) { j.Sheet.Start = 25 }},
		{"start before the sheet", func(j *qrcode.Job) { j.Sheet.Start = 0 }},
		{"size", func(j *qrcode.Job) { j.Sheet.Size = math.NaN() }},
		{"no query", func(j *qrcode.Job) { j.Sheet.JQL = "" }},
		{"broken UTF-8", func(j *qrcode.Job) { j.Sheet.JQL = "\xff" }},
		{"id that is none", func(j *qrcode.Job) { j.Labels[0].ID = "1) OR id in (2" }},
		{"id twice", func(j *qrcode.Job) { j.Labels[1].ID = j.Labels[0].ID }},
		{"no key", func(j *qrcode.Job) { j.Labels[0].Key = "" }},
		{"code that is none", func(j *qrcode.Job) { j.Labels[0].Text = "https://evil.example/" }},
		{"code before its turn", func(j *qrcode.Job) { j.Coded = 0 }},
		{"more codes than labels", func(j *qrcode.Job) { j.Coded = 4 }},
		{"codes before the search is over", func(j *qrcode.Job) { j.Found = false }},
		{"unknown content", func(j *qrcode.Job) { j.Content = "html" }},
		{"text that an address does not need", func(j *qrcode.Job) { j.Content = "url" }},
		{"endless text", func(j *qrcode.Job) { j.Content = "field"; j.Labels[0].Text = strings.Repeat("x", 3000) }},
		{"endless second line", func(j *qrcode.Job) { j.Labels[0].Second = strings.Repeat("x", 500) }},
		{"too many labels", func(j *qrcode.Job) { *j = *fullJob("link", 501) }},
		{"endless search", func(j *qrcode.Job) { j.Pages = 1 << 20 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := fullJob("link", 3)
			tt.change(j)
			raw, err := j.MarshalMsg(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := qrcode.DecodeJob(raw); err == nil {
				t.Error("it passes")
			}
		})
	}
	raw, err := fullJob("link", 3).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if _, err := qrcode.DecodeJob(raw[:n]); err == nil {
			t.Fatalf("the first %d bytes pass", n)
		}
	}
	if _, err := qrcode.DecodeJob(append(raw, 0)); err == nil {
		t.Error("it passes with something behind it")
	}
}

// A state is what a user's browser sends: whatever it is, the plugin neither panics nor makes a PDF of nonsense.
func FuzzStateFromTheBrowser(f *testing.F) {
	for _, content := range []string{"link", "url", "field"} {
		raw, err := fullJob(content, 3).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	custom := fullJob("url", 2)
	custom.Sheet.Preset, custom.Sheet.Custom = "custom", qrcode.Presets[4].Geometry()
	raw, err := custom.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("\xdd\xff\xff\xff\xff"))
	f.Add([]byte("\x81\xa1l\xdd\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, state []byte) {
		j, err := qrcode.DecodeJob(state)
		if err != nil {
			return
		}
		if len(j.Labels) > qrcode.MaxLabels {
			t.Fatalf("%d labels", len(j.Labels))
		}
		raw, err := j.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := qrcode.DecodeJob(raw)
		if err != nil {
			t.Fatalf("what was accepted once is refused the second time: %v", err)
		}
		if diff := cmp.Diff(j, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
