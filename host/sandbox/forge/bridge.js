// Forge's bridge, both halves of it. In a frame it is globalThis.__bridge, which @forge/bridge calls; it asks the page around it.
// On a page it answers the frames that stand there as <iframe data-forge='{"app": …, "module": …}'>: it knows which frame asks,
// so that no frame can speak for another, and has the site do what only the site can.
(() => {
  'use strict';

  const isFrame = window.parent !== window;
  if (isFrame) {
    frameSide();
  } else if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', pageSide);
  } else {
    pageSide();
  }

  function frameSide() {
    let last = 0;
    const waiting = new Map();
    const listeners = new Map();

    addEventListener('message', (e) => {
      if (e.source !== window.parent || !e.data) return;
      if (e.data.forgeEvent) {
        for (const f of listeners.get(e.data.forgeEvent) ?? []) f(e.data.payload);
        return;
      }
      const call = waiting.get(e.data.forgeAnswer);
      if (!call) return;
      waiting.delete(e.data.forgeAnswer);
      if (e.data.problem) call.reject(new Error(e.data.problem));
      else call.resolve(e.data.value);
    });

    const ask = (method, payload) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject });
        // Functions do not cross; those that matter were kept here.
        window.parent.postMessage({ forgeCall: id, method, payload: JSON.parse(JSON.stringify(payload ?? null)) }, '*');
      });

    // requestRemote goes from the browser to the remote, which has to allow it by CORS.
    const fetchRemote = async ({ remoteKey, fetchRequestInit = {} }) => {
      const { url, token } = await ask('fetchRemote', { remoteKey });
      const headers = new Headers(fetchRequestInit.headers);
      headers.set('Authorization', `Bearer ${token}`);
      const { path = '', method, body } = fetchRequestInit;
      const r = await fetch(url + path, { method, headers, body: body || undefined });
      return { body: await r.text(), headers: Object.fromEntries(r.headers), status: r.status, statusText: r.statusText, isAttachment: false };
    };

    const local = {
      fetchRemote,
      on: ({ event, callback }) => {
        if (!listeners.has(event)) listeners.set(event, new Set());
        listeners.get(event).add(callback);
        return { unsubscribe: () => listeners.get(event).delete(callback) };
      },
      onClose: ({ onClose } = {}) => local.on({ event: 'close', callback: onClose ?? (() => {}) }),
      enableTheming: () => undefined,
      emitReadyEvent: () => undefined,
      getFrameId: () => 'frame',
    };
    globalThis.__bridge = {
      callBridge: async (method, payload) => (Object.hasOwn(local, method) ? local[method](payload) : ask(method, payload)),
    };

    // A page gives its frame the height that it needs.
    addEventListener('DOMContentLoaded', () => {
      const tell = () => window.parent.postMessage({ forgeHeight: document.documentElement.scrollHeight }, '*');
      new ResizeObserver(tell).observe(document.documentElement);
      tell();
    });
  }

  function pageSide() {
    const frames = () => [...document.querySelectorAll('iframe[data-forge]')];

    const onPage = {
      navigate: ({ url }) => location.assign(url),
      open: ({ url }) => void window.open(url, '_blank', 'noopener'),
      refresh: () => location.reload(),
      reload: () => location.reload(),
      close: (_, frame) => frame.dispatchEvent(new CustomEvent('forge:close', { bubbles: true })),
      submit: (_, frame) => frame.dispatchEvent(new CustomEvent('forge:close', { bubbles: true })),
      changeWindowTitle: ({ title }) => void (document.title = title),
      showFlag: (flag) => document.dispatchEvent(new CustomEvent('forge:flag', { detail: flag })),
      getUrl: () => location.href,
      // Frames of one app hear one another.
      emit: ({ event, payload }, frame) => {
        const { app } = JSON.parse(frame.dataset.forge);
        for (const other of frames()) {
          if (JSON.parse(other.dataset.forge).app === app) other.contentWindow.postMessage({ forgeEvent: event, payload }, '*');
        }
      },
    };

    const onSite = async (frame, method, payload) => {
      const r = await fetch('/sandbox/forge/bridge', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...JSON.parse(frame.dataset.forge), method, payload }),
      });
      const answer = await r.json();
      if (!r.ok) throw new Error((answer.errorMessages ?? [answer.message]).join(' '));
      return answer;
    };

    addEventListener('message', async (e) => {
      const frame = frames().find((f) => f.contentWindow === e.source);
      if (!frame || !e.data) return;
      if (e.data.forgeHeight) {
        frame.height = Math.min(e.data.forgeHeight, 5000);
        return;
      }
      const { forgeCall, method, payload } = e.data;
      if (!forgeCall) return;
      const answer = { forgeAnswer: forgeCall };
      try {
        answer.value = Object.hasOwn(onPage, method) ? (onPage[method](payload ?? {}, frame) ?? null) : await onSite(frame, method, payload);
      } catch (problem) {
        answer.problem = problem.message;
      }
      if (typeof answer.value === 'boolean') answer.value = null;
      e.source.postMessage(answer, '*');
    });
  }
})();
