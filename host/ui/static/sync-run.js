// The view of one run: how far it is, what can be done to it, and what became of which row.
import { h, ask, post, busyButton, byId, complain, count, download, length, lozenge, moment, notice, number, say, table } from './sync-dom.js';
import { faultList, live, outcomeBar, outcomeTone, outcomeWord, over, stateOf, stoppedWords, troubleWords } from './sync-words.js';
import { crumbs, tabsOf } from './sync-editor.js';
import { issueLink } from './sync-issue.js';
import { fieldNames } from './sync-plan.js';

export async function runView(page) {
  const [id, runID] = page.args;
  const [setup, sync, run, names] = await Promise.all([
    page.setup(), ask('syncs/' + id, { signal: page.signal }), ask('runs/' + runID, { signal: page.signal }), fieldNames(page),
  ]);
  page.title(sync.name, { crumbs: [...crumbs, [sync.name, 'syncs/' + id], ['Runs', 'syncs/' + id + '/runs']], tabs: tabsOf(id) });
  const head = h('div', { class: 'stack' });
  const rows = rowList(page, setup, runID, (f) => names.get(f) || (f === 'status' ? 'Status' : f));
  page.draw(head, rows.el);
  const follow = follower(page, runID, (r) => head.replaceChildren(...summary(id, r, follow)), rows);
  await rows.load();
  follow(run);
}

// follower shows a run, and asks for news of it until it is over. The server answers when there are some.
function follower(page, id, show, rows) {
  let run = null, asking = false;
  const news = (next) => {
    if (run && next.rev < run.rev) return; // an answer that was overtaken
    const ended = run && over(next) && !over(run);
    run = next;
    const pressed = document.activeElement?.closest('#sync button')?.textContent;
    show(run);
    if (pressed && document.activeElement === document.body) { // the same button again, where it is still there
      ([...document.querySelectorAll('#sync button')].find((b) => b.textContent === pressed) || byId('title')).focus();
    }
    if (!ended) return;
    say('The run is over');
    rows.load().catch(complain);
  };
  const listen = async () => {
    asking = true;
    let pause = 1000;
    while (!over(run) && !page.signal.aborted) {
      try {
        news(await ask('runs/' + id + '?rev=' + run.rev, { signal: page.signal }));
        pause = 1000;
      } catch {
        if (page.signal.aborted) break;
        await new Promise((go) => { setTimeout(go, pause); }); // the server is away for a moment
        pause = Math.min(15000, pause * 2);
      }
    }
    asking = false;
  };
  return (next) => {
    news(next);
    if (!asking) listen();
  };
}

function summary(sync, r, follow) {
  const steer = (label, what, props) => busyButton(label, async () => follow(await post('runs/' + r.id + '/' + what)), props);
  const left = live(r) && r.left > 0 ? 'about ' + length(r.left) + ' left' : '';
  const rate = r.perSecond ? number(Math.round(r.perSecond * 10) / 10) + ' rows a second' : '';
  const bar = h('progress', { 'aria-label': 'Progress' });
  if (r.total) { bar.max = r.total; bar.value = Math.min(r.done, r.total); } else if (!live(r)) { bar.max = 1; bar.value = r.state === 'done' ? 1 : 0; }
  return [
    h('p', { class: 'run-line' }, stateOf(r), r.asked && h('span', { class: 'muted' }, ' ' + r.asked + ' after this step'), ' began ', moment(r.created), r.schedule ? ' by its schedule' : r.by ? ' by hand' : '', r.ended && [', took ', length((new Date(r.ended) - new Date(r.started || r.created)) / 1000)]),
    !r.stopped && h('div', { class: 'progress' }, h('p', { class: 'progress-label' }, h('span', null, r.total ? number(r.done) + ' of ' + count(r.total, 'row') : count(r.done, 'row')), h('span', { class: 'progress-words' }, [rate, left].filter(Boolean).join(', '))), bar),
    !r.stopped && outcomeBar(r.counts),
    r.stopped && notice('warning', stoppedWords(r.stopped).means, h('p', null, stoppedWords(r.stopped).do), r.stopped === 'brake' && h('p', { class: 'notice-act' }, h('a', { class: 'button', href: '#/syncs/' + sync + '/plan' }, 'Look at the plan'))),
    r.code && r.state !== 'done' && notice(over(r) ? 'danger' : 'warning', troubleWords(r.code).means, h('p', null, troubleWords(r.code).do, live(r) && r.due ? [' It is tried again ', moment(r.due), '.'] : '')),
    h('div', { class: 'actions' },
      live(r) && !r.asked && steer('Pause', 'pause'),
      r.state === 'paused' && steer('Resume', 'resume', { class: 'primary' }),
      !over(r) && r.asked !== 'canceled' && steer('Cancel', 'cancel'),
      (r.state === 'failed' || r.state === 'canceled') && steer('Go on from where it ended', 'retry', { class: 'primary' })),
  ].filter(Boolean);
}

// rowList shows what became of rows, a page at a time, and saves all of them as a file.
function rowList(page, setup, id, name) {
  const el = h('section', { class: 'stack', 'aria-labelledby': 'rows' });
  let rows = [], next = '';
  const read = (after) => ask('runs/' + id + '/rows' + (after ? '?' + new URLSearchParams({ after }) : ''), { signal: page.signal });
  const load = async () => {
    const got = await read('');
    rows = got.rows;
    next = got.next;
    draw();
  };
  const draw = () => el.replaceChildren(...[
    h('div', { class: 'sync-section' }, h('h2', { id: 'rows' }, 'What became of rows'), rows.length > 0 && h('div', { class: 'actions' },
      busyButton('Save as CSV', () => save(id, read, 'csv')), busyButton('Save as JSON lines', () => save(id, read, 'jsonl')))),
    h('p', { class: 'muted' }, 'Rows that were written or failed. A row is told by a digest of its key: its values are kept nowhere.'),
    rows.length ? table('Rows', ['Row', 'Issue', 'Outcome', 'Fields'], rows.map((r) => h('tr', null,
      h('td', null, r.row ? h('code', null, r.row.slice(0, 12)) : h('span', { class: 'muted' }, 'no key')),
      h('td', null, r.issue ? issueLink(setup.site, r.issue) : ''),
      h('td', null, lozenge(outcomeWord(r.outcome), outcomeTone[r.outcome])),
      h('td', null, r.faults?.length ? faultList(r.faults, name) : '', r.fields?.length && !r.faults?.length ? r.fields.map((f, i) => [i > 0 && ', ', h('span', { title: f }, name(f))]) : ''))))
      : h('p', null, 'None so far.'),
    next && busyButton('Show more', async () => {
      const got = await read(next);
      rows = rows.concat(got.rows);
      next = got.next;
      draw();
    }),
  ].filter(Boolean));
  return { el, load };
}

// save reads all pages and saves them: ids, outcomes and codes, which is all there is.
async function save(id, read, form) {
  const quote = (s) => '"' + String(s ?? '').replaceAll('"', '""') + '"';
  const parts = form === 'csv' ? ['row,issue,outcome,fields,faults\r\n'] : [];
  let after = '', n = 0;
  do {
    const got = await read(after);
    for (const r of got.rows) {
      parts.push(form === 'csv'
        ? [r.row, r.issue, r.outcome, (r.fields || []).join(' '), (r.faults || []).map((f) => (f.field ? f.field + ':' : '') + f.code).join(' ')].map(quote).join(',') + '\r\n'
        : JSON.stringify(r) + '\n');
    }
    n += got.rows.length;
    say(count(n, 'row') + ' read');
    after = got.next;
  } while (after);
  download('run-' + id + '.' + form, form === 'csv' ? 'text/csv' : 'application/x-ndjson', parts);
}
