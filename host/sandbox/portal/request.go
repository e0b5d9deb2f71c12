package portal

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// entry is something that happened to a request.
type entry struct {
	At       time.Time
	Author   *world.User
	Text     template.HTML // of a comment
	Internal bool
	Status   *world.Status // that it got
}

// file is a file at a request.
type file struct{ Name, Path string }

// requestBody is the page of a request.
type requestBody struct {
	listed
	Desk         *world.Desk
	Created      time.Time
	Fields       []desk.Value
	Activity     []entry
	Files        []file
	Transitions  []world.Transition
	Participants []*world.User
	Orgs         []*world.Organization
	People       []*world.User
	MayShare     bool
	MayHide      bool // writes internal comments
	Subscribed   bool
	JustCreated  bool
	Panels       []slot
	Forge        []forge.Frame
	Actions      []link
	Comment      string // that could not be added
	Problem      string
	Wrong        string // the part of the page whose form has the problem
}

// request finds the request of the path. A key before a move, or another desk, leads to where it is now.
func (v *view) request() (*world.Issue, *world.Desk, error) {
	i := v.st.FindIssue(v.r.PathValue("issue"))
	if !desk.Sees(v.st, v.user.Account, i) {
		return nil, nil, desk.NoRequest()
	}
	t, d := desk.TypeOf(v.st, i)
	v.on = "view_request"
	v.where = connect.Surrounding{User: v.user, Issue: i, Project: v.st.Project(i.Project), Desk: d, Type: t}
	return i, d, nil
}

func requestPage(v *view) error {
	i, d, err := v.request()
	if err != nil {
		return err
	}
	if to := desk.Path(d, i); v.r.URL.Path != to {
		return v.redirect(to)
	}
	return v.showRequest(http.StatusOK, i, d, requestBody{JustCreated: v.r.URL.Query().Has("created")})
}

func (v *view) showRequest(status int, i *world.Issue, d *world.Desk, body requestBody) (err error) {
	who := v.user.Account
	body.listed, body.Desk, body.Created = v.listed(i), d, i.Created
	for _, value := range desk.Values(v.st, who, i) {
		if value.Field.Field != "summary" {
			body.Fields = append(body.Fields, value)
		}
	}
	body.Activity = v.activity(i)
	for _, a := range desk.SeenAttachments(v.st, who, i) {
		body.Files = append(body.Files, file{a.Name, desk.Path(d, i) + "/attachment/" + string(a.ID)})
	}
	body.Transitions = desk.Transitions(v.st, i)
	for _, a := range desk.Participants(v.st, i) {
		if u := v.st.User(a); u != nil {
			body.Participants = append(body.Participants, u)
		}
	}
	for _, id := range i.Orgs {
		if o := v.st.Organizations.Get(id); o != nil {
			body.Orgs = append(body.Orgs, o)
		}
	}
	body.MayShare, body.MayHide = desk.MayShare(v.st, who, i), desk.Agent(v.st, who, v.st.Project(i.Project))
	if body.MayShare {
		body.People = proposed(v.st, who)
	}
	body.Subscribed = desk.Subscribed(v.st, who, i)
	if body.Panels, err = v.panels(connect.PortalViewPanel); err != nil {
		return err
	}
	body.Forge = v.Forge.Frames(v.st, forge.PortalPanel, v.where)
	for _, f := range body.Forge {
		v.apps = append(v.apps, connect.Frame{URL: f.URL})
	}
	if body.Actions, err = v.actions(connect.PortalViewAction); err != nil {
		return err
	}
	return v.render(status, "request.html", i.Key+" "+i.Summary, "requests", body)
}

// activity lists what happened, oldest first.
func (v *view) activity(i *world.Issue) []entry {
	var out []entry
	for _, k := range desk.Comments(v.st, v.user.Account, i) {
		out = append(out, entry{At: k.Created, Author: v.st.User(k.Author), Text: adf.HTML(k.Body), Internal: k.Internal})
	}
	steps := desk.Statuses(v.st, i)
	for _, step := range steps[:len(steps)-1] { // the first one came with the request
		if step.Status != nil {
			out = append(out, entry{At: step.At, Status: step.Status})
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int { return a.At.Compare(b.At) })
	return out
}

// changeRequest does what one of the forms on a request's page is for, and shows the page again.
func changeRequest(v *view) error {
	i, d, err := v.request()
	if err != nil {
		return err
	}
	if err := v.parse(); err != nil {
		return err
	}
	what, who := v.r.PostFormValue("do"), v.user.Account
	switch what {
	case "comment":
		err = v.comment(i, d)
	case "transition":
		err = v.Desk.Transition(who, i.ID, v.r.PostFormValue("id"), v.r.PostFormValue("comment"))
	case "share":
		err = v.share(i)
	case "unshare":
		err = v.Desk.RemoveParticipants(who, i.ID, []world.AccountID{world.AccountID(v.r.PostFormValue("account"))})
	case "subscribe", "unsubscribe":
		err = v.Desk.Subscribe(who, i.ID, what == "subscribe")
	default:
		return rest.Fail(http.StatusBadRequest, "The form does not say what to do.")
	}
	var e *rest.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest {
		body := requestBody{Problem: strings.Join(e.Messages, " "), Wrong: what, Comment: v.r.PostFormValue("comment")}
		return v.showRequest(http.StatusUnprocessableEntity, i, d, body)
	}
	if err != nil {
		return err
	}
	return v.redirect(desk.Path(d, i) + map[string]string{"comment": "#activity"}[what])
}

// comment adds a comment, with files where some came along.
func (v *view) comment(i *world.Issue, d *world.Desk) error {
	text := v.r.PostFormValue("comment")
	files, err := v.files(d, "file")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		_, err = v.Desk.Comment(v.user.Account, i.ID, text, v.r.PostFormValue("internal") != "")
		return err
	}
	ids := []string{}
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	return v.Desk.Attach(v.user.Account, i.ID, ids, text, v.r.PostFormValue("internal") != "")
}

func (v *view) share(i *world.Issue) error {
	u := desk.FindPerson(v.st, v.r.PostFormValue("person"))
	if u == nil {
		return rest.Fail(http.StatusBadRequest, "Write the name or the mail address of somebody who has an account here.")
	}
	return v.Desk.AddParticipants(v.user.Account, i.ID, []world.AccountID{u.Account})
}

func attachment(v *view) error {
	i, _, err := v.request()
	if err != nil {
		return err
	}
	a := desk.Attachment(v.st, v.user.Account, i, world.AttachmentID(v.r.PathValue("attachment")))
	if a == nil {
		return rest.Fail(http.StatusNotFound, "The request has no such file.")
	}
	desk.ServeFile(v.w, v.r, v.st, a)
	return nil
}

// pagers are the ways to the pages before and after one of a list; "" where there is none.
func pagers(at *url.URL, start, total int) (prev, next string) {
	to := func(start int) string {
		q := at.Query()
		q.Set("start", strconv.Itoa(start))
		return at.Path + "?" + q.Encode()
	}
	if start > 0 {
		prev = to(max(0, start-pageSize))
	}
	if start+pageSize < total {
		next = to(start + pageSize)
	}
	return prev, next
}
