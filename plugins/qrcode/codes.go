package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

// Two records lead from an issue to its code and back. They are always written together:
//
//	code  <token>     issue, created, state   what a scanned code means; kept after it is revoked
//	issue <issue id>  issue, code             the issue's one active code; code is absent while there is none
//
// Whoever makes or revokes a code must replace the issue's record at the revision that they read, so of two people who
// do it at the same time one wins and the other one finds out.
const (
	recordCode  = "code"
	recordIssue = "issue"

	stateActive  = "active"
	stateRevoked = "revoked"
)

// activeCode returns the issue's active code, "" where there is none, and the revision of the issue's record.
func activeCode(ctx context.Context, issueID string) (token string, rev int64, err error) {
	rec, err := store.Get(ctx, recordIssue, issueID)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return "", 0, nil
	case err != nil:
		return "", 0, err
	}
	return rec.Fields["code"], rec.Rev, nil
}

// codeRounds bounds how often ensureCodes starts again because others write the same records.
const codeRounds = 5

// ensureCodes returns the active code of each issue by issue id, and makes the ones that are missing. At most 250 issues: two
// records each are a batch.
func (p *plugin) ensureCodes(ctx context.Context, issueIDs ...string) (map[string]string, error) {
	codes := make(map[string]string, len(issueIDs))
	var tokens []string // made, but not written yet
	for range codeRounds {
		missing := map[string]int64{} // revision of the issue's record
		for _, id := range issueIDs {
			if codes[id] != "" {
				continue
			}
			token, rev, err := activeCode(ctx, id)
			if err != nil {
				return nil, err
			}
			if token != "" {
				codes[id] = token
			} else {
				missing[id] = rev
			}
		}
		if len(missing) == 0 {
			return codes, nil
		}
		if len(tokens) < len(missing) {
			var err error
			if tokens, err = store.Tokens(ctx, len(missing)); err != nil {
				return nil, err
			}
		}
		made, err := p.writeCodes(ctx, missing, tokens)
		switch {
		case err == nil:
			maps.Copy(codes, made)
			return codes, nil
		case sdk.CodeOf(err) != sdk.Exists:
			return nil, err
		}
		// Somebody else made or revoked one of these codes in between: read again.
	}
	return nil, sdk.Errorf(sdk.Unavailable, "others are making codes for the same issues right now; try again in a moment")
}

// writeCodes gives each issue one of the tokens, all of them or none.
func (p *plugin) writeCodes(ctx context.Context, revisions map[string]int64, tokens []string) (map[string]string, error) {
	created := p.now().UTC().Format(time.RFC3339)
	made := make(map[string]string, len(revisions))
	var batch []store.Record
	for i, id := range slices.Sorted(maps.Keys(revisions)) {
		made[id] = tokens[i]
		batch = append(batch,
			store.Record{Type: recordCode, ID: tokens[i], Fields: map[string]string{"issue": id, "state": stateActive, "created": created}},
			store.Record{Type: recordIssue, ID: id, Rev: revisions[id], Fields: map[string]string{"issue": id, "code": tokens[i]}})
	}
	_, err := store.Put(ctx, batch...)
	return made, err
}

// revokeCode revokes that code of the issue. It is false where the code is not the issue's active one (any more).
func revokeCode(ctx context.Context, issueID, token string) (bool, error) {
	active, rev, err := activeCode(ctx, issueID)
	if err != nil {
		return false, err
	}
	if token == "" || active != token {
		return false, nil
	}
	code, err := store.Get(ctx, recordCode, token)
	if err != nil {
		return false, err
	}
	code.Fields["state"] = stateRevoked
	_, err = store.Put(ctx, *code,
		store.Record{Type: recordIssue, ID: issueID, Rev: rev, Fields: map[string]string{"issue": issueID}})
	if sdk.CodeOf(err) == sdk.Exists {
		return false, nil
	}
	return err == nil, err
}
