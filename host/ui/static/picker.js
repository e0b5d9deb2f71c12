// A field that asks the server for choices while the user types: the WAI's editable combobox with a list,
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/. app.js loads this where a page has such a field. What the field holds are
// chips with a hidden input each, so that the form sends them as it sends any other field.
import { call, say } from './app.js';

const PAUSE = 300; // ms between the last key and the question
const $ = (selector, within) => within.querySelector(selector);
const picked = (el) => el.dispatchEvent(new Event('picked', { bubbles: true }));

let pressed, over; // while a pointer is down: a promise of the click's end
addEventListener('pointerdown', () => { pressed = new Promise((end) => { over = end; }); }, true);
for (const up of ['pointerup', 'pointercancel']) {
  addEventListener(up, () => setTimeout(() => { // behind the click
    pressed = null;
    over?.();
  }), true);
}

export function start(el) {
  el.removeAttribute('data-module'); // an element starts once
  const { name, label, suggest } = el.dataset;
  const least = Number(el.dataset.min), most = Number(el.dataset.max || 0), many = 'multiple' in el.dataset;
  const input = $('[role=combobox]', el), popup = $('.pick-list', el), list = $('[role=listbox]', el);
  const title = $('.pick-title', el), note = $('.pick-note', el), again = $('button', note), clear = $('.pick-clear', el), chips = $('.chips', el);
  let timer, question, active;

  const held = () => [...chips.querySelectorAll('input')];
  const holds = (value) => held().find((h) => h.value === value);
  const options = () => [...list.children];
  const open = () => !popup.hidden;
  const full = () => many && most > 0 && held().length >= most;

  // settle shows what the field holds, and what the form must say of it before it is sent.
  function settle() {
    const n = held().length;
    clear.hidden = !n && !input.value;
    input.setCustomValidity(input.value.trim() ? 'Choose one from the list, or clear what you typed.'
      : 'required' in el.dataset && !n ? 'Choose one from the list.' : '');
    if (input.validity.valid && input.getAttribute('aria-invalid') === 'true') {
      input.setAttribute('aria-invalid', false);
      document.getElementById(input.id + '-error').textContent = '';
    }
    for (const o of options()) o.setAttribute('aria-selected', Boolean(holds(o.dataset.value)));
  }

  function mark(option) {
    active?.classList.remove('active');
    active = option;
    if (!option) return input.removeAttribute('aria-activedescendant');
    option.classList.add('active');
    option.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', option.id);
  }

  // tell shows a note below the list, and says it.
  function tell(text, retry) {
    $('p', note).textContent = text;
    note.hidden = !text;
    again.hidden = !retry;
  }

  function close() {
    clearTimeout(timer);
    question?.abort();
    popup.hidden = true;
    mark(null);
    list.replaceChildren();
    el.removeAttribute('aria-busy');
    input.setAttribute('aria-expanded', false);
  }

  function show() {
    popup.hidden = false;
    input.setAttribute('aria-expanded', true);
  }

  function fill(html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    const answer = template.content.firstElementChild;
    title.textContent = answer.dataset.title || '';
    title.hidden = !title.textContent;
    list.replaceChildren(...answer.children);
    options().forEach((o, i) => { o.id = list.id + '-' + (i + 1); });
    tell(answer.dataset.note || '');
    settle();
    const n = options().length;
    say((n === 1 ? '1 result. ' : (n || 'No') + ' results. ') + $('p', note).textContent);
  }

  // ask asks for what is typed. An answer that comes after another question, or after the list is closed, is dropped.
  async function ask() {
    clearTimeout(timer);
    question?.abort();
    const q = input.value.trim();
    mark(null);
    show();
    if (full()) {
      list.replaceChildren();
      title.hidden = true;
      tell(most + ' at most. Remove one to choose another.');
      return say($('p', note).textContent);
    }
    if (q && [...q].length < least) {
      list.replaceChildren();
      title.hidden = true;
      return tell('Type ' + least + ' characters or more.');
    }
    const mine = question = new AbortController();
    el.setAttribute('aria-busy', true);
    if (!options().length) tell('Searching …');
    const form = input.form, fields = {};
    for (const [k, v] of new FormData(form)) (fields[k] ||= []).push(v);
    try {
      const answer = await call(suggest, { params: { q, field: name }, form: fields, state: form.dataset.state || '' }, mine.signal);
      const html = await answer.text();
      if (!mine.signal.aborted) fill(html);
    } catch (e) {
      if (mine.signal.aborted) return;
      list.replaceChildren();
      title.hidden = true;
      tell(e.message, true);
      say(e.message);
    }
    if (question === mine) el.removeAttribute('aria-busy');
  }

  function drop(chip) {
    const text = $('span', chip).textContent;
    chip.remove();
    settle();
    picked(el);
    say(text + ' removed');
  }

  function chip(option) {
    const li = document.createElement('li'), text = document.createElement('span'), x = document.createElement('button'), value = document.createElement('input');
    li.className = 'chip';
    text.textContent = $('.option-label', option).textContent;
    Object.assign(x, { type: 'button', textContent: '×', ariaLabel: 'Remove ' + text.textContent });
    Object.assign(value, { type: 'hidden', name, value: option.dataset.value });
    const glyph = $('.glyph', option);
    li.append(...(glyph ? [glyph.cloneNode(true)] : []), text, x, value);
    return li;
  }

  function choose(option) {
    if (option.ariaDisabled === 'true') return say('This cannot be chosen: ' + option.textContent);
    const had = holds(option.dataset.value);
    if (had && many) return drop(had.parentElement);
    if (!had) {
      if (full()) return ask();
      const li = chip(option);
      if (!many) chips.replaceChildren();
      chips.append(li);
      say($('span', li).textContent + ' chosen');
    }
    input.value = '';
    if (!many || full()) close();
    settle();
    if (!had) picked(el);
    input.focus();
  }

  const step = (by) => {
    const all = options(), at = all.indexOf(active);
    if (all.length) mark(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  };

  const keys = {
    ArrowDown: () => { if (open()) step(1); else ask(); return true; },
    ArrowUp: () => { if (open()) step(-1); else ask(); return true; },
    Home: () => { if (active) mark(options()[0]); return active; },
    End: () => { if (active) mark(options().at(-1)); return active; },
    Enter: () => {
      if (!open()) return false; // the form is sent
      if (active) choose(active);
      return true;
    },
    Escape: () => {
      if (open()) close();
      else if (input.value) { input.value = ''; settle(); } else return false;
      return true;
    },
    Backspace: () => {
      if (input.value || !chips.lastElementChild) return false;
      drop(chips.lastElementChild);
      return true;
    },
  };

  input.addEventListener('keydown', (e) => {
    if (e.isComposing || e.altKey || e.ctrlKey || e.metaKey) return;
    if (keys[e.key]?.()) e.preventDefault();
  });
  input.addEventListener('input', () => {
    settle();
    clearTimeout(timer);
    question?.abort();
    mark(null);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener('click', () => { if (!open()) ask(); });
  $('.pick-box', el).addEventListener('click', (e) => {
    const x = e.target.closest('.chip button');
    if (x) { drop(x.parentElement); input.focus(); } else if (e.target.closest('.pick-clear')) {
      if (held().length) { chips.replaceChildren(); picked(el); }
      input.value = '';
      close();
      settle();
      say(label + ' cleared');
      input.focus();
    } else input.focus();
  });
  // A press on the list must not take the focus out of the field before the click.
  popup.addEventListener('mousedown', (e) => { if (!e.target.closest('button')) e.preventDefault(); });
  list.addEventListener('click', (e) => {
    const option = e.target.closest('[role=option]');
    if (option) choose(option);
  });
  again.addEventListener('click', () => { input.focus(); ask(); });
  el.addEventListener('focusout', (e) => {
    if (el.contains(e.relatedTarget)) return;
    if (!pressed) return close();
    // In a panel what lies below the list moves up when it closes: a press there would be let go on something else, and its click be lost.
    pressed.then(() => { if (!el.contains(document.activeElement)) close(); });
  });

  // What this field's choices depend on has changed: what it holds may be none of them any more.
  const follows = JSON.parse(el.dataset.follows || '[]');
  if (follows.length) {
    const changed = (e) => {
      const from = e.target.closest('.pick');
      if (from ? e.type !== 'picked' || from === el : e.type === 'picked') return;
      if (!follows.includes(from ? from.dataset.name : e.target.name)) return;
      close();
      if (!held().length) return;
      chips.replaceChildren();
      settle();
      say(label + ' emptied: what it depends on has changed');
      picked(el);
    };
    input.form.addEventListener('change', changed);
    input.form.addEventListener('picked', changed);
  }
  settle();
}
