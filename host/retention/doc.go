// Package retention ends what is kept: records whose time is over, and everything of a site whose time of grace after the
// uninstallation is over. A [Sweeper] does both in the background.
//
// A purge destroys the site's data keys first, so that even a forgotten copy of a sealed value is dead, then every document
// under the site's tenant, and last the site itself, together with a signed [Receipt] in one batch. It can be killed at any
// moment and goes on where it was: the site stays in the state "purging" until nothing is left.
package retention
