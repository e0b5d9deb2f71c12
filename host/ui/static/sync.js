// The page of synchronizations: which view the address asks for. Each view is a file of its own; this one frames them.
import { h, ask, byId, complain, notice, busyButton, say } from './sync-dom.js';
import { learn } from './sync-words.js';
import { listView } from './sync-list.js';
import { connectionView } from './sync-connection.js';
import { editorView } from './sync-editor.js';
import { planView } from './sync-plan.js';
import { runsView } from './sync-runs.js';
import { runView } from './sync-run.js';

const { pergola } = window;
const view = byId('sync'), title = byId('title');
const routes = [
  [/^$/, listView],
  [/^connections\/new$/, connectionView],
  [/^connections\/(\w+)$/, connectionView],
  [/^syncs\/new$/, editorView],
  [/^syncs\/(\w+)$/, editorView],
  [/^syncs\/(\w+)\/plan$/, planView],
  [/^syncs\/(\w+)\/runs$/, runsView],
  [/^syncs\/(\w+)\/runs\/([\w.-]+)$/, runView],
];
let here = null, leave = new AbortController(), unsaved = () => false;

const wanted = () => location.hash.replace(/^#\/?/, '');
export const address = (path) => '#/' + path;

async function arrive() {
  const path = wanted();
  if (path === here) return;
  if (here !== null && unsaved()) {
    history.replaceState(null, '', address(here));
    if (!await pergola.confirm('What you changed is not saved. Leave anyway?', 'Leave', title)) return;
    unsaved = () => false;
    location.hash = address(path);
    return;
  }
  const first = here === null;
  here = path;
  leave.abort();
  leave = new AbortController();
  unsaved = () => false;
  await show(path, leave.signal, first);
}

async function show(path, signal, first) {
  const [pattern, draw] = routes.find(([p]) => p.test(path.split('?')[0])) || routes[0];
  const args = pattern.exec(path.split('?')[0])?.slice(1) || [];
  view.setAttribute('aria-busy', true);
  const page = {
    signal, args, setup, query: new URLSearchParams(path.split('?')[1] || ''),
    // title names the view; crumbs lead back from it, tabs beside.
    title: (text, { crumbs = [], tabs = [] } = {}) => {
      title.textContent = text;
      document.title = text + ' – Synchronizations';
      byId('sync-nav')?.remove();
      byId('sync-tabs')?.remove();
      if (crumbs.length) {
        title.before(h('nav', { id: 'sync-nav', class: 'sync-crumbs', 'aria-label': 'Breadcrumbs' }, h('ol', null, crumbs.map(([label, to]) => h('li', null, h('a', { href: address(to) }, label))))));
      }
      if (tabs.length) {
        title.after(h('nav', { id: 'sync-tabs', class: 'sync-tabs', 'aria-label': 'Parts of this synchronization' }, h('ul', null, tabs.map(([label, to]) => h('li', null, h('a', { href: address(to), 'aria-current': (to === path || to.endsWith('/runs') && path.startsWith(to)) && 'page' }, label))))));
      }
    },
    go: (to) => { unsaved = () => false; location.hash = address(to); },
    // moved says that the view is now that of another address, such as that of what was just saved.
    moved: (to) => { here = to; history.replaceState(null, '', address(to)); },
    guard: (asks) => { unsaved = asks; },
    draw: (...children) => { if (!signal.aborted) view.replaceChildren(...children.flat().filter(Boolean)); },
    again: () => show(path, signal, false),
  };
  try {
    await draw(page);
  } catch (e) {
    if (signal.aborted || e.name === 'AbortError') return;
    page.title(e.status === 404 ? 'It is not there any more' : 'This could not be shown', { crumbs: [['Synchronizations', '']] });
    page.draw(notice('danger', e.message, e.requestId && h('p', { class: 'muted' }, 'Request number ' + e.requestId),
      h('p', { class: 'notice-act' }, e.status !== 404 && busyButton('Try again', () => page.again()))));
    say(e.message);
  } finally {
    if (!signal.aborted) {
      view.setAttribute('aria-busy', false);
      if (!first) title.focus();
    }
  }
}

addEventListener('hashchange', () => arrive().catch(complain));
addEventListener('beforeunload', (e) => { if (unsaved()) e.preventDefault(); });

// setup is asked for once, and again where a view finds it outdated.
let known = null;
async function setup(fresh) {
  if (!known || fresh) {
    known = await ask('setup');
    learn(known.words);
  }
  return known;
}

arrive().catch(complain);
