package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// object is one of JSON.
type object = map[string]any

// Document returns the OpenAPI 3.1 document of routes; server is the host's address without a slash at its end. It is the same for the same routes.
func Document(name, version, server string, all ...*Routes) ([]byte, error) {
	paths, schemas := object{}, object{
		"Problem": object{
			"type": "object", "description": "A problem by RFC 9457.", "required": []string{"type", "title", "status", "code", "requestId"},
			"properties": object{
				"type":   object{"type": "string", "description": "about:blank: the status says what kind of problem it is."},
				"title":  object{"type": "string", "description": "The words of the status."},
				"status": object{"type": "integer"}, "detail": object{"type": "string", "description": "What went wrong and what to do, for people."},
				"code":      object{"type": "string", "description": "A word for programs, such as invalid, not_found or exhausted."},
				"field":     object{"type": "string", "description": "Which part of what was sent is at fault."},
				"requestId": object{"type": "string", "description": "By which whoever runs the server finds the request in the log."},
				"errors": object{"type": "array", "items": object{"type": "object", "required": []string{"detail"}, "properties": object{
					"pointer": object{"type": "string"}, "parameter": object{"type": "string"}, "detail": object{"type": "string"},
				}}},
			},
		},
	}
	tags, seen := []any{}, map[string]bool{}
	for _, routes := range all {
		tag, prefix := routes.Name, ""
		if routes.Plugin != "" {
			prefix = string(routes.Plugin) + "."
		}
		tags = append(tags, object{"name": tag})
		if err := addSchemas(schemas, routes, prefix); err != nil {
			return nil, err
		}
		for _, r := range routes.All {
			op, err := r.operation(tag, prefix)
			if err != nil {
				return nil, fmt.Errorf("describe %s %s: %w", r.Method, r.Path, err)
			}
			id, _ := op["operationId"].(string)
			if seen[id] {
				op["operationId"] = id + "." + strings.ToLower(r.Method)
			}
			seen[id] = true
			at := routes.Address(r)
			item, _ := paths[at].(object)
			if item == nil {
				item = object{}
				paths[at] = item
			}
			item[strings.ToLower(r.Method)] = op
		}
	}
	problem := object{"description": "What went wrong, as a problem by RFC 9457.", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}
	doc := object{
		"openapi": "3.1.0",
		"info": object{"title": name + " API", "version": version, "description": "Send an API token of your Jira site with each request. " +
			"What a program may do is what the account of its token may do in Jira. Requests beyond the rate limit are answered with 429 and Retry-After."},
		"servers": []any{object{"url": server}}, "tags": tags, "paths": paths,
		"security": []any{object{"token": []string{}}},
		"components": object{
			"schemas": schemas, "responses": object{"Problem": problem},
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "An API token, which a Jira admin makes under Apps, Pergola, API."}},
		},
	}
	return json.MarshalIndent(doc, "", "  ")
}

// Address is the whole path of a route.
func (r *Routes) Address(route *Route) string {
	if r.Plugin == "" {
		return strings.TrimSuffix(Root, "/") + route.Path
	}
	return Root + string(r.Plugin) + route.Path
}

func addSchemas(schemas object, routes *Routes, prefix string) error {
	if routes.Schemas == nil {
		return nil
	}
	own := object{}
	if err := json.Unmarshal(routes.Schemas, &own); err != nil {
		return fmt.Errorf("read schemas: %w", err)
	}
	for name, s := range own {
		schemas[prefix+name] = moved(s, prefix)
	}
	return nil
}

// moved has a schema refer to where the schemas are in the document.
func moved(v any, prefix string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = moved(v[i], prefix)
		}
	case object:
		for name, inner := range v {
			if ref, ok := inner.(string); ok && name == "$ref" {
				v[name] = strings.Replace(ref, "#/schemas/", "#/components/schemas/"+prefix, 1)
				continue
			}
			v[name] = moved(inner, prefix)
		}
	}
	return v
}

func (r *Route) schema(raw json.RawMessage, prefix string) (object, error) {
	out := object{}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, err
	}
	moved(out, prefix)
	return out, nil
}

// operation describes a route.
func (r *Route) operation(tag, prefix string) (object, error) {
	op := object{"operationId": prefix + r.Handler, "summary": r.Summary, "tags": []string{tag}}
	scopes := []string{}
	description := r.Description
	if r.Scope != "" {
		scopes = append(scopes, r.Scope)
		description = strings.TrimSpace(description + "\n\nNeeds a token for `" + r.Scope + "`.")
	}
	op["description"], op["security"] = description, []any{object{"token": scopes}}
	parameters, err := r.parameters(prefix)
	if err != nil {
		return nil, err
	}
	if r.Conditional {
		parameters = append(parameters, object{"name": "If-Match", "in": "header", "required": true, "schema": object{"type": "string"},
			"description": "The ETag of what was read. Where somebody changed it since then, the answer is 412."})
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if r.Body != nil {
		body, err := r.schema(r.Body, prefix)
		if err != nil {
			return nil, err
		}
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": body}}}
	}
	responses := object{"4XX": object{"$ref": "#/components/responses/Problem"}, "5XX": object{"$ref": "#/components/responses/Problem"}}
	for status, raw := range r.Answers {
		s, err := r.schema(raw, prefix)
		if err != nil {
			return nil, err
		}
		words, _ := s["description"].(string)
		if words == "" {
			words = r.Summary
		}
		response := object{"description": words}
		if status != "204" {
			response["content"] = object{cmp.Or(r.Media(status), "application/json"): object{"schema": s}}
		}
		if r.Versioned {
			response["headers"] = object{"ETag": object{"description": "The version, for If-Match.", "schema": object{"type": "string"}}}
		}
		responses[status] = response
	}
	op["responses"] = responses
	return op, nil
}

func (r *Route) parameters(prefix string) ([]any, error) {
	if r.Params == nil {
		return nil, nil
	}
	s, err := r.schema(r.Params, prefix)
	if err != nil {
		return nil, err
	}
	properties, _ := s["properties"].(object)
	required, _ := s["required"].([]any)
	inPath := r.Parameters()
	var out []any
	for _, name := range append(slices.Clone(inPath), slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(n string) bool { return slices.Contains(inPath, n) })...) {
		p, _ := properties[name].(object)
		in := "query"
		if slices.Contains(inPath, name) {
			in = "path"
		}
		words, _ := p["description"].(string)
		delete(p, "description")
		out = append(out, object{"name": name, "in": in, "required": slices.Contains(required, any(name)), "description": words, "schema": p})
	}
	return out, nil
}
