// Inputs of the page of synchronizations: each has a label, help, and a slot for the error that belongs to its place, such as
// "fields[2].column".
import { h, newId, say } from './sync-dom.js';

const notes = (id, help) => [help && h('p', { class: 'help', id: id + '-help' }, help), h('p', { class: 'error', id: id + '-error' })];
const describe = (el, id, at, help) => {
  el.id = id;
  el.setAttribute('aria-describedby', (help ? id + '-help ' : '') + id + '-error');
  if (at) el.dataset.at = at;
  return el;
};

// field puts a label above, and help and the error below an input.
export function field(label, input, { at, help, required, hide } = {}) {
  const id = newId('field');
  describe(input.control || input, id, at, help);
  return h('div', { class: 'field' },
    h('label', { for: id, class: hide && 'hidden-text' }, label, required && h('span', { class: 'required', 'aria-hidden': true }, '*')),
    input, notes(id, help));
}

export const text = (value, onvalue, props = {}) => h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', ...props, value: value ?? '', oninput: (e) => onvalue(e.target.value) });
export const area = (value, onvalue, props = {}) => h('textarea', { rows: 2, spellcheck: 'false', ...props, value: value ?? '', oninput: (e) => onvalue(e.target.value) });

export const select = (value, options, onvalue, props = {}) => h('select', { ...props, onchange: (e) => onvalue(e.target.value) },
  options.map((o) => h('option', { value: o.id, selected: o.id === value }, o.name + (o.detail ? ' (' + o.detail + ')' : ''))));

export function toggle(label, on, onvalue, { at, help } = {}) {
  const id = newId('field');
  const input = describe(h('input', { type: 'checkbox', role: 'switch', class: 'switch', checked: !!on, onchange: (e) => onvalue(e.target.checked) }), id, at, help);
  return h('div', { class: 'field switch-field' }, h('label', { class: 'switch-line', for: id }, input, h('span', null, label)), notes(id, help));
}

export function radios(legend, value, options, onvalue, { at, help } = {}) {
  const id = newId('field'), name = newId('radio');
  return h('fieldset', { class: 'field choices', id, tabindex: -1, 'data-at': at, 'aria-describedby': (help ? id + '-help ' : '') + id + '-error' },
    h('legend', null, legend),
    h('ul', { class: 'options' }, options.map((o) => {
      const one = newId('option');
      return h('li', null, h('label', { for: one },
        h('input', { type: 'radio', id: one, name, value: o.id, checked: o.id === value, onchange: () => onvalue(o.id) }),
        h('span', null, o.name, o.detail && h('span', { class: 'muted block' }, o.detail))));
    })), notes(id, help));
}

const most = 60; // choices that are drawn at a time

// picker is a text in which typing searches a list. What is kept is the id. choices is a list, or a function of the text that
// promises one. A more button, where more() is there, asks for the rest of a long list.
export function picker({ value, name, choices, onpick, label, placeholder, more }) {
  const list = newId('list');
  let shown = [], active = -1, open = false, turn = 0;
  const control = h('input', {
    type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', 'aria-expanded': 'false', 'aria-controls': list, 'aria-autocomplete': 'list', 'aria-label': label,
    placeholder, value: name || value || '',
  });
  const box = h('ul', { class: 'picker-list', role: 'listbox', id: list, hidden: true, 'aria-label': label || 'Choices' });
  const el = h('div', { class: 'combo' }, control, box);
  el.control = control;
  // called tells the name of what is chosen, where it is known only later.
  el.called = (id, text) => {
    if (id !== value || name) return;
    name = text;
    if (document.activeElement !== control) control.value = text;
  };
  const close = () => {
    open = false;
    box.hidden = true;
    control.setAttribute('aria-expanded', false);
    control.removeAttribute('aria-activedescendant');
  };
  const mark = (n) => {
    active = n;
    [...box.children].forEach((li, i) => li.setAttribute('aria-selected', i === n));
    const li = box.children[n];
    if (!li) return control.removeAttribute('aria-activedescendant');
    control.setAttribute('aria-activedescendant', li.id);
    li.scrollIntoView({ block: 'nearest' });
  };
  const choose = (c) => {
    value = c.id;
    name = c.name;
    control.value = c.name;
    close();
    onpick(c.id, c);
  };
  const show = async (typed) => {
    const mine = ++turn;
    let found;
    try {
      found = typeof choices === 'function' ? await choices(typed) : choices.filter((c) => (c.name + ' ' + c.id + ' ' + (c.detail || '')).toLowerCase().includes(typed.toLowerCase()));
    } catch (e) { found = []; say(e.message); }
    if (mine !== turn || document.activeElement !== control) return;
    shown = found.slice(0, most);
    const rest = found.length - shown.length;
    box.replaceChildren(...shown.map((c) => h('li', { role: 'option', id: newId('choice'), 'aria-selected': false, onmousedown: (e) => { e.preventDefault(); choose(c); } },
      h('span', null, c.name), c.detail && h('span', { class: 'muted' }, c.detail), c.name !== c.id && h('code', null, c.id))),
    ...(!shown.length ? [h('li', { class: 'muted', role: 'presentation' }, typed ? 'Nothing has “' + typed + '” in its name.' : 'There is nothing to choose from.')] : []),
    ...(rest > 0 ? [h('li', { class: 'muted', role: 'presentation' }, rest + ' more: type a part of the name.')] : []),
    ...(more?.() ? [h('li', { role: 'presentation', class: 'picker-more', onmousedown: async (e) => { e.preventDefault(); await more.load(); show(control.value === name ? '' : control.value); } }, 'Load more')] : []));
    open = true;
    box.hidden = false;
    control.setAttribute('aria-expanded', true);
    mark(shown.findIndex((c) => c.id === value));
    say(found.length + ' to choose from');
  };
  control.addEventListener('focus', () => control.select());
  control.addEventListener('click', () => { if (!open) show(''); });
  control.addEventListener('input', () => show(control.value.trim()));
  control.addEventListener('blur', () => { // what was typed and not chosen counts where it is an id or a name of the list
    turn++;
    const typed = control.value.trim();
    close();
    if (typed === (name || value || '')) return;
    const c = shown.find((one) => one.id === typed || one.name.toLowerCase() === typed.toLowerCase()) || (typed === '' ? { id: '', name: '' } : null);
    if (c) choose(c);
    else control.value = name || value || '';
  });
  control.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      if (!open) return void show('');
      mark(Math.max(0, Math.min(shown.length - 1, active + (e.key === 'ArrowDown' ? 1 : -1))));
    } else if (e.key === 'Enter' && open && shown[active]) {
      e.preventDefault();
      choose(shown[active]);
    } else if (e.key === 'Escape' && open) {
      e.preventDefault();
      control.value = name || value || '';
      close();
    }
  });
  return el;
}

// showProblems writes each problem beside the input of its place and returns those that have none. A problem of a part, such as
// type.values, is told where the whole is. What was said about the places that keep names stays.
export function showProblems(within, problems, keep = () => false) {
  for (const el of within.querySelectorAll('[data-at]')) if (!keep(el.dataset.at)) mend(within, el);
  const rest = [];
  for (const p of problems) {
    const el = find(within, p.at || '');
    if (!el) { rest.push(p); continue; }
    const slot = within.querySelector('#' + el.id + '-error');
    const words = sentence(p.what) + (p.do ? ' ' + sentence(p.do) : '');
    slot.textContent = slot.textContent ? slot.textContent + ' ' + words : words;
    el.setAttribute('aria-invalid', true);
    el.closest('details')?.setAttribute('open', '');
  }
  return rest;
}

// mend takes back what is said about a place.
export function mend(within, el) {
  const slot = within.querySelector('#' + el.id + '-error');
  if (slot) slot.textContent = '';
  el.removeAttribute('aria-invalid');
}

function find(within, at) {
  for (let place = at; place; place = /[.[]/.test(place) ? place.replace(/(\.[^.[\]]+|\[\d+\])$/, '') : '') {
    const el = [...within.querySelectorAll('[data-at]')].find((one) => one.dataset.at === place);
    if (el) return el;
    if (!/(\.[^.[\]]+|\[\d+\])$/.test(place)) return null;
  }
  return null;
}

export function sentence(s) {
  s = (s || '').trim();
  if (!s) return '';
  s = s[0].toUpperCase() + s.slice(1);
  return /[.!?…]$/.test(s) ? s : s + '.';
}

export const firstWrong = (within) => within.querySelector('[aria-invalid="true"]');
