package sqlitestore

import "errors"

// ErrLocked says that another process has the directory open, or this one a second time.
var ErrLocked = errors.New("the store is open elsewhere")
