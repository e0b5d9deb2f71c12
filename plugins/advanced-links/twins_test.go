package main

import (
	"context"

	"github.com/tinylib/msgp/msgp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

// rules are twins of the plugins that say what can be linked and how it looks. They answer what they are set to, and keep what they
// were asked. With broken they cannot answer.
type rules struct {
	scope   contract.Scope
	found   contract.Findings
	judged  contract.Judgement
	stale   contract.Stale
	presets contract.PresetList
	look    contract.Look
	draw    func(*contract.Drawing) *contract.Drawn
	broken  error

	finds  []contract.FindQuestion
	judges []contract.JudgeQuestion
	scopes []contract.ScopeQuestion
	drawn  []contract.Drawing
}

// with switches the other plugins on.
func (s *site) with(r *rules) {
	s.Services = map[string]sdk.Service{
		contract.DataLogic: service.Mux{
			contract.OpFind: twin(r, func(q *contract.FindQuestion) *contract.Findings { r.finds = append(r.finds, *q); return &r.found }),
			contract.OpJudge: twin(r, func(q *contract.JudgeQuestion) *contract.Judgement {
				r.judges = append(r.judges, *q)
				return &r.judged
			}),
			contract.OpStale:   twin(r, func(*contract.StaleQuestion) *contract.Stale { return &r.stale }),
			contract.OpPresets: twin(r, func(*contract.PresetsQuestion) *contract.PresetList { return &r.presets }),
		},
		contract.ParentFilter: service.Mux{contract.OpScope: twin(r, func(q *contract.ScopeQuestion) *contract.Scope { r.scopes = append(r.scopes, *q); return &r.scope })},
		contract.FieldSelect:  service.Mux{contract.OpLook: twin(r, func(*contract.LookQuestion) *contract.Look { return &r.look })},
		contract.IssueView: service.Mux{contract.OpDraw: twin(r, func(d *contract.Drawing) *contract.Drawn {
			r.drawn = append(r.drawn, *d)
			if r.draw == nil {
				return &contract.Drawn{Parts: make([]contract.DrawnPart, len(d.Parts))}
			}
			return r.draw(d)
		})},
	}
}

func twin[In, Out any, InP interface {
	*In
	UnmarshalMsg([]byte) ([]byte, error)
}, OutP interface {
	*Out
	MarshalMsg([]byte) ([]byte, error)
}](r *rules, answer func(*In) *Out) service.Handler {
	return service.Handle[In, Out, InP, OutP](func(_ context.Context, _ *service.Request, in *In) (*Out, error) {
		if r.broken != nil {
			return nil, r.broken
		}
		return answer(in), nil
	})
}

func (s *site) issue(id string) jira.Issue { return s.issues[id] }

// opened is the panel with the form of its first relation open.
func (s *site) opened() *view.Page {
	s.Helper()
	page, err := s.Press(s.panel(), "Link an issue")
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func formOf(page *view.Page, action string) *view.Form {
	for _, b := range page.Blocks {
		if b.Section == nil {
			continue
		}
		for _, in := range b.Section.Blocks {
			if in.Form != nil && in.Form.Action == action {
				return in.Form
			}
		}
	}
	return nil
}

// answerOf makes a host call fail.
func answerOf(op string, err error) func(string, []byte) (msgp.Marshaler, error, bool) {
	return func(asked string, _ []byte) (msgp.Marshaler, error, bool) { return nil, err, asked == op }
}
