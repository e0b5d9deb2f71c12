package embed

import "errors"

// lockFile is held by whoever has the directory open. It stays there. NATS itself does not keep two servers from one directory.
const lockFile = "pergola.lock"

// ErrLocked says that another process has the directory open, or this one a second time.
var ErrLocked = errors.New("the job queue is open elsewhere")
