package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

// What users write in JQL. Jira keeps an answer for everybody and until it is told of another one, so answers are conditions on what Jira indexes of
// issues, which are right whatever is linked and removed; only what an admin writes into a relation changes them, and then the host asks anew.
//
// A clause is written so that its negation is exact: in JQL a value that is not there is no other one, and Jira carries a NOT in front of
// a function down to the operators of the answer.

// indexedLinks is what Jira indexes, see index.go.
var indexedLinks = jql.Property("pergola.links."+propertyKey, "links")

// has holds for the issues whose property has one of the tokens.
func has(tokens []string) jql.Clause {
	return jql.And(indexedLinks.NotEmpty(), indexedLinks.In(tokens...))
}

// hasNot holds for all others.
func hasNot(tokens []string) jql.Clause {
	return jql.Or(indexedLinks.Empty(), indexedLinks.NotIn(tokens...))
}

// linkedTo answers linkedAssets(relation, issues, end): what is linked to one of the issues, which are at that end.
func (p *plugin) linkedTo(ctx context.Context, q *jqlfunc.Question) (jql.Clause, error) {
	f, err := p.named(ctx, q, 2)
	if err != nil {
		return jql.Clause{}, err
	}
	keys, err := issueKeys(q.Argument(1))
	if err != nil {
		return jql.Clause{}, err
	}
	if f.native {
		return f.nativeLinked(ctx, q, keys)
	}
	ids, err := jqlfunc.Issues(ctx, keys...)
	if err != nil {
		return jql.Clause{}, err
	}
	var tokens []string
	for _, key := range keys {
		if ids[key] == "" {
			return jql.Clause{}, invalid("An issue with key '" + key + "' does not exist for field 'key'.") // as Jira says of those that a user may not see
		}
		for _, s := range f.sides {
			tokens = append(tokens, side{s.relation, s.other()}.tokenOf(ids[key]))
		}
	}
	// The keys stand in the answer, so that Jira refuses whoever may not see one of the issues. None is linked to itself.
	if q.Negated() {
		return jql.Or(hasNot(tokens), jql.Field("key").In(keys...)), nil
	}
	return jql.And(has(tokens), jql.Field("key").NotIn(keys...)), nil
}

// linkedAtAll answers assetsWithLinks(relation, end).
func (p *plugin) linkedAtAll(ctx context.Context, q *jqlfunc.Question) (jql.Clause, error) {
	return p.atAll(ctx, q, q.Negated())
}

// notLinkedAtAll answers assetsWithoutLinks(relation, end).
func (p *plugin) notLinkedAtAll(ctx context.Context, q *jqlfunc.Question) (jql.Clause, error) {
	return p.atAll(ctx, q, !q.Negated())
}

// atAll holds for the issues that have links of a relation, or for those that have none.
func (p *plugin) atAll(ctx context.Context, q *jqlfunc.Question, without bool) (jql.Clause, error) {
	f, err := p.named(ctx, q, 1)
	if err != nil {
		return jql.Clause{}, err
	}
	if f.native {
		return f.nativeAtAll(ctx, without)
	}
	var tokens []string
	for _, s := range f.sides {
		tokens = append(tokens, s.token())
	}
	if without {
		return hasNot(tokens), nil
	}
	return has(tokens), nil
}

// meant is the relation that a clause names, and the ends that it means.
type meant struct {
	relation
	sides []side
}

// named finds the relation that the first argument names, and the end that a later one names: both where that is left out. What is wrong is
// said in words for whoever searches.
func (p *plugin) named(ctx context.Context, q *jqlfunc.Question, end int) (meant, error) {
	all, err := relations(ctx)
	if err != nil {
		return meant{}, err
	}
	r, err := relationNamed(all, q.Argument(0))
	if err != nil {
		return meant{}, err
	}
	if !r.native && !r.searchable {
		return meant{}, invalid("Links of " + quoted(r.name) + " cannot be searched yet. A Jira admin can switch on “Searchable with JQL” in this relation under Apps, Pergola, Advanced links.")
	}
	f := meant{relation: r}
	word := strings.TrimSpace(q.Argument(end))
	for _, e := range []string{first, second} {
		if word == "" || strings.EqualFold(word, e) || strings.EqualFold(word, r.ends[e].label) {
			f.sides = append(f.sides, side{r, e})
		}
	}
	if len(f.sides) == 0 {
		return meant{}, invalid("The relation " + quoted(r.name) + " has no end " + quoted(word) + ". Its ends are " + quoted(r.ends[first].label) + " (first) and " + quoted(r.ends[second].label) + " (second).")
	}
	return f, nil
}

// mostNames bounds the relations that an error lists.
const mostNames = 10

// relationNamed finds a relation by its name, in any case, or by its id.
func relationNamed(all []relation, name string) (relation, error) {
	name = strings.TrimSpace(name)
	var fit []relation
	for _, r := range all {
		if r.name == name || r.id == name {
			return r, nil
		}
		if strings.EqualFold(r.name, name) {
			fit = append(fit, r)
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return relation{}, invalid("There is no relation " + quoted(name) + ". " + listed(all))
	}
	return relation{}, invalid("Several relations are called " + quoted(name) + ", in capitals or not. " + listed(fit))
}

// listed names relations for an error.
func listed(all []relation) string {
	if len(all) == 0 {
		return "A Jira admin can make relations under Apps, Pergola, Advanced links."
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = quoted(r.name)
	}
	slices.Sort(names)
	more := ""
	if n := len(names) - mostNames; n > 0 {
		names, more = names[:mostNames], " and "+strconv.Itoa(n)+" more"
	}
	return "There are " + strings.Join(names, ", ") + more + "."
}

// quoted is what a user wrote, or an admin, for an error.
func quoted(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return "“" + text + "”"
}

// issueKeys reads a list of keys, such as ABC-1, ABC-2.
func issueKeys(text string) ([]string, error) {
	var keys []string
	for part := range strings.SplitSeq(text, ",") {
		key := strings.ToUpper(strings.TrimSpace(part))
		if key == "" || slices.Contains(keys, key) {
			continue
		}
		if !isKey(key) {
			return nil, invalid(quoted(strings.TrimSpace(part)) + " is no key of an issue. Write one, such as ABC-1, or several with commas between them.")
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, invalid("Name an issue by its key, such as ABC-1, or several with commas between them.")
	case len(keys) > jqlfunc.MaxKeys:
		return nil, invalid("At most " + strconv.Itoa(jqlfunc.MaxKeys) + " issues can be named at once; there are " + strconv.Itoa(len(keys)) + ".")
	}
	return keys, nil
}

// isKey says whether a text has the form of an issue's key, in capitals.
func isKey(text string) bool {
	project, number, ok := strings.Cut(text, "-")
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return ok && project != "" && number != "" && len(text) <= 64 && strings.Contains(letters, project[:1]) &&
		strings.Trim(project, letters+digits+"_") == "" && strings.Trim(number, digits) == ""
}

// words are what Jira calls the relation's links: the name of their type, and what stands at the ends that are meant.
func (f meant) words(ctx context.Context) (name string, ends []string, err error) {
	all, err := jira.LinkTypes(ctx)
	if err != nil {
		return "", nil, err
	}
	i := slices.IndexFunc(all, func(t jira.LinkType) bool { return t.ID == f.linkType })
	if i < 0 {
		return "", nil, invalid("The type of Jira’s links that " + quoted(f.name) + " stands for is not there any more. A Jira admin can choose another one in the relation.")
	}
	t := all[i]
	switch {
	case strings.EqualFold(t.Outward, t.Inward):
		return t.Name, []string{t.Outward}, nil
	case len(f.sides) > 1:
		return t.Name, []string{t.Outward, t.Inward}, nil
	}
	word := t.Outward
	if f.sides[0].end == second {
		word = t.Inward
	}
	if strings.EqualFold(word, t.Name) {
		return "", nil, invalid("Jira cannot tell the ends of its links " + quoted(t.Name) + " apart, because one of them is called as the type is. Leave the end out.")
	}
	return word, []string{word}, nil
}

// nativeLinked is linkedTo of Jira's own links, by Jira's own function, which refuses whoever may not see one of the issues.
func (f meant) nativeLinked(ctx context.Context, q *jqlfunc.Question, keys []string) (jql.Clause, error) {
	_, ends, err := f.words(ctx)
	if err != nil {
		return jql.Clause{}, err
	}
	var all []jql.Clause
	for _, key := range keys {
		arguments := append([]string{key}, ends...)
		if q.Negated() {
			all = append(all, jql.Field("issue").NotInFunction("linkedIssues", arguments...))
		} else {
			all = append(all, jql.Field("issue").InFunction("linkedIssues", arguments...))
		}
	}
	if q.Negated() {
		return jql.And(all...), nil
	}
	return jql.Or(all...), nil
}

// nativeAtAll is atAll of Jira's own links.
func (f meant) nativeAtAll(ctx context.Context, without bool) (jql.Clause, error) {
	name, _, err := f.words(ctx)
	if err != nil {
		return jql.Clause{}, err
	}
	links := jql.Field("issueLinkType")
	if without {
		return jql.Or(links.Empty(), links.NotEq(name)), nil
	}
	return jql.And(links.NotEmpty(), links.Eq(name)), nil
}
