package web

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// exportSyncs answers with all connections and synchronizations as a file; ?ids=true asks nothing of the site and writes no names.
func (s *Server) exportSyncs(ctx context.Context, c *fiber.Ctx, by asker) error {
	file, err := s.Blueprints.Export(ctx, by.tenant, c.QueryBool("ids"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="sync.yaml"`)
	return c.Send(file)
}

// importSyncs makes everything be as a file says, and answers with what that changes; ?dry=true only says so. ?delete=true deletes
// what the file does not name.
func (s *Server) importSyncs(ctx context.Context, c *fiber.Ctx, by asker) error {
	body, err := read[struct {
		File    string                            `json:"file"`
		Secrets map[string]map[string]sync.Secret `json:"secrets"` // by connection and name
	}](c)
	if err != nil {
		return err
	}
	in := blueprint.Import{File: []byte(body.File), Secrets: body.Secrets, Delete: c.QueryBool("delete")}
	var changes []blueprint.Change
	if c.QueryBool("dry") {
		changes, err = s.Blueprints.Plan(ctx, by.tenant, in)
	} else {
		changes, err = s.Blueprints.Import(ctx, by.tenant, by.account, in)
	}
	if err != nil {
		return err
	}
	if changes == nil {
		changes = []blueprint.Change{}
	}
	return c.JSON(fiber.Map{"changes": changes})
}

// problemsOfFile are those of a file, with the line of each.
func problemsOfFile(problems []blueprint.Problem) []problemShape {
	out := []problemShape{}
	for _, p := range problems {
		out = append(out, problemShape{At: p.At(), What: p.What, Do: p.Do})
	}
	return out
}
