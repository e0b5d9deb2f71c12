// Where rows go: the project and the issue type, one for all or by a column.
import { h, ask, complain } from './sync-dom.js';
import { field, picker, radios, select } from './sync-field.js';
import { pairs } from './sync-pairs.js';

export function targetSection(hub) {
  const { state, page } = hub;
  const m = state.mapping;
  const rest = h('div', { class: 'stack' });
  let types = [];

  const typesOf = () => [...new Set([m.type.default, ...Object.values(m.type.values || {})].filter(Boolean))];
  const loadFields = async () => {
    hub.fields = [];
    hub.statuses = [];
    const wanted = typesOf();
    if (m.project && wanted.length) {
      try {
        [hub.fields, hub.statuses] = await Promise.all([
          ask('projects/' + m.project + '/fields?types=' + wanted.join(','), { signal: page.signal }),
          ask('projects/' + m.project + '/statuses', { signal: page.signal }),
        ]);
      } catch (e) { complain(e); }
    }
    hub.tell('fields');
  };
  const load = async () => {
    types = [];
    if (m.project) {
      try { types = await ask('projects/' + m.project + '/types', { signal: page.signal }); } catch (e) { complain(e); }
    }
    draw();
    await loadFields();
  };
  let byColumn = !!m.type.column;
  const typeChanged = () => { hub.change(); loadFields(); };
  const options = (none) => [{ id: '', name: none }, ...types];
  const draw = () => {
    if (!m.project) return rest.replaceChildren();
    rest.replaceChildren(
      radios('Issue type', byColumn ? 'column' : 'one', [{ id: 'one', name: 'The same for every row' }, { id: 'column', name: 'A column tells it' }], (v) => {
        byColumn = v === 'column';
        if (!byColumn) { delete m.type.column; delete m.type.values; }
        draw();
        typeChanged();
      }, { at: 'type' }),
      field(byColumn ? 'For rows that do not say' : 'Which one', select(m.type.default || '', options(byColumn ? 'An error of the row' : 'Choose an issue type'), (v) => { m.type.default = v; typeChanged(); }), { at: 'type.default', required: !byColumn }),
      ...(byColumn ? [
        field('Column', select(m.type.column || '', [{ id: '', name: 'Choose a column' }, ...hub.columns.map((c) => ({ id: c.name, name: c.name }))], (v) => { m.type.column = v; typeChanged(); }), { at: 'type.column', required: true }),
        pairs('What its values mean', m.type.values || {}, types, (v) => { m.type.values = v; typeChanged(); }, { at: 'type.values' }),
      ] : []));
  };
  hub.on('columns', draw);
  load();
  const name = state.projects.find((p) => p.id === m.project);
  return h('section', { class: 'part', 'aria-labelledby': 'part-target' }, h('h2', { id: 'part-target' }, 'What it becomes'),
    h('div', { class: 'form' },
      field('Project', picker({ value: m.project, name: name && name.name, choices: state.projects, placeholder: 'Search', onpick: (id) => {
        m.project = id;
        m.type = {};
        byColumn = false;
        load();
        hub.change();
      } }), { at: 'project', required: true }),
      rest));
}
