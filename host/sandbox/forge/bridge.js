// The frame's half of Forge's bridge: globalThis.__bridge, which @forge/bridge calls. What needs no page is done here; for the
// rest it asks the page around it (page.js). A message is {forge: kind, …}.
(() => {
  'use strict';
  if (window.parent === window) return; // opened by its own address; @forge/bridge says what is wrong then

  // ---- talking to the page

  let last = 0;
  const waiting = new Map(); // calls without an answer, by id
  const functions = new Map(); // what the page may call, by name

  let start;
  const started = new Promise((resolve) => (start = resolve)); // what is asked before the page listens would be lost

  const send = (message) => window.parent.postMessage(message, '*');

  // encode puts a name in the place of each function: functions do not cross.
  const encode = (value) => {
    if (typeof value === 'function') {
      functions.set(++last, value);
      return { forgeFunction: last };
    }
    if (Array.isArray(value)) return value.map(encode);
    if (value && Object.getPrototypeOf(value) === Object.prototype) {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, encode(v)]));
    }
    return value;
  };

  const ask = async (method, payload) => {
    await started;
    return new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      send({ forge: 'call', id, method, payload: encode(payload) });
    });
  };

  const heard = {
    ready: (message) => {
      theme = message.theme;
      start();
    },
    answer: ({ id, value, problem }) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (problem) call?.reject(new Error(problem));
      else call?.resolve(value);
    },
    run: async ({ id, name, args }) => {
      try {
        await functions.get(name)?.(...args);
      } catch (problem) {
        console.error(problem);
      }
      send({ forge: 'ran', id });
    },
    event: ({ name, shared, payload }) => {
      for (const callback of listeners.get(channel(name, shared)) ?? []) callback(payload);
    },
    theme: (message) => {
      theme = message.theme;
      paint();
    },
    moved: ({ location, action }) => {
      for (const move of histories) move(location, action);
    },
  };

  addEventListener('message', (e) => {
    if (e.source === window.parent && Object.hasOwn(heard, e.data?.forge)) heard[e.data.forge](e.data);
  });
  send({ forge: 'hello' });

  // ---- events

  const listeners = new Map();
  const channel = (name, shared) => (shared ? 'public ' : 'own ') + name;

  const listen = (shared, { event, callback }) => {
    const name = channel(event, shared);
    if (!listeners.has(name)) listeners.set(name, new Set());
    listeners.get(name).add(callback);
    return { unsubscribe: () => void listeners.get(name).delete(callback) };
  };

  // ---- themes: the site's tokens, in the mode that the page has

  let theme;
  let themed = false;

  const paint = () => {
    if (!themed) return;
    document.documentElement.setAttribute('data-theme', theme.names);
    document.documentElement.setAttribute('data-color-mode', theme.mode);
  };

  const enableTheming = async () => {
    await started;
    if (themed) return;
    themed = true;
    const loaded = theme.sheets.map((href) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = href;
      const done = new Promise((resolve) => (link.onload = link.onerror = resolve));
      document.head.prepend(link); // so that the app's own rules win
      return done;
    });
    paint();
    await Promise.all(loaded);
  };

  // ---- the history of a page, as the package history (version 4) has it

  const histories = new Set();

  const createHistory = async () => {
    const begin = await ask('createHistory');
    const told = new Set();
    const path = (to) => {
      if (typeof to !== 'string') {
        return { pathname: to.pathname || history.location.pathname, search: to.search || '', hash: to.hash || '', state: to.state };
      }
      const u = new URL(to, 'https://page' + history.location.pathname + history.location.search);
      return { pathname: u.pathname, search: u.search, hash: u.hash };
    };
    const move = (action) => (to, state) => ask('moveHistory', { action, state, ...path(to) });
    const go = (delta) => ask('goHistory', delta);
    const history = {
      action: 'POP',
      location: begin.location,
      length: begin.length,
      push: move('PUSH'),
      replace: move('REPLACE'),
      go,
      goBack: () => go(-1),
      goForward: () => go(1),
      back: () => go(-1),
      forward: () => go(1),
      createHref: (to) => {
        const { pathname, search, hash } = path(to);
        return begin.base + pathname + search + hash;
      },
      block: () => {
        throw new Error("The sandbox's bridge has no block of createHistory.");
      },
      listen: (callback) => {
        told.add(callback);
        return () => told.delete(callback);
      },
    };
    histories.add((location, action) => {
      Object.assign(history, { location, action });
      for (const callback of told) callback(location, action);
    });
    return history;
  };

  // ---- requestRemote: from the browser to the remote, which has to allow it by CORS

  const textual = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded)|[^;]*\+(json|xml))/;

  // form makes the form again that @forge/bridge has made into JSON: files are data URLs with their names and types beside them.
  const form = async (text) => {
    const parts = JSON.parse(text);
    const out = new FormData();
    for (const [key, value] of Object.entries(parts)) {
      if (/^__file.*(Name|Type)$/.test(key)) continue;
      if (!key.startsWith('file')) {
        out.append(key, value);
        continue;
      }
      const content = await (await fetch(value)).arrayBuffer();
      out.append(key, new File([content], parts[`__${key}Name`], { type: parts[`__${key}Type`] }));
    }
    return out;
  };

  const dataURL = (blob) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });

  const fetchRemote = async ({ remoteKey, fetchRequestInit = {}, isMultipartFormData }) => {
    const { url, token } = await ask('fetchRemote', { remoteKey });
    const { path = '', method, body } = fetchRequestInit;
    const headers = new Headers(fetchRequestInit.headers);
    headers.set('Authorization', `Bearer ${token}`);
    if (isMultipartFormData) headers.delete('Content-Type'); // the browser names the boundary
    const r = await fetch(url + path, { method, headers, body: isMultipartFormData ? await form(body) : body || undefined });
    const answer = { headers: Object.fromEntries(r.headers), status: r.status, statusText: r.statusText };
    if (textual.test(r.headers.get('Content-Type') ?? 'text/plain')) return { ...answer, body: await r.text(), isAttachment: false };
    const blob = await r.blob();
    return { ...answer, body: blob.size ? await dataURL(blob) : '', isAttachment: true };
  };

  // ---- what @forge/bridge calls

  const frameId = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2);
  const here = {
    fetchRemote,
    enableTheming,
    createHistory,
    on: (payload) => listen(false, payload),
    onPublic: (payload) => listen(true, payload),
    emitReadyEvent: () => undefined,
    getFrameId: () => frameId,
    isRovoEnabled: () => false,
    getCookieConsentPreferences: () => null,
  };
  globalThis.__bridge = {
    callBridge: async (method, payload) => (Object.hasOwn(here, method) ? here[method](payload) : ask(method, payload)),
  };

  // ---- what a page has to know of its frame

  // The page gives its frame the height that it needs. The height of <html> shrinks with what is in it, which scrollHeight does not;
  // where an app fixes it, what stands out of <body> counts.
  addEventListener('DOMContentLoaded', () => {
    let before = 0;
    const tell = () => {
      const height = Math.ceil(Math.max(document.documentElement.getBoundingClientRect().height, document.body.scrollHeight));
      if (height === before) return;
      before = height;
      send({ forge: 'height', height });
    };
    const sizes = new ResizeObserver(tell);
    sizes.observe(document.documentElement);
    sizes.observe(document.body);
    new MutationObserver(tell).observe(document.body, { childList: true, subtree: true });
    started.then(() => {
      before = 0;
      tell();
    });
  });

  // A key that is pressed in a frame is none of the page's; that of a dialog wants to know of Escape.
  addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !e.defaultPrevented) send({ forge: 'escape' });
  });
})();
