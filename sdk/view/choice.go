package view

//go:generate msgp -tests=false -io=false -o zz_choice_msgp.go

// Choice is one thing that can be picked, and that was picked: an issue, a person, a type. The Label is what it is called, the
// Description a second, muted line that tells it from others.
//
// Since: v0.5
type Choice struct {
	// Value is what the form sends. Two choices of one value are the same thing.
	Value       string `msg:"value"`
	Label       string `msg:"label"`
	Description string `msg:"description,omitempty"`
	Icon        Icon   `msg:"icon,omitempty"`
	// Lozenge is a status in the colour of Tone; empty for none.
	Lozenge string `msg:"lozenge,omitempty"`
	Tone    Tone   `msg:"tone,omitempty"`
	// Disabled says why this one is shown and cannot be picked, such as "Linked already"; empty: it can be.
	Disabled string `msg:"disabled,omitempty"`
}

// Choices is what a suggester answers, best first.
//
// Since: v0.5
type Choices struct {
	// Title stands above the list, such as "Recently picked"; empty for none.
	Title   string   `msg:"title,omitempty"`
	Choices []Choice `msg:"choices,limit=16384"`
	// More says that there are others, so that the list asks to type more.
	More bool `msg:"more,omitempty"`
	// Empty is shown where there are no choices: why, and what to do about it. Empty leaves the words to the host.
	Empty string `msg:"empty,omitempty"`
}

// Icon is one of the host's own drawings. One that the host does not know is left out.
//
// Since: v0.5
type Icon string

// The icons.
const (
	NoIcon       Icon = ""
	IssueIcon    Icon = "issue"
	TaskIcon     Icon = "task"
	BugIcon      Icon = "bug"
	StoryIcon    Icon = "story"
	SubtaskIcon  Icon = "subtask"
	ProjectIcon  Icon = "project"
	PersonIcon   Icon = "person"
	CompanyIcon  Icon = "company"
	DeviceIcon   Icon = "device"
	DocumentIcon Icon = "document"
)
