// The runs of a synchronization, the newest first.
import { h, ask, post, busyButton, length, moment, table } from './sync-dom.js';
import { live, outcomeBar, stateOf } from './sync-words.js';
import { crumbs, tabsOf } from './sync-editor.js';

const perPage = 25;

export async function runsView(page) {
  const [id] = page.args;
  const [, sync, first] = await Promise.all([page.setup(), ask('syncs/' + id, { signal: page.signal }), list(page, id, '')]);
  page.title(sync.name, { crumbs, tabs: tabsOf(id) });
  const start = busyButton('Run now', async () => { const run = await post('syncs/' + id + '/runs'); page.go('syncs/' + id + '/runs/' + run.id); }, { class: 'primary' });
  if (!first.length) {
    return page.draw(h('div', { class: 'empty' }, h('h2', { class: 'empty-title' }, 'It has not run yet'), h('p', null, 'Look at the plan to see what the first run would do.'),
      h('div', { class: 'actions' }, h('a', { class: 'button', href: '#/syncs/' + id + '/plan' }, 'Plan'), start)));
  }
  let all = first, more = first.length === perPage;
  const draw = () => page.draw(h('div', { class: 'actions' }, start),
    table('Runs', ['Began', 'State', 'By', 'Took', 'What came of it'], all.map((r) => h('tr', null,
      h('td', null, h('a', { href: '#/syncs/' + id + '/runs/' + r.id }, moment(r.created))),
      h('td', null, stateOf(r)),
      h('td', null, r.schedule ? 'Schedule' : r.by ? 'Hand' : 'Operator'),
      h('td', null, r.ended ? length((new Date(r.ended) - new Date(r.started || r.created)) / 1000) : live(r) ? '…' : ''),
      h('td', { class: 'wide' }, r.stopped ? '' : outcomeBar(r.counts))))),
    more && busyButton('Show older ones', async () => {
      const older = await list(page, id, all.at(-1).id);
      more = older.length === perPage;
      all = all.concat(older);
      draw();
    }));
  draw();
  if (!sync.schedule || sync.schedule.paused) return undefined;
  return watch(page, async () => {
    const newest = await list(page, id, '');
    if (newest[0]?.id === all[0].id && newest[0].rev === all[0].rev) return;
    all = [...newest, ...all.filter((r) => !newest.some((n) => n.id === r.id))];
    draw();
  });
}

// watch looks again now and then, for what a schedule begins, unless somebody is in the middle of the table.
function watch(page, look) {
  const timer = setInterval(() => {
    if (!document.hidden && !document.activeElement?.closest('#sync')) look().catch(() => {}); // the next look may succeed
  }, 5000);
  page.signal.addEventListener('abort', () => clearInterval(timer));
}

const list = (page, id, after) => ask('syncs/' + id + '/runs?' + new URLSearchParams({ limit: perPage, ...(after && { after }) }), { signal: page.signal });
