// Rules of a synchronization: rows that are gone, the brake, and in whose name issues are written.
import { h, ask } from './sync-dom.js';
import { field, picker, radios, text, toggle } from './sync-field.js';

export function rulesSection(hub) {
  const { state } = hub;
  const m = state.mapping;
  m.missing ||= {};
  m.brake ||= {};
  const gone = h('div', { class: 'stack' });
  const set = (of, more) => { Object.assign(of, more); hub.change(); };
  const draw = () => gone.replaceChildren(...[
    m.missing.policy === 'label' && field('Label', text(m.missing.label, (v) => set(m.missing, { label: v }), { placeholder: 'no-longer-there' }), { at: 'missing.label', required: true }),
    m.missing.policy === 'transition' && field('Status', picker({
      value: m.missing.status, name: hub.statuses?.find((s) => s.id === m.missing.status)?.name, placeholder: 'Search',
      choices: async (typed) => (hub.statuses || []).filter((s) => s.name.toLowerCase().includes(typed.toLowerCase())), onpick: (v) => set(m.missing, { status: v }),
    }), { at: 'missing.status', required: true }),
  ].filter(Boolean));
  hub.on('fields', draw);
  draw();
  return h('section', { class: 'part', 'aria-labelledby': 'part-rules' }, h('h2', { id: 'part-rules' }, 'Rules'), h('div', { class: 'form' },
    radios('When a row is gone, its issue', m.missing.policy || 'ignore', [
      { id: 'ignore', name: 'stays as it is' }, { id: 'label', name: 'gets a label' }, { id: 'transition', name: 'moves to a status' }, { id: 'archive', name: 'is archived' },
    ], (v) => { m.missing = hub.state.mapping.missing = { policy: v }; draw(); hub.change(); }, { at: 'missing.policy', help: 'Nothing is ever deleted.' }),
    gone,
    h('fieldset', { class: 'group' }, h('legend', null, 'Brake'),
      h('p', { class: 'help' }, 'A run stops before it writes anything where it would do more than this. You look at the plan, and approve.'),
      field('Most issues that may change', share(m, set), { at: 'brake.share', help: 'Of the issues there are.' }),
      field('Most issues at a time', text(m.brake.count || '', (v) => set(m.brake, { count: v === '' ? undefined : Math.trunc(Number(v)) }), { type: 'number', min: 0, step: 1, class: 'narrow' }), { at: 'brake.count', help: 'That are made, changed or lose their row. Empty for any number.' }),
      toggle('Ask before every run that would write', m.brake.ask, (v) => set(m.brake, { ask: v || undefined }), { at: 'brake.ask' })),
    field('In whose name', person(hub), { at: 'runAs', help: 'Type a part of a name, or an account id. Empty means the app. The site has to allow it; the account’s permissions in the project are checked in any case.' })));
}

// person picks an account.
function person({ state, page, change }) {
  const m = state.mapping;
  const el = picker({
    value: m.runAs, placeholder: 'The app itself', onpick: (v) => { m.runAs = v || undefined; change(); },
    choices: async (typed) => {
      const found = typed.length < 2 ? [] : await ask('accounts?' + new URLSearchParams({ query: typed }), { signal: page.signal });
      const itself = { id: '', name: '', detail: 'The app itself' };
      return typed ? [...found, ...(found.some((a) => a.id === typed) ? [] : [{ id: typed, name: typed, detail: 'as account id' }])] : [itself];
    },
  });
  // An account that is gone keeps its id.
  if (m.runAs) ask('account?' + new URLSearchParams({ id: m.runAs }), { signal: page.signal }).then((a) => el.called(a.id, a.name), () => {});
  return el;
}

function share(m, set) {
  const percent = m.brake.share ? String(Math.round(m.brake.share * 1000) / 10) : '';
  const input = text(percent, (v) => set(m.brake, { share: v === '' ? undefined : Number(v) / 100 }), { type: 'number', min: 0, max: 100, step: 'any' });
  const el = h('div', { class: 'input short' }, input, h('span', { class: 'unit' }, '%'));
  el.control = input;
  return el;
}
