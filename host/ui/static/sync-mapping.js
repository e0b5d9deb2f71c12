// The table of fields: what each field of an issue gets, and how.
import { h, button, newId, say } from './sync-dom.js';
import { area, field, picker, select, text, toggle } from './sync-field.js';
import { pairs } from './sync-pairs.js';

const kinds = [{ id: 'column', name: 'Column' }, { id: 'expr', name: 'Expression' }, { id: 'fixed', name: 'Fixed' }];
const choosing = new Set(['option', 'options', 'named', 'namedList', 'status', 'cascading']);
const types = { string: 'text', integer: 'whole number', decimal: 'number', boolean: 'yes or no', bytes: 'bytes', date: 'date', time: 'time', list: 'list' };
const words = {
  text: 'text', document: 'rich text', number: 'number', date: 'date', datetime: 'date and time', labels: 'labels', option: 'one choice', options: 'choices',
  cascading: 'two choices', user: 'person', users: 'people', named: 'one of a list', namedList: 'several of a list', parent: 'parent issue', status: 'status, by transitions',
};

export function mappingSection(hub) {
  const m = hub.state.mapping;
  const list = h('ul', { class: 'maps' });
  const foot = h('div', { class: 'actions' });
  const note = h('div');

  // targets are what can be chosen: the fields of the issue types, and the status.
  const targets = () => [...hub.fields.map((f) => ({ id: f.id, name: f.name, detail: words[f.kind] + (f.required ? ', required' : '') })),
    { id: 'status', name: 'Status', detail: words.status }];
  const draw = (focus) => {
    quiet();
    if (focus !== undefined) list.children[focus]?.querySelector('select, input')?.focus();
    hub.change();
  };
  const quiet = () => { // drawn anew without anybody having changed something
    list.replaceChildren(...m.fields.map((f, i) => line(f, i)));
    note.replaceChildren(...(hub.fields.length ? [] : [h('p', { class: 'muted' }, 'Choose a project and an issue type first: its fields are then listed here.')]));
    propose();
  };
  const propose = () => {
    const free = guesses(hub);
    foot.replaceChildren(button('Add a field', () => { m.fields.push({ field: '' }); draw(m.fields.length - 1); }),
      free.length ? button('Map ' + free.length + ' by name', () => { m.fields.push(...free); draw(); say(free.length + ' fields mapped by name'); }, { class: 'subtle' }) : '');
  };

  const line = (f, i) => {
    const at = 'fields[' + i + ']';
    const kind = f.expr !== undefined ? 'expr' : f.column === undefined && f.default !== undefined ? 'fixed' : 'column';
    const target = hub.fields.find((one) => one.id === f.field) || (f.field === 'status' ? { id: 'status', name: 'Status', kind: 'status', options: hub.statuses } : null);
    const change = (more) => { Object.assign(f, more); hub.change(); };
    const source = () => {
      if (kind === 'expr') return field('Expression of field ' + (i + 1), area(f.expr, (v) => change({ expr: v }), { class: 'code', placeholder: 'row.first + " " + row.last' }), { at: at + '.expr', hide: true });
      if (kind === 'fixed') return field('Value of field ' + (i + 1), fixed(f, target, change), { at: at + '.default', hide: true });
      return field('Column of field ' + (i + 1), select(f.column || '', [{ id: '', name: 'Choose a column' }, ...columns(hub, f)], (v) => change({ column: v || undefined })), { at: at + '.column', hide: true });
    };
    const id = newId('map');
    return h('li', { class: 'map', id, tabindex: -1, 'data-at': at, 'aria-describedby': id + '-error', 'aria-label': 'Field ' + (i + 1) },
      h('div', { class: 'map-line' },
        h('div', { class: 'map-from' },
          select(kind, kinds, (v) => {
            delete f.expr;
            if (v === 'expr') { f.expr = f.column ? 'row.' + f.column : ''; delete f.column; } else if (v === 'fixed') { delete f.column; f.default ??= ''; } else f.column = '';
            draw(i);
          }, { 'aria-label': 'Where field ' + (i + 1) + ' comes from' }), source()),
        h('span', { class: 'arrow', 'aria-hidden': true }, f.direction === 'out' ? '←' : f.direction === 'both' ? '↔' : '→'),
        h('div', { class: 'map-to' }, field('Field of the issue ' + (i + 1), picker({
          value: f.field, name: target?.name, placeholder: 'Field of the issue', choices: async (typed) => targets().filter((t) => !m.fields.some((one) => one !== f && one.field === t.id) && (t.name + ' ' + t.id).toLowerCase().includes(typed.toLowerCase())),
          onpick: (v) => { f.field = v; draw(); list.children[i]?.querySelector('.map-to input')?.focus(); },
        }), { at: at + '.field', hide: true })),
        button('×', () => { m.fields.splice(i, 1); draw(); foot.firstChild.focus(); }, { class: 'subtle', 'aria-label': 'Remove field ' + (target?.name || i + 1) })),
      more(hub, f, at, target, kind, change, () => draw()),
      h('p', { class: 'error', id: id + '-error' }));
  };

  hub.on('columns', quiet);
  hub.on('fields', quiet);
  quiet();
  return h('section', { class: 'part', 'aria-labelledby': 'part-fields' }, h('h2', { id: 'part-fields' }, 'Which fields it fills'),
    h('div', { id: 'sync-fields', 'data-at': 'fields', tabindex: -1, 'aria-describedby': 'sync-fields-error' }, note, list, h('p', { class: 'error', id: 'sync-fields-error' })), foot);
}

const columns = (hub, f) => {
  const all = hub.columns.map((c) => ({ id: c.name, name: c.name, detail: types[c.type] || c.type }));
  return f.column && !all.some((c) => c.id === f.column) ? [...all, { id: f.column, name: f.column }] : all;
};

// guesses are the fields whose names are those of columns, or nearly.
function guesses(hub) {
  const m = hub.state.mapping;
  const plain = (s) => s.toLowerCase().replace(/[^a-z0-9]/g, '');
  const taken = new Set(m.fields.map((f) => f.field)), used = new Set(m.fields.map((f) => f.column));
  const out = [];
  for (const c of hub.columns) {
    if (used.has(c.name)) continue;
    const f = hub.fields.find((one) => !taken.has(one.id) && (plain(one.name) === plain(c.name) || plain(one.id) === plain(c.name)
      || one.id === 'summary' && ['name', 'title'].includes(plain(c.name))));
    if (!f) continue;
    taken.add(f.id);
    out.push({ field: f.id, column: c.name });
  }
  return out;
}

const fixed = (f, target, change) => (target?.options?.length
  ? picker({ value: f.default, name: target.options.find((o) => o.id === f.default || o.name === f.default)?.name || f.default, choices: target.options, onpick: (v) => change({ default: v }) })
  : text(f.default, (v) => change({ default: v })));

const opened = new WeakSet(); // fields whose options are shown

// more is what few fields need: values, empty ones, directions, links.
function more(hub, f, at, target, kind, change, redraw) {
  const choices = choosing.has(target?.kind) ? target.options : null;
  const mapped = Object.keys(f.values || {}).length;
  const said = [mapped && mapped + (mapped === 1 ? ' value' : ' values'), f.direction && f.direction !== 'in' && (f.direction === 'out' ? 'to the source' : 'both ways'),
    f.onEmpty === 'clear' && 'cleared when empty', f.createOnly && 'new issues only', f.addOptions && 'adds choices', f.sync && 'names another row', kind !== 'fixed' && f.default && 'default ' + f.default].filter(Boolean);
  const column = hub.columns.find((c) => c.name === f.column);
  return h('details', { class: 'map-more', open: opened.has(f), ontoggle: (e) => (e.target.open ? opened.add(f) : opened.delete(f)) }, h('summary', null, 'Options', said.length ? h('span', { class: 'muted' }, ': ' + said.join(', ')) : ''),
    h('div', { class: 'form' },
      kind !== 'fixed' && pairs('Values', f.values || {}, choices, (v) => change({ values: Object.keys(v).length ? v : undefined }), { at: at + '.values', help: 'What a value of the row becomes. Without any, it is taken as it is.' }),
      kind !== 'fixed' && toggle('Let other values through', f.pass, (v) => change({ pass: v || undefined }), { at: at + '.pass', help: 'Else a value that is not in the list above is an error of its row.' }),
      kind !== 'fixed' && field('Where it is empty, write', fixed(f, target, (v) => change({ default: v.default || undefined })), { at: at + '.default' }),
      field('When there is nothing to write', select(f.onEmpty || 'keep', [{ id: 'keep', name: 'Keep what the issue has' }, { id: 'clear', name: 'Clear the field' }], (v) => change({ onEmpty: v })), { at: at + '.onEmpty' }),
      kind !== 'fixed' && field('Direction', select(f.direction || 'in', [{ id: 'in', name: 'From the source to Jira' }, { id: 'out', name: 'From Jira to the source' }, { id: 'both', name: 'Both ways' }], (v) => { change({ direction: v }); redraw(); }),
        { at: at + '.direction', help: column && !column.writable ? 'The source does not let this column be written to.' : '' }),
      toggle('Set it in new issues only', f.createOnly, (v) => change({ createOnly: v || undefined }), { at: at + '.createOnly', help: 'Afterwards it belongs to the people in Jira.' }),
      (target?.kind === 'option' || target?.kind === 'options') && toggle('Add choices that the field does not have', f.addOptions, (v) => change({ addOptions: v || undefined }), { at: at + '.addOptions' }),
      (target?.kind === 'datetime' || target?.kind === 'date') && field('Time zone', text(f.zone, (v) => change({ zone: v || undefined }), { placeholder: 'UTC', list: 'sync-zones' }), { at: at + '.zone', help: 'Of dates that become moments, such as Europe/Berlin.' }),
      (target?.kind === 'parent' || target?.kind === 'text') && field('The value is the key of', select(f.sync || '', [{ id: '', name: 'Nothing' }, { id: 'self', name: 'Another row of this synchronization' }, ...hub.state.others.map((s) => ({ id: s.id, name: 'A row of ' + s.name }))],
        (v) => change({ sync: v || undefined })), { at: at + '.sync', help: 'The field then holds the issue of that row, as soon as there is one.' })));
}
