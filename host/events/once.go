package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk/event"
)

// keep is how long an event is known that was told. Jira tries a webhook for hours, and lists one that it could not deliver for 72 hours more.
const keep = 4 * 24 * time.Hour

const (
	heardCollection = "event.heard"
	byDay           = "day"
)

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: heardCollection, Name: "Event that was heard", ID: privacy.Digest,
		Purpose: "Tell a feature once of what Jira tells several times", Kept: "for four days",
		Fields: []privacy.Field{{Path: "at", Kind: privacy.Time}, {Path: "day", Kind: privacy.Code, Index: byDay}},
	}, hooksType()}
}

// heard is a happening of which somebody has told. Its id is a digest of what makes it the same, whoever tells it.
type heard struct {
	At  time.Time `json:"at"`  // as whoever told it first said
	Day string    `json:"day"` // on which it was told first
}

// same is what two tellings of one happening have in common: the static webhook, a registered one and an event of Forge, each with an
// identifier of its own. An issue and a link come and go once; a change has an id in the issue's history. What has none is known by Jira's time of
// it, and without that by the identifier with which it was told.
func (w webhook) same(h happening, told string) string {
	parts := []string{h.Kind, string(h.Issue), string(h.Link)}
	switch {
	case h.Kind == event.IssueUpdated && w.Changelog.ID != "":
		parts = append(parts, "change", string(w.Changelog.ID))
	case h.Kind == event.IssueUpdated || h.Issue == "" && h.Link == "":
		at := told
		if w.Timestamp > 0 {
			at = fmt.Sprint(w.Timestamp)
		}
		parts = append(parts, "at", at, string(h.From), string(h.To))
	}
	return strings.Join(parts, "/")
}

// first returns when a happening was, as whoever told it first said, so that whoever tells it later has it at the same time.
func (s *Service) first(ctx context.Context, t capability.TenantID, same string, at time.Time) (time.Time, error) {
	sum := sha256.Sum256([]byte(same))
	key := store.Key{Tenant: t, Collection: heardCollection, ID: hex.EncodeToString(sum[:16])}
	h := heard{At: at.UTC().Round(0), Day: day(s.cfg.Now())}
	body, err := json.Marshal(h)
	if err != nil {
		return at, fmt.Errorf("encode that an event was heard: %w", err)
	}
	_, err = s.cfg.Store.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body, Index: map[string]string{byDay: h.Day}}})
	if err == nil {
		return h.At, nil
	}
	if !errors.Is(err, store.ErrConflict) {
		return at, fmt.Errorf("note that an event was heard: %w", err)
	}
	d, err := s.cfg.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) { // its time was over at this moment
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("read whether an event was heard: %w", err)
	}
	if err := json.Unmarshal(d.Body, &h); err != nil {
		return at, fmt.Errorf("decode that an event was heard: %w", err)
	}
	return h.At, nil
}

func day(at time.Time) string { return "d" + at.UTC().Format("20060102") }

// look is how many days before keep are looked through for what is left.
const look = 60

// Expire deletes what is known of events whose time is over, and returns how many.
func Expire(ctx context.Context, s store.Driver, t capability.TenantID, now time.Time) (n int, err error) {
	for back := range look {
		q := store.Query{Tenant: t, Collection: heardCollection, Index: byDay, Value: day(now.Add(-keep).AddDate(0, 0, -1-back)), Limit: store.MaxOps}
		for {
			docs, err := s.List(ctx, q)
			if err != nil {
				return n, fmt.Errorf("list events that were heard: %w", err)
			}
			if len(docs) == 0 {
				break
			}
			ops := make([]store.Op, len(docs))
			for i, d := range docs {
				ops[i] = store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}
			}
			if _, err := s.Write(ctx, ops...); err != nil && !errors.Is(err, store.ErrNotFound) {
				return n, fmt.Errorf("expire events that were heard: %w", err)
			}
			n += len(docs)
		}
	}
	return n, nil
}

// Happened is the time of a webhook by its body, now where it does not tell a likely one.
func Happened(body []byte, now time.Time) time.Time {
	var w struct {
		Timestamp int64 `json:"timestamp"` // milliseconds
	}
	if json.Unmarshal(body, &w) != nil {
		return now
	}
	at := time.UnixMilli(w.Timestamp)
	if at.Before(now.Add(-keep)) || at.After(now.Add(time.Hour)) {
		return now
	}
	return at
}
