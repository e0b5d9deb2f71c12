package sqlitestore

// syncDir does nothing: Windows writes directory entries with the file.
func syncDir(string) error { return nil }
