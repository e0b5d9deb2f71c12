// A stock app on Atlassian's own framework. It writes {"url"} when it listens, then a line of JSON for each thing that
// happens to it. What the framework refuses it refuses by itself: nothing here verifies a token.
const express = require('express');
const bodyParser = require('body-parser');
const ace = require('atlassian-connect-express');

const say = event => console.log(JSON.stringify(event));

// A store that keeps nothing beyond the process, without a database.
ace.store.register('memory', () => {
  const tenants = new Map();
  const at = (key, client) => `${client} ${key}`;
  return {
    get: async (key, client) => tenants.get(at(key, client)) ?? null,
    set: async (key, value, client) => (tenants.set(at(key, client), value), value),
    del: async (key, client) => void tenants.delete(at(key, client)),
    saveInstallation: async (value, client) => (tenants.set(at('clientInfo', client), value), value),
    getAllClientInfos: async () => [...tenants.values()],
    isMemoryStore: () => true,
  };
});

const app = express();
app.use(bodyParser.json());
app.use(bodyParser.urlencoded({ extended: false }));

const server = app.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  process.env.AC_LOCAL_BASE_URL = url;
  const quiet = { info: () => {}, warn: () => {}, debug: () => {}, error: (...words) => say({ error: words.map(String).join(' ') }) };
  const addon = ace(app, {}, quiet, {}, () => say({ url }));
  app.use(addon.middleware());
  addon.on('host_settings_saved', (client, data) => say({ event: 'installed', client, baseUrl: data.baseUrl }));

  addon.on('jira:issue_updated', (event, body, req) => say({ event, issue: body.issue?.key, client: req.context.clientKey }));

  for (const event of ['enabled', 'disabled']) {
    app.post(`/${event}`, addon.authenticate(), (req, res) => {
      say({ event, client: req.context.clientKey });
      res.sendStatus(204);
    });
  }
  app.post('/uninstalled', addon.authenticateInstall(), (req, res) => {
    say({ event: 'uninstalled', client: req.body.clientKey });
    res.sendStatus(204);
  });

  app.get('/page', addon.authenticate(), (req, res) => res.json({ user: req.context.userAccountId, client: req.context.clientKey, token: req.context.token }));
  app.get('/api', addon.checkValidToken(), (req, res) => res.json({ user: req.context.userAccountId, context: req.context.context }));

  // What the app reads from the site with its framework's client.
  app.get('/callback', addon.checkValidToken(), async (req, res) => {
    const client = addon.httpClient(req);
    const ask = (method, options) =>
      new Promise(done => client[method](options, (error, answer, body) => done({ error: error?.message, status: answer?.statusCode, body })));
    const state = '/rest/atlassian-connect/1/addons/judge-ace/properties/state';
    res.json({
      myself: await ask('get', { url: '/rest/api/3/myself', json: true }),
      search: await ask('post', { url: '/rest/api/3/search/jql', json: { jql: 'project = OPS ORDER BY key', fields: ['summary'], maxResults: 2 } }),
      searchGet: await ask('get', { url: '/rest/api/3/search/jql?jql=project%20%3D%20OPS%20AND%20labels%20is%20EMPTY&maxResults=2', json: true }),
      set: await ask('put', { url: state, json: { seen: true } }),
      get: await ask('get', { url: state, json: true }),
      list: await ask('get', { url: '/rest/atlassian-connect/1/addons/judge-ace/properties', json: true }),
      del: await ask('del', { url: state }),
      gone: await ask('get', { url: state, json: true }),
      edit: await ask('put', { url: '/rest/api/3/issue/OPS-1', json: { fields: { summary: 'Changed by the app' } } }),
      missing: await ask('get', { url: '/rest/api/3/issue/OPS-9999', json: true }),
    });
  });
});
