// Package token keeps the API tokens with which programs call the host in somebody's name. A token is bound to an Atlassian account and a
// site, is for some scopes, and ends: at its time, when an admin revokes it, when the account ends, and when the site uninstalls the app.
// What it may do is what the account may do in Jira at that moment; it is asked of Jira at each call, and never kept.
//
// The text of a token is shown once and kept nowhere. It reads
//
//	pergola_ aaaaaaaa iiiiiiiiiiiiiiii ssssssssssssssssssssssssssssssss ccccccc
//
// without the spaces, in the letters a to z and digits 2 to 7: the site's alias, the token's id, 160 random bits, and a CRC-32 of all
// before. By prefix and checksum a scanner finds tokens in texts, and a mistyped one is refused before the store is asked.
//
// At rest there is an HMAC-SHA256 of the random part, the site and the id, with the key of the site's own that lies sealed. The random part cannot be
// guessed, so nothing slower is needed; and who can write into the store but has no key makes no token by it.
//
// Start with [New].
package token
