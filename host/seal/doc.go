// Package seal keeps secrets at rest: what a tenant trusts us with is encrypted before it reaches a store, under a key of
// that tenant's own, which is encrypted in turn under a key that never lies in the store. Start with [Keeper]. It is not for
// data that must be searched, nor for large files.
//
//	wrapping key ──wraps──▶ data key of a tenant ──seals──▶ value
//	in a [Ring]             in the tenant's store            wherever its owner keeps it
//
// A value is sealed for one [Place]. Put anywhere else, or changed by a bit, it does not open.
//
//	keys, made, err := seal.OpenKeyFile(path) // or seal.ParseKeys, or host/seal/kms
//	ring, err := seal.NewRing(keys...)
//	keeper, err := seal.NewKeeper(driver, ring, time.Now, seal.Config{})
//
//	at := seal.Place{Collection: "tenant", ID: string(t), Field: "sharedSecret"}
//	text, err := keeper.Seal(ctx, t, at, seal.NewSecret(password))
//	secret, err := keeper.Open(ctx, t, at, text)
//
// # Wrapping keys
//
// They come from the environment ([ParseKeys]), from a file ([OpenKeyFile]) or from a key management service (host/seal/kms),
// in any mixture; the first of a ring wraps, all unwrap. Whoever has lost every copy of a wrapping key has lost what was
// sealed under it, so a key file belongs into a backup of its own: in the backup of the database it would protect nothing.
//
// To rotate, put the new key into the ring, make it the first, run [Keeper.Rewrap], and take the old one out when
// Rewrap's report has none left for it. Where more than one process serves, all of them have to know the new key before
// it is first in any, and Rewrap's report counts once it is first in all. No value is written anew.
//
// # Data keys
//
// A tenant gets one when its first value is sealed. [Keeper.Rotate] makes another, under which everything is sealed from
// then on; the old one opens what it sealed until the caller has brought that over ([Keeper.Reseal]) and retires it
// ([Keeper.Retire]). Which values there are and where, only their owners know. [Keeper.Shred] deletes all of a tenant's data keys, after which nobody can read its values, wherever
// copies of them lie; only a backup of the store that holds the keys still can, together with the ring.
//
// Nonces are random and have 96 bits, so that one key may seal 2^32 values before two of them meet with a probability
// that matters (2^-33; NIST SP 800-38D, 8.3). That is not counted, as a counter would turn each Seal into a write. A
// tenant that has a value sealed every second needs 136 years for it; rotating each year leaves a wide margin. A
// caller that seals by the thousand per second must rotate by the month.
//
// # More than one process
//
// Keepers on one store need nothing else in common than keys of the ring and Config.TTL. A key that was deleted elsewhere is in use
// here for at most that long (a minute, unless configured otherwise): until then a value may still be opened, and a value
// may be sealed that nobody can open afterwards. So whoever shreds a tenant first makes sure that nobody serves it.
package seal
