// The one script that knows Atlassian's bridge: what bridge.js of the host is for Connect, this is for Forge. The build puts @forge/bridge
// into it.
import { invokeRemote, NavigationTarget, router, showFlag, view } from '@forge/bridge';

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

// Only a page of its own has a history; a panel has none.
const history = view.createHistory().catch(() => null);
history.then((h) => h?.listen(() => location.reload()));

// answerOf makes what fetch would give of what came back: the host wraps every answer in JSON, because nothing else passes.
function answerOf({ status = 502, body, message }) {
  if (status === 204) return new Response(null, { status });
  if (typeof body?.type !== 'string') {
    const error = { message: message || 'The server could not be reached by way of Jira. Try again in a moment.' };
    return new Response(JSON.stringify({ error }), { status: status < 400 ? 502 : status, headers: { 'Content-Type': 'application/json' } });
  }
  const headers = { 'Content-Type': body.type };
  if (body.disposition) headers['Content-Disposition'] = body.disposition;
  const content = body.base64 === undefined ? body.text || '' : Uint8Array.from(atob(body.base64), (c) => c.charCodeAt(0));
  return new Response(content, { status, headers });
}

async function send(path, { method = 'GET', body, signal } = {}) {
  const aborted = () => new DOMException('The call was given up.', 'AbortError');
  if (signal?.aborted) throw aborted();
  const call = invokeRemote({
    path: '/forge' + (root.dataset.api || '') + '/' + path, method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.parse(body),
  }).then(answerOf);
  if (!signal) return call;
  return Promise.race([call, new Promise((_, failed) => { signal.addEventListener('abort', () => failed(aborted()), { once: true }); })]);
}

const types = { success: 'success', warning: 'warning', danger: 'error' };
let flags = 0;

window.pergola = {
  inJira: true,
  send,

  // token is what no call needs here: Jira authorises each.
  token: async () => '',

  // script is where a script lies that the host names: beside this file, under the same name.
  script: (address) => './' + address.split('?')[0].split('/').pop(),

  context: () => view.getContext(),

  // place says which page is wanted. Where a panel stands Jira says to the host itself, in a token that nobody here can change.
  place: async () => {
    const at = (await history)?.location;
    return { place: (at?.pathname || '').replace(/^\/+|\/+$/g, ''), code: new URLSearchParams(at?.search).get('code') || '' };
  },

  // go leads to another page of the same module.
  go: async (place) => { (await history)?.push('/' + place); },

  resize: () => {},

  flag: (f) => {
    showFlag({ id: 'pergola-' + ++flags, title: f.title, description: f.body || '', type: types[f.tone] || 'info', isAutoDismiss: f.tone !== 'danger' && f.tone !== 'warning' });
  },

  openIssue: async ({ id, key }) => {
    if (key) await router.navigate({ target: NavigationTarget.Issue, issueKey: key });
    else await router.navigate('/issues/?jql=id%3D' + id);
    return true;
  },

  // confirm asks before what cannot be taken back, beside the button that asked.
  confirm: (question, label, from) => new Promise((done) => {
    const dialog = byId('confirm');
    byId('confirm-text').textContent = question;
    byId('confirm-yes').textContent = label;
    root.classList.add('asking');
    dialog.returnValue = '';
    dialog.showModal();
    const room = innerHeight - dialog.offsetHeight - 8;
    dialog.style.marginTop = Math.max(8, Math.min(from.getBoundingClientRect().top - 24, room)) + 'px';
    dialog.onclose = () => {
      if (dialog.open) return;
      root.classList.remove('asking');
      done(dialog.returnValue === 'yes');
    };
  }),
};

view.theme.enable();
