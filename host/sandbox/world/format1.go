package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// fileFormat1 is the file in which sites were kept before they had a database.
const fileFormat1 = "site.json"

// site1 is a site of format 1. What it has in common with today's types is read into them.
type site1 struct {
	Format     int                 `json:"format"`
	Title      string              `json:"title"`
	Users      []*User             `json:"users"`
	Global     map[string][]string `json:"global"`
	Categories []*Category         `json:"categories"`
	Types      []*IssueType        `json:"issueTypes"`
	Statuses   []*Status           `json:"statuses"`
	Projects   []*struct {
		Project
		Grants map[string][]string `json:"grants"` // project permission → groups
	} `json:"projects"`
	Fields []*Field `json:"fields"`
	Issues map[IssueID]*struct {
		Issue
		Key string `json:"key"`
	} `json:"issues"`
	Moved       map[string]IssueID              `json:"moved"`
	NextIssue   int64                           `json:"nextIssue"`
	Apps        map[AppKey]*App                 `json:"apps"`
	InstallKey  SigningKey                      `json:"installKey"`
	SessionKey  []byte                          `json:"sessionKey"`
	Reports     map[AppKey]map[AccountID]Report `json:"reports"`
	ReportCycle int                             `json:"reportCycle"`
}

// readFormat1 returns what fills a new site with the one of format 1 in the file; nil where there is no such file.
func readFormat1(path string) (func(*Tx) error, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the site: %w", err)
	}
	var old site1
	if err = json.Unmarshal(raw, &old); err == nil && old.Format != 1 {
		err = fmt.Errorf("format %d, this version reads 1", old.Format)
	}
	if err != nil {
		return nil, fmt.Errorf("read the site from %s: %w; delete the file to start over", path, err)
	}
	return old.fill, nil
}

// retireFormat1 keeps the file under a name by which nobody reads it.
func retireFormat1(path string) error { return os.Rename(path, path+".old") }

func (old *site1) fill(tx *Tx) error {
	things := append(seedDefaults(), &Site{
		ID: siteID, Title: old.Title, InstallKey: old.InstallKey, SessionKey: old.SessionKey, Global: old.Global, ReportCycle: old.ReportCycle,
	})
	for _, u := range old.Users {
		things = append(things, u)
	}
	for _, c := range old.Categories {
		things = append(things, c)
	}
	for _, t := range old.Types {
		things = append(things, t)
	}
	for _, t := range old.Statuses {
		things = append(things, t)
	}
	for _, f := range old.Fields {
		things = append(things, f)
	}
	for _, p := range old.Projects {
		scheme := &PermissionScheme{ID: SchemeID(p.ID), Name: "Permissions of " + p.Key}
		for _, permission := range slices.Sorted(maps.Keys(p.Grants)) {
			for _, g := range p.Grants[permission] {
				scheme.Grants = append(scheme.Grants, Grant{tx.NewGrantID(), permission, Holder{ByGroup, g}})
			}
		}
		p.Permissions, p.Workflow = scheme.ID, "10000"
		things = append(things, scheme, &p.Project)
	}
	for _, a := range old.Apps {
		things = append(things, a)
	}
	if err := tx.putAll(things); err != nil {
		return err
	}
	for app, accounts := range old.Reports {
		for a, r := range accounts {
			if err := tx.Report(app, a, r); err != nil {
				return err
			}
		}
	}
	moved := map[IssueID][]string{}
	for key, id := range old.Moved {
		moved[id] = append(moved[id], key)
		tx.keep(kindByName["moved"], key, &movedKey{key, id})
	}
	for _, id := range slices.SortedFunc(maps.Keys(old.Issues), CompareIDs) {
		i := old.Issues[id].Issue
		if _, err := fmt.Sscanf(old.Issues[id].Key[lastDash(old.Issues[id].Key)+1:], "%d", &i.Number); err != nil {
			return fmt.Errorf("issue %s: the key %s: %w", id, old.Issues[id].Key, err)
		}
		i.Creator, i.StatusSince, i.OldKeys = i.Reporter, i.Updated, moved[id]
		if tx.Project(i.Project) == nil {
			return fmt.Errorf("issue %s: there is no project %s", id, i.Project)
		}
		c := i.clone()
		c.Key = tx.keyOf(c)
		tx.replace(id.Number(), c, cell{mem: c})
	}
	tx.keep(kindByName["counter"], "issue", &counter{"issue", old.NextIssue})
	return nil
}

func lastDash(key string) int {
	for n := len(key) - 1; n >= 0; n-- {
		if key[n] == '-' {
			return n
		}
	}
	return -1
}
