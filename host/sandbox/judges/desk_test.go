package judges_test

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// withDesk begins with the seeded site and a service project on it. Mia works on it as its team, Carl and Acme are customers.
func withDesk(cfg *sandbox.Config) {
	cfg.Fill = func(s *world.Store) error {
		return s.Change(func(tx *world.Tx) error {
			if err := world.Seed(tx); err != nil {
				return err
			}
			for _, e := range deskThings() {
				if err := tx.Put(e); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func deskThings() []world.Entity {
	const carl = "qm:carl"
	yes := world.Properties{"servicedesk.customer.transition.active": json.RawMessage(`"true"`)}
	fields := []world.RequestField{
		{Field: "summary", Label: "In a few words", Required: true}, {Field: "description", Label: "What happened", Help: "Step by step"},
		{Field: "priority", Label: "How urgent"}, {Field: "duedate", Label: "Until"}, {Field: "attachment", Label: "Pictures"},
	}
	return []world.Entity{
		&world.User{Account: carl, Login: "carl", Name: "Carl Customer", Email: "carl@north.example", Customer: true, TimeZone: "Europe/Berlin"},
		&world.IssueType{ID: "20001", Name: "Incident", Glyph: "box"},
		&world.Status{ID: "20000", Name: "Open", Category: "new"}, &world.Status{ID: "20001", Name: "Closed", Category: "done"},
		&world.Workflow{ID: "20000", Name: "Service", Statuses: []world.StatusID{"20000", "20001"}, Transitions: []world.Transition{
			{ID: "11", Name: "Close", From: []world.StatusID{"20000"}, To: "20001", Resolution: "10000", Properties: yes},
			{ID: "21", Name: "Reopen", From: []world.StatusID{"20001"}, To: "20000", Properties: yes},
		}},
		&world.Role{ID: "20000", Name: "Service Desk Team"},
		&world.Project{
			ID: "20000", Key: "HELP", Name: "Help", Kind: "service_desk", Lead: world.Mia, Types: []world.TypeID{"20001"}, Permissions: "10001", Workflow: "20000",
			Actors: map[world.RoleID][]world.Holder{"20000": {{Kind: world.ByUser, Value: string(world.Mia)}}},
		},
		&world.Organization{ID: "1", UUID: world.NewUUID(), Name: "Acme", Members: []world.AccountID{carl}},
		&world.Desk{
			ID: "1", Project: "20000", Portal: "Ask us", Introduction: "From 8 to 18", Customers: []world.AccountID{carl}, Orgs: []world.OrgID{"1"},
			Queues: []world.Queue{{ID: "1", Name: "Open ones", JQL: "project = HELP AND status = Open"}},
		},
		&world.Field{ID: "customfield_20100", Number: 20100, Name: "Request Type", Kind: world.Object, Type: "com.atlassian.servicedesk:vp-origin"},
		&world.RequestType{
			ID: "1", Desk: "1", Type: "20001", Name: "Report a fault", Description: "Something is broken", Help: "Pull the plug first", Groups: []string{"Faults"}, Fields: fields,
		},
	}
}
