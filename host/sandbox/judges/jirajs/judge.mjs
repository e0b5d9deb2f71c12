// Calls every operation that jira.js and the sandbox share, and collects what jira.js finds wrong with the answers: each of
// its operations has a schema of its own, written from what Jira really sends.
//
// Reads {"host", "email", "token", "operations": [{"method", "path", "id"}]} from the standard input and writes
// {"called": [id], "uncalled": [{id, why}], "deviations": [{id, at, expected, received}]}.
import { readFileSync } from 'node:fs';
import { createCloudClient, createServiceDeskClient } from 'jira.js';

const input = JSON.parse(readFileSync(0, 'utf8'));
const called = [], uncalled = [], deviations = [];
let current = '';

const config = {
  host: input.host,
  auth: { type: 'basic', email: input.email, apiToken: input.token },
  onSchemaMismatch: report => {
    for (const i of report.issues) deviations.push({ id: current, at: i.path, expected: i.expected, received: i.received });
  },
};

// What fills the parameters of paths.
const known = {
  issueIdOrKey: 'OPS-1', issueIdOrKeyOrId: 'OPS-1', projectIdOrKey: 'OPS', projectKeyOrId: 'OPS', propertyKey: 'judge', issueTypeId: '10001',
  serviceDeskId: '1', requestTypeId: '1', requestIdOrKey: 'OPS-1', id: '10001', idOrName: '10001',
};

const doc = text => ({ type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] });

// What an operation needs beside its path. Those that write are called only if they stand here.
const needs = {
  createIssue: { fields: { project: { key: 'OPS' }, issuetype: { name: 'Laptop' }, summary: 'Made by jira.js', description: doc('Text') } },
  createIssues: { issueUpdates: [{ fields: { project: { key: 'OPS' }, issuetype: { name: 'Laptop' }, summary: 'Made by jira.js' } }] },
  editIssue: { fields: { summary: 'Changed by jira.js' } },
  setIssueProperty: { body: { by: 'jira.js' } },
  setProjectProperty: { body: { by: 'jira.js' } },
  addComment: { body: doc('A comment') },
  searchAndReconsileIssuesUsingJql: { jql: 'project = OPS', fields: ['*all'], expand: 'names,schema', maxResults: 5 },
  searchAndReconsileIssuesUsingJqlPost: { jql: 'project = HR ORDER BY key', fields: ['summary', 'status', 'assignee'], maxResults: 5 },
  countIssues: { jql: 'project = OPS' },
  bulkFetchIssues: { issueIdsOrKeys: ['OPS-1', 'OPS-3'], fields: ['*all'] },
  parseJqlQueries: { queries: ['project = OPS'] },
  getUser: { accountId: input.account },
  bulkGetUsers: { accountId: [input.account] },
  findUsers: { query: 'mia' },
  getBulkPermissions: {
    globalPermissions: ['ADMINISTER'],
    projectPermissions: [{ permissions: ['BROWSE_PROJECTS'], projects: [10000], issues: [10100] }],
  },
  getMyPermissions: { permissions: 'BROWSE_PROJECTS' },
  searchProjects: { expand: 'description,lead,issueTypes' },
};

// What must be there before it can be read or deleted comes first, deleting comes last.
const rank = op => (op.method === 'DELETE' ? 2 : op.method === 'GET' ? 1 : 0);

const functions = {};
for (const client of [createCloudClient(config), createServiceDeskClient(config)]) {
  for (const part of Object.values(client)) {
    for (const [name, f] of Object.entries(part ?? {})) if (typeof f === 'function') functions[name] ??= f;
  }
}

for (const op of input.operations.toSorted((a, b) => rank(a) - rank(b))) {
  const call = functions[op.id];
  const names = [...op.path.matchAll(/\{(\w+)\}/g)].map(m => m[1]);
  const lacks = names.find(n => known[n] === undefined);
  const why =
    !/^\/rest\/(api|servicedeskapi)\//.test(op.path) ? 'for apps only'
    : !call ? 'jira.js has no such operation'
    : op.method === 'DELETE' && !/property/i.test(op.id) && op.id !== 'deleteIssue' ? 'nothing to delete is known'
    : op.method !== 'GET' && op.method !== 'DELETE' && !needs[op.id] ? 'the judge has no body for it'
    : lacks ? `the judge has no ${lacks}` : '';
  if (why) {
    uncalled.push({ id: op.id, why });
    continue;
  }
  current = op.id;
  const parameters = { ...Object.fromEntries(names.map(n => [n, known[n]])), ...needs[op.id] };
  if (op.id === 'deleteIssue') parameters.issueIdOrKey = 'OPS-2';
  called.push(op.id);
  try {
    await call(parameters);
  } catch (e) {
    deviations.push({ id: op.id, at: '', expected: 'an answer', received: `${e.name}: ${e.message}` });
  }
}

// jira.js sends wiki markup through version 2 of the interface, and reads back a document.
if (called.includes('createIssue')) {
  current = 'createIssue';
  try {
    const made = await functions.createIssue({ fields: { ...needs.createIssue.fields, description: 'h2. Markup\n\n*bold*' } });
    const { fields } = await functions.getIssue({ issueIdOrKey: made.key });
    if (fields.description?.type !== 'doc') throw new Error('the description is no document');
  } catch (e) {
    deviations.push({ id: current, at: 'fields.description', expected: 'markup is taken', received: `${e.name}: ${e.message}` });
  }
}

console.log(JSON.stringify({ called, uncalled, deviations }, null, 1));
