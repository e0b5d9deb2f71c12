// The block of runs: how the latest runs of a plugin's job stand, kept up to date while somebody looks. The server answers when there is news.
import { h, ask, post, busyButton, complain, length, lozenge, moment, notice, number, say } from './sync-dom.js';

const stateWord = { queued: 'Waiting its turn', running: 'Running', waiting: 'Waiting', paused: 'Paused', done: 'Done', failed: 'Failed', canceled: 'Canceled' };
const stateTone = { running: 'info', waiting: 'info', queued: 'info', paused: 'warning', done: 'success', failed: 'danger' };
const live = (r) => ['queued', 'running', 'waiting'].includes(r.state);
const over = (r) => ['done', 'failed', 'canceled'].includes(r.state);

export function start(el) {
  el.removeAttribute('data-module'); // an element starts once
  const ends = new AbortController();
  new MutationObserver((_, observer) => { // the page was drawn anew
    if (el.isConnected) return;
    observer.disconnect();
    ends.abort();
  }).observe(document.body, { childList: true, subtree: true });
  show(el, ends.signal).catch((e) => {
    if (ends.signal.aborted) return;
    el.replaceChildren(notice('danger', 'How the runs stand could not be read', h('p', null, e.message)));
    el.removeAttribute('aria-busy');
  });
}

async function show(el, signal) {
  const got = await ask('runs?' + new URLSearchParams({ job: el.dataset.job }), { signal });
  el.removeAttribute('aria-busy');
  if (!got.runs.length) {
    el.replaceChildren(h('p', { class: 'muted' }, el.dataset.none || 'No run yet.'));
    return;
  }
  const unit = el.dataset.unit || 'things';
  const [latest, ...earlier] = got.runs;
  const first = h('div', { class: 'run' });
  el.replaceChildren(first, earlier.length ? past(earlier, got, unit) : '');
  follow(first, latest, got, unit, signal);
  for (const [i, r] of earlier.entries()) {
    if (!over(r)) follow(el.querySelectorAll('.run-past')[i], r, got, unit, signal);
  }
}

const past = (runs, got, unit) => h('details', { class: 'runs-past' }, h('summary', null, 'Earlier runs'),
  runs.map((r) => h('div', { class: 'run run-past' }, summary(r, got, unit))));

// follow shows a run, and asks for news of it until it is over or the page goes.
function follow(el, run, got, unit, signal) {
  const draw = (next) => {
    if (next.rev < run.rev) return; // an answer that was overtaken
    const ended = over(next) && !over(run);
    run = next;
    const pressed = el.contains(document.activeElement) && document.activeElement.textContent;
    el.replaceChildren(...summary(run, got, unit, steer));
    if (pressed && document.activeElement === document.body) ([...el.querySelectorAll('button')].find((b) => b.textContent === pressed) || el.querySelector('button'))?.focus();
    if (ended) {
      say(got.title + ': ' + stateWord[run.state]);
      if (run.state === 'done') again(el.closest('.runs'));
    }
    if (!listening) listen();
  };
  const steer = (label, what, props) => busyButton(label, async () => draw(await post('runs/' + run.id + '/' + what)), props);
  let listening = false;
  const listen = async () => {
    listening = true;
    let pause = 1000;
    while (!over(run) && !signal.aborted && el.isConnected) {
      try {
        const next = await ask('runs/' + run.id + '?rev=' + run.rev, { signal });
        if (el.isConnected) draw(next);
        pause = 1000;
      } catch (e) {
        if (signal.aborted) break;
        if (e.status === 403 || e.status === 404) { complain(e); break; } // the others pass, as that of a site that starts anew
        await new Promise((go) => { setTimeout(go, pause); }); // the server is away for a moment
        pause = Math.min(15000, pause * 2);
      }
    }
    listening = false;
  };
  draw(run);
}

// again has the page drawn anew, where the plugin wants that: what a run did may stand elsewhere on it. The server may be away for a moment just then,
// so it is asked first; a page that was drawn anew has another block in the place of this one.
async function again(el) {
  if (!el?.dataset.then) return;
  let tries = 3;
  for (let pause = 500; tries && el.isConnected && pause < 20000; pause *= 2) {
    try {
      await ask('runs?' + new URLSearchParams({ job: el.dataset.job }));
      press(el);
      tries--;
    } catch (e) {
      if (e.status === 403 || e.status === 404) return;
    }
    await new Promise((go) => { setTimeout(go, pause); });
  }
}

// press makes the call as if the user had pressed a button for it.
function press(el) {
  const button = Object.assign(document.createElement('button'), { type: 'button', hidden: true });
  button.dataset.call = el.dataset.then;
  el.append(button);
  button.click();
  button.remove();
}

function summary(r, got, unit, steer) {
  const left = live(r) && r.left > 0 ? 'about ' + length(r.left) + ' left' : '';
  const rate = r.perSecond ? number(Math.round(r.perSecond * 10) / 10) + ' ' + unit + ' a second' : '';
  const bar = h('progress', { 'aria-label': got.title });
  if (r.total) { bar.max = r.total; bar.value = Math.min(r.done, r.total); } else if (!live(r)) { bar.max = 1; bar.value = r.state === 'done' ? 1 : 0; }
  const counts = Object.entries(got.counts || {}).filter(([name]) => r.counts?.[name]);
  const words = r.code && r.state !== 'done' && (got.words[r.code] || { means: 'It failed (' + r.code + ').' });
  return [
    h('p', { class: 'run-line' }, lozenge(stateWord[r.state] || r.state, stateTone[r.state]), r.asked && h('span', { class: 'muted' }, ' ' + r.asked + ' after this step'), r.about && [' ', h('strong', null, r.about.join(', '))], ' began ', moment(r.created), r.ended && [', took ', length((new Date(r.ended) - new Date(r.started || r.created)) / 1000)]),
    h('div', { class: 'progress' }, h('p', { class: 'progress-label' }, h('span', null, r.total ? number(r.done) + ' of ' + number(r.total) + ' ' + unit : number(r.done) + ' ' + unit), h('span', { class: 'progress-words' }, [rate, left].filter(Boolean).join(', '))), bar),
    counts.length > 0 && h('ul', { class: 'run-counts' }, counts.map(([name, title]) => h('li', null, h('strong', null, number(r.counts[name])), ' ' + title))),
    words && notice(over(r) ? 'danger' : 'warning', words.means, h('p', null, words.do || '', live(r) && r.due ? [' It is tried again ', moment(r.due), '.'] : '')),
    steer && !(r.state === 'done') && h('div', { class: 'actions' },
      live(r) && !r.asked && steer('Pause', 'pause'),
      r.state === 'paused' && steer('Resume', 'resume', { class: 'primary' }),
      !over(r) && r.asked !== 'canceled' && steer('Cancel', 'cancel'),
      (r.state === 'failed' || r.state === 'canceled') && steer('Go on from where it ended', 'retry', { class: 'primary' })),
  ].filter(Boolean);
}
