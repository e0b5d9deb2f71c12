package seeding

import (
	"encoding/json"
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// parts adds what is read on its own: comments, worklogs, files and the history.
func (s *sink) parts(w *world.Whole, i *seed.Issue) error {
	for _, c := range i.Comments {
		only, err := s.visibility(c.VisibleTo)
		if err != nil {
			return fmt.Errorf("comment of %v: %w", c.Created, err)
		}
		w.Comments = append(w.Comments, &world.Comment{
			Author: s.users[c.Author], Body: c.Body.ADF(), Created: c.Created, Updated: c.Updated, Internal: c.Internal, Visibility: only,
		})
	}
	for _, l := range i.Worklogs {
		only, err := s.visibility(l.VisibleTo)
		if err != nil {
			return fmt.Errorf("work of %v: %w", l.Started, err)
		}
		w.Worklogs = append(w.Worklogs, &world.Worklog{
			Author: s.users[l.Author], Comment: l.Comment.ADF(), Started: l.Started, Seconds: int64(l.Seconds), Created: l.Started, Updated: l.Started,
			Visibility: only,
		})
	}
	for _, a := range i.Attachments {
		w.Files = append(w.Files, world.File{
			Attachment: &world.Attachment{Name: a.Name, Type: a.Type, Author: s.users[a.Author], Created: a.Created}, Content: a.Content,
		})
	}
	for _, c := range i.History {
		w.Histories = append(w.Histories, s.history(w.Issue, c))
	}
	return nil
}

// remote makes a link out of the site, in the words of Jira's REST interface.
func remote(l seed.RemoteLink) (world.RemoteLink, error) {
	out := world.RemoteLink{GlobalID: l.GlobalID, Relationship: l.Relationship}
	object, err := json.Marshal(struct {
		URL     string `json:"url"`
		Title   string `json:"title"`
		Summary string `json:"summary,omitempty"`
	}{l.URL, l.Title, l.Summary})
	if err != nil {
		return out, err
	}
	out.Object = object
	if l.Application != "" {
		out.Application, err = json.Marshal(map[string]string{"name": l.Application})
	}
	return out, err
}
