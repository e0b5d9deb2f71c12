// The one script that knows where the page stands: inside Jira, where Atlassian's all.js talks to the site around the frame,
// or alone in a window. It runs before the page is drawn; all.js comes after the page, so nothing here touches AP at once.
(() => {
  'use strict';
  const root = document.documentElement;
  const inJira = root.dataset.bridge === 'connect';
  const byId = (id) => document.getElementById(id);

  // The token of the first request must not stay in the address, where it could be copied or logged.
  const at = new URL(location.href);
  if (at.searchParams.has('jwt')) {
    at.searchParams.delete('jwt');
    history.replaceState(history.state, '', at);
  }

  // Jira says its theme only after all.js has come. The last one is remembered, so that a dark site does not flash white.
  const memory = 'pergola.theme';
  if (inJira) {
    try {
      const mode = localStorage.getItem(memory);
      if (mode === 'light' || mode === 'dark') root.dataset.colorMode = mode;
      new MutationObserver(() => {
        try { localStorage.setItem(memory, root.dataset.colorMode || 'light'); } catch { /* storage is full or forbidden */ }
      }).observe(root, { attributeFilter: ['data-color-mode'] });
    } catch { /* storage is forbidden in this frame: the theme comes a moment later */ }
  }

  // all.js is deferred like app.js and stands before it, so it is there by now or will never be.
  const loaded = document.readyState === 'loading'
    ? new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true }))
    : Promise.resolve();

  // ask calls a function of AP that answers to a callback. A module that the site lacks must not hang the page.
  const ask = async (module, name) => {
    await loaded;
    if (!window.AP?.[module]?.[name]) throw new Error('Jira did not answer. Reload the page; if that does not help, a blocker in your browser may be in the way.');
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error('Jira did not answer in time. Reload the page.')), 10000);
      window.AP[module][name]((value) => { clearTimeout(timer); done(value); });
    });
  };

  const ownFlag = ({ title, body, tone }) => {
    const flag = document.createElement('div');
    flag.className = 'flag ' + (tone || '');
    flag.setAttribute('role', tone === 'danger' ? 'alert' : 'status');
    const text = document.createElement('div');
    const strong = document.createElement('strong');
    strong.textContent = title;
    text.append(strong);
    if (body) {
      const p = document.createElement('p');
      p.textContent = body;
      text.append(p);
    }
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'button subtle';
    close.setAttribute('aria-label', 'Dismiss');
    close.textContent = '×';
    close.onclick = () => flag.remove();
    flag.append(text, close);
    byId('flags').append(flag);
    if (tone !== 'danger' && tone !== 'warning') setTimeout(() => flag.remove(), 8000);
  };

  const flagTypes = { success: 'success', warning: 'warning', danger: 'error' };

  window.pergola = {
    inJira,

    // token returns what authorises one call to our own server: '' where the page stands alone.
    token: async () => (inJira ? ask('context', 'getToken') : ''),

    // send makes a call to our own server, as fetch does.
    send: async (path, init) => {
      const token = await window.pergola.token();
      return fetch(root.dataset.api + '/' + path, {
        ...init, headers: { ...init.headers, ...(token && { Authorization: 'JWT ' + token }) }, credentials: inJira ? 'omit' : 'same-origin', cache: 'no-store',
      });
    },

    // script is where a script lies that the server names.
    script: (address) => address,

    // context returns what Jira says of the page's surroundings.
    context: async () => (inJira ? ask('context', 'getContext') : {}),

    // resize fits the frame to its content. all.js does so by itself; this is for what it cannot see.
    resize: () => { window.AP?.resize?.(); },

    flag: (f) => {
      if (!inJira || !window.AP?.flag?.create) return ownFlag(f);
      window.AP.flag.create({ title: f.title, body: f.body || '', type: flagTypes[f.tone] || 'info', close: f.tone === 'danger' ? 'manual' : 'auto' });
    },

    // openIssue leaves for an issue and says whether it could.
    openIssue: async ({ id, key, href }) => {
      await loaded;
      const navigator = inJira && window.AP?.navigator;
      if (navigator && key) navigator.go('issue', { issueKey: key });
      else if (navigator) navigator.go('site', { relativeUrl: '/issues/?jql=id%3D' + id });
      else if (href && !inJira) location.assign(href);
      else return false;
      return true;
    },

    // confirm asks before what cannot be taken back. The frame is as tall as its content and may reach far below the
    // window, so the dialog opens beside the button that asked, not in the middle.
    confirm: (question, label, from) => new Promise((done) => {
      const dialog = byId('confirm');
      byId('confirm-text').textContent = question;
      byId('confirm-yes').textContent = label;
      root.classList.add('asking');
      dialog.returnValue = '';
      dialog.showModal();
      const room = innerHeight - dialog.offsetHeight - 8;
      dialog.style.marginTop = Math.max(8, Math.min(from.getBoundingClientRect().top - 24, room)) + 'px';
      dialog.onclose = () => {
        if (dialog.open) return; // the event of an earlier question came late
        root.classList.remove('asking');
        done(dialog.returnValue === 'yes');
      };
    }),
  };

  if (inJira) loaded.then(() => window.AP?.theming?.initializeTheming?.());
})();
