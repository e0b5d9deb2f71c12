// The address of an app's page, as far as it is the app's: what stands behind /forge/apps/{app}/{module}. The app moves it with
// createHistory, and finds it again when the page is loaded anew.

const pages = ['jira:globalPage', 'jira:adminPage', 'jira:projectPage', 'jira:projectSettingsPage'];
const followers = new Set(); // frames with a history

const about = (frame) => JSON.parse(frame.dataset.forge);
const base = ({ app, module }) => `/forge/apps/${encodeURIComponent(app)}/${encodeURIComponent(module)}`;

// A project's page is told by a parameter of the site's own, of which the app does not know.
const isOwn = (parameter) => !/^project=/.test(parameter);

function whereIs(frame) {
  const at = about(frame);
  const parameters = location.search.slice(1).split('&');
  const kept = at.project ? parameters.filter(isOwn) : parameters;
  const search = kept.join('&');
  return {
    pathname: location.pathname.slice(base(at).length) || '/',
    search: search && '?' + search,
    hash: location.hash,
    state: window.history.state?.app,
    key: window.history.state?.key ?? 'default',
  };
}

function addressOf(frame, { pathname, search, hash }) {
  const at = about(frame);
  const parameters = [at.project && 'project=' + encodeURIComponent(at.project), search.replace(/^\?/, '')].filter(Boolean).join('&');
  return base(at) + pathname + (parameters && '?' + parameters) + hash;
}

function tell(frame, action) {
  frame.contentWindow?.postMessage({ forge: 'moved', location: whereIs(frame), action }, '*');
}

export function createHistory(frame) {
  const at = about(frame);
  if (!pages.includes(at.kind)) throw new Error(`createHistory: only pages have a history, and ${at.module} is a ${at.kind}.`);
  followers.add(frame);
  return { location: whereIs(frame), length: window.history.length, base: base(at) };
}

export function moveHistory(frame, { action, state, ...to }) {
  if (!to.pathname.startsWith('/')) throw new Error(`createHistory: the path ${to.pathname} does not begin with a slash.`);
  const kept = { app: state, key: String(Math.random()).slice(2, 10) };
  window.history[action === 'PUSH' ? 'pushState' : 'replaceState'](kept, '', addressOf(frame, to));
  tell(frame, action);
}

export function goHistory(delta) {
  window.history.go(Number(delta));
}

export function followHistory() {
  addEventListener('popstate', () => followers.forEach((frame) => tell(frame, 'POP')));
}
