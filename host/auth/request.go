package auth

import "strings"

// Request is what a verifier looks at.
type Request struct {
	Method string
	// Target is the address exactly as it came over the wire, with its query. A router's cleaned-up path has another
	// hash.
	Target string
	// Authorization is the header of that name, "" where there is none.
	Authorization string
	// ForgeSystem is the header x-forge-oauth-system: the app's own token, which only an invocation of Forge carries.
	ForgeSystem string
}

// maxToken bounds a token, in bytes: nothing longer is decoded. Forge tokens carry the page's whole context and are the
// longest, at a few KiB.
const maxToken = 16 << 10

// token returns the one token of a request. It may stand in the header under scheme, or, where inAddress allows it, in
// the address; never in both, so that no two parts of the host can take a request for two different ones.
func (r Request) token(via Via, scheme string, inAddress bool) (string, *Error) {
	var header string
	if name, value, ok := strings.Cut(r.Authorization, " "); ok && strings.EqualFold(name, scheme) {
		header = strings.TrimSpace(value)
	}
	_, query := split(r.Target)
	var found []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if unescape(name) == tokenParam {
			found = append(found, unescape(value))
		}
	}
	switch {
	case header != "" && len(found) > 0 || len(found) > 1:
		return "", refuse(via, ReasonTwoTokens, nil)
	case len(found) == 1 && !inAddress:
		return "", refuse(via, ReasonPlace, nil)
	case len(found) == 1:
		header = found[0]
	}
	switch {
	case header == "":
		return "", refuse(via, ReasonMissing, nil)
	case len(header) > maxToken:
		return "", refuse(via, ReasonMalformed, nil)
	}
	return header, nil
}
