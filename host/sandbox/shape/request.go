package shape

import (
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// RequestType is Jira's name for the type of the field that shows what a customer asked for.
const RequestType = "com.atlassian.servicedesk:vp-origin"

// requestValue is the value of that field; nil for an issue that nobody asked for on a portal.
func (s Shape) requestValue(st *world.State, i *world.Issue) any {
	t := st.RequestTypes.Get(i.Request)
	status := st.Status(i.Status)
	if t == nil || status == nil {
		return nil
	}
	self := s.Link("/rest/servicedeskapi/request/%s", i.ID)
	since := i.StatusSince
	return Object{
		"_links": Object{
			"self": self, "jiraRest": s.Link("/rest/api/2/issue/%s", i.ID), "agent": s.Link("/browse/%s", i.Key),
			"web": s.Link("/servicedesk/customer/portal/%s/%s", t.Desk, i.Key),
		},
		"requestType": Object{
			"id": t.ID, "name": t.Name, "description": t.Description, "helpText": t.Help, "issueTypeId": t.Type, "serviceDeskId": t.Desk,
			"portalId": t.Desk, "groupIds": []string{}, "_links": Object{"self": s.Link("/rest/servicedeskapi/servicedesk/%s/requesttype/%s", t.Desk, t.ID)},
		},
		"currentStatus": Object{
			"status": status.Name, "statusCategory": strings.ToUpper(status.Category),
			"statusDate": Object{
				"iso8601": since.Format("2006-01-02T15:04:05-0700"), "jira": since.Format(JiraTime), "friendly": since.Format("02/Jan/06 3:04 PM"),
				"epochMillis": since.UnixMilli(),
			},
		},
	}
}
