package forge

// Holds evaluates a filter for an event.
func Holds(text string, event any) (bool, error) {
	e, err := parseExpression(text)
	if err != nil {
		return false, err
	}
	return e.holds(map[string]any{"event": event})
}
