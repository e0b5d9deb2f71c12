package jira

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// reportAccounts is the personal data reporting API for Connect apps, with its bound of accounts in one request:
// https://developer.atlassian.com/cloud/jira/platform/user-privacy-developer-guide/
const (
	reportAccounts = "/rest/atlassian-connect/latest/report-accounts"
	maxReported    = 90
)

// The time between two reports: Atlassian's default, and what an answer can make of it.
const (
	defaultCycle = 7 * 24 * time.Hour
	minCycle     = time.Hour
	maxCycle     = 30 * 24 * time.Hour
)

// ReportedAccount is an account whose id is stored.
type ReportedAccount struct {
	ID string
	// UpdatedAt is when what is stored about the account was last got from Jira.
	UpdatedAt time.Time
}

// AccountReport is what Atlassian answers to a report. Accounts that are in neither list need nothing.
type AccountReport struct {
	// Erase are the accounts that were closed: whatever is stored about them has to go.
	Erase []string
	// Refresh are the accounts that changed: whatever is stored about them has to be got anew, and reported with that time.
	Refresh []string
	// Cycle is the time until the next report is due.
	Cycle time.Duration
}

// ReportAccounts tells Atlassian which accounts are stored, and returns what to do about them. An account that is given
// twice is reported once, with the earlier time, since the older copy is the one that may have to be got anew. After an
// error the report holds the answers to the requests that went well; to report everything again does no harm.
func (c *Client) ReportAccounts(ctx context.Context, t tenant.Tenant, accounts []ReportedAccount) (AccountReport, error) {
	out := AccountReport{}
	var cycle time.Duration
	var errs []error
	for chunk := range slices.Chunk(eachOnce(accounts), maxReported) {
		got, err := c.reportChunk(ctx, t, chunk, &out)
		if cycle == 0 || got > 0 && got < cycle {
			cycle = got
		}
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if sdk.CodeOf(err) != sdk.Invalid {
			break // the next request would fare no better; one that is malformed says nothing about the others
		}
	}
	out.Cycle = min(max(cmp.Or(cycle, defaultCycle), minCycle), maxCycle)
	return out, errors.Join(errs...)
}

type accountTime struct {
	AccountID string `json:"accountId"`
	UpdatedAt string `json:"updatedAt"`
}

// reportChunk makes one request, adds its answer to out, and returns the cycle that it names, 0 for none.
func (c *Client) reportChunk(ctx context.Context, t tenant.Tenant, chunk []ReportedAccount, out *AccountReport) (time.Duration, error) {
	var in struct {
		Accounts []accountTime `json:"accounts"`
	}
	for _, a := range chunk {
		in.Accounts = append(in.Accounts, accountTime{a.ID, a.UpdatedAt.UTC().Format(time.RFC3339)})
	}
	var got struct {
		Accounts []struct {
			AccountID string `json:"accountId"`
			Status    string `json:"status"`
		} `json:"accounts"`
	}
	var header http.Header
	err := c.do(ctx, t, call{
		what: "report accounts", method: http.MethodPost, path: reportAccounts, body: in, again: true,
		out: &got, mayBeEmpty: true, header: &header,
	})
	if err != nil {
		return 0, err
	}
	for _, a := range got.Accounts {
		// What was not asked about is not touched: an answer that went astray must erase nothing.
		_, asked := slices.BinarySearchFunc(chunk, a.AccountID, func(r ReportedAccount, id string) int { return cmp.Compare(r.ID, id) })
		switch {
		case !asked:
		case a.Status == "closed":
			out.Erase = append(out.Erase, a.AccountID)
		case a.Status == "updated":
			out.Refresh = append(out.Refresh, a.AccountID)
		}
	}
	return cyclePeriod(header.Get("Cycle-Period")), nil
}

// eachOnce orders accounts by id, each with its earliest time. An empty id, which would spoil its request, is left out.
func eachOnce(accounts []ReportedAccount) []ReportedAccount {
	out := slices.DeleteFunc(slices.Clone(accounts), func(a ReportedAccount) bool { return a.ID == "" })
	slices.SortFunc(out, func(a, b ReportedAccount) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), a.UpdatedAt.Compare(b.UpdatedAt))
	})
	return slices.CompactFunc(out, func(a, b ReportedAccount) bool { return a.ID == b.ID })
}

// cyclePeriod reads the header of that name, 0 where it says nothing: a number of days, also written "7 days". The guide
// does not give the unit; a number that would be years is taken as seconds.
func cyclePeriod(header string) time.Duration {
	number, _, _ := strings.Cut(strings.TrimSpace(header), " ")
	const mostDays, mostSeconds = 366, 366 * 24 * 3600
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || n <= 0:
		return 0
	case n <= mostDays:
		return time.Duration(n) * 24 * time.Hour
	default:
		return time.Duration(min(n, mostSeconds)) * time.Second
	}
}
