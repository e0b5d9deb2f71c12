package judges_test

// jirajsKnown are deviations that are jira.js's own, each with the reason.
var jirajsKnown = map[deviation]string{
	{"getUserEmailBulk", "", "object", "array"}: "it follows the document, whose schema has one address for several accounts; Confluence's has a list",

	{"DynamicModulesResource.getModules_get", "modules.0.key", "no such key", "string"}:   "its schema of a module is empty, and a module has members",
	{"DynamicModulesResource.getModules_get", "modules.0.name", "no such key", "object"}:  "likewise",
	{"DynamicModulesResource.getModules_get", "modules.0.url", "no such key", "string"}:   "likewise",
	{"DynamicModulesResource.getModules_get", ".generalPages", "no such key", "object[]"}: "the document's example has the kinds there, its schema a list: the sandbox answers both",
}

// jirajsLacks are the served operations that jira.js has under no name: it leaves out what Atlassian's documents mark so.
var jirajsLacks = map[string][]string{
	"deprecated": {
		"GET /rest/api/3/project",
		"GET /rest/api/3/priority",
		"GET /rest/api/3/resolution",
	},
	"experimental": {
		"PUT /rest/api/3/filter/{id}/owner",
		"GET /rest/api/3/group/bulk",
		"PUT /rest/api/3/issue/archive",
		"POST /rest/api/3/issue/archive",
		"PUT /rest/api/3/issue/unarchive",
		"PUT /rest/api/3/issues/archive/export",
		"POST /rest/api/3/project/{projectIdOrKey}/restore",
		"GET /rest/api/3/user/bulk",
		"GET /rest/api/3/user/bulk/migration",
		"GET /rest/api/3/webhook/failed",
		"GET /rest/servicedeskapi/request/{issueIdOrKey}/comment/{commentId}/attachment",
		"GET /rest/servicedeskapi/request/{requestIdOrKey}/feedback",
		"POST /rest/servicedeskapi/request/{requestIdOrKey}/feedback",
		"DELETE /rest/servicedeskapi/request/{requestIdOrKey}/feedback",
		"GET /rest/servicedeskapi/requesttype",
		"GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/customer",
		"DELETE /rest/servicedeskapi/servicedesk/{serviceDeskId}/customer",
		"POST /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype",
		"DELETE /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}",
		"POST /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/permissions/check",
		"GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/property",
		"GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/property/{propertyKey}",
		"PUT /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/property/{propertyKey}",
		"DELETE /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/property/{propertyKey}",
	},
}
