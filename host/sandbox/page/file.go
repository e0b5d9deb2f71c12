package page

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Pages) attachPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, form{Title: "Attach a file to " + i.Key, Action: "/browse/" + i.Key + "/attach", Submit: "Attach", Cancel: "/browse/" + i.Key, Upload: true})
}

// attachFromPage hands the form with its file on to the REST interface, or deletes the file of the address.
func (s *Pages) attachFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if id := world.AttachmentID(v.r.PathValue("file")); id != "" {
		if !slices.ContainsFunc(v.st.Attachments(i), func(a *world.Attachment) bool { return a.ID == id }) {
			return rest.Fail(http.StatusNotFound, "There is no such file.")
		}
		if err := v.ask("DELETE", "/rest/api/3/attachment/"+pathEscape(string(id)), nil, nil); err != nil {
			return err
		}
		return v.back(i)
	}
	header := http.Header{"Content-Type": v.r.Header["Content-Type"], "X-Atlassian-Token": {"no-check"}}
	answer, err := v.pass("POST", "/rest/api/3/issue/"+string(i.ID)+"/attachments", header, v.r.Body)
	if err != nil {
		return err
	}
	if answer.status >= 300 {
		return answer.refusal()
	}
	return v.back(i)
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
