// Who calls: a person by mail address and token, a Connect app that signs each request, and a Forge app at the API base.
import { createHash, createHmac } from 'node:crypto';
import { createCloudClient, createServiceDeskClient } from 'jira.js';
import { createClient } from 'jira.js/core';

// functionsOf are the functions of a client by name, out of the groups that it has them in.
const functionsOf = client =>
  Object.assign({}, ...Object.values(client).filter(part => part && typeof part === 'object').map(part => ({ ...part })));

const bare = template => template.replace(/\{[^}]*\}/g, '{}');

// functionsByRequest finds the functions of jira.js by what they ask for, in "GET /rest/api/3/issue/{}": each is called with the names
// of its parameters as their values, and nothing is sent. So no operation is overlooked because it has another name there.
// Whatever a function does after its first request is not asked for.
async function functionsByRequest(make) {
  let asked;
  const names = new Proxy({}, { get: (_, name) => (typeof name === 'string' ? `{${name}}` : undefined) });
  const found = new Map();
  const note = (request, name, template) => found.set(request, [...(found.get(request) ?? []), { name, template }]);
  for (const [name, call] of Object.entries(functionsOf(make({ sendRequest: async o => { asked ??= o; return names; } })))) {
    asked = undefined;
    const given = name === 'addAttachment' ? { issueIdOrKey: '{issueIdOrKey}', attachments: [] } : names; // it reads the files first
    await call(given).catch(e => { if (!asked) throw new Error(`${name} asks for nothing: ${e.message}`); });
    const version3 = asked.url.replace('/rest/api/2/', '/rest/api/3/'); // where text stands for a document
    note(`${asked.method ?? 'GET'} ${bare(version3)}`, name, asked.url);
  }
  return found;
}

const byRequest = new Map([...(await functionsByRequest(createCloudClient)), ...(await functionsByRequest(createServiceDeskClient))]);

// functionFor is jira.js's function for an operation, {name, template}, or undefined where it has none. The documents' own name
// decides where two ask for the same.
export function functionFor(op) {
  const all = byRequest.get(`${op.method} ${bare(op.path)}`) ?? [];
  return all.find(f => f.name === op.id) ?? all[0];
}

// both are jira.js's functions by their names, one client for each of Atlassian's documents.
const both = client => ({ cloud: functionsOf(createCloudClient(client)), desk: functionsOf(createServiceDeskClient(client)) });

const base64url = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// The query string hash of Connect: https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/
function queryHash(method, url) {
  const encode = s => encodeURIComponent(s).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase());
  const values = {};
  for (const [name, value] of url.searchParams) (values[encode(name)] ??= []).push(encode(value));
  const query = Object.keys(values).sort().map(name => `${name}=${values[name].sort().join(',')}`).join('&');
  return createHash('sha256').update(`${method}&${url.pathname}&${query}`).digest('hex');
}

// signed is a client of jira.js that signs each request as a Connect app does.
function signed(host, app) {
  return {
    sendRequest(o) {
      const url = new URL(host + o.url), now = Math.floor(Date.now() / 1000);
      for (const [name, values] of Object.entries(o.searchParams ?? {})) {
        for (const value of [values].flat()) if (value !== undefined) url.searchParams.append(name, value);
      }
      const unsigned = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ iss: app.key, iat: now, exp: now + 180, qsh: queryHash(o.method ?? 'GET', url) })}`;
      const token = `${unsigned}.${createHmac('sha256', app.secret).update(unsigned).digest('base64url')}`;
      return createClient({ host, headers: { Authorization: `JWT ${token}` } }).sendRequest(o);
    },
  };
}

// callers are the clients of who takes part, by name.
export const callers = ({ host, email, token, connect, forge }) => ({
  // A form is refused without this header, and jira.js sends it with an issue's attachments only.
  person: both(createClient({ host, auth: { type: 'basic', email, apiToken: token }, headers: { 'X-Atlassian-Token': 'no-check' } })),
  ...(connect && { connect: both(signed(host, connect)) }),
  ...(forge && { forge: both(createClient({ host: forge.base, auth: { type: 'bearer', token: forge.token } })) }),
});
