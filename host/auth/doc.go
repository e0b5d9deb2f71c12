// Package auth signs and verifies the tokens that pass between Jira and the host. It answers one question: who asks, for
// which site? What that visitor may do is decided elsewhere, and no package but this one knows the token library.
//
// There are six kinds of token, one [Verifier] method for each, and no token opens two kinds of route:
//
//	method     kind                       algorithm, key                 qsh
//	Lifecycle  signed install, uninstall  RS256, Atlassian's by kid      of the request
//	Event      enabled, disabled          HS256, the tenant's secret     of the request
//	Webhook    webhooks                   HS256, the tenant's secret     of the request
//	Page       address of an iframe       HS256, the tenant's secret     of the request
//	API        calls of our own pages     HS256, the tenant's secret     the literal context-qsh
//	Forge      Forge Remote invocation    RS256, Atlassian's JWKS        none
//	Token      calls of programs          no JWT: an API token, host/token knows it
//
// Event, Webhook and Page differ in where a token may stand (a page's address may carry it) and in which states of a
// tenant they serve. The query string hash is what keeps their tokens apart: it binds a token to one method and address.
//
// A token that was verified a moment ago, and whose site has not changed since, is not verified again: host/proof remembers what it proved.
// Its times, its hash and the state of its site are checked whenever it comes. Signed installs are verified each time.
//
// The other direction is [QSH], [Claims] and [SignHS256], with which the host signs its calls to Jira and the sandbox
// plays Jira's part.
//
// Sources: developer.atlassian.com, "Understanding JWT for Connect apps", "Query string hash" and "Forge Remote invocation
// contract".
package auth
