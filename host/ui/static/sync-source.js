// What is read: the connection, the stream, what tells rows apart, and when a row counts as changed.
import { h, ask, complain } from './sync-dom.js';
import { field, picker, radios, select } from './sync-field.js';

export function sourceSection(hub) {
  const { state, page } = hub;
  const m = state.mapping;
  const rest = h('div', { class: 'stack' });
  const streams = streamList(hub);
  let stream = null;

  const load = async () => {
    stream = null;
    hub.columns = [];
    if (state.connection && m.stream) {
      try {
        const got = await ask('connections/' + state.connection + '/streams?' + new URLSearchParams({ stream: m.stream }), { signal: page.signal });
        stream = got.streams.find((s) => s.name === m.stream) || got.streams[0] || null;
        hub.columns = stream?.columns || [];
      } catch (e) { complain(e); }
    }
    draw();
    hub.tell('columns');
  };
  const draw = () => rest.replaceChildren(...(stream ? [keys(), mode(), column()] : []).filter(Boolean));

  const keys = () => {
    const given = m.key?.length ? m.key : stream.key || [];
    return h('fieldset', { class: 'field choices', id: 'sync-key', 'data-at': 'key', tabindex: -1, 'aria-describedby': 'sync-key-help sync-key-error' },
      h('legend', null, 'Key'),
      h('ul', { class: 'options inline' }, hub.columns.map((c, i) => h('li', null, h('label', { for: 'sync-key-' + i },
        h('input', { type: 'checkbox', id: 'sync-key-' + i, checked: given.includes(c.name), onchange: (e) => {
          const now = new Set(m.key?.length ? m.key : stream.key || []);
          if (e.target.checked) now.add(c.name); else now.delete(c.name);
          m.key = hub.columns.map((one) => one.name).filter((one) => now.has(one));
          hub.change();
        } }), h('span', null, c.name))))),
      h('p', { class: 'help', id: 'sync-key-help' }, 'The columns that tell rows apart. Their values are unique and stay as they are: they decide which issue belongs to which row.'),
      h('p', { class: 'error', id: 'sync-key-error' }));
  };
  const mode = () => radios('A row counts as changed when', m.mode || 'hash', [
    { id: 'hash', name: 'what it would write is new', detail: 'Compared with what it last wrote. What people change in Jira stays. Fits most sources.' },
    { id: 'full', name: 'the issue says something else', detail: 'What people changed in Jira is set back. Reads every issue.' },
    { id: 'marker', name: 'a column says so', detail: 'Such as a version or a time of change, compared as text.' },
    { id: 'timestamp', name: 'its time or number has grown', detail: 'Only newer rows are read, which is fastest. Rows that are gone are not noticed.' },
  ], (v) => { m.mode = v; if (v === 'hash' || v === 'full') delete m.column; draw(); hub.change(); }, { at: 'mode' });
  const column = () => (m.mode === 'marker' || m.mode === 'timestamp')
    && field('Column that changes with its row', select(m.column || '', [{ id: '', name: 'Choose a column' }, ...hub.columns.map((c) => ({ id: c.name, name: c.name, detail: c.type }))], (v) => { m.column = v; hub.change(); }), { at: 'column', required: true });

  const choose = h('div');
  const chooser = () => choose.replaceChildren(field('Table, view or list', streams.picker(async (id) => {
    m.stream = id;
    m.key = [];
    await load();
    hub.change();
  }), { at: 'stream', required: true }));
  chooser();
  load();
  return h('section', { class: 'part', 'aria-labelledby': 'part-source' }, h('h2', { id: 'part-source' }, 'What is read'),
    h('div', { class: 'form' },
      field('Connection', select(state.connection, [...(state.connection ? [] : [{ id: '', name: 'Choose a connection' }]), ...state.connections], (v) => {
        state.connection = v;
        m.stream = '';
        streams.forget();
        chooser();
        load();
        hub.change();
      }), { at: 'connection', required: true }),
      choose, rest));
}

// streamList reads the pages of a long list as they are asked for.
function streamList(hub) {
  const { state, page } = hub;
  let all = [], next = null, begun = false;
  const more = async () => {
    const query = next ? '?' + new URLSearchParams({ after: next }) : '';
    const got = await ask('connections/' + state.connection + '/streams' + query, { signal: page.signal });
    begun = true;
    next = got.next || null;
    all = all.concat(got.streams.map((s) => ({ id: s.name, name: s.title || s.name, detail: s.rows ? s.rows.toLocaleString('en') + ' rows' : '' })));
  };
  const choices = async (typed) => {
    if (!state.connection) return [];
    if (!begun) await more();
    const fits = () => all.filter((c) => (c.name + ' ' + c.id).toLowerCase().includes(typed.toLowerCase()));
    while (typed && !fits().length && next) await more(); // what is looked for may be on a later page
    return fits();
  };
  const rest = () => !!next;
  rest.load = more;
  return {
    forget: () => { all = []; next = null; begun = false; },
    picker: (onpick) => {
      const p = picker({ value: state.mapping.stream, name: state.mapping.stream, choices, more: rest, placeholder: 'Search', onpick });
      // Where there is only one, nobody needs to choose.
      if (state.connection && !state.mapping.stream) {
        choices('').then((found) => { if (found.length === 1 && !rest() && !state.mapping.stream) { p.control.value = found[0].name; onpick(found[0].id); } }).catch(complain);
      }
      return p;
    },
  };
}
