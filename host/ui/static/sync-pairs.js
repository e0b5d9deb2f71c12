// A list of pairs: what a row says, and what it means in Jira.
import { h, button, newId } from './sync-dom.js';
import { picker, text } from './sync-field.js';

// pairs edits a map from texts to values. Where choices are known the value is chosen among them, and what is kept is its id.
export function pairs(legend, map, choices, onmap, { at, help } = {}) {
  const id = newId('pairs');
  let list = Object.entries(map);
  const body = h('div', { class: 'pairs' });
  const tell = () => onmap(Object.fromEntries(list.filter(([from, to]) => from !== '' && to !== '')));
  const draw = (focus) => {
    body.replaceChildren(...list.map((pair, i) => {
      const [from, to] = pair;
      const known = choices?.find((c) => c.id === to);
      const left = text(from, (v) => { pair[0] = v; tell(); }, { 'aria-label': 'Value of the row ' + (i + 1), placeholder: 'Value of the row' });
      const right = choices?.length
        ? picker({ value: to, name: known?.name, choices, label: 'Means ' + (i + 1), placeholder: 'Means', onpick: (v) => { pair[1] = v; tell(); } })
        : text(to, (v) => { pair[1] = v; tell(); }, { 'aria-label': 'Means ' + (i + 1), placeholder: 'Means' });
      if (focus === i) setTimeout(() => left.focus());
      return h('div', { class: 'pair' }, left, h('span', { 'aria-hidden': true }, '→'), right,
        button('×', () => { list = list.filter((one) => one !== pair); draw(); tell(); add.focus(); }, { class: 'subtle', 'aria-label': 'Remove pair ' + (i + 1) }));
    }));
  };
  const add = button('Add a value', () => { list.push(['', '']); draw(list.length - 1); }, { class: 'subtle' });
  draw();
  return h('fieldset', { class: 'field choices', id, tabindex: -1, 'data-at': at, 'aria-describedby': (help ? id + '-help ' : '') + id + '-error' },
    h('legend', null, legend), help && h('p', { class: 'help', id: id + '-help' }, help), body, add, h('p', { class: 'error', id: id + '-error' }));
}
