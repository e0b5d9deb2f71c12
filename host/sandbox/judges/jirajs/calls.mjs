// What operations need beside what their paths say, and what their answers teach for the calls after them.

const doc = text => ({ type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] });

// memory is what is known: the parameters of paths by name, at first from the seeded site.
export const seeded = account => ({
  account, issueIdOrKey: 'OPS-1', issueId: 10100, other: 'OPS-3', doomed: 'OPS-2', projectIdOrKey: 'OPS', projectKeyOrId: 'OPS', projectId: 10000,
  propertyKey: 'judge', issueTypeId: '10001', fieldIdOrKey: 'customfield_10002',
});

// first are the reading operations that the writing ones learn from.
export const first = ['getTransitions', 'getIssueLinkTypes', 'getContextsForField', 'getServiceDesks', 'getRequestTypes'];

// needs are by operation, functions of the memory. Operations that write are called only if they stand here, in this order; a
// function that returns undefined says that too little is known.
export const needs = {
  createIssue: () => ({ fields: { project: { key: 'OPS' }, issuetype: { name: 'Laptop' }, summary: 'Made by jira.js', description: doc('Text') } }),
  createIssues: () => ({ issueUpdates: [{ fields: { project: { key: 'OPS' }, issuetype: { name: 'Laptop' }, summary: 'Made by jira.js' } }] }),
  editIssue: () => ({ fields: { summary: 'Changed by jira.js' } }),
  assignIssue: m => ({ accountId: m.account }),
  doTransition: m => m.transition && { transition: { id: m.transition } },
  addComment: () => ({ body: doc('A comment') }),
  updateComment: m => m.comment && { id: m.comment, body: { body: doc('A changed comment') } },
  addWatcher: m => ({ accountId: m.account }),
  addAttachment: () => ({ attachments: { filename: 'note.txt', content: 'A note' } }),
  linkIssues: m => m.linkType && { type: { name: m.linkType }, inwardIssue: { key: 'OPS-1' }, outwardIssue: { key: 'OPS-3' } },
  createIssueLinkType: () => ({ name: 'Judged', inward: 'is judged by', outward: 'judges' }),
  updateIssueLinkType: m => m.madeLinkType && { issueLinkTypeId: m.madeLinkType, outward: 'judges well' },
  createOrUpdateRemoteIssueLink: () => ({ globalId: 'judge=1', object: { url: 'https://example.com/1', title: 'A page' } }),
  setIssueProperty: () => ({ body: { by: 'jira.js' } }),
  setProjectProperty: () => ({ body: { by: 'jira.js' } }),
  setUserProperty: m => ({ accountId: m.account, body: { by: 'jira.js' } }),
  bulkSetIssuesPropertiesList: m => ({ entitiesIds: [m.issueId], properties: { judge2: { by: 'jira.js' } } }),
  bulkSetIssuePropertiesByIssue: m => ({ issues: [{ issueID: m.issueId, properties: { judge3: { by: 'jira.js' } } }] }),
  bulkSetIssueProperty: m => ({ propertyKey: 'judge4', value: { by: 'jira.js' }, filter: { entityIds: [m.issueId] } }),
  setCommentProperty: m => m.comment && { commentId: m.comment, propertyKey: 'judge', body: { by: 'jira.js' } },
  createProjectCategory: () => ({ name: 'Judged', description: 'Made by jira.js' }),
  updateProjectCategory: m => m.category && { id: m.category, body: { name: 'Judged again', description: 'Changed by jira.js' } },
  createProject: m => ({ key: 'JUDGE', name: 'Judged', projectTypeKey: 'business', leadAccountId: m.account, assigneeType: 'UNASSIGNED' }),
  updateProject: () => ({ projectIdOrKey: 'JUDGE', description: 'Changed by jira.js' }),
  createIssueType: () => ({ name: 'Judged', description: 'Made by jira.js', type: 'standard' }),
  createCustomField: () => ({ name: 'Judged', type: 'com.atlassian.jira.plugin.system.customfieldtypes:select', searcherKey: 'com.atlassian.jira.plugin.system.customfieldtypes:multiselectsearcher' }),
  updateCustomField: m => m.field && { fieldId: m.field, description: 'Changed by jira.js' },
  createCustomFieldContext: m => m.field && { fieldId: m.field, name: 'Judged', projectIds: ['10000'], issueTypeIds: [] },
  updateCustomFieldContext: m => m.context && { fieldId: m.field, contextId: m.context, name: 'Judged again' },
  createCustomFieldOption: m => m.context && { fieldId: m.field, contextId: m.context, options: [{ value: 'One' }] },
  updateCustomFieldOption: m => m.option && { fieldId: m.field, contextId: m.context, options: [{ id: m.option, value: 'Two' }] },
  bulkFetchIssues: () => ({ issueIdsOrKeys: ['OPS-1', 'OPS-3', 'OPS-9999'], fields: ['*all'] }),
  countIssues: () => ({ jql: 'project = OPS' }),
  searchAndReconsileIssuesUsingJqlPost: () => ({ jql: 'project = HR ORDER BY key', fields: ['summary', 'status', 'assignee'], maxResults: 5 }),
  parseJqlQueries: () => ({ validation: 'strict', queries: ['project = OPS AND summary ~ laptop ORDER BY key', 'project ='] }),
  matchIssues: m => ({ issueIds: [m.issueId], jqls: ['project = OPS', 'nonsense = 1'] }),
  evaluateJSISJiraExpression: () => ({ expression: 'issue.summary', context: { issue: { key: 'OPS-1' } } }),
  getBulkPermissions: m => ({
    globalPermissions: ['ADMINISTER'],
    projectPermissions: [{ permissions: ['BROWSE_PROJECTS'], projects: [m.projectId], issues: [m.issueId] }],
  }),
  getPermittedProjects: () => ({ permissions: ['BROWSE_PROJECTS'] }),

  createCustomerRequest: m =>
    m.requestTypeId && { serviceDeskId: m.serviceDeskId, requestTypeId: m.requestTypeId, requestFieldValues: { summary: 'Asked by jira.js', description: 'Text' } },
  createRequestComment: m => m.request && { issueIdOrKey: m.request, body: 'A comment', public: true },
  performCustomerTransition: m => m.customerTransition && { issueIdOrKey: m.request, id: m.customerTransition },
  addRequestParticipants: m => m.request && { issueIdOrKey: m.request, accountIds: [m.account] },
  subscribe: m => m.request && { issueIdOrKey: m.request },

  // Of reading operations only those that want more than their path.
  searchAndReconsileIssuesUsingJql: () => ({ jql: 'project = OPS', fields: ['*all'], expand: 'names,schema', maxResults: 5 }),
  getUser: m => ({ accountId: m.account }),
  bulkGetUsers: m => ({ accountId: [m.account] }),
  findUsers: () => ({ query: 'mia' }),
  findAssignableUsers: () => ({ project: 'OPS' }),
  getIssueType: m => ({ id: m.issueTypeId }),
  getStatus: () => ({ idOrName: '10001' }),
  getPriority: () => ({ id: '3' }),
  getResolution: () => ({ id: '10000' }),
  getProjectRole: () => ({ id: 10002 }),
  getUserPropertyKeys: m => ({ accountId: m.account }),
  getUserProperty: m => ({ accountId: m.account }),
  getUsersFromGroup: () => ({ groupname: 'jira-users' }),
  getMyPermissions: () => ({ permissions: 'BROWSE_PROJECTS' }),
  searchProjects: () => ({ expand: 'description,lead,issueTypes' }),
  getContextsForField: () => ({ fieldId: 'customfield_10002' }),
  getProjectContextMapping: () => ({ fieldId: 'customfield_10002' }),
  getIssueTypeMappingsForContexts: () => ({ fieldId: 'customfield_10002' }),
  getOptionsForContext: m => m.seededContext && { fieldId: 'customfield_10002', contextId: m.seededContext },
  getProjectCategoryById: m => m.category && { id: m.category },
  getAttachment: m => m.attachment && { id: m.attachment },
  getAttachmentContent: m => m.attachment && { id: m.attachment },
  getComment: m => m.comment && { id: m.comment },
  getCommentPropertyKeys: m => m.comment && { commentId: m.comment },
  getCommentProperty: m => m.comment && { commentId: m.comment, propertyKey: 'judge' },
  getCustomFieldConfiguration: () => undefined, // the seeded site has no field of a Forge app
  getCustomFieldOption: () => ({ id: '10010' }),
  getIssue: () => ({ expand: 'renderedFields,names,schema,transitions,operations,editmeta,changelog' }),
  getIssueLinkType: m => m.madeLinkType && { issueLinkTypeId: m.madeLinkType },
  getIssueLink: m => m.link && { linkId: m.link },
  getArticles: () => ({ query: 'laptop', highlight: false }),

  deleteIssue: m => ({ issueIdOrKey: m.doomed }),
  deleteCommentProperty: m => m.comment && { commentId: m.comment, propertyKey: 'judge' },
  deleteComment: m => m.comment && { id: m.comment },
  removeAttachment: m => m.attachment && { id: m.attachment },
  removeWatcher: m => ({ accountId: m.account }),
  deleteIssueLinkType: m => m.madeLinkType && { issueLinkTypeId: m.madeLinkType },
  deleteIssueLink: m => m.link && { linkId: m.link },
  deleteRemoteIssueLinkByGlobalId: () => ({ globalId: 'judge=1' }),
  deleteIssueProperty: () => ({}),
  deleteProjectProperty: () => ({}),
  deleteUserProperty: m => ({ accountId: m.account }),
  bulkDeleteIssueProperty: m => ({ propertyKey: 'judge2', entityIds: [m.issueId] }),
  removeProjectCategory: m => m.category && { id: m.category },
  deleteProject: () => ({ projectIdOrKey: 'JUDGE', enableUndo: true }),
  deleteCustomFieldOption: m => m.option && { fieldId: m.field, contextId: m.context, optionId: Number(m.option) },
  deleteCustomFieldContext: m => m.context && { fieldId: m.field, contextId: m.context },
  deleteCustomField: m => m.field && { id: m.field },
  removeRequestParticipants: m => m.request && { issueIdOrKey: m.request, accountIds: [m.account] },
  unsubscribe: m => m.request && { issueIdOrKey: m.request },
};

// learn says what an answer adds to the memory. What is not there teaches nothing.
export const learn = {
  getTransitions: r => ({ transition: r?.transitions?.[0]?.id }),
  getIssueLinkTypes: r => ({ linkType: r?.issueLinkTypes?.[0]?.name }),
  createIssueLinkType: r => ({ madeLinkType: r?.id }),
  getContextsForField: r => ({ seededContext: Number(r?.values?.[0]?.id) || undefined }),
  addComment: r => ({ comment: r?.id }),
  addAttachment: r => ({ attachment: r?.[0]?.id }),
  getIssue: r => ({ link: r?.fields?.issuelinks?.[0]?.id }),
  createProjectCategory: r => ({ category: Number(r?.id) || undefined }),
  createCustomField: r => ({ field: r?.id }),
  createCustomFieldContext: r => ({ context: Number(r?.id) || undefined }),
  createCustomFieldOption: r => ({ option: r?.options?.[0]?.id }),
  getServiceDesks: r => ({ serviceDeskId: r?.values?.[0]?.id }),
  getRequestTypes: r => ({ requestTypeId: r?.values?.[0]?.id }),
  createCustomerRequest: r => ({ request: r?.issueKey }),
  getCustomerTransitions: r => ({ customerTransition: r?.values?.[0]?.id }),
};

// names are what jira.js calls operations that share a name in the documents.
export const names = {
  'GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/knowledgebase/article': 'getServiceDeskArticles',
  'GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/organization': 'getServiceDeskOrganizations',
};
