package sqlitestore

import "errors"

// lockFile is held by whoever has the directory open. It stays there.
const lockFile = "pergola.lock"

// ErrLocked says that another process has the directory open, or this one a second time.
var ErrLocked = errors.New("the store is open elsewhere")
