package world

import (
	"encoding/json"
	"fmt"
	"maps"
)

// SetCommentProperty sets a property of a comment, or removes it where value is nil. It says whether the property was there. To
// readers the comment stays as it was, and its time of update, too.
func (tx *Tx) SetCommentProperty(id CommentID, key string, value json.RawMessage) (was bool, err error) {
	on, before := tx.Comment(id)
	if on == nil {
		return false, fmt.Errorf("set a property of comment %q, which is not there: %w", id, ErrRefused)
	}
	c := *before
	if c.Properties = maps.Clone(c.Properties); c.Properties == nil {
		c.Properties = Properties{}
	}
	_, was = c.Properties[key]
	if value == nil {
		delete(c.Properties, key)
	} else {
		c.Properties[key] = value
	}
	i := on.clone()
	replacePart(i.Comments, number(id), &c)
	tx.dropParts(on, i)
	tx.put(on, i, quietly)
	return was, nil
}
