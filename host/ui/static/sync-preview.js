// The first rows of the source, and beside them what the mapping makes of them.
import { h, table, notice, number } from './sync-dom.js';
import { faultWords } from './sync-words.js';
import { shown } from './sync-value.js';

export function previewSection(hub) {
  const body = h('div', { class: 'preview-body' }, h('p', { class: 'muted' }, 'Choose what is read, and its first rows stand here.'));
  const el = h('section', { class: 'preview', 'aria-labelledby': 'part-preview' },
    h('h2', { id: 'part-preview' }, 'First rows'), h('p', { class: 'muted' }, 'Read from the source just now, and kept nowhere.'), body);
  const name = (id) => hub.fields.find((f) => f.id === id)?.name || (id === 'status' ? 'Status' : id);

  const show = (got) => {
    const columns = got.stream.columns || [];
    if (!got.rows.length) return body.replaceChildren(h('p', { class: 'muted' }, 'There are no rows.'));
    const ids = got.records.length ? [...new Set(hub.state.mapping.fields.map((f) => f.field).filter(Boolean))] : [];
    const cell = (record, id) => {
      const fault = record.faults?.find((f) => f.field === id);
      if (fault) return h('td', { class: 'bad' }, h('span', { title: faultWords(fault.code).do || '' }, faultWords(fault.code).means));
      return h('td', { class: 'made' }, shown(id === 'status' ? record.status : record.values?.[id], hub.fields.find((f) => f.id === id) || (id === 'status' && { options: hub.statuses })));
    };
    const parts = [table('First rows of the source', columns.map((c) => c.name), got.rows.map((r) => h('tr', null, r.map((v) => h('td', { title: v }, v === '' ? h('span', { class: 'muted' }, 'empty') : v)))))];
    if (got.stream.rows) parts.push(h('p', { class: 'muted' }, got.rows.length + ' of ' + number(got.stream.rows) + ' rows'));
    parts.push(h('h3', null, 'Become'));
    if (ids.length) {
      parts.push(table('What the rows become', ids.map(name), got.records.map((r) => h('tr', null, ids.map((id) => cell(r, id))))));
      const whole = got.records.flatMap((r, i) => (r.faults || []).filter((f) => !ids.includes(f.field)).map((f) => 'Row ' + (i + 1) + ': ' + faultWords(f.code).means + ' ' + (faultWords(f.code).do || '')));
      if (whole.length) parts.push(notice('warning', 'Some rows would fail', h('ul', null, whole.map((w) => h('li', null, w)))));
    } else {
      parts.push(h('p', { class: 'muted' }, got.problems.length ? 'As soon as the mapping fits, what the rows become stands here.' : 'No field is mapped yet.'));
    }
    return body.replaceChildren(...parts);
  };
  return {
    el, show,
    busy: (on) => body.setAttribute('aria-busy', on),
    fail: (e) => body.replaceChildren(notice('warning', 'The rows cannot be read', h('p', null, e.message))),
  };
}
