package jobs

import "github.com/pergola-platform/pergola/host/jobs/board"

// Load is how much there is to do, for metrics and for whoever asks whether a host is ready.
type Load struct {
	// Waiting counts the runs of all tenants that want to go on, now or at a time; those that are worked on are among them.
	Waiting int
	// Held counts the runs that some host works on.
	Held int
	// Working counts the runs that this host works on, of at most Workers.
	Working, Workers int
	// Schedules counts those that are due at some time.
	Schedules int
}

// Load counts what this host sees of the queue; all is zero but Working and Workers while it does not see it.
func (j *Jobs) Load() Load {
	l := Load{Workers: j.cfg.Workers, Schedules: len(j.board.Alarms())}
	j.board.Lines(func(line board.Line) bool {
		held, _ := line.Holds("")
		l.Waiting += len(line.Tickets)
		l.Held += held
		return true
	})
	d := &j.dispatcher
	d.mu.Lock()
	defer d.mu.Unlock()
	l.Working = len(d.active)
	return l
}
