package app

import "runtime/debug"

// version is the release, set by the linker; a build from a checkout carries the commit instead.
var version = "0.1.0-dev"

// Version returns the program's version, with the commit where the build knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return version + "+" + s.Value[:12]
		}
	}
	return version
}
