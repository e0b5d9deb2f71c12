package page

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// What the REST interface does not serve yet is done here on the world itself: watchers, votes, worklogs and files.

// change makes a change to the issue of the address, if the person has the permission, and answers the request.
func (v *view) change(permission string, change func(*world.Tx, *world.Issue) error) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	err = v.site.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		i := tx.EditIssue(string(i.ID))
		if i == nil || !tx.CanDo(v.user.Account, permission, i) {
			return rest.Fail(http.StatusForbidden, "You may not do this with the issue.")
		}
		return change(tx, i)
	})
	if err != nil {
		return err
	}
	st := v.now()
	if i = st.Issue(i.ID); i == nil {
		return v.done("/", nil)
	}
	return v.done("/browse/"+i.Key, i)
}

// toggled is the list with who in it, or without if it was.
func toggled(list []world.AccountID, who world.AccountID) []world.AccountID {
	if n := slices.Index(list, who); n >= 0 {
		return slices.Delete(list, n, n+1)
	}
	return append(list, who)
}

func (s *Pages) watchFromPage(v *view) error {
	return v.change(world.BrowseProjects, func(tx *world.Tx, i *world.Issue) error {
		if v.user.Account == "" {
			return rest.Fail(http.StatusForbidden, "Log in to watch issues.")
		}
		i.Watchers = toggled(i.Watchers, v.user.Account)
		return tx.PutQuietly(i)
	})
}

func (s *Pages) voteFromPage(v *view) error {
	return v.change(world.BrowseProjects, func(tx *world.Tx, i *world.Issue) error {
		if v.user.Account == "" || i.Reporter == v.user.Account {
			return rest.Fail(http.StatusForbidden, "Nobody votes for an issue of one's own.")
		}
		i.Voters = toggled(i.Voters, v.user.Account)
		return tx.PutQuietly(i)
	})
}

func (s *Pages) deleteFromPage(v *view) error {
	return v.change(world.DeleteIssues, func(tx *world.Tx, i *world.Issue) error { return tx.DeleteIssue(i.ID) })
}

func (s *Pages) moveFromPage(v *view) error {
	return v.change(world.MoveIssues, func(tx *world.Tx, i *world.Issue) error {
		to := tx.FindProject(v.r.PostFormValue("project"))
		if !tx.CanIn(v.user.Account, world.CreateIssues, to) {
			return rest.Fail(http.StatusForbidden, "You may not create issues in that project.")
		}
		return tx.MoveIssue(i.ID, to.ID)
	})
}

func (s *Pages) movePage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	to := formField{ID: "project", Name: "Project", Required: true, Widget: choiceBox}
	for _, p := range v.createProjects() {
		to.Options = append(to.Options, formOption{ID: p.Key, Name: p.Name + " (" + p.Key + ")", Chosen: p.ID == i.Project})
	}
	return v.showForm(http.StatusOK, form{
		Title: "Move " + i.Key, Action: "/browse/" + i.Key + "/move", Submit: "Move", Cancel: "/browse/" + i.Key, Fields: []formField{to},
		Note: "The issue and its subtasks get new keys; the old ones lead to them.",
	})
}

// spentForm reads durations such as "1w 2d 3h 30m", of working days with eight hours.
var spentForm = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*([wdhm])$`)

func parseSpent(text string) (seconds int64, ok bool) {
	units := map[string]float64{"w": 5 * 8 * 3600, "d": 8 * 3600, "h": 3600, "m": 60}
	for word := range strings.FieldsSeq(text) {
		m := spentForm.FindStringSubmatch(word)
		if m == nil {
			return 0, false
		}
		n, _ := strconv.ParseFloat(m[1], 64) // the form says that it is a number
		seconds += int64(n * units[m[2]])
	}
	return seconds, seconds > 0 && seconds < 1<<40
}

// spentText is a duration as people type it.
func spentText(seconds int64) string {
	var out []string
	for _, u := range []struct {
		sign string
		size int64
	}{{"w", 5 * 8 * 3600}, {"d", 8 * 3600}, {"h", 3600}, {"m", 60}} {
		if n := seconds / u.size; n > 0 {
			out = append(out, strconv.FormatInt(n, 10)+u.sign)
			seconds -= n * u.size
		}
	}
	if out == nil {
		return "0m"
	}
	return strings.Join(out, " ")
}

func worklogForm(i *world.Issue) form {
	return form{
		Title: "Log work on " + i.Key, Action: "/browse/" + i.Key + "/worklog", Submit: "Log", Cancel: "/browse/" + i.Key,
		Note: "Use w, d, h and m: 1d 2h 30m. A day has eight hours.",
		Fields: []formField{
			{ID: "spent", Name: "Time spent", Required: true, Widget: textBox},
			{ID: "body", Name: "Work description", Widget: documentBox},
		},
	}
}

func (s *Pages) worklogPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, worklogForm(i))
}

func (s *Pages) worklogFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if id := v.r.PathValue("worklog"); id != "" {
		on, log := v.st.Worklog(world.WorklogID(id))
		if log == nil || on.ID != i.ID {
			return rest.Fail(http.StatusNotFound, "There is no such worklog.")
		}
		need := world.DeleteAllWorklogs
		if log.Author == v.user.Account {
			need = world.DeleteOwnWorklogs
		}
		return v.change(need, func(tx *world.Tx, _ *world.Issue) error { return tx.DeleteWorklog(log.ID) })
	}
	f := worklogForm(i)
	_ = v.r.ParseForm() // an empty form is refused below
	for n := range f.Fields {
		f.Fields[n].take(v.r.PostForm)
	}
	seconds, ok := parseSpent(f.Fields[0].Text)
	if !ok {
		return v.refuse(f, rest.FailField("spent", "Type a time such as 1d 2h 30m."))
	}
	return v.change(world.WorkOnIssues, func(tx *world.Tx, i *world.Issue) error {
		return tx.AddWorklog(i.ID, &world.Worklog{Started: tx.Now.Truncate(time.Millisecond), Seconds: seconds, Comment: documentOf(f.Fields[1].Text)})
	})
}

// maxFile is the largest file that is taken.
const maxFile = 10 << 20

func (s *Pages) attachPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, form{Title: "Attach a file to " + i.Key, Action: "/browse/" + i.Key + "/attach", Submit: "Attach", Cancel: "/browse/" + i.Key, Upload: true})
}

func (s *Pages) attachFromPage(v *view) error {
	if id := v.r.PathValue("file"); id != "" {
		_, a := v.st.Attachment(world.AttachmentID(id))
		i, err := v.issueOf()
		if err != nil {
			return err
		}
		if on, _ := v.st.Attachment(world.AttachmentID(id)); on == nil || on.ID != i.ID {
			return rest.Fail(http.StatusNotFound, "There is no such file.")
		}
		need := world.DeleteAllAttachments
		if a.Author == v.user.Account {
			need = world.DeleteOwnAttachments
		}
		return v.change(need, func(tx *world.Tx, _ *world.Issue) error { return tx.DeleteAttachment(a.ID) })
	}
	file, head, err := v.r.FormFile("file")
	if err != nil {
		return rest.Fail(http.StatusBadRequest, "Choose a file of at most %d MB.", maxFile>>20)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil || len(content) > maxFile {
		return rest.Fail(http.StatusRequestEntityTooLarge, "The file is larger than %d MB.", maxFile>>20)
	}
	kind := head.Header.Get("Content-Type")
	if kind == "" {
		kind = http.DetectContentType(content)
	}
	return v.change(world.CreateAttachments, func(tx *world.Tx, i *world.Issue) error {
		return tx.AddAttachment(i.ID, &world.Attachment{Name: head.Filename, Type: kind}, content)
	})
}

// attachment downloads a file. A browser never shows it as a page of this site.
func (s *Pages) attachment(v *view) error {
	i, a := v.st.Attachment(world.AttachmentID(v.r.PathValue("file")))
	if a == nil || !v.st.Sees(v.user.Account, i) {
		return rest.Fail(http.StatusNotFound, "There is no such file, or you may not see it.")
	}
	h := v.w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Content-Disposition", `attachment; filename*=UTF-8''`+pathEscape(a.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(v.st.Content(a)) // the status is out
	return nil
}
