package sandbox

// Settle waits until no webhook is on its way.
func (s *Site) Settle() {
	s.sender.Settle()
	s.moves.Settle()
	s.forge.Settle()
}

// Tick runs what is due by the site's clock.
func (s *Site) Tick() { s.forge.Tick() }
