// Package oci keeps plugin bundles in container registries: any that speaks the OCI distribution protocol, which is where a company has
// its logins, mirrors and scanners already. It is not needed to run a host, which reads bundles from its disk only, so a registry
// that is down takes nothing down. Start with [New], then [Client.Push] and [Client.Pull].
//
//	registry := oci.New(oci.Config{})
//	pushed, err := registry.Push(ctx, "registry.example.com/acme/labels:1.2.0", b, signatures)
//	pulled, err := registry.Pull(ctx, "registry.example.com/acme/labels@"+pushed.Digest, trust)
//
// # What lies in the registry
//
// An OCI image manifest (version 1.1) with the artifact type [ArtifactType], the empty configuration, and two layers: the bundle as it
// is ([BundleType]), and the content of its .minisig file ([SignatureType]), which an unsigned bundle does not have. Same bundle, same
// signatures: same manifest, with the same digest. The signature is a layer and no referrer, so one digest pins both, a mirror
// copies both, and registries without the referrers API will do.
//
// The registry is not trusted: every byte is compared with the digest that was asked for, and Pull returns only what
// [bundle.Trust] accepted.
package oci
