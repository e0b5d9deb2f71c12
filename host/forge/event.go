package forge

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// Event is an event of Forge in the words of a Connect webhook, which host/events reads.
type Event struct {
	Name string // ours, "" for one that nobody here hears of
	// ID is the same however often Forge tries to deliver the event.
	ID      string
	Webhook []byte
}

// ParseEvent reads an event of Forge. now tells tries of one event from an equal event at another time: what happens twice, such as a
// project that is renamed and renamed back, can look the same.
func ParseEvent(body []byte, now time.Time) (Event, error) {
	var e map[string]json.RawMessage
	var name, account string
	if json.Unmarshal(body, &e) != nil || json.Unmarshal(e["eventType"], &name) != nil {
		return Event{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "This is no event of Forge: it has no type."}
	}
	ours, ok := EventName(name)
	if !ok {
		return Event{}, nil
	}
	_ = json.Unmarshal(e["atlassianId"], &account) // nobody, where Jira itself did it
	hook := map[string]any{"user": map[string]string{"accountId": account}}
	for _, key := range []string{"issue", "changelog"} {
		if raw, ok := e[key]; ok {
			hook[key] = raw
		}
	}
	if strings.HasPrefix(ours, "issuelink.") { // whose parts lie open here
		hook["issueLink"] = map[string]json.RawMessage{
			"id": orNull(e["id"]), "sourceIssueId": orNull(e["sourceIssueId"]), "destinationIssueId": orNull(e["destinationIssueId"]), "issueLinkType": orNull(e["issueLinkType"]),
		}
	}
	out := Event{Name: ours, ID: identity(e, now)}
	var err error
	if out.Webhook, err = json.Marshal(hook); err != nil {
		return Event{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "This event of Forge cannot be read."}
	}
	return out, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// identity hashes what an event says, without what a retry says of itself, and the hour: Forge's tries end long before one is over, and one
// that reaches into the next is told twice, which whoever listens has to bear anyway.
func identity(e map[string]json.RawMessage, now time.Time) string {
	said := map[string]json.RawMessage{}
	for key, raw := range e {
		if key != "retryContext" && key != "contextToken" {
			said[key] = raw
		}
	}
	raw, err := json.Marshal(said) // sorted by key
	if err != nil {
		return ""
	}
	h := sha256.New()
	h.Write([]byte(now.UTC().Truncate(time.Hour).Format(time.RFC3339)))
	h.Write(raw)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}
