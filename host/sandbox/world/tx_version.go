package world

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// Position is a place among the versions of a project.
type Position string

// The positions, as Jira names them: the first two of all, the others one step from where the version is.
const (
	FirstPlace Position = "First"
	LastPlace  Position = "Last"
	Earlier    Position = "Earlier"
	Later      Position = "Later"
)

// VersionIssues are the issues that name a version as the one that fixes them, as one that they affect, and in custom fields.
func (s *State) VersionIssues(id VersionID) (fixed, affected, custom index.Set) {
	for f := range s.Fields.All() {
		if f.Kind == VersionOf {
			custom = custom.Or(s.index.Equal(string(f.ID), string(id)))
		}
	}
	return s.index.Equal("fixVersion", string(id)), s.index.Equal("affectedVersion", string(id)), custom
}

func (tx *Tx) editVersion(id VersionID) (*Version, error) {
	v := Edit(tx.Versions.Get(id))
	if v == nil {
		return nil, about("version", id).missing()
	}
	return v, nil
}

// ReleaseVersion releases a version on a day such as 2027-01-31; "" is today. Issues of it that are not done get the version
// rest instead, unless that is "".
func (tx *Tx) ReleaseVersion(id VersionID, day string, rest VersionID) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, cmpOr(day, v.Release, "2027-01-31")); err != nil {
		return about("version", id).invalid("release", "%q is not a day such as 2027-01-31", day)
	}
	if rest != "" {
		if err := tx.sameProject(v, rest); err != nil {
			return err
		}
		open := tx.Index().Equal("fixVersion", string(id)).Without(tx.Index().Equal("statusCategory", "done"))
		if err := tx.editAll(open, func(i *Issue) { i.Fixes = replaced(i.Fixes, id, rest) }); err != nil {
			return err
		}
	}
	v.Released, v.Release = true, cmpOr(day, tx.Now.Format(time.DateOnly))
	return tx.Put(v)
}

// UnreleaseVersion takes a release back; its day stays.
func (tx *Tx) UnreleaseVersion(id VersionID) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	v.Released = false
	return tx.Put(v)
}

// ArchiveVersion puts a version away, or brings it back.
func (tx *Tx) ArchiveVersion(id VersionID, archived bool) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	v.Archived = archived
	return tx.Put(v)
}

// MoveVersion gives a version another place in its project.
func (tx *Tx) MoveVersion(id VersionID, to Position) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	list := tx.VersionsOf(v.Project)
	at := slices.IndexFunc(list, func(o *Version) bool { return o.ID == id })
	place := map[Position]int{FirstPlace: 0, LastPlace: len(list) - 1, Earlier: max(0, at-1), Later: min(len(list)-1, at+1)}
	n, ok := place[to]
	if !ok {
		return about("version", id).invalid("position", "%q is none of First, Last, Earlier and Later", to)
	}
	return tx.placeVersion(list, at, n)
}

// MoveVersionAfter gives a version the place behind another one of its project.
func (tx *Tx) MoveVersionAfter(id, after VersionID) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	if err := tx.sameProject(v, after); err != nil {
		return err
	}
	list := tx.VersionsOf(v.Project)
	at := slices.IndexFunc(list, func(o *Version) bool { return o.ID == id })
	behind := slices.IndexFunc(list, func(o *Version) bool { return o.ID == after })
	if behind < at {
		behind++
	}
	return tx.placeVersion(list, at, behind)
}

// placeVersion moves one of a list and numbers all anew. The event is about the one.
func (tx *Tx) placeVersion(list []*Version, at, to int) error {
	moved := list[at]
	list = slices.Insert(slices.Delete(list, at, at+1), to, moved)
	for n, v := range list {
		if v.Order == n {
			continue
		}
		c := *v
		c.Order = n
		tx.keep(kindOf(&c), string(c.ID), &c)
	}
	if at != to {
		tx.emit(Event{Kind: "version", Op: Moved, ID: string(moved.ID), Old: moved, New: tx.Versions.Get(moved.ID)})
	}
	return nil
}

// MergeVersion deletes a version; issues get the other one wherever they have it.
func (tx *Tx) MergeVersion(id, into VersionID) error { return tx.DeleteVersion(id, into, into) }

// DeleteVersion deletes a version. Issues that it fixes get the version fixed instead, those that it affects the version
// affected; with "" they lose it. Custom fields get the version fixed.
func (tx *Tx) DeleteVersion(id, fixed, affected VersionID) error {
	v, err := tx.editVersion(id)
	if err != nil {
		return err
	}
	for _, other := range []VersionID{fixed, affected} {
		if other == "" {
			continue
		}
		if err := tx.sameProject(v, other); err != nil {
			return err
		}
	}
	if err := tx.replaceVersion(id, fixed, affected); err != nil {
		return err
	}
	into := ""
	if fixed == affected {
		into = string(fixed)
	}
	return tx.deleteInto(v, into)
}

// sameProject refuses another version that is not there, is the same, or belongs to another project.
func (tx *Tx) sameProject(v *Version, other VersionID) error {
	switch o := tx.Versions.Get(other); {
	case o == nil:
		return about("version", other).missing()
	case o.ID == v.ID:
		return about("version", other).invalid("id", "it is the same version")
	case o.Project != v.Project:
		return about("version", other).invalid("project", "it is of project %s, and not of %s", o.Project, v.Project)
	}
	return nil
}

func (tx *Tx) replaceVersion(id, fixed, affected VersionID) error {
	f, a, c := tx.VersionIssues(id)
	return tx.editAll(f.Or(a).Or(c), func(i *Issue) {
		i.Fixes, i.Affects = replaced(i.Fixes, id, fixed), replaced(i.Affects, id, affected)
		for field, raw := range i.Custom {
			if def := tx.Field(field); def == nil || def.Kind != VersionOf || !slices.Contains(strs(raw), string(id)) {
				continue
			}
			if list := replaced(strs(raw), string(id), string(fixed)); len(list) > 0 {
				i.Custom[field], _ = json.Marshal(list) // texts always encode
			} else {
				delete(i.Custom, field)
			}
		}
	})
}

// replaced is the list with another id, or none for "", in the place of one; each stands in it once.
func replaced[K ~string](list []K, id, other K) []K {
	n := slices.Index(list, id)
	switch {
	case n < 0:
		return list
	case other == "" || slices.Contains(list, other):
		return slices.Delete(slices.Clone(list), n, n+1)
	}
	list = slices.Clone(list)
	list[n] = other
	return list
}
