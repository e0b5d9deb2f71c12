package world

import "errors"

// lockName is held by whoever has the data directory open. It stays there: taking it away would let two processes lock two files
// of the same name.
const lockName = "site.lock"

// ErrLocked says that another process has the data directory open, or this one a second time. Two that write one site would
// each lose what the other one wrote.
var ErrLocked = errors.New("the site is open elsewhere")
