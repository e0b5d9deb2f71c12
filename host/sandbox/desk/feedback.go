package desk

import (
	"encoding/json"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) feedbackOperations() []rest.Operation {
	const path = root + "/request/{requestIdOrKey}/feedback"
	return []rest.Operation{
		rest.Op("GET", path, rest.ScopeRead, s.getFeedback),
		rest.Op("POST", path, rest.ScopeWrite, s.postFeedback),
		rest.Op("DELETE", path, rest.ScopeDelete, s.deleteFeedback),
	}
}

// feedbackProperty is where an issue keeps what its reporter thinks of the help.
const feedbackProperty = "sandbox.feedback"

// feedback is how content somebody is: 1 to 5 stars.
type feedback struct {
	Type    string `json:"type"`
	Rating  int    `json:"rating"`
	Comment struct {
		Body string `json:"body"`
	} `json:"comment"`
}

func (s *API) getFeedback(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	raw, ok := i.Properties[feedbackProperty]
	if !ok {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "Nobody has given feedback on this request.")
	}
	return rest.Answer{Status: http.StatusOK, Body: raw}, nil
}

func (s *API) postFeedback(c *rest.Call) (rest.Answer, error) {
	var in feedback
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if in.Rating < 1 || in.Rating > 5 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The rating is %d: it must be 1 to 5.", in.Rating)
	}
	in.Type = "csat"
	raw, err := json.Marshal(in)
	if err != nil {
		return rest.Answer{}, err
	}
	err = s.setFeedback(c, raw)
	return rest.Answer{Status: http.StatusCreated, Body: json.RawMessage(raw)}, err
}

func (s *API) deleteFeedback(c *rest.Call) (rest.Answer, error) {
	return rest.Answer{Status: http.StatusNoContent}, s.setFeedback(c, nil)
}

func (s *API) setFeedback(c *rest.Call, raw json.RawMessage) error {
	return s.changeRequest(c, func(tx *world.Tx, i *world.Issue) error {
		if i.Reporter != c.Who.Account && c.Who.App == nil {
			return forbidden("give feedback on this request: only its reporter and apps do")
		}
		_, err := tx.SetIssueProperty(i.ID, feedbackProperty, raw)
		return err
	})
}
