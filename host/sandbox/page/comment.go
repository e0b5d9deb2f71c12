package page

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// documentOf is what was typed as a document; nil for nothing.
func documentOf(text string) json.RawMessage { return adf.Parse(text, nil) }

// commentForm is the form for a comment's text.
func commentForm(i *world.Issue, title, action, text string) form {
	return form{
		Title: title, Action: action, Submit: "Save", Cancel: "/browse/" + i.Key, Single: true,
		Fields: []formField{{ID: "body", Name: "Comment", Widget: documentBox, Text: text, Required: true}},
	}
}

func (s *Pages) commentFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	f := commentForm(i, "Comment on "+i.Key, "/browse/"+i.Key+"/comment", v.r.PostFormValue("body"))
	doc := documentOf(f.Fields[0].Text)
	if doc == nil {
		return v.refuse(f, rest.FailField("body", "A comment needs words."))
	}
	if err := v.ask("POST", "/rest/api/3/issue/"+string(i.ID)+"/comment", map[string]any{"body": doc}, nil); err != nil {
		return v.refuse(f, err)
	}
	return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
}

// ownComment is the comment of the address with its issue, if the person may see both.
func (v *view) ownComment() (*world.Issue, *world.Comment, error) {
	i, err := v.issueOf()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range shape.SeenComments(v.st, v.user.Account, i) {
		if string(c.ID) == v.r.PathValue("comment") {
			return i, c, nil
		}
	}
	return nil, nil, rest.Fail(http.StatusNotFound, "There is no such comment, or you may not see it.")
}

func (s *Pages) commentPage(v *view) error {
	i, c, err := v.ownComment()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, commentForm(i, "Edit a comment", "/browse/"+i.Key+"/comment/"+string(c.ID), adf.Text(c.Body)))
}

func (s *Pages) changeCommentFromPage(v *view) error {
	i, c, err := v.ownComment()
	if err != nil {
		return err
	}
	path := "/rest/api/3/issue/" + string(i.ID) + "/comment/" + string(c.ID)
	if v.r.PostFormValue("do") == "delete" {
		if err := v.ask("DELETE", path, nil, nil); err != nil {
			return err
		}
		return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
	}
	f := commentForm(i, "Edit a comment", "/browse/"+i.Key+"/comment/"+string(c.ID), v.r.PostFormValue("body"))
	doc := adf.Parse(f.Fields[0].Text, c.Body)
	if doc == nil {
		return v.refuse(f, rest.FailField("body", "A comment needs words."))
	}
	body := map[string]any{"body": doc}
	if c.Visibility != nil {
		kind := map[world.HolderKind]string{world.ByGroup: "group", world.ByRole: "role"}[c.Visibility.Kind]
		body["visibility"] = map[string]string{"type": kind, "identifier": c.Visibility.Value, "value": c.Visibility.Value}
	}
	if err := v.ask("PUT", path, body, nil); err != nil {
		return v.refuse(f, err)
	}
	return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
}

// linkForm asks for another issue and how the two belong together.
func (v *view) linkForm(i *world.Issue) form {
	kinds := formField{ID: "type", Name: "This issue", Required: true, Widget: choiceBox}
	for t := range v.st.LinkTypes.All() {
		kinds.Options = append(kinds.Options, formOption{ID: string(t.ID) + ":out", Name: t.Outward})
		if t.Inward != t.Outward {
			kinds.Options = append(kinds.Options, formOption{ID: string(t.ID) + ":in", Name: t.Inward})
		}
	}
	return form{
		Title: "Link " + i.Key, Action: "/browse/" + i.Key + "/link", Submit: "Link", Cancel: "/browse/" + i.Key,
		Fields: []formField{kinds, {ID: "other", Name: "Issue", Required: true, Widget: issueBox}},
	}
}

func (s *Pages) linkPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, v.linkForm(i))
}

func (s *Pages) linkFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if id := v.r.PathValue("link"); id != "" {
		if err := v.ask("DELETE", "/rest/api/3/issueLink/"+url.PathEscape(id), nil, nil); err != nil {
			return err
		}
		return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
	}
	if err := v.r.ParseForm(); err != nil {
		return rest.Fail(http.StatusBadRequest, "The form cannot be read.")
	}
	f := v.linkForm(i)
	for n := range f.Fields {
		f.Fields[n].take(v.r.PostForm)
	}
	other := v.st.FindIssue(f.Fields[1].Text)
	if !v.st.Sees(v.user.Account, other) {
		return v.refuse(f, rest.FailField("other", "There is no such issue, or you may not see it."))
	}
	if other.ID == i.ID {
		return v.refuse(f, rest.FailField("other", "An issue is not linked to itself."))
	}
	id, out := cutEnd(v.r.PostFormValue("type"))
	inward, outward := other, i
	if out {
		inward, outward = i, other
	}
	body := map[string]any{
		"type":        map[string]string{"id": id},
		"inwardIssue": map[string]string{"id": string(inward.ID)}, "outwardIssue": map[string]string{"id": string(outward.ID)},
	}
	if err := v.ask("POST", "/rest/api/3/issueLink", body, nil); err != nil {
		return v.refuse(f, err)
	}
	return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
}

// cutEnd reads "10000:out": a link type, and which end of it an issue is.
func cutEnd(text string) (id string, out bool) {
	if n := len(text) - len(":out"); n > 0 && text[n:] == ":out" {
		return text[:n], true
	}
	if n := len(text) - len(":in"); n > 0 && text[n:] == ":in" {
		return text[:n], false
	}
	return text, true
}
