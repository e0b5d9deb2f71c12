// Validates a Connect descriptor with Atlassian's validator: node connect.cjs FILE. Prints a line for each thing that is wrong.
//
// The validator brings no schema. What modules may hold is taken from @forge/manifest, which has Atlassian's schema of every Connect module
// for apps that keep them on Forge; what stands around them is written after
// https://developer.atlassian.com/cloud/jira/platform/connect-app-descriptor/.
const fs = require('node:fs');
const path = require('node:path');
const { validateDescriptor } = require('atlassian-connect-validator');

const packages = path.join(__dirname, 'node_modules'); // the package does not let its schema out by name
const { definitions } = JSON.parse(fs.readFileSync(path.join(packages, '@forge/manifest/out/schema/manifest-schema.json'), 'utf8'));

const text = (more) => ({ type: 'string', ...more });
const object = (properties, required = []) => ({ type: 'object', additionalProperties: false, properties, required });

// A classic descriptor names webhooks by nothing but their event, and has these as one object instead of a list.
const single = ['configurePage', 'postInstallPage'];

function moduleOf(kind, list) {
  const item = structuredClone(list.items);
  if (kind === 'webhooks') item.required = item.required.filter((name) => name !== 'key');
  return single.includes(kind) ? item : { type: 'array', items: item };
}

const prefix = 'connect-jira:';
const modules = Object.fromEntries(Object.entries(definitions.ModuleSchema.properties)
  .filter(([kind]) => kind.startsWith(prefix))
  .map(([kind, list]) => [kind.slice(prefix.length), moduleOf(kind.slice(prefix.length), list)]));

const scopes = ['NONE', 'READ', 'WRITE', 'DELETE', 'PROJECT_ADMIN', 'ADMIN', 'ACT_AS_USER', 'ACCESS_EMAIL_ADDRESSES'];
const schema = {
  id: 'descriptor',
  definitions,
  ...object({
    key: text({ pattern: '^[a-zA-Z0-9-._]+$', maxLength: 64 }),
    name: text(), description: text(),
    vendor: object({ name: text(), url: text({ format: 'uri' }) }),
    baseUrl: text({ pattern: '^https?://.+$', maxLength: 200 }),
    links: { type: 'object', additionalProperties: text({ format: 'uri' }) },
    apiVersion: { type: 'integer' },
    enableLicensing: { type: 'boolean' },
    authentication: object({ type: { enum: ['jwt', 'none'] } }, ['type']),
    lifecycle: object({ installed: text(), uninstalled: text(), enabled: text(), disabled: text() }),
    scopes: { type: 'array', items: { enum: scopes }, uniqueItems: true },
    apiMigrations: object({ 'signed-install': { type: 'boolean' }, 'context-qsh': { type: 'boolean' }, gdpr: { type: 'boolean' } }),
    modules: object(modules),
  }, ['key', 'baseUrl', 'authentication']),
};

const descriptor = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
validateDescriptor(descriptor, schema, (errors, warnings) => {
  for (const e of errors ?? []) console.log(`error: ${e.module}: ${e.description}`);
  for (const w of warnings ?? []) console.log(`warning: ${w.module}: ${w.description}`);
});
