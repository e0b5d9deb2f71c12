package page

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// controlPath is the page of faults and limits.
const controlPath = "/admin/faults"

// preset is a fault that takes one click.
type preset struct {
	Name, Title string
	rule        fault.Rule
}

var presets = []preset{
	{"lose", "Lose the answer to the next PUT", fault.Rule{Effect: fault.Lose, Path: "/rest/**", Method: http.MethodPut, Times: 1}},
	{"busy", "Refuse everything for 30 s", fault.Rule{Effect: fault.Status, Status: http.StatusTooManyRequests, Reason: limit.Burst, For: span(30 * time.Second)}},
	{"points", "No points left for a minute", fault.Rule{Effect: fault.Status, Status: http.StatusTooManyRequests, Reason: limit.GlobalQuota, RetryAfter: span(time.Minute), For: span(time.Minute)}},
	{"down", "Answer 503 for 30 s", fault.Rule{Effect: fault.Status, Status: http.StatusServiceUnavailable, For: span(30 * time.Second)}},
	{"slow", "A slow network", fault.Rule{Effect: fault.Latency, Delay: span(800 * time.Millisecond), Spread: fault.Exponential}},
	{"twice", "Send webhooks twice", fault.Rule{Effect: fault.Duplicate}},
	{"late", "Swap webhooks", fault.Rule{Effect: fault.Reorder, Every: 2}},
	{"clock", "Put the clock 10 min ahead", fault.Rule{Effect: fault.Skew, Skew: span(10 * time.Minute)}},
}

func span(d time.Duration) limit.Span { return limit.Span(d) }

// effectChoice is an effect in the form.
type effectChoice struct {
	Name fault.Effect
	Text string
}

var effectChoices = []effectChoice{
	{fault.Latency, "Wait before the answer"},
	{fault.Status, "Answer an error"},
	{fault.Cut, "Cut the connection"},
	{fault.Lose, "Do it, then lose the answer"},
	{fault.Truncate, "Send half of the body"},
	{fault.Slow, "Send the body slowly"},
	{fault.Skew, "Put the clock wrong"},
	{fault.Drop, "Webhook: never send it"},
	{fault.Duplicate, "Webhook: send it again"},
	{fault.Delay, "Webhook: send it late"},
	{fault.Reorder, "Webhook: send it after the next one"},
}

// controlBody is what the page shows.
type controlBody struct {
	Side          []menuItem
	Done, Problem string
	LimitProblem  string
	Form          url.Values // what was typed, after a mistake
	Effects       []effectChoice
	Statuses      []int
	Reasons       []limit.Reason
	Presets       []preset
	Apps          []world.AppKey

	Limits limit.Settings
	Tiers  []limit.Tier
	Usage  []limit.Usage

	Rules    []fault.State
	Faults   []fault.Entry
	Attempts []push.Attempt
	Waiting  int
}

// mostLines is how many lines of a log the page shows.
const mostLines = 50

func (s *Pages) faultPage(v *view) error { return s.renderControl(v, http.StatusOK, controlBody{}) }

func (s *Pages) renderControl(v *view, status int, body controlBody) error {
	if err := v.adminOnly(); err != nil {
		return err
	}
	switch done := v.r.URL.Query().Get("done"); done {
	case "added":
		body.Done = "The fault is in force."
	case "removed":
		body.Done = "The fault is over."
	case "cleared":
		body.Done = "All faults are over."
	case "limits":
		body.Done = "The limits are in force."
	}
	var err error
	if body.Side, err = s.adminMenu(v, controlPath); err != nil {
		return err
	}
	for _, app := range v.st.InstalledApps() {
		body.Apps = append(body.Apps, app.Key)
	}
	body.Effects, body.Statuses, body.Reasons, body.Presets = effectChoices, fault.Statuses, limit.Reasons, presets
	body.Limits, body.Usage = s.limits.Settings(), s.limits.Usage()
	body.Tiers = []limit.Tier{limit.Global, limit.Standard, limit.Premium, limit.Enterprise}
	body.Rules, body.Faults, body.Attempts, body.Waiting = s.faults.Rules(), s.faults.Log(), s.sender.Log(), s.sender.Waiting()
	body.Faults = body.Faults[:min(mostLines, len(body.Faults))]
	body.Attempts = body.Attempts[:min(mostLines, len(body.Attempts))]
	return v.render(status, "control.html", "Faults and limits", "admin", body)
}

func (v *view) adminOnly() error {
	if !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can open the admin area.")
	}
	return nil
}

func (s *Pages) addFaultFromPage(v *view) error {
	if err := v.adminOnly(); err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return rest.Fail(http.StatusBadRequest, "The form cannot be read.")
	}
	rule, err := ruleOf(v.r.PostForm)
	if err == nil {
		_, err = s.faults.Add(rule)
	}
	if err != nil {
		return s.renderControl(v, http.StatusUnprocessableEntity, controlBody{Problem: sentence(err), Form: v.r.PostForm})
	}
	return v.controlDone("added")
}

// sentence makes an error one that a page can show.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// ruleOf reads the form, or the preset whose button was pressed.
func ruleOf(form url.Values) (fault.Rule, error) {
	if name := form.Get("preset"); name != "" {
		for _, p := range presets {
			if p.Name == name {
				return p.rule, nil
			}
		}
		return fault.Rule{}, fmt.Errorf("there is no preset %q", name)
	}
	f := formReader{form: form}
	r := fault.Rule{
		Effect: fault.Effect(form.Get("effect")), App: form.Get("app"),
		Probability: f.percent("probability"), Every: f.number("every"), Times: f.number("times"), For: f.span("for"),
	}
	// The form has the fields of all effects, and a browser without scripts shows them all.
	switch r.Effect {
	case fault.Latency, fault.Slow, fault.Delay:
		r.Delay, r.Spread = f.span("delay"), fault.Spread(form.Get("spread"))
	case fault.Status:
		if r.Status = f.number("status"); r.Status == http.StatusTooManyRequests {
			r.Reason = limit.Reason(form.Get("reason"))
		}
		r.RetryAfter = f.span("retryAfter")
	case fault.Cut:
		r.At = form.Get("at")
	case fault.Skew:
		r.Skew = f.span("skew")
	case fault.Duplicate:
		r.Copies = f.number("copies")
	case fault.Reorder:
		r.Delay = f.span("delay")
	}
	switch r.Effect {
	case fault.Drop, fault.Duplicate, fault.Delay, fault.Reorder:
		r.Event = strings.TrimSpace(form.Get("event"))
	default:
		r.Method = form.Get("method")
		r.Path = strings.TrimSpace(form.Get("path"))
	}
	return r, f.err
}

// formReader reads fields of a form and keeps the first mistake.
type formReader struct {
	form url.Values
	err  error
}

func (f *formReader) text(name string) string { return strings.TrimSpace(f.form.Get(name)) }

func (f *formReader) wrong(name string, err error) {
	if err != nil {
		f.err = cmp.Or(f.err, fmt.Errorf("%s: %w", name, err))
	}
}

func (f *formReader) number(name string) int {
	if f.text(name) == "" {
		return 0
	}
	n, err := strconv.Atoi(f.text(name))
	if err != nil {
		f.wrong(name, fmt.Errorf("%q is no whole number", f.text(name)))
	}
	return n
}

func (f *formReader) percent(name string) float64 {
	if f.text(name) == "" {
		return 0
	}
	p, err := strconv.ParseFloat(f.text(name), 64)
	if err != nil || p <= 0 || p > 100 {
		f.wrong(name, errors.New("want more than 0 and at most 100 percent"))
	}
	return p / 100
}

func (f *formReader) span(name string) (s limit.Span) {
	f.wrong(name, s.UnmarshalText([]byte(f.text(name))))
	return s
}

func (s *Pages) removeFaultFromPage(v *view) error {
	if err := v.adminOnly(); err != nil {
		return err
	}
	if v.r.PathValue("rule") == "all" {
		s.faults.Clear()
		return v.controlDone("cleared")
	}
	s.faults.Remove(v.r.PathValue("rule")) // it may have ended by itself
	return v.controlDone("removed")
}

func (s *Pages) limitsFromPage(v *view) error {
	if err := v.adminOnly(); err != nil {
		return err
	}
	if v.r.PostFormValue("do") == "reset" {
		s.control.ResetLimits()
		return v.controlDone("limits")
	}
	f := formReader{form: v.r.PostForm}
	settings := s.limits.Settings()
	settings.Off = v.r.PostFormValue("on") == ""
	settings.Tier, settings.Users, settings.Points = limit.Tier(v.r.PostFormValue("tier")), f.number("users"), f.number("points")
	err := f.err
	if err == nil {
		err = s.limits.Set(settings)
	}
	if err != nil {
		return s.renderControl(v, http.StatusUnprocessableEntity, controlBody{LimitProblem: sentence(err)})
	}
	return v.controlDone("limits")
}

// controlDone shows the page with a word on what was done.
func (v *view) controlDone(what string) error {
	http.Redirect(v.w, v.r, controlPath+"?done="+what, http.StatusSeeOther)
	return nil
}
