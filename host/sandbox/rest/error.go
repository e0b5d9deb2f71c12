package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// Error is an error in Jira's shape. Operations return it for whatever the caller did wrong.
type Error struct {
	Status   int
	Messages []string
	Fields   map[string]string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %v %v", e.Status, e.Messages, e.Fields) }

// Fail is an error with a sentence for the caller.
func Fail(status int, format string, args ...any) error {
	return &Error{Status: status, Messages: []string{fmt.Sprintf(format, args...)}}
}

// FailField is the error of a field that was given a wrong value.
func FailField(field, message string) error {
	return &Error{Status: http.StatusBadRequest, Fields: map[string]string{field: message}}
}

// WriteError answers an error. What is no [Error] is logged, and the caller learns only that the site failed.
func WriteError(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &e):
	case errors.As(err, &tooLarge):
		e = &Error{Status: http.StatusRequestEntityTooLarge, Messages: []string{"The request body is too large."}}
	default:
		log.ErrorContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "error", err)
		e = &Error{Status: http.StatusInternalServerError, Messages: []string{"Internal server error"}}
	}
	if strings.HasPrefix(r.URL.Path, "/rest/atlassian-connect/") {
		WriteJSON(w, e.Status, object{"message": strings.Join(e.Messages, " "), "statusCode": e.Status})
		return
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `OAuth realm="sandbox"`)
	}
	messages, fields := e.Messages, e.Fields
	if messages == nil {
		messages = []string{}
	}
	if fields == nil {
		fields = map[string]string{}
	}
	WriteJSON(w, e.Status, object{"errorMessages": messages, "errors": fields})
}

// WriteJSON answers a value; nil sends no body.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-cache, no-store, no-transform")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the status is out: a broken connection is all that can be wrong now
}
