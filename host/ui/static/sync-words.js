// Words for what the page shows: codes, outcomes, schedules. Those of codes come from the server, which has them for all.
import { h, count, length, lozenge, moment, number } from './sync-dom.js';

let glossary = { faults: {}, troubles: {}, stopped: {}, outcomes: {}, states: {} };
export const learn = (words) => { glossary = words; };

const or = (map, code, what) => map[code] || { means: what + ' (' + code + ').' };
export const faultWords = (code) => or(glossary.faults, code, 'The value could not be used');
export const troubleWords = (code) => or(glossary.troubles, code, 'It failed');
export const stoppedWords = (code) => or(glossary.stopped, code, 'It ended early');
export const outcomeWord = (name) => glossary.outcomes[name] || name;
const stateWord = (name) => glossary.states[name] || name;

export const outcomes = ['created', 'changed', 'transitioned', 'restored', 'returned', 'missing', 'edited', 'failed', 'skipped'];
export const outcomeTone = { created: 'success', changed: 'info', transitioned: 'info', restored: 'info', returned: 'info', missing: 'warning', edited: 'warning', failed: 'danger', skipped: '' };
const stateTone = { done: 'success', failed: 'danger', paused: 'warning', running: 'info', waiting: 'info', queued: 'info', canceled: '' };
export const stateOf = (r) => (r.stopped ? lozenge('Stopped', 'warning') : r.state === 'done' && r.counts?.failed ? lozenge('Done, with failures', 'warning') : lozenge(stateWord(r.state), stateTone[r.state]));
export const live = (run) => ['queued', 'running', 'waiting'].includes(run?.state);
export const over = (run) => ['done', 'failed', 'canceled'].includes(run?.state);

const svg = (tag, attrs) => {
  const el = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
  return el;
};

const small = (words) => words[0].toLowerCase() + words.slice(1);

// outcomeBar draws how many rows had which outcome; the words below say the same.
export function outcomeBar(counts = {}) {
  const there = outcomes.filter((o) => counts[o] > 0);
  const total = there.reduce((n, o) => n + counts[o], 0);
  if (!total) return h('p', { class: 'muted' }, 'No rows.');
  const bar = svg('svg', { class: 'outcome-bar', 'aria-hidden': 'true', focusable: 'false' });
  const widths = there.map((o) => Math.max(1.5, 100 * counts[o] / total));
  const scale = 100 / widths.reduce((a, b) => a + b);
  let x = 0;
  there.forEach((o, i) => {
    bar.append(svg('rect', { class: 'is-' + o, x: x + '%', width: widths[i] * scale + '%', height: '100%' }));
    x += widths[i] * scale;
  });
  return h('div', { class: 'outcomes' }, bar, h('p', { class: 'outcome-words' },
    there.map((o) => h('span', null, h('i', { class: 'dot is-' + o, 'aria-hidden': true }), number(counts[o]) + ' ' + small(outcomeWord(o))))));
}

// faultList says what is wrong with a row. name gives the name of a field.
export const faultList = (faults, name) => h('ul', { class: 'faults' }, (faults || []).map((f) => {
  const w = faultWords(f.code);
  return h('li', null, f.field && h('strong', null, name(f.field) + ': '), w.means, ' ', w.do && h('span', { class: 'muted' }, w.do), ' ', h('code', null, f.code));
}));

const units = { h: 3600, m: 60, s: 1 };
export const seconds = (text) => [...(text || '').matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)].reduce((n, [, v, u]) => n + v * units[u], 0);

export function everyWords(text) {
  const s = seconds(text);
  if (!s) return 'Every ' + text;
  for (const [size, unit] of [[86400, 'day'], [3600, 'hour'], [60, 'minute']]) {
    if (s % size === 0) return s === size ? 'Every ' + unit : 'Every ' + count(s / size, unit);
  }
  return 'Every ' + length(s);
}

// scheduleWords says when something runs, with the next time in the viewer's zone.
export function scheduleWords(s) {
  if (!s) return ['By hand only'];
  if (!s.cron && !s.every && !s.once) return ['When projects change', s.paused ? ', paused' : ''];
  const what = s.cron ? ['By ', h('code', null, s.cron), ' in ' + (s.zone || 'UTC')] : s.every ? [everyWords(s.every)] : ['Once, ', moment(s.once)];
  if (s.onProjects) what.push(', and when projects change');
  if (s.paused) return [...what, ', paused'];
  return [...what, s.next ? [', next ', moment(s.next)] : ', never again'].flat();
}
