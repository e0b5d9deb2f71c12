// The view of a connection: which kind of source, its form, and whether it answers.
import { h, ask, post, put, button, byId, complain, notice, say, work } from './sync-dom.js';
import { sentence } from './sync-field.js';
import { troubleWords } from './sync-words.js';
import { noKinds } from './sync-list.js';

const { pergola } = window;

export async function connectionView(page) {
  const [id] = page.args;
  const crumbs = [['Synchronizations', '']];
  const setup = await page.setup(true);
  if (id) {
    const one = await ask('connections/' + id, { signal: page.signal });
    page.title(one.name, { crumbs });
    return form(page, setup, one);
  }
  page.title('Connect a source', { crumbs });
  if (!setup.kinds.length) return page.draw(noKinds(setup));
  const chosen = setup.kinds.find((k) => k.plugin + '/' + k.synchronizer === page.query.get('kind'));
  if (chosen || setup.kinds.length === 1) {
    const kind = chosen || setup.kinds[0];
    return form(page, setup, { plugin: kind.plugin, synchronizer: kind.synchronizer, name: kind.title });
  }
  return page.draw(h('p', { class: 'sync-lead' }, 'Where are the rows?'), h('ul', { class: 'kinds' }, setup.kinds.map((k) => h('li', null,
    h('a', { class: 'kind', href: '#/connections/new?kind=' + encodeURIComponent(k.plugin + '/' + k.synchronizer) }, h('strong', null, k.title), h('span', { class: 'muted' }, k.pluginName))))));
}

async function form(page, setup, one) {
  const query = one.id ? { id: one.id } : { plugin: one.plugin, synchronizer: one.synchronizer, name: one.name };
  const template = h('template');
  template.innerHTML = await ask('form?' + new URLSearchParams(query), { html: true, signal: page.signal });
  const box = template.content.firstElementChild;
  const answer = h('div', { class: 'answer', role: 'status' });
  const el = h('form', { novalidate: true, class: 'connection' }, box, answer);
  let dirty = false;
  const state = { id: one.id, rev: Number(box.dataset.rev) };
  secrets(box, () => { dirty = true; });

  const body = () => {
    const fields = {}, changed = {};
    for (const input of el.elements) {
      const secret = input.closest('.secret');
      if (!input.name || (input.type === 'checkbox' || input.type === 'radio') && !input.checked) continue;
      if (secret) {
        if (secret.dataset.removed) changed[input.name] = '';
        else if (!input.closest('.secret-input').hidden && input.value) changed[input.name] = input.value;
      } else if (input.name !== 'name' || input.id !== 'connection-name') (fields[input.name] ||= []).push(input.value);
    }
    return { name: byId('connection-name').value.trim(), plugin: one.plugin, synchronizer: one.synchronizer, form: fields, secrets: changed, rev: state.rev };
  };
  const refused = (e) => {
    if (!e.problems && !e.field) return complain(e);
    const rest = wrong(el, e.problems || [{ at: e.field, what: e.message }]);
    if (rest.length) answer.replaceChildren(notice('danger', 'It is not saved', rest.map((p) => h('p', null, p))));
    const first = el.querySelector('[aria-invalid="true"]');
    (first || answer).focus();
    say('Some fields need another look');
  };
  const test = (b) => work(b, async () => {
    answer.replaceChildren(h('p', { class: 'muted' }, 'Asking the source …'));
    wrong(el, []);
    try {
      // What is kept is tested as it is kept, which ends a trouble; what was changed, as it would be.
      const got = state.id && !dirty ? await post('connections/' + state.id + '/test', {}, { signal: page.signal })
        : await post('connections/test' + (state.id ? '?id=' + state.id : ''), { ...body(), name: body().name || 'test' }, { signal: page.signal });
      const rest = wrong(el, got.problems);
      answer.replaceChildren(got.problems.length
        ? notice('danger', 'It does not work yet', rest.length ? rest.map((p) => h('p', null, p)) : h('p', null, 'Look at what is marked above.'))
        : notice('success', 'It works', h('p', null, got.about ? got.about + ' answered.' : 'The source answered.')));
      el.querySelector('[aria-invalid="true"]')?.focus();
    } catch (e) {
      if (e.name === 'AbortError') return;
      answer.replaceChildren(notice('danger', 'It does not work yet', h('p', null, e.message)));
      if (e.problems || e.field) refused(e);
    }
  });
  el.addEventListener('input', (e) => {
    dirty = true;
    const slot = byId(e.target.id + '-error');
    if (slot) slot.textContent = '';
    e.target.removeAttribute('aria-invalid');
  });
  el.addEventListener('submit', (e) => {
    e.preventDefault();
    work(el.querySelector('[type=submit]'), async () => {
      try {
        const kept = state.id ? await put('connections/' + state.id, body()) : await post('connections', body());
        dirty = false;
        pergola.flag({ tone: 'success', title: kept.name + ' is saved' });
        if (state.id) return page.again();
        page.go('syncs/new?connection=' + kept.id);
      } catch (err) { refused(err); }
    });
  });
  page.guard(() => dirty);
  const actions = h('div', { class: 'actions' },
    h('button', { type: 'submit', class: 'button primary' }, h('span', null, 'Save')),
    button('Test', (e) => test(e.currentTarget)),
    state.id && button('Delete', async (e) => {
      if (!await pergola.confirm('Delete the connection ' + one.name + '?', 'Delete', e.currentTarget)) return;
      try {
        await ask('connections/' + state.id, { method: 'DELETE' });
        page.go('');
      } catch (err) { answer.replaceChildren(notice('danger', 'It is not deleted', h('p', null, err.message))); }
    }, { class: 'subtle' }));
  el.append(actions);
  if (one.trouble) {
    const w = troubleWords(one.trouble);
    el.prepend(notice('danger', 'The source refused the last run: ' + w.means, h('p', null, w.do, ' Then save or test: when it works, runs begin again.')));
  }
  page.draw(h('p', { class: 'muted sync-lead' }, box.dataset.kind), el);
}

// wrong writes problems beside the settings and secrets that they are about, and returns those that are about none.
function wrong(el, problems) {
  for (const slot of el.querySelectorAll('.error')) slot.textContent = '';
  for (const input of el.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  const rest = [];
  for (const p of problems) {
    const at = (p.at || '').replace(/^(settings|secrets)\./, '').replaceAll('.', '-');
    const input = ['settings-', 'secrets-', ''].map((kind) => byId('connection-' + kind + at)).find((one) => one && at && el.contains(one));
    const words = (sentence(p.what) + ' ' + sentence(p.do)).trim();
    if (!input) { rest.push(words); continue; }
    byId(input.id + '-error').textContent = words;
    input.setAttribute('aria-invalid', true);
  }
  return rest;
}

// secrets has a secret that is set replaced, removed or kept.
function secrets(box, changed) {
  for (const el of box.querySelectorAll('.secret')) {
    const set = el.querySelector('.secret-set'), gone = el.querySelector('.secret-gone'), input = el.querySelector('.secret-input');
    if (!set) continue;
    const show = (which) => {
      for (const part of [set, gone, input]) part.hidden = part !== which;
      if (which === gone) el.dataset.removed = 'yes';
      else delete el.dataset.removed;
      if (which !== input) input.querySelector('input, textarea').value = '';
      which.querySelector('input, textarea, button').focus();
    };
    el.querySelector('.secret-replace').onclick = () => { show(input); changed(); };
    el.querySelector('.secret-remove').onclick = () => { show(gone); changed(); };
    for (const b of el.querySelectorAll('.secret-keep')) b.onclick = () => show(set);
  }
}
