package platform

import (
	"errors"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) categoryOperations() []rest.Operation {
	const category = "/rest/api/3/projectCategory"
	return []rest.Operation{
		rest.Op("GET", category, rest.ScopeRead, s.listCategories),
		rest.Op("POST", category, rest.ScopeAdmin, s.createCategory),
		rest.Op("GET", category+"/{id}", rest.ScopeRead, s.getCategory),
		rest.Op("PUT", category+"/{id}", rest.ScopeAdmin, s.updateCategory),
		rest.Op("DELETE", category+"/{id}", rest.ScopeAdmin, s.deleteCategory),
	}
}

func (s *API) createCategory(c *rest.Call) (rest.Answer, error) {
	var in categoryInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	k := &world.Category{}
	err := s.asAdmin(c, func(tx *world.Tx) error { return in.fill(tx, k) })
	if errors.Is(err, world.ErrRefused) {
		err = &rest.Error{Status: http.StatusConflict, Fields: map[string]string{"name": "The project category name is in use."}}
	}
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.CategoryJSON(k)}, nil
}

func (s *API) getCategory(c *rest.Call) (rest.Answer, error) {
	k := c.St.Category(c.PathValue("id"))
	if k == nil {
		return rest.Answer{}, noCategory(c.PathValue("id"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.CategoryJSON(k)}, nil
}

func (s *API) updateCategory(c *rest.Call) (rest.Answer, error) {
	var in categoryInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var k *world.Category
	err := s.asAdmin(c, func(tx *world.Tx) error {
		if k = world.Edit(tx.Category(c.PathValue("id"))); k == nil {
			return noCategory(c.PathValue("id"))
		}
		return in.fill(tx, k)
	})
	if errors.Is(err, world.ErrRefused) {
		err = rest.FailField("name", "The project category name is in use.")
	}
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.CategoryJSON(k)}, nil
}

func (s *API) deleteCategory(c *rest.Call) (rest.Answer, error) {
	err := s.asAdmin(c, func(tx *world.Tx) error {
		k := tx.Category(c.PathValue("id"))
		if k == nil {
			return noCategory(c.PathValue("id"))
		}
		return tx.Delete(k)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) listCategories(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for k := range c.St.Categories.All() {
		out = append(out, s.CategoryJSON(k))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}
