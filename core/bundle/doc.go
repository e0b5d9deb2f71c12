// Package bundle packs a plugin into one file that can be signed, sent and checked: plugin.json, the code that it names, and
// static files, with the SHA-256 of each. It is for publishers, who [PackDir] and [SecretKey.Sign], and for hosts, which
// [Trust.Verify]. It does not know where bundles lie: those installed on a host's disk are core/registry's, those in a
// container registry core/bundle/oci's. It runs nothing.
//
//	packed, err := bundle.PackDir("acme.labels")                        // the publisher
//	signature := secret.Sign("labels.pergola", packed.Archive, now)
//
//	verified, err := trust.Verify("labels.pergola", archive, signature) // the host
//	use(verified.Manifest, verified.Code)                               // parts of archive, which nobody may change
//
// # The archive
//
// A bundle (NAME.pergola) is an uncompressed tar in the ustar form that every tar program lists and extracts. Unlike with other
// tars there is exactly one for each set of files: SHA256SUMS.json first, then the files by name; every field of a header
// that is not the name, the size or the checksum has one fixed value; two empty blocks end it. [Parse] refuses everything
// else, so two readers cannot see different things in the same bytes, and a digest of the archive is one of its content.
//
// # Signatures
//
// A signature is that of minisign (Ed25519 over BLAKE2b-512 of the archive) and lies beside the archive in
// NAME.pergola.minisig, where the minisign program looks for it:
//
//	minisign -V -m labels.pergola -P RWQ…
//
// More than one may stand in the file, one after the other, such as the publisher's and then an operator's; minisign reads
// the first. A key's number, its [KeyID], is only a hint which key to try; what counts is the key in [Trust].
//
// # Trust
//
// An operator's key may sign any plugin, a publisher's only those ids that it was pinned for. An unsigned bundle is refused
// unless the host is one for development ([Trust.AllowUnsigned]). A signature that a known key made for other bytes is refused
// always. The zero Trust trusts nobody.
package bundle
