// Calls every operation that jira.js and the sandbox share, and collects what jira.js finds wrong with the answers: each of
// its operations has a schema of its own, written from what Jira really sends.
//
// Reads {"host", "email", "token", "account", "connect": {"key", "secret", "transfer"}, "forge": {"base", "token"},
// "operations": [{"method", "path", "id"}]} from the standard input and writes {"called": [id], "lacking": ["METHOD path"],
// "uncalled": [{id, why}], "deviations": [{id, at, expected, received}]}. Lacking are operations that jira.js does not have.
import { readFileSync } from 'node:fs';
import { callers, functionFor } from './callers.mjs';
import { as, first, gone, holds, learn, needs, refused, seeded } from './calls.mjs';

const input = JSON.parse(readFileSync(0, 'utf8'));
const called = [], lacking = [], uncalled = [], deviations = [];
const memory = seeded(input);
const clients = callers(input);

// By itself jira.js overlooks keys and values that it does not know. With AUDIT_SCHEMAS=true, as its authors use it, it keeps
// a list of them, and throws where an answer does not fit.
if (process.env.AUDIT_SCHEMAS !== 'true') throw new Error('run with AUDIT_SCHEMAS=true');
const unknown = () => globalThis[Symbol.for('apis-code-gen.schemaAudit')]?.splice(0) ?? [];

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

// refuse calls an operation that has to refuse what it is asked for, and notes if it does not.
async function refuse(id, status, call) {
  await attempt(id, async () => {
    const said = await call().then(() => ({ status: 'an answer' }), e => e);
    if (said.status !== status) throw new Error(`want status ${status}, got ${said.status}: ${said.message}`);
  });
}

// keyOf is the name of an operation in calls.mjs: the two documents share a few ids.
function keyOf({ path, id }) {
  const isDesk = path.startsWith('/rest/servicedeskapi/');
  return { isDesk, key: isDesk && needs[`desk ${id}`] ? `desk ${id}` : id };
}

// What teaches comes first, then what makes, what reads and what deletes.
const order = Object.keys(needs);
const rank = op => (first.includes(op.key) ? 0 : op.method === 'GET' ? 2 : op.method === 'DELETE' ? 3 : 1);
const operations = input.operations.map(op => ({ ...op, ...keyOf(op) }))
  .toSorted((a, b) => rank(a) - rank(b) || order.indexOf(a.key) - order.indexOf(b.key));

// verify fails if an answer does not show what was done before.
async function verify(key, answer) {
  if (!holds[key](answer, memory)) throw new Error(`it does not hold what was done before: ${JSON.stringify(answer)}`);
}

const again = new Map(); // how each operation was called last
for (const { key, isDesk, ...op } of operations) {
  const found = functionFor(op);
  if (!found) {
    lacking.push(`${op.method} ${op.path}`);
    continue;
  }
  const client = clients[as(op)];
  const known = { ...memory, ...(isDesk && { issueIdOrKey: memory.request }) };
  const more = needs[key]?.(known);
  const path = [...found.template.matchAll(/\{(\w+)\}/g)].map(m => m[1]);
  const given = [more].flat().map(m => ({ ...Object.fromEntries(path.map(name => [name, known[name]])), ...m }));
  const lacks = path.find(name => given.some(g => g[name] === undefined));
  const why =
    !client ? `nobody calls as ${as(op)}`
    : op.method !== 'GET' && !needs[key] ? 'calls.mjs does not say what it needs'
    : needs[key] && !more ? 'what it needs could not be learned'
    : lacks ? `nothing is known for {${lacks}}` : '';
  if (why) {
    uncalled.push({ id: op.id, why });
    continue;
  }
  called.push(op.id);
  const call = client[isDesk ? 'desk' : 'cloud'][found.name];
  again.set(key, { id: op.id, call: () => call(given.at(-1)) });
  for (const [n, parameters] of given.entries()) {
    if (refused[key]) {
      await refuse(op.id, refused[key], () => call(parameters));
      continue;
    }
    const answer = await attempt(op.id, () => call(parameters));
    if (answer !== undefined && holds[key]) await attempt(op.id, () => verify(key, answer), 'answer');
    for (const [name, value] of Object.entries(learn[key]?.(answer, n) ?? {})) memory[name] = value ?? memory[name];
  }
}

for (const { id, call } of gone.map(key => again.get(key)).filter(Boolean)) await refuse(id, 404, call);

// jira.js sends wiki markup through version 2 of the interface, and reads back a document.
if (called.includes('createIssue')) {
  const { cloud } = clients.person;
  await attempt('createIssue', async () => {
    const made = await cloud.createIssue({ fields: { ...needs.createIssue().fields, description: 'h2. Markup\n\n*bold*' } });
    const { fields } = await cloud.getIssue({ issueIdOrKey: made.key });
    if (fields.description?.type !== 'doc') throw new Error('the description is no document');
  }, 'fields.description');
}

console.log(JSON.stringify({ called, lacking, uncalled, deviations }, null, 1));
