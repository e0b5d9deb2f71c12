package web

import (
	"mime"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/sdk"
)

// fileTypes are the types that a plugin may let the user save, with the extensions that go with them, the usual one
// first. Nothing in this list runs when it is opened from our origin, because it is always an attachment; and nothing is
// saved under an extension that would run on the user's machine.
var fileTypes = map[string][]string{
	"image/png":       {".png"},
	"image/svg+xml":   {".svg"},
	"application/pdf": {".pdf"},
	"text/csv":        {".csv", ".tsv", ".txt"},
}

func sendFile(c *fiber.Ctx, f *sdk.Attachment) error {
	extensions, ok := fileTypes[f.ContentType]
	if !ok {
		return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "The plugin made a file of a type that is not let through. Its publisher can help."}
	}
	c.Set(fiber.HeaderContentType, f.ContentType)
	c.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": fileName(f.Name, extensions)}))
	return c.Send(f.Body)
}

// maxFileName is in bytes: file systems take 255.
const maxFileName = 150

// fileName makes a name under which every system can save a file, and that looks like what it is: no directories, no
// control characters, nothing that turns the writing direction, and one of the extensions.
func fileName(name string, extensions []string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), strings.ContainsRune(`/\:*?"<>|;`, r):
			return '-'
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "-"))
	extension := path.Ext(name)
	if !slices.Contains(extensions, strings.ToLower(extension)) {
		name, extension = name+extensions[0], extensions[0]
	}
	stem := strings.Trim(strings.TrimSuffix(name, extension), ". ")
	for len(stem) > maxFileName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	if stem == "" {
		stem = "file"
	}
	return stem + extension
}
