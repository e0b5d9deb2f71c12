// Package mapping says what becomes of a row of an outside source: which Jira issue, and which values in which of its fields.
// A [Config] is what an admin wrote; [Compile] checks it against the columns that the source has and the fields that
// Jira takes, and names everything that is wrong with its place; a [Mapping] then turns rows into the JSON of fields.
//
// Columns are called by the admin's names, everything of Jira's by its id. No value of a row is in a Config, but for those
// that an admin wrote into a value map or as a default.
//
//	m, err := mapping.Compile(config, stream, meta)
//	record, err := m.Record(ctx, row, lookup)
package mapping
