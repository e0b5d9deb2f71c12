package wasm

import "runtime"

// lane is where calls run that compute for long. It has a place less than there are CPUs for Go, so that one is always free for others: Go's
// scheduler looks whether something came over the network only where a CPU has nothing to do, or every ten milliseconds.
type lane struct {
	places chan struct{}
	all    bool // the only CPU is one of the places
}

func newLane() lane {
	cpus := runtime.GOMAXPROCS(0)
	return lane{places: make(chan struct{}, max(1, cpus-1)), all: cpus == 1}
}

const (
	// longFuel is from where on a call computes for long, in units: some five milliseconds.
	longFuel = 40 * slice
	// laneTurn is how much it may use of its place before the next one has it, if somebody waits.
	laneTurn = 20 * slice
)

// standBack lets others run, for a call that used up a slice of its fuel. It does not hand over the CPU at each slice: whoever does
// wakes threads ten thousand times a second, and is in everybody's way more than one who computes on.
func (in *instance) standBack() {
	if in.tank.given < longFuel {
		return
	}
	if _, starts := in.bounds.(starting); starts { // Load is nobody's request, and only run gives a place back
		return
	}
	if in.inLane && in.tank.given-in.laneSince < laneTurn {
		if in.driver.lane.all {
			runtime.Gosched()
		}
		return
	}
	in.leaveLane()
	select {
	case in.driver.lane.places <- struct{}{}:
	default:
		select {
		case in.driver.lane.places <- struct{}{}:
		case <-in.bounds.Context().Done():
			if err := in.bounds.Stopped(); err != nil {
				panic(stop{err})
			}
			return // the next tick sees
		}
	}
	in.inLane, in.laneSince = true, in.tank.given
}

// leaveLane gives the place back, for whoever ends or waits for something.
func (in *instance) leaveLane() {
	if in.inLane {
		in.inLane = false
		<-in.driver.lane.places
	}
}
