// The view of a plan: what a run would do if it ran now. It is computed part by part for whoever looks, and kept nowhere.
import { h, ask, post, button, busyButton, count, lozenge, notice, number, say, table } from './sync-dom.js';
import { faultList, outcomeBar, outcomeTone, outcomeWord, outcomes } from './sync-words.js';
import { crumbs, tabsOf } from './sync-editor.js';
import { issueLink } from './sync-issue.js';
import { shown } from './sync-value.js';

const sample = 500; // rows of an outcome that are kept to be looked at
const perPage = 20;

export async function planView(page) {
  const [id] = page.args;
  const [setup, sync, names] = await Promise.all([page.setup(), ask('syncs/' + id, { signal: page.signal }), fieldNames(page)]);
  page.title(sync.name, { crumbs, tabs: tabsOf(id) });
  const [fields, statuses] = await target(page, sync.mapping);
  const find = (field) => (field === 'status' ? { name: 'Status', options: statuses } : fields.find((f) => f.id === field) || { name: names.get(field) || field });
  begin(page, { id, sync, setup, find });
}

// target are the fields and statuses of the project, so that values are told by their names.
async function target(page, m) {
  const types = [m.type?.default, ...Object.values(m.type?.values || {})].filter(Boolean);
  if (!m.project || !types.length) return [[], []];
  return Promise.all([
    ask('projects/' + m.project + '/fields?types=' + types.join(','), { signal: page.signal }).catch(() => []),
    ask('projects/' + m.project + '/statuses', { signal: page.signal }).catch(() => []),
  ]);
}

export const fieldNames = async (page) => new Map((await ask('fields', { signal: page.signal }).catch(() => [])).map((f) => [f.id, f.name]));

function begin(page, at) {
  const stop = new AbortController();
  page.signal.addEventListener('abort', () => stop.abort());
  const plan = { done: 0, total: 0, counts: {}, rows: Object.fromEntries(outcomes.map((o) => [o, []])), over: false };
  const bar = h('progress', { 'aria-label': 'Reading rows' });
  const words = h('span', { class: 'progress-words' });
  const sums = h('div');
  const cancel = button('Cancel', () => { stop.abort(); ended('Canceled: this is a part of the plan.'); });
  const progress = h('div', { class: 'progress' }, h('p', { class: 'progress-label' }, h('span', null, 'Working out what a run would do'), words), bar, h('div', { class: 'progress-foot' }, h('p', { class: 'muted' }, 'Nothing is written. Keep this page open until it is done.'), cancel));
  const result = h('div', { class: 'stack' });
  page.draw(progress, sums, result);

  const show = () => {
    words.textContent = plan.total ? number(plan.done) + ' of ' + number(plan.total) : count(plan.done, 'row');
    if (plan.total) { bar.max = plan.total; bar.value = Math.min(plan.done, plan.total); }
    sums.replaceChildren(h('p', null, 'If it ran now:'), outcomeBar(plan.counts));
  };
  const ended = (why) => {
    plan.over = !why;
    progress.hidden = true;
    result.replaceChildren(...[why && notice('warning', why), ...verdict(page, at, plan, () => begin(page, at)), samples(page, at, plan)].filter(Boolean));
    say(why || 'The plan is ready');
  };
  go(page, at, plan, stop.signal, show).then(() => ended()).catch((e) => {
    if (stop.signal.aborted) return;
    progress.hidden = true;
    result.replaceChildren(failure(at, e, () => begin(page, at)));
    say(e.message);
  });
}

async function go(page, at, plan, signal, show) {
  let next = '';
  do {
    const part = await post('syncs/' + at.id + '/plan', { next }, { signal });
    plan.done += part.done;
    plan.total = part.total || plan.total;
    for (const [o, n] of Object.entries(part.counts || {})) plan.counts[o] = (plan.counts[o] || 0) + n;
    for (const r of part.rows) if ((plan.rows[r.outcome] ||= []).length < sample) plan.rows[r.outcome].push(r);
    plan.brake = part.brake;
    show();
    next = part.next || '';
    if (next && part.wait) await new Promise((go) => { setTimeout(go, part.wait * 1000); signal.addEventListener('abort', go); });
  } while (next && !signal.aborted);
  signal.throwIfAborted();
}

const failure = (at, e, again) => notice('danger', e.problems ? 'It cannot run yet' : 'The plan could not be made',
  e.problems ? h('ul', null, e.problems.map((p) => h('li', null, p.what + (p.do ? ': ' + p.do : '')))) : h('p', null, e.message),
  e.requestId && h('p', { class: 'muted' }, 'Request number ' + e.requestId),
  h('p', { class: 'notice-act actions' }, e.problems && h('a', { class: 'button', href: '#/syncs/' + at.id }, 'Open the settings'), button('Try again', again)));

function verdict(page, at, plan, again) {
  const writes = outcomes.filter((o) => !['skipped', 'edited', 'failed'].includes(o)).reduce((n, o) => n + (plan.counts[o] || 0), 0);
  const braked = plan.brake?.means;
  const start = (approved) => async () => {
    const run = await post('syncs/' + at.id + '/runs', { approved });
    page.go('syncs/' + at.id + '/runs/' + run.id);
  };
  return [
    plan.over && !writes && !plan.counts.failed && !plan.counts.edited && notice('success', 'Nothing to do', h('p', null, 'The issues say what the rows say.')),
    plan.counts.edited && notice('info', count(plan.counts.edited, 'issue') + ' edited in Jira', h('p', null, 'Somebody changed fields that rows fill. A run leaves them alone until the row says something new. To have them set back, choose in the settings that a row counts as changed when the issue says something else.')),
    braked && notice('warning', 'The brake would stop a run', h('p', null, braked, ' Look through the plan; if it is what you want, run it with your approval.')),
    h('div', { class: 'actions' },
      busyButton(braked ? 'Approve and run' : 'Run', start(!!braked), { class: 'primary' }),
      button('Plan again', again)),
  ].filter(Boolean);
}

// samples shows the rows by outcome, a page at a time.
function samples(page, at, plan) {
  return h('div', { class: 'stack' }, outcomes.filter((o) => plan.rows[o]?.length).map((o) => {
    const rows = plan.rows[o];
    const body = h('div', { class: 'stack' });
    let from = 0;
    const draw = () => body.replaceChildren(planTable(at, o, rows.slice(from, from + perPage)),
      rows.length > perPage && h('nav', { class: 'pages', 'aria-label': 'Pages of ' + outcomeWord(o) },
        button('Previous', () => { from = Math.max(0, from - perPage); draw(); }, { class: 'subtle', disabled: from === 0 }),
        h('span', { class: 'muted' }, number(from + 1) + '–' + number(Math.min(rows.length, from + perPage)) + ' of ' + number(rows.length) + (plan.counts[o] > rows.length ? ', the first of ' + number(plan.counts[o]) : '')),
        button('Next', () => { from += perPage; draw(); }, { class: 'subtle', disabled: from + perPage >= rows.length })) || '');
    draw();
    return h('details', { class: 'outcome', open: true }, h('summary', null, lozenge(outcomeWord(o), outcomeTone[o]), ' ', count(plan.counts[o] || rows.length, 'row')), body);
  }));
}

function planTable(at, outcome, rows) {
  const before = outcome !== 'created' && rows.some((r) => r.changes?.some((c) => c.before !== undefined && c.before !== null));
  const name = (id) => at.find(id).name;
  return table(outcomeWord(outcome), ['Row', 'Issue', outcome === 'failed' ? 'What is wrong' : 'Fields'], rows.map((r) => h('tr', null,
    h('td', null, r.key.length ? r.key.join(' · ') : h('span', { class: 'muted' }, 'no key')),
    h('td', null, r.issue ? issueLink(at.setup.site, r.issue) : h('span', { class: 'muted' }, 'new')),
    h('td', null, r.faults?.length > 0 && [faultList(r.faults, name), r.changes?.length > 0 && h('p', { class: 'muted' }, 'The rest is written:')], r.changes?.length > 0 && changes(at, r, before)))));
}

const changes = (at, r, before) => h('dl', { class: 'changes' }, r.changes.map((c) => {
  const field = at.find(c.field);
  const name = h('dt', null, field.name, field.name !== c.field && h('code', null, c.field), c.edited && lozenge(c.kept ? 'Edited, left alone' : 'Edited in Jira', 'warning'));
  if (c.kept) return h('div', null, name, h('dd', null, shown(c.before, field), h('span', { class: 'muted' }, ', the row says '), shown(c.after, field)));
  const old = r.outcome !== 'created' && before;
  return h('div', null, name, h('dd', null,
    old && [h('del', null, h('span', { class: 'hidden-text' }, 'before: '), shown(c.before, field)), h('span', { 'aria-hidden': true }, ' → ')],
    h('ins', null, old && h('span', { class: 'hidden-text' }, 'after: '), shown(c.after, field))));
}));
