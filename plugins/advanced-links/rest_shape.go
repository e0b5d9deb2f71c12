package main

//go:generate msgp -tests=false -io=false -unexported -o zz_rest_msgp.go

// What goes over the wire of the REST API, as the schemas of plugin.json have it. Answers are only written, and questions only read.

//msgp:unmarshal ignore relationList relationShape endShape issueRef linkShape linkPage manyAnswer manyLinks fullLink
//msgp:marshal ignore newLink manyQuestion
//msgp:size ignore newLink manyQuestion

// relationList is the answer of relations.
type relationList struct {
	Relations []relationShape `msg:"relations,limit=16384"`
}

type relationShape struct {
	ID         string   `msg:"id"`
	Name       string   `msg:"name"`
	Color      string   `msg:"color"`
	Storage    string   `msg:"storage"`
	LinkTypeID string   `msg:"linkTypeId,omitempty"`
	Searchable bool     `msg:"searchable"`
	Outward    endShape `msg:"outward"`
	Inward     endShape `msg:"inward"`
}

type endShape struct {
	Label    string         `msg:"label"`
	Shown    bool           `msg:"shown"`
	Contexts []contextShape `msg:"contexts,limit=16384"`
	MaxLinks int            `msg:"maxLinks,omitempty"`
}

type contextShape struct {
	ProjectIDs   []string `msg:"projectIds,limit=16384"`
	IssueTypeIDs []string `msg:"issueTypeIds,limit=16384"`
}

// issueRef names an issue.
type issueRef struct {
	ID  string `msg:"id"`
	Key string `msg:"key"`
}

// linkShape is a link as it is seen from one of its issues.
type linkShape struct {
	ID         string   `msg:"id"`
	RelationID string   `msg:"relationId"`
	Direction  string   `msg:"direction"`
	Label      string   `msg:"label"`
	Issue      issueRef `msg:"issue"`
}

// linkPage is the links of one issue.
type linkPage struct {
	Issue  issueRef    `msg:"issue"`
	Links  []linkShape `msg:"links,limit=16384"`
	Hidden int         `msg:"hidden"`
	Next   string      `msg:"next,omitempty"`
}

// manyQuestion is the body of many.
type manyQuestion struct {
	Issues    []string `msg:"issues,limit=16384"`
	Relation  string   `msg:"relation"`
	Direction string   `msg:"direction"`
	Limit     int      `msg:"limit"`
}

type manyAnswer struct {
	Issues  []manyLinks `msg:"issues,limit=16384"`
	Missing []string    `msg:"missing,limit=16384"`
}

type manyLinks struct {
	Issue  issueRef    `msg:"issue"`
	Links  []linkShape `msg:"links,limit=16384"`
	Hidden int         `msg:"hidden"`
	More   bool        `msg:"more"`
}

// newLink is the body of create.
type newLink struct {
	Relation  string `msg:"relation"`
	Direction string `msg:"direction"`
	Issue     string `msg:"issue"`
}

// fullLink is a link by itself, with both of its issues.
type fullLink struct {
	ID         string   `msg:"id"`
	RelationID string   `msg:"relationId"`
	Outward    issueRef `msg:"outward"`
	Inward     issueRef `msg:"inward"`
}
