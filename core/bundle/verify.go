package bundle

import (
	"slices"
	"strings"
)

// Verified is a bundle together with who answers for it.
type Verified struct {
	*Bundle
	Signer Signer
	// Signatures is the content of its .minisig file, nil where it has none.
	Signatures []byte
}

// Verify checks an archive and the content of its .minisig file (nil where there is none), and returns what may be used: the
// very bytes that were checked. Signatures come first; what nobody signed who is known is not even parsed. The error is
// a [*Refusal], or wraps manifest.Errors where plugin.json is wrong. name is the file's name for messages.
func (t Trust) Verify(name string, archive, signatures []byte) (Verified, error) {
	refuse := func(r Refusal) (Verified, error) {
		r.Bundle = name
		return Verified{}, &r
	}
	if len(archive) > MaxArchive {
		_, refusal := contents(name, archive)
		return Verified{}, refusal
	}
	var said []Signature
	if len(signatures) > 0 {
		var err error
		if said, err = ParseSignatures(signatures); err != nil {
			return refuse(Refusal{Kind: Malformed, File: name + SignatureExtension, Problem: err.Error(), Next: "fetch it anew, or sign the bundle with pergola plugin sign"})
		}
	}
	keys, refusal := t.signers(name, archive, said)
	if refusal != nil {
		return Verified{}, refusal
	}
	if len(keys) == 0 && !t.AllowUnsigned {
		return refuse(unknown(said))
	}
	b, err := Parse(name, archive)
	if err != nil {
		return Verified{}, err
	}
	v := Verified{Bundle: b, Signatures: signatures, Signer: Signer{Tier: Unsigned}}
	if len(keys) == 0 {
		return v, nil
	}
	for _, k := range keys {
		if slices.Contains(t.Operators, k) {
			v.Signer = Signer{Tier: Operator, Key: k.id}
			return v, nil
		}
	}
	var may []string
	for _, k := range keys {
		for _, p := range t.Publishers {
			if p.Key != k {
				continue
			}
			if p.allows(b.Manifest.ID) {
				v.Signer = Signer{Tier: Publisher, Key: k.id, Publisher: p.Publisher}
				return v, nil
			}
			may = append(may, p.IDs)
		}
	}
	return refuse(Refusal{
		Kind: Untrusted, File: ManifestName,
		Problem: "the plugin " + string(b.Manifest.ID) + " is signed with a key that was pinned for " + strings.Join(may, ", ") + " only",
		Signer:  "signed by " + t.describe(keys[0]),
		Next:    "if the key's owner publishes this plugin too, add " + string(b.Manifest.ID) + "=" + keys[0].String() + " to plugins.trust.publishers",
	})
}

// signers returns the known keys that signed the archive. A signature in the name of a known key that does not verify is no
// unknown one: the file was changed after it was signed.
func (t Trust) signers(name string, archive []byte, said []Signature) ([]Key, *Refusal) {
	var out []Key
	for _, s := range said {
		known := t.known(s.Key)
		i := slices.IndexFunc(known, func(k Key) bool { return s.verifies(k, archive) })
		switch {
		case i >= 0:
			out = append(out, known[i])
		case len(known) > 0:
			return nil, t.changed(name, archive, s, known)
		}
	}
	return out, nil
}

// changed words the refusal of an archive that is not what a known key signed.
func (t Trust) changed(name string, archive []byte, s Signature, known []Key) *Refusal {
	r := &Refusal{
		Kind: Tampered, Bundle: name, Problem: "the archive is not the one that was signed",
		Found: DigestOf(archive).String(), Signer: "the signature is by " + t.describe(known[0]),
		Next: "do not use it; fetch the bundle and its " + SignatureExtension + " file anew from the publisher",
	}
	for _, k := range known {
		if r.Expected = s.signedDigest(k); r.Expected != "" {
			r.Signer = "signed by " + t.describe(k)
			break
		}
	}
	switch r.Expected {
	case r.Found:
		r.Problem, r.Expected, r.Found = "the signature in "+name+SignatureExtension+" was changed", "", ""
	case "":
		r.Problem = "the archive (" + r.Found + "), or the signature in " + name + SignatureExtension + ", was changed"
		r.Found = ""
	}
	if _, inner := contents(name, archive); inner != nil { // says which file, for whoever looks for the cause
		r.File = inner.File
		inner.Bundle, inner.File, inner.Next = "inside", "", ""
		r.Problem += " (" + strings.TrimPrefix(inner.Error(), "inside: ") + ")"
	}
	return r
}

// unknown words the refusal of an archive that no known key signed.
func unknown(said []Signature) Refusal {
	if len(said) == 0 {
		return Refusal{
			Kind: Untrusted, Problem: "it is not signed: there is no " + SignatureExtension + " file beside it",
			Next: "fetch that file from the publisher too, or sign the bundle with an operator's key (pergola plugin sign); " +
				"on a host for development plugins.trust.allow_unsigned accepts it",
		}
	}
	var ids []string
	for _, s := range said {
		ids = append(ids, s.Key.String())
	}
	return Refusal{
		Kind: Untrusted, Problem: "none of its signatures is by a key that this host knows",
		Signer: "signed with key " + strings.Join(ids, ", "),
		Next: "get the publisher's key from the publisher itself and add IDS=KEY to plugins.trust.publishers, or look at the bundle " +
			"(pergola plugin inspect) and sign it with an operator's key (pergola plugin sign)",
	}
}
