package jira

// Flatten is flatten, for tests of values.
var Flatten = flatten
