// Calls every operation that jira.js and the sandbox share, and collects what jira.js finds wrong with the answers: each of
// its operations has a schema of its own, written from what Jira really sends.
//
// Reads {"host", "email", "token", "account", "operations": [{"method", "path", "id"}]} from the standard input and writes
// {"called": [id], "uncalled": [{id, why}], "deviations": [{id, at, expected, received}]}.
import { readFileSync } from 'node:fs';
import { createCloudClient, createServiceDeskClient } from 'jira.js';
import { first, learn, names, needs, seeded } from './calls.mjs';

const input = JSON.parse(readFileSync(0, 'utf8'));
const called = [], uncalled = [], deviations = [];
const memory = seeded(input.account);

const config = { host: input.host, auth: { type: 'basic', email: input.email, apiToken: input.token } };

// By itself jira.js overlooks keys and values that it does not know. With AUDIT_SCHEMAS=true, as its authors use it, it keeps
// a list of them, and throws where an answer does not fit.
if (process.env.AUDIT_SCHEMAS !== 'true') throw new Error('run with AUDIT_SCHEMAS=true');
const unknown = () => globalThis[Symbol.for('apis-code-gen.schemaAudit')]?.splice(0) ?? [];

const functionsOf = client =>
  Object.assign({}, ...Object.values(client).filter(part => part && typeof part === 'object').map(part => ({ ...part })));
const cloud = functionsOf(createCloudClient(config)), desk = functionsOf(createServiceDeskClient(config));

// attempt calls an operation and notes how that failed, if it did.
async function attempt(id, call, at = '') {
  try {
    return await call();
  } catch (e) {
    const issues = e.report?.issues ?? [{ path: at, expected: 'an answer', received: `${e.name}: ${e.message}` }];
    for (const i of issues) deviations.push({ id, at: i.path, expected: i.expected, received: i.received });
  } finally {
    for (const u of unknown()) {
      for (const key of u.keys ?? []) deviations.push({ id, at: `${u.path}.${key}`, expected: 'no such key', received: u.types[key] });
      if (u.value !== undefined) deviations.push({ id, at: u.path, expected: u.documented.join(' or '), received: u.value });
    }
  }
}

// What teaches comes first, then what makes, what reads and what deletes.
const order = Object.keys(needs);
const rank = op => (first.includes(op.id) ? 0 : op.method === 'GET' ? 2 : op.method === 'DELETE' ? 3 : 1);
const operations = input.operations.toSorted((a, b) => rank(a) - rank(b) || order.indexOf(a.id) - order.indexOf(b.id));

for (const op of operations) {
  const isDesk = op.path.startsWith('/rest/servicedeskapi/');
  const call = (isDesk ? desk : cloud)[names[`${op.method} ${op.path}`] ?? op.id];
  const more = needs[op.id]?.(memory);
  const known = { ...memory, ...(isDesk && { issueIdOrKey: memory.request, requestIdOrKey: memory.request }), ...more };
  const path = [...op.path.matchAll(/\{(\w+)\}/g)].map(m => m[1]);
  const lacks = path.find(n => known[n] === undefined);
  const why =
    !isDesk && !op.path.startsWith('/rest/api/') || op.path.startsWith('/rest/api/3/webhook') || op.path.startsWith('/rest/api/3/user/email') ? 'for apps only'
    : !call ? 'jira.js has no such operation'
    : op.method !== 'GET' && !needs[op.id] ? 'calls.mjs does not say what it needs'
    : needs[op.id] && !more ? 'what it needs could not be learned'
    : lacks ? `nothing is known for {${lacks}}` : '';
  if (why) {
    uncalled.push({ id: op.id, why });
    continue;
  }
  called.push(op.id);
  const answer = await attempt(op.id, () => call({ ...Object.fromEntries(path.map(n => [n, known[n]])), ...more }));
  for (const [name, value] of Object.entries(learn[op.id]?.(answer) ?? {})) memory[name] = value ?? memory[name];
}

// jira.js sends wiki markup through version 2 of the interface, and reads back a document.
if (called.includes('createIssue')) {
  await attempt('createIssue', async () => {
    const made = await cloud.createIssue({ fields: { ...needs.createIssue().fields, description: 'h2. Markup\n\n*bold*' } });
    const { fields } = await cloud.getIssue({ issueIdOrKey: made.key });
    if (fields.description?.type !== 'doc') throw new Error('the description is no document');
  }, 'fields.description');
}

console.log(JSON.stringify({ called, uncalled, deviations }, null, 1));
