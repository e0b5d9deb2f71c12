package sandbox

// Settle waits until no webhook is on its way.
func (s *Site) Settle() { s.sender.Settle() }
