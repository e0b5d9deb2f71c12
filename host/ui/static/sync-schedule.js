// When a synchronization runs by itself, with the next times in the viewer's zone and that of the schedule.
import { h, later, post, viewerZone } from './sync-dom.js';
import { field, radios, select, showProblems, text, toggle } from './sync-field.js';

const kinds = [
  { id: 'none', name: 'At no set time' }, { id: 'every', name: 'At an interval' }, { id: 'cron', name: 'At times of the day or week' }, { id: 'once', name: 'Once' },
];
const presets = [['0 2 * * *', 'Every night at 2'], ['0 7 * * mon-fri', 'Working days at 7'], ['0 * * * *', 'Every hour'], ['0 6 * * mon', 'Mondays at 6'], ['0 3 1 * *', 'First of the month at 3']];

export function scheduleSection(hub) {
  const kept = hub.state.schedule;
  const s = { zone: viewerZone, missed: 'once', overlap: 'skip', ...kept };
  let kind = kept?.cron ? 'cron' : kept?.every ? 'every' : kept?.once ? 'once' : 'none';
  const body = h('div', { class: 'stack' });
  const next = h('div', { class: 'times', role: 'status' });
  const el = h('section', { class: 'part', 'aria-labelledby': 'part-when' });

  // value is the schedule as it is sent; null where it runs by hand only. Projects that change are beside the times.
  const value = () => {
    const onProjects = s.onProjects || undefined;
    if (kind === 'none') return onProjects ? { onProjects, paused: s.paused || undefined } : null;
    const rest = { onProjects, jitter: s.jitter || undefined, missed: s.missed, overlap: s.overlap, paused: s.paused || undefined };
    if (kind === 'cron') return { cron: s.cron || '', zone: s.zone || undefined, ...rest };
    if (kind === 'every') return { every: s.every || '', ...rest };
    return { once: s.once || undefined, ...rest };
  };
  const look = later(async () => {
    if (kind === 'none' || hub.page.signal.aborted) return next.replaceChildren();
    const asked = value();
    if (!asked.cron && !asked.every && !asked.once) return next.replaceChildren();
    try {
      const { times } = await post('syncs/times' + (hub.state.id ? '?id=' + hub.state.id : ''), asked, { signal: hub.page.signal });
      showProblems(el, []);
      next.replaceChildren(...(times?.length ? timeList(times, kind === 'cron' ? s.zone || 'UTC' : '') : [h('p', { class: 'muted' }, 'It will never run: that moment is over.')]));
    } catch (e) {
      if (e.name === 'AbortError') return undefined;
      next.replaceChildren();
      const at = e.field === 'cron' || e.field === 'zone' ? 'schedule.' + e.field : e.field || 'schedule';
      const rest = showProblems(el, [{ at, what: e.message }]);
      if (rest.length) next.replaceChildren(h('p', { class: 'error' }, e.message));
    }
    return undefined;
  }, 400);
  const set = (more) => { Object.assign(s, more); hub.change(); look(); };

  const draw = () => body.replaceChildren(...(kind === 'none' ? [] : [
    kind === 'every' && interval(s, set),
    kind === 'cron' && cron(s, set, () => draw()),
    kind === 'once' && field('When', h('input', { type: 'datetime-local', value: s.once ? local(s.once) : '', oninput: (e) => set({ once: e.target.value ? new Date(e.target.value).toISOString() : undefined }) }), { at: 'schedule.once', help: 'In your time zone, ' + viewerZone + '.' }),
    next,
    h('details', null, h('summary', null, 'More'), h('div', { class: 'form' },
      field('Spread by up to', text(s.jitter, (v) => set({ jitter: v.trim() }), { placeholder: '10m', class: 'narrow' }), { at: 'schedule.jitter', help: 'Such as 10m. Each run begins a little later, so that not all begin at the full hour.' }),
      field('Times at which the server was not there', select(s.missed, [{ id: 'once', name: 'Make up for all of them with one run' }, { id: 'skip', name: 'Leave them out' }], (v) => set({ missed: v })), { at: 'schedule.missed' }),
      field('While a run is not over', select(s.overlap, [{ id: 'skip', name: 'Begin no other' }, { id: 'queue', name: 'Begin the next one after it' }], (v) => set({ overlap: v })), { at: 'schedule.overlap' }))),
  ].filter(Boolean)));
  draw();
  look();
  el.append(h('h2', { id: 'part-when' }, 'When it runs'), h('div', { class: 'form' },
    radios('Schedule', kind, kinds, (v) => { kind = v; draw(); hub.change(); look(); }, { at: 'schedule' }),
    toggle('Also when a project of this site has come, changed or gone', !!s.onProjects, (on) => set({ onProjects: on })), body, zones()));
  return { el, value };
}

function interval(s, set) {
  const [, n, unit] = /^(\d+)([hm])$/.exec(s.every || '') || [null, '', 'h'];
  const amount = text(n, () => tell(), { type: 'number', min: 1, step: 1, 'aria-label': 'How many' });
  const units = select(unit, [{ id: 'm', name: 'minutes' }, { id: 'h', name: 'hours' }], () => tell(), { 'aria-label': 'Unit' });
  const tell = () => set({ every: amount.value ? amount.value + units.value : '' });
  const el = h('div', { class: 'input short' }, amount, units);
  el.control = amount;
  return field('Every', el, { at: 'schedule.every', required: true });
}

function cron(s, set, redraw) {
  const input = text(s.cron, (v) => set({ cron: v.trim() }), { class: 'code', placeholder: '0 2 * * *' });
  return h('div', { class: 'stack' },
    field('Cron expression', input, { at: 'schedule.cron', required: true, help: 'Minute, hour, day of the month, month, day of the week.' }),
    h('p', { class: 'presets' }, presets.map(([expression, words]) => h('button', { type: 'button', class: 'button subtle', onclick: () => { set({ cron: expression }); redraw(); } }, h('span', null, words)))),
    field('Time zone', text(s.zone, (v) => set({ zone: v.trim() }), { list: 'sync-zones', placeholder: 'UTC' }), { at: 'schedule.zone' }));
}

// timeList tells when it runs next: by the viewer's clock, and by that of the schedule where it is another one.
function timeList(times, zone) {
  const mine = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });
  let theirs = null;
  try { theirs = zone && zone !== viewerZone && new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', weekday: 'short', timeZone: zone }); } catch { /* the server says what is wrong with it */ }
  return [h('p', { class: 'times-head' }, 'Next times'), h('ol', null, times.map((t) => h('li', null, h('time', { datetime: t }, mine.format(new Date(t))), theirs && h('span', { class: 'muted' }, ' (' + theirs.format(new Date(t)) + ' in ' + zone + ')'))))];
}

const local = (text) => {
  const at = new Date(text);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

const zones = () => h('datalist', { id: 'sync-zones' }, ['UTC', ...(Intl.supportedValuesOf?.('timeZone') || [])].map((z) => h('option', { value: z })));
