package fault

import (
	"fmt"
	"strings"
	"time"
)

// String names a target in short: an event, a request, or a token.
func (t Target) String() string {
	switch {
	case t.Event != "":
		return t.Event
	case t.On == Token:
		return "token"
	}
	return t.Method + " " + t.Path
}

// What says in words what a rule does.
func (r Rule) What() string {
	spread := ""
	if r.Spread != "" && r.Spread != Fixed {
		spread = ", " + string(r.Spread)
	}
	switch r.Effect {
	case Latency:
		return "waits " + r.Delay.String() + spread
	case Status:
		return strings.TrimSpace(fmt.Sprintf("answers %d %s", r.Status, r.Reason))
	case Cut:
		if r.At == "middle" {
			return "cuts the connection in the middle of the answer"
		}
		return "cuts the connection before anything is done"
	case Lose:
		return "does it and loses the answer"
	case Truncate:
		return "sends half of the answer's body"
	case Slow:
		return "sends the answer over " + r.Delay.String() + spread
	case Skew:
		return "clock is off by " + r.Skew.String()
	case Drop:
		return "never sends it"
	case Duplicate:
		return fmt.Sprintf("sends it %d times", r.Copies+1)
	case Delay:
		return "sends it " + r.Delay.String() + " late" + spread
	case Reorder:
		return "sends it after the next one"
	}
	return string(r.Effect)
}

// Which says in words what a rule is about.
func (r Rule) Which() string {
	words := []string{map[Place]string{Anywhere: "answers and tokens", REST: "REST", Webhook: "webhooks", Token: "tokens"}[r.On]}
	for _, w := range []string{r.Method, r.Path, r.Event} {
		if w != "" {
			words = append(words, w)
		}
	}
	if r.App != "" {
		words = append(words, "of "+r.App)
	}
	return strings.Join(words, " ")
}

// When says in words how often a rule applies and until when.
func (r Rule) When() string {
	var words []string
	if r.Probability > 0 && r.Probability < 1 {
		words = append(words, fmt.Sprintf("%g %%", r.Probability*100))
	}
	if r.Every > 1 {
		words = append(words, fmt.Sprintf("1 in %d", r.Every))
	}
	if r.Times > 0 {
		words = append(words, fmt.Sprintf("%d times", r.Times))
	}
	if !r.Until.IsZero() {
		words = append(words, "until "+r.Until.UTC().Format(time.TimeOnly)+" UTC")
	}
	if len(words) == 0 {
		return "always"
	}
	return strings.Join(words, ", ")
}
