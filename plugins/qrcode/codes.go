package main

import (
	"context"
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

// ensureCodes returns the active code of each issue by issue id, and makes the ones that are missing. At most 250 issues.
func (p *plugin) ensureCodes(ctx context.Context, issueIDs ...string) (map[string]string, error) {
	codes := make(map[string]string, len(issueIDs))
	for range codeRounds {
		var batch []store.Record
		made := map[string]string{}
		for _, id := range issueIDs {
			if codes[id] != "" || made[id] != "" {
				continue
			}
			token, rev, err := activeCode(ctx, id)
			if err != nil {
				return nil, err
			}
			if token != "" {
				codes[id] = token
				continue
			}
			if token, err = newToken(p.random); err != nil {
				return nil, err
			}
			made[id] = token
			batch = append(batch,
				store.Record{Type: recordCode, ID: token, Fields: map[string]string{
					"issue": id, "state": stateActive, "created": p.now().UTC().Format(time.RFC3339),
				}},
				store.Record{Type: recordIssue, ID: id, Rev: rev, Fields: map[string]string{"issue": id, "code": token}})
		}
		if len(batch) == 0 {
			return codes, nil
		}
		_, err := store.Put(ctx, batch...)
		switch {
		case err == nil:
			for id, token := range made {
				codes[id] = token
			}
			return codes, nil
		case sdk.CodeOf(err) != sdk.Exists:
			return nil, err
		}
		// Somebody else made or revoked one of these codes in between: read again.
	}
	return nil, sdk.Errorf(sdk.Unavailable, "others are making codes for the same issues right now; try again in a moment")
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
