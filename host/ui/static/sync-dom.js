// How the page of synchronizations makes elements, and asks the server. Nothing here knows what a synchronization is.
const { pergola } = window;

export const byId = (id) => document.getElementById(id);
export const say = (text) => { byId('live').textContent = text; };

// h makes an element. Properties that begin with "on" are listeners; true, false and null set, and leave out, an attribute. Children
// that are nothing, such as what comes of "list.length && …", are left out.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'selected') el[name] = value;
    else if (value !== null && value !== undefined && value !== false) el.setAttribute(name, value === true ? '' : value);
  }
  el.append(...children.flat(3).filter((c) => c || c === ''));
  return el;
}

let made = 0;
export const newId = (prefix = 'sync') => prefix + '-' + ++made;

export const button = (label, onclick, props = {}) => h('button', { type: 'button', ...props, class: 'button ' + (props.class || ''), onclick }, h('span', null, label));
export const lozenge = (text, tone = '') => h('span', { class: 'lozenge ' + tone }, text);

export function notice(tone, title, ...more) {
  const words = { warning: 'Warning: ', danger: 'Error: ', success: 'Success: ', info: 'Note: ' };
  return h('div', { class: 'notice ' + tone, role: tone === 'danger' ? 'alert' : 'note' },
    h('div', { class: 'notice-body' }, title && h('p', { class: 'notice-title' }, h('span', { class: 'hidden-text' }, words[tone] || ''), title), more));
}

export function table(caption, columns, rows, props = {}) {
  const id = newId('caption');
  return h('div', { class: 'table', role: 'region', 'aria-labelledby': id, tabindex: 0 }, h('table', props,
    h('caption', { id, class: 'hidden-text' }, caption),
    h('thead', null, h('tr', null, columns.map((c) => (c ? h('th', { scope: 'col', class: c.number && 'number' }, c.title || c) : h('td'))))),
    h('tbody', null, rows)));
}

// problem is an error as the server tells it, with the places that it is about.
class Problem extends Error {
  constructor(message, more) { super(message); Object.assign(this, more); }
}

export async function ask(path, { method = 'GET', body, signal, html } = {}) {
  let answer;
  try {
    answer = await pergola.send(path, {
      method, signal, body: body === undefined ? undefined : JSON.stringify(body), headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    });
  } catch (e) {
    if (!(e instanceof TypeError)) throw e; // what fetch throws without a connection
    throw new Problem('The server could not be reached. Check your connection, then try again.', { offline: true });
  }
  if (answer.status === 204) return null;
  if (answer.ok) return html ? answer.text() : answer.json();
  const { error = {}, requestId } = await answer.json().catch(() => ({}));
  throw new Problem(error.message || 'That did not work (' + answer.status + '). Try again in a moment.', { ...error, status: answer.status, requestId });
}

export const post = (path, body = {}, more = {}) => ask(path, { method: 'POST', body, ...more });
export const put = (path, body, more = {}) => ask(path, { method: 'PUT', body, ...more });
export const remove = (path) => ask(path, { method: 'DELETE' });

export function complain(e) {
  if (e.name === 'AbortError') return;
  pergola.flag({ tone: 'danger', title: e.message, body: e.requestId ? 'Request number ' + e.requestId : '' });
  say(e.message);
}

// work does something for a button, which shows that it is under way and is not pressed twice.
export async function work(el, what) {
  if (el.getAttribute('aria-disabled') === 'true') return;
  el.setAttribute('aria-disabled', true);
  try { await what(); } catch (e) { complain(e); } finally { el.setAttribute('aria-disabled', false); }
}

export const busyButton = (label, what, props) => {
  const el = button(label, () => work(el, () => what(el)), props);
  return el;
};

// later calls something when it was not called again for a while.
export function later(what, ms) {
  let timer;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => what(...args), ms); };
}

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
export const viewerZone = zone();
const full = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

// moment is a time in the viewer's zone; how far away it is stands in front where that is near.
export function moment(text) {
  const at = new Date(text);
  return h('time', { datetime: text, title: exact.format(at) }, full.format(at));
}

export function ago(text) {
  const s = (new Date(text) - Date.now()) / 1000;
  const [n, unit] = Math.abs(s) < 60 ? [s, 'second'] : Math.abs(s) < 3600 ? [s / 60, 'minute'] : Math.abs(s) < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
  return h('time', { datetime: text, title: exact.format(new Date(text)) }, relative.format(Math.round(n), unit));
}

export function length(seconds) {
  const s = Math.round(seconds);
  if (s < 1) return 'under 1 s';
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s';
  return Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
}

export const count = (n, one, many = one + 's') => Number(n).toLocaleString('en') + ' ' + (n === 1 ? one : many);
export const number = (n) => Number(n || 0).toLocaleString('en');

// download saves lines as a file.
export function download(name, type, parts) {
  const a = h('a', { href: URL.createObjectURL(new Blob(parts, { type })), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60000);
  say(name + ' saved');
}
