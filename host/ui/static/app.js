// What a page does: it sends forms and clicks to the server and puts the HTML that comes back in the place of the element
// with the same id, as data attributes say.
const { pergola } = window;
const $ = (selector, within = document) => within.querySelector(selector);
const byId = (id) => document.getElementById(id);
const say = (text) => { byId('live').textContent = text; };
let chain; // AbortController of what goes on by itself
let said = 0;

async function call(path, body, signal) {
  let answer;
  try {
    answer = await pergola.send(path, {
      method: body ? 'POST' : 'GET', body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, signal,
    });
  } catch (e) {
    if (!(e instanceof TypeError)) throw e; // without a connection
    throw new Error('The server could not be reached. Check your connection, then try again.');
  }
  const html = answer.headers.get('Content-Type')?.startsWith('text/html');
  if (answer.ok || (answer.status === 422 && html)) return answer;
  const { error = {}, requestId } = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(error.message || 'That did not work (' + answer.status + '). Try again in a moment.'), { requestId });
}

// bodyOf takes in the form around el.
function bodyOf(el) {
  const { body, params = '{}', state = '' } = el.dataset, form = {};
  for (const [k, v] of new FormData(el.closest('form') || undefined)) (form[k] ||= []).push(v);
  return JSON.parse(body || 'null') || { params: JSON.parse(params), form, state };
}

function fail(e) {
  pergola.flag({ tone: 'danger', title: e.message, body: e.requestId ? 'Request number ' + e.requestId : '' });
}

const busy = (el, scope, on) => {
  scope.setAttribute('aria-busy', on);
  el.setAttribute('aria-disabled', on);
};

// run makes one call for a button or a form; each part of the page makes one at a time.
async function run(el, work) {
  const scope = el.closest('[data-scope]') || document.body;
  if (scope.getAttribute('aria-busy') === 'true') return;
  busy(el, scope, true);
  try { await work(); } catch (e) { fail(e); } finally { busy(el, scope, false); }
}

// send makes a call and shows what comes back. What the user does ends what goes on by itself.
const send = async (path, body, signal) => {
  if (!signal) chain?.abort();
  const html = await (await call(path, body, signal)).text();
  if (!signal?.aborted) swap(html);
};

function swap(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const fresh of [...template.content.children]) {
    const old = fresh.id && byId(fresh.id);
    if (!old) continue;
    const had = old.contains(document.activeElement) && document.activeElement;
    for (const d of old.querySelectorAll('details[id]')) $('#' + d.id, fresh)?.toggleAttribute('open', d.open);
    for (const panel of old.querySelectorAll('.settings')) { // half-filled ones survive
      $('#' + panel.id, fresh)?.replaceWith(panel);
      $('[aria-controls="' + panel.id + '"]', fresh)?.setAttribute('aria-expanded', true);
    }
    const form = [...fresh.querySelectorAll('form')].find((f) => !$('[data-call="' + f.dataset.call + '"]', old));
    old.replaceWith(fresh);
    arrive(fresh, had, form);
  }
}

// arrive does what a new element asks for: a flag, another page, focus, the next step.
function arrive(el, had, form) {
  const d = el.dataset;
  if (d.title) {
    document.title = d.title;
    if (byId('title')) byId('title').textContent = d.title;
  }
  if (d.flag) pergola.flag({ title: d.flag, body: d.flagBody, tone: d.flagTone });
  const problems = $('[data-focus]', el);
  if (problems) problems.focus();
  else if (had) {
    // The same button again, else the field that it asked for, else the new part as a whole: never another button in its place.
    const same = had.id && byId(had.id), field = form && $('input:not([type=hidden]), select, textarea', form);
    (same && same.textContent === had.textContent ? same : field || el).focus({ preventScroll: true });
  }
  const step = $('[data-words]', el);
  if (step && Date.now() - said > 5000) {
    said = Date.now();
    say(step.dataset.words);
  } else if (had && !step && !d.flag) say(d.title || '');
  if (d.open) pergola.openIssue({ id: d.open, key: d.openKey, href: d.openAt });
  for (const m of el.querySelectorAll('[data-module]')) import(pergola.script(m.dataset.module)).then((x) => x.start(m));
  const next = $('[data-next]', el);
  if (next) proceed(next);
}

// proceed takes the next step of long work. Whatever else the user starts, and leaving the page, ends it.
async function proceed(el) {
  const mine = chain = new AbortController();
  try { await send(el.dataset.next, bodyOf(el), mine.signal); } catch (e) {
    if (mine.signal.aborted) return;
    $('[data-why]', el).textContent = e.message;
    $('[data-again]', el).hidden = false;
    say(e.message);
  }
}

async function save(el) {
  const answer = await call(el.dataset.call, bodyOf(el));
  const how = answer.headers.get('Content-Disposition') || '';
  const [, coded, plain] = /filename(?:\*=utf-8''([^;]+)|="?([^";]+))/i.exec(how) || [];
  const name = coded ? decodeURIComponent(coded) : plain || 'file';
  const a = document.createElement('a');
  a.href = URL.createObjectURL(await answer.blob());
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60000);
  say(name + ' saved');
}

// valid shows the browser's own words in the error slots.
function valid(form) {
  let first;
  for (const input of form.elements) {
    const slot = byId(input.id + '-error');
    if (!slot || !input.willValidate) continue;
    slot.textContent = input.validationMessage; // '' where it is valid
    input.setAttribute('aria-invalid', !input.validity.valid);
    if (!input.validity.valid) first ||= input;
  }
  first?.focus();
  return !first;
}

function close(panel) {
  const opener = $('[aria-controls="' + panel.id + '"]');
  panel.replaceChildren();
  panel.hidden = true;
  opener.setAttribute('aria-expanded', false);
  opener.focus();
}

async function click(el, d) {
  if (d.confirm && !await pergola.confirm(d.confirm, el.textContent, el)) return;
  if ('print' in d) print();
  else if ('reload' in d) location.reload();
  else if (d.to) byId(d.to).focus();
  else if (d.issue) pergola.openIssue({ id: d.issue, key: d.key, href: el.href });
  else if (d.close) close(byId(d.close));
  else if ('retry' in d) {
    const step = el.closest('[data-next]');
    $('[data-again]', step).hidden = true;
    proceed(step);
  } else if (d.get) {
    const panel = byId(el.getAttribute('aria-controls'));
    if (!panel) run(el, () => send(d.get));
    else if (!panel.hidden) close(panel);
    else {
      run(el, async () => {
        await send(d.get);
        el.setAttribute('aria-expanded', true);
        byId(panel.id).focus({ preventScroll: true });
      });
    }
  } else if ('file' in d) run(el, () => save(el));
  else run(el, () => send(d.call, bodyOf(el)));
}

document.addEventListener('click', (e) => {
  const el = e.target.closest?.('button, a');
  if (!el || el.type === 'submit' || el.closest('dialog')) return;
  const d = el.dataset;
  if (el.href && (!(d.to || d.issue) || (d.issue && !pergola.inJira) || e.ctrlKey || e.metaKey || e.shiftKey)) return;
  if (!Object.keys(d).length) return;
  e.preventDefault();
  click(el, d);
});

document.addEventListener('submit', (e) => {
  const form = e.target, to = form.dataset.call;
  if (!to) return;
  e.preventDefault();
  if (valid(form)) run(e.submitter || form, () => send(to, bodyOf(form)));
});

document.addEventListener('input', (e) => {
  const { filter } = e.target.dataset;
  if (filter) {
    const want = e.target.value.trim().toLowerCase();
    let n = 0;
    for (const li of byId(filter).children) n += !(li.hidden = !li.textContent.toLowerCase().includes(want));
    say(n + ' shown');
  }
  const box = e.target.closest('fieldset');
  if (box && $('[data-count]', box)) $('[data-count]', box).textContent = box.querySelectorAll('.options :checked').length;
});

for (const el of document.querySelectorAll('[data-scope]')) arrive(el);
export { call, say };
