package bundle

// Limits of what a bundle may hold. They are checked before anything is copied or parsed; a bundle is not compressed, so what
// it declares is what it takes.
const (
	MaxArchive    = 96 << 20  // bytes of the archive
	MaxFile       = 64 << 20  // bytes of one file, the code among them
	MaxManifest   = 1 << 20   // bytes of plugin.json
	MaxIndex      = 256 << 10 // bytes of SHA256SUMS.json
	MaxFiles      = 512       // files beside the index
	MaxPath       = 100       // bytes of a file's name with its folders: what the name field of a tar header holds
	MaxSignature  = 16 << 10  // bytes of a .minisig file
	MaxSignatures = 16        // signatures in it
)
