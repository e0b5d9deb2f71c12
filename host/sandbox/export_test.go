package sandbox

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Settle waits until no webhook is on its way.
func (s *Site) Settle() {
	s.sender.Settle()
	s.moves.Settle()
	s.forge.Settle()
}

// Tick runs what is due by the site's clock.
func (s *Site) Tick() { s.forge.Tick() }

// Publish shows the projects of a permission scheme to everybody.
func (s *Site) Publish(scheme world.SchemeID) error {
	return s.store.Change(func(tx *world.Tx) error {
		p := world.Edit(tx.PermissionSchemes.Get(scheme))
		p.Grants = append(slices.Clip(p.Grants), world.Grant{ID: tx.NewGrantID(), Permission: world.BrowseProjects, Holder: world.Holder{Kind: world.ByAnyone}})
		return tx.Put(p)
	})
}
