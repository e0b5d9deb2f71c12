// Package operator keeps the credentials with which commands of the operator's reach a host from elsewhere. A credential has a name, is for
// all commands or for those that change nothing, and ends: at its time, or when it is revoked. Nobody makes one by means of another: they are
// made, listed and revoked where host/door leads.
//
// The text of a token is shown once and kept nowhere. It reads
//
//	pergola_operator_ iiiiiiiiiiiiiiii ssssssssssssssssssssssssssssssss ccccccc
//
// without the spaces, in the letters a to z and digits 2 to 7: the token's id, 160 random bits, and a CRC-32 of all before. An API token
// (host/token) has another prefix and another length, so neither is ever taken for the other.
//
// At rest there is an HMAC-SHA256 of the random part with the id, the name, the end and what the credential is for. Its key belongs to the installation and
// lies sealed. So who can write into the store but has no key makes no credential by it, nor has one last longer or do more.
//
// Start with [New].
package operator
