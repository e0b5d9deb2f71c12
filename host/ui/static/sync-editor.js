// The view in which a synchronization is written: source, target, fields, rules, schedule, and beside it what becomes of the first
// rows.
import { h, ask, post, put, remove, busyButton, complain, later, notice, say } from './sync-dom.js';
import { field, firstWrong, mend, sentence, showProblems, text } from './sync-field.js';
import { sourceSection } from './sync-source.js';
import { targetSection } from './sync-target.js';
import { mappingSection } from './sync-mapping.js';
import { rulesSection } from './sync-rules.js';
import { scheduleSection } from './sync-schedule.js';
import { previewSection } from './sync-preview.js';

const { pergola } = window;

export const tabsOf = (id) => [['Settings', 'syncs/' + id], ['Plan', 'syncs/' + id + '/plan'], ['Runs', 'syncs/' + id + '/runs']];
export const crumbs = [['Synchronizations', '']];

const blank = { stream: '', project: '', type: {}, fields: [] };

export async function editorView(page) {
  const [id] = page.args;
  const [connections, projects, syncs, kept] = await Promise.all([
    ask('connections', { signal: page.signal }), ask('projects', { signal: page.signal }), ask('syncs', { signal: page.signal }),
    id ? ask('syncs/' + id, { signal: page.signal }) : { name: '', connection: page.query.get('connection') || '', mapping: blank },
    page.setup(),
  ]);
  page.title(id ? kept.name : 'New synchronization', { crumbs, tabs: id ? tabsOf(id) : [] });
  if (!connections.length) return page.draw(notice('info', 'There is no connection yet', h('p', null, h('a', { href: '#/connections/new' }, 'Connect a source'), ' first.')));
  if (!kept.connection && connections.length === 1) kept.connection = connections[0].id;
  edit(page, { id, connections, projects, others: syncs.filter((s) => s.id !== id), rev: kept.rev || 0, name: kept.name, connection: kept.connection, mapping: kept.mapping, schedule: kept.schedule || null });
}

function edit(page, state) {
  const box = h('div', { class: 'editor' });
  const top = h('div', { class: 'editor-problems', tabindex: -1 });
  let changed = false, turn = 0, asking = null;
  const hub = {
    page, state, box,
    columns: [], // of the stream that is chosen
    fields: [], // that the target has
    listeners: new Map(),
    on: (event, what) => hub.listeners.set(event, [...(hub.listeners.get(event) || []), what]),
    tell: (event) => { for (const what of hub.listeners.get(event) || []) what(); },
    // change notes what an admin wrote. The rows beside follow a moment later.
    change: () => { changed = true; look(); },
  };
  const draft = () => ({ name: state.name.trim(), connection: state.connection, mapping: state.mapping, ...(state.rev && { rev: state.rev }) });
  const ready = () => state.connection && state.mapping.stream;

  // look asks what the first rows become, and what is wrong. Only the last answer counts.
  const look = later(async () => {
    if (!ready() || page.signal.aborted) return;
    const mine = ++turn;
    asking?.abort();
    asking = new AbortController();
    preview.busy(true);
    try {
      const got = await post('syncs/preview', draft(), { signal: asking.signal });
      if (mine !== turn) return;
      preview.show(got);
      tell(got.problems, false, (at) => at === 'name' || at.startsWith('schedule')); // of which a preview knows nothing
    } catch (e) {
      if (e.name !== 'AbortError' && mine === turn) preview.fail(e);
    } finally { if (mine === turn) preview.busy(false); }
  }, 600);

  // tell writes problems beside their places. What has not been filled in yet is not told while somebody still writes.
  let strict = !!state.id;
  const tell = (problems, all, keep) => {
    strict ||= all;
    const clean = (problems || []).map((p) => ({ ...p, at: (p.at || '').replace(/^mapping\./, '') }));
    const rest = showProblems(box, strict ? clean : clean.filter((p) => !early(p, state.mapping)), keep);
    top.replaceChildren(...(rest.length ? [notice('danger', 'Something else is wrong', h('ul', null, rest.map((p) => h('li', null, sentence(p.what) + ' ' + sentence(p.do)))))] : []));
    return clean.length;
  };

  const preview = previewSection(hub);
  const schedule = scheduleSection(hub);
  const name = field('Name', text(state.name, (v) => { state.name = v; changed = true; }, { maxlength: 100 }), { at: 'name', required: true });

  const refused = (e) => {
    if (e.problems || e.field) {
      const at = e.field === 'cron' || e.field === 'zone' ? 'schedule.' + e.field : e.field;
      tell(e.problems || [{ at, what: e.message }], true);
      (firstWrong(box) || top).focus();
      say('Something needs another look');
    } else complain(e);
  };
  const save = async () => {
    const one = state.id ? await put('syncs/' + state.id, draft()) : await post('syncs', draft());
    const fresh = !state.id;
    Object.assign(state, { id: one.id, rev: one.rev }); // the mapping stays: the parts of the page write into it
    if (fresh) page.moved('syncs/' + one.id);
    const when = schedule.value();
    if (when) one.schedule = await put('syncs/' + one.id + '/schedule', when);
    else if (one.schedule) await remove('syncs/' + one.id + '/schedule');
    state.schedule = when ? one.schedule : null;
    changed = false;
    page.title(one.name, { crumbs, tabs: tabsOf(one.id) });
    return one;
  };
  const saveThen = (then) => async () => {
    try {
      await save();
      const { problems } = await post('syncs/check', draft());
      if (!tell(problems, true)) return then();
      pergola.flag({ tone: 'warning', title: 'Saved, but it cannot run yet', body: 'What is missing is marked.' });
      (firstWrong(box) || top).focus();
    } catch (e) { refused(e); }
  };
  page.guard(() => changed);
  box.addEventListener('input', (e) => { if (e.target.dataset.at) mend(box, e.target); });

  box.append(top,
    h('div', { class: 'editor-main' },
      h('section', { class: 'part form' }, name), sourceSection(hub), targetSection(hub),
      h('div', { class: 'beside' }, mappingSection(hub), preview.el), rulesSection(hub), schedule.el,
      h('div', { class: 'actions sync-save' },
        busyButton('Save and look at the plan', saveThen(() => page.go('syncs/' + state.id + '/plan')), { class: 'primary' }),
        busyButton('Save', saveThen(() => pergola.flag({ tone: 'success', title: state.name + ' is saved' }))))));
  page.draw(box);
  look();
}

// early says whether a problem is only that something is not filled in yet.
const early = (p, m) => (p.at === 'project' && !m.project) || (/^type/.test(p.at) && !m.type.default && !m.type.column)
  || p.at === 'fields' || (/^fields\[\d+\]/.test(p.at) && !m.fields[Number(/\d+/.exec(p.at)[0])]?.field)
  || (/^fields\[\d+\]$/.test(p.at));
