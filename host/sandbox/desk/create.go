package desk

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type jsonText = json.RawMessage

// Draft is a request that somebody wants to make.
type Draft struct {
	Desk         world.DeskID
	Type         world.RequestTypeID
	Values       map[string]json.RawMessage // by field, as REST takes them
	Rich         bool                       // texts are documents
	Reporter     world.AccountID            // "" is whoever makes it
	Participants []world.AccountID
	Orgs         []world.OrgID              // with whom it is shared
	Channel      string                     // "portal", "api"
	Properties   map[string]json.RawMessage // of the issue, from apps on the form
}

// channelProperty is where Jira Service Management notes how a request came in.
const channelProperty = "request.channel.type"

// incomplete is the key of Jira's answer to a form that is not filled in as it should be.
const incomplete = "sd.validation.request.creation.failure.required.field"

// Create makes an issue of what somebody asks for, if they may. The error is a [rest.Error]; what is wrong with single fields
// stands in its Fields.
func (s *API) Create(who world.AccountID, draft Draft) (made *world.Issue, err error) {
	err = s.store.ChangeAs(who, func(tx *world.Tx) error {
		d := tx.Desks.Get(draft.Desk)
		if d == nil || !MayAsk(tx.State, who, d) {
			return forbidden("ask for something here")
		}
		t := tx.RequestTypes.Get(draft.Type)
		if t == nil || t.Desk != d.ID {
			return rest.Fail(http.StatusBadRequest, "The request type '%s' does not exist at this service desk.", draft.Type)
		}
		i := &world.Issue{Project: d.Project, Type: t.Type, Request: t.ID, Reporter: cmp.Or(draft.Reporter, who), Orgs: draft.Orgs,
			Custom: map[world.FieldID]json.RawMessage{}, Properties: world.Properties{}}
		for key, value := range draft.Properties {
			i.Properties[key] = value
		}
		i.Properties[channelProperty] = encoded(map[string]string{"value": draft.Channel})
		files, err := s.fill(tx.State, who, t, i, draft)
		if err != nil {
			return err
		}
		if err := setParticipants(tx, i, uniqueAccounts(append(Participants(tx.State, i), draft.Participants...), i.Reporter)); err != nil {
			return err
		}
		if made, err = tx.AddIssue(i); err != nil {
			return err
		}
		for _, f := range files {
			if err := tx.AddAttachment(made.ID, &world.Attachment{Name: f.name, Type: f.kind, Author: who}, f.content); err != nil {
				return err
			}
		}
		made = tx.Issue(made.ID)
		return nil
	})
	return made, err
}

// fill writes the values of a form into an issue; files are those that the form takes along.
func (s *API) fill(st *world.State, who world.AccountID, t *world.RequestType, i *world.Issue, draft Draft) (files []file, err error) {
	problems := map[string]string{}
	fields := Fields(st, who, t)
	for name := range draft.Values {
		if !slices.ContainsFunc(fields, func(f Field) bool { return string(f.Field) == name }) {
			problems[name] = "The request type has no such field."
		}
	}
	for _, f := range fields {
		name := string(f.Field)
		raw, r := draft.Values[name], reader{st, draft.Rich}
		if nothing(raw) {
			raw, r.rich = f.Preset, false
		}
		switch {
		case nothing(raw) && f.Required && !f.Hidden:
			problems[name] = f.Label + " is required."
		case f.Kind == Attachments && !nothing(raw):
			found, problem := s.takeAlong(who, draft.Desk, raw)
			files = found
			if problem != "" {
				problems[name] = problem
			}
		default:
			if problem := r.set(i, f, raw); problem != "" {
				problems[name] = problem
			}
		}
	}
	if i.Summary == "" && problems["summary"] == "" { // a type whose form does not ask for one
		i.Summary = t.Name
	}
	if len(problems) > 0 {
		return nil, &rest.Error{
			Status: http.StatusBadRequest, Key: incomplete, Fields: problems,
			Messages: []string{"Your request could not be created. Please check the fields have been correctly filled in."},
		}
	}
	return files, nil
}

// takeAlong finds the temporary files of a form.
func (s *API) takeAlong(who world.AccountID, at world.DeskID, raw json.RawMessage) (files []file, problem string) {
	var ids []string
	if json.Unmarshal(raw, &ids) != nil {
		return nil, "Send a list of temporaryAttachmentIds."
	}
	files, err := s.files.get(s.now(), who, at, ids)
	if err != nil {
		return nil, err.Error()
	}
	return files, ""
}
