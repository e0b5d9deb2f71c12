// Package core is the engine: it holds plugins and calls them for tenants. It knows nothing of Jira, of HTTP or of a
// database, and could stand as a library of its own. Start with [New], [Engine.Add] and [Engine.View].
//
//	core/manifest    what a plugin says of itself
//	core/bundle      a plugin packed into one signed file; core/bundle/oci keeps such files in container registries
//	core/registry    the plugins on disk
//	core/capability  what a plugin may ask of the host
//	core/driver      the interface between the engine and whatever runs code; core/drivertest is its suite
//	core/wasm        the driver for code that nobody has to trust
//	core/fuel        the counter that it puts into such code
//	core/snapshot    the memory in which each call of it begins
//	core/process     the driver for executables that the operator has approved
//	core/inproc      the driver for built-in plugins and for tests
//
// [Engine.Source] is a plugin's synchronizer, whose pages the host turns into issues.
//
// A call goes from [Engine.View] through a driver into the plugin; its host calls come back through the broker, under the
// binding of the same call. Nothing of a call's content is kept or logged on the way.
package core
