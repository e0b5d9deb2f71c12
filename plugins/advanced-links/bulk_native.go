package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

// joinedType is of records of links of Jira's own that a batch made.
const joinedType = "joined"

// natives are the links of Jira's own at the issues of some items, as they are before a change.
type natives struct {
	ids   map[string]string // of links that are there, by the item's id
	taken map[string]int    // how many links of the relation an end of an issue has
}

// natively are the items that are open of relations that are kept as links of Jira's own.
func natively(all []*item) []*item {
	return slices.DeleteFunc(undecided(all), func(i *item) bool { return !i.native })
}

// nativesOf reads the links at both ends of the items that are open, in one question to Jira for a hundred issues.
func nativesOf(ctx context.Context, all []*item) (*natives, error) {
	out := &natives{ids: map[string]string{}, taken: map[string]int{}}
	all = natively(all)
	seen := map[string]bool{} // links, which are told of once more where their ends are asked about in two questions
	for ids := range slices.Chunk(issuesOf(all), jira.MaxIssues) {
		links, err := jira.LinksOf(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, l := range links.Links {
			if seen[l.ID] {
				continue
			}
			seen[l.ID] = true
			for _, r := range relationsOf(all, l.TypeID) {
				out.ids[store.JoinID(r.id, l.FromID, l.ToID)] = l.ID
				out.taken[store.JoinID(r.id, first, l.FromID)]++
				out.taken[store.JoinID(r.id, second, l.ToID)]++
			}
		}
	}
	return out, nil
}

// relationsOf are the relations of items that stand for a type of links.
func relationsOf(all []*item, linkType string) []relation {
	var out []relation
	for _, i := range all {
		if i.linkType == linkType && !slices.ContainsFunc(out, func(r relation) bool { return r.id == i.relation.id }) {
			out = append(out, i.relation)
		}
	}
	return out
}

// room says whether both ends of an item take one more link, and takes it.
func (n *natives) room(i *item, more map[string]int) bool {
	for _, end := range []string{first, second} {
		if most := i.side(end).here().most; most > 0 && n.taken[i.endID(end)]+more[i.endID(end)] >= most {
			return false
		}
	}
	for _, end := range []string{first, second} {
		n.taken[i.endID(end)]++
	}
	return true
}

// there decides about the items that are linked, as [thereAlready] does.
func (n *natives) there(ctx context.Context, all []*item, batch int64) error {
	for _, i := range natively(all) {
		if n.ids[i.id()] == "" {
			continue
		}
		made, err := get(ctx, joinedType, i.id())
		if err != nil {
			return err
		}
		if batch != 0 && n.isOf(i, made, batch) {
			i.decide(contract.Made)
		} else {
			i.decide(contract.Nothing)
		}
	}
	return nil
}

// isOf says whether the link of an item is the one that a batch made: not one that somebody made again since. A kill can keep the link's id
// from being remembered.
func (n *natives) isOf(i *item, made *store.Record, batch int64) bool {
	return made != nil && batchOf(made) == batch && (made.Fields["link"] == "" || made.Fields["link"] == n.ids[i.id()])
}

// join makes links of Jira's own. What is to be made is remembered before, and which link it became afterwards.
func (n *natives) join(ctx context.Context, all []*item, j *contract.Joining) (int, error) {
	more := takenOf(j.Taken)
	var going []*item
	for _, i := range natively(all) {
		if n.room(i, more) {
			going = append(going, i)
		} else {
			i.decide(contract.ByMaximum)
		}
	}
	if j.Check {
		decideAll(going, contract.Made)
		return 0, nil
	}
	marks, err := remember(ctx, going, joinedType, j.Batch, nil)
	if err != nil {
		return 0, err
	}
	made, err := linkNatively(ctx, going)
	if err != nil || j.Batch == 0 {
		return len(made), err
	}
	var c store.Changes
	for _, i := range going {
		m := marks[i]
		if id := made[i]; id != "" {
			m.Fields["link"] = id
			c.Put = append(c.Put, m)
		} else {
			c.Delete = append(c.Delete, m)
		}
	}
	return len(made), settle(ctx, c)
}

// linkNatively makes the links of items, and says of those that are made which they became.
func linkNatively(ctx context.Context, going []*item) (map[*item]string, error) {
	made := map[*item]string{}
	for _, i := range going {
		l, err := jira.Link(ctx, jira.NewLink{TypeID: i.linkType, FromID: i.First, ToID: i.Second}) // the first end is where it comes from
		if why := refusalOf(err); why != "" {
			i.decide(why)
			continue
		}
		if err != nil {
			return made, err
		}
		i.decide(contract.Made)
		made[i] = l.ID
	}
	return made, nil
}

// refusalOf is what an error of Jira's says of one link; empty where it says nothing of the others either.
func refusalOf(err error) string {
	switch sdk.CodeOf(err) {
	case sdk.NotFound:
		return contract.ByHidden
	case sdk.PermissionDenied:
		return contract.ByRights
	case sdk.Invalid:
		return contract.ByNative
	}
	return ""
}

// remember writes down by which batch the links of items are made or removed; nothing where there is no batch.
func remember(ctx context.Context, going []*item, typ string, batch int64, fields map[string]string) (map[*item]store.Record, error) {
	out := map[*item]store.Record{}
	if batch == 0 || len(going) == 0 {
		return out, nil
	}
	var all []store.Record
	for _, i := range going {
		old, err := get(ctx, typ, i.id())
		if err != nil {
			return nil, err
		}
		r := store.Record{Type: typ, Fields: map[string]string{
			"relation": i.relation.id, "outward": i.First, "inward": i.Second, batchField: strconv.FormatInt(batch, 10),
		}}
		if old != nil {
			r.ID, r.Rev = old.ID, old.Rev
		}
		maps.Copy(r.Fields, fields)
		all = append(all, r)
	}
	put, err := store.Put(ctx, all...)
	if err != nil {
		return nil, again(err)
	}
	for n, i := range going {
		all[n].ID, all[n].Rev = put[n].ID, put[n].Rev
		out[i] = all[n]
	}
	return out, nil
}

// settle makes changes, if there are any.
func settle(ctx context.Context, c store.Changes) error {
	if len(c.Put)+len(c.Delete) == 0 {
		return nil
	}
	_, err := store.Write(ctx, c)
	return again(err)
}

// partNatively removes links of Jira's own. What is to be removed is remembered before.
func (p *plugin) partNatively(ctx context.Context, all []*item, q *contract.Parting, account string) (int, error) {
	n, err := nativesOf(ctx, all)
	if err != nil {
		return 0, err
	}
	var going []*item
	var c store.Changes
	for _, i := range natively(all) {
		made, err := get(ctx, joinedType, i.id())
		if err != nil {
			return 0, err
		}
		switch {
		case n.ids[i.id()] == "":
			stone, err := get(ctx, removedType, i.id())
			if err != nil {
				return 0, err
			}
			if stone != nil && q.Batch != 0 && batchOf(stone) == q.Batch {
				i.decide(contract.Made) // by this step, which was done before
			} else {
				i.decide(contract.Nothing)
			}
		case q.Only != 0 && !n.isOf(i, made, q.Only):
			i.decide(contract.Changed)
		default:
			going = append(going, i)
		}
		if made != nil && i.What != contract.Changed {
			c.Delete = append(c.Delete, *made) // it is nobody's to take back
		}
	}
	if q.Check {
		decideAll(going, contract.Made)
		return 0, nil
	}
	stones, err := remember(ctx, going, removedType, q.Batch, map[string]string{"at": p.stamp(), "by": account})
	if err != nil {
		return 0, err
	}
	parted := 0
	for _, i := range going {
		err := jira.Unlink(ctx, n.ids[i.id()])
		why := refusalOf(err)
		switch {
		case err == nil || why == contract.ByHidden: // it is gone already
			parted++
			i.decide(contract.Made)
		case why == "":
			return parted, err
		default:
			i.decide(why)
			if stone, ok := stones[i]; ok {
				c.Delete = append(c.Delete, stone)
			}
			c.Delete = slices.DeleteFunc(c.Delete, func(r store.Record) bool { return r.Type == joinedType && r.ID == i.id() })
		}
	}
	return parted, settle(ctx, c)
}

// restoreNatively makes links of Jira's own again that a batch removed.
func restoreNatively(ctx context.Context, all []*item, batch int64) (int, error) {
	n, err := nativesOf(ctx, all)
	if err != nil {
		return 0, err
	}
	var going []*item
	var c store.Changes
	stones := map[*item]store.Record{}
	for _, i := range natively(all) {
		stone, err := get(ctx, removedType, i.id())
		if err != nil {
			return 0, err
		}
		ours := stone != nil && batchOf(stone) == batch
		switch {
		case n.ids[i.id()] != "" && ours: // by this step, which was done before, or by somebody
			i.decide(contract.Made)
			c.Delete = append(c.Delete, *stone)
		case n.ids[i.id()] != "":
			i.decide(contract.Nothing)
		case !ours:
			i.decide(contract.Changed)
		case !n.room(i, nil):
			i.decide(contract.ByMaximum)
		default:
			going, stones[i] = append(going, i), *stone
		}
	}
	made, err := linkNatively(ctx, going)
	if err != nil {
		return len(made), err
	}
	for i := range made {
		c.Delete = append(c.Delete, stones[i])
	}
	return len(made), settle(ctx, c)
}

func decideAll(all []*item, what string) {
	for _, i := range all {
		i.decide(what)
	}
}

// takenOf are links that ends are taken to have beside those that are there.
func takenOf(all []contract.Taken) map[string]int {
	out := map[string]int{}
	for _, t := range all {
		out[store.JoinID(t.Relation, t.End.End, t.IssueID)] += t.Links
	}
	return out
}
