// The page's half of Forge's bridge. It answers the frames that stand on the page as <iframe data-forge='{"app": …, "module": …}'>: it
// knows which frame asks, so that no frame can speak for another, and has the site do what only the site can.
import { createHistory, goHistory, moveHistory, followHistory } from './history.js';
import { dialogOf, openDialog } from './modal.js';

const maxHeight = 5000;

const frames = () => [...document.querySelectorAll('iframe[data-forge]')];
const about = (frame) => JSON.parse(frame.dataset.forge);
const send = (frame, message) => frame.contentWindow?.postMessage(message, '*');

async function onSite(frame, method, payload) {
  const r = await fetch('/sandbox/forge/bridge', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...about(frame), method, payload }),
  });
  const answer = await r.json();
  if (!r.ok) throw new Error((answer.errorMessages ?? [answer.message]).join(' '));
  return answer;
}

// ---- functions of frames

let last = 0;
const running = new Map();

// decode puts functions in the places where bridge.js has put names. They resolve when the frame has run them.
function decode(value, frame) {
  if (Array.isArray(value)) return value.map((v) => decode(v, frame));
  if (!value || typeof value !== 'object') return value;
  if (Object.hasOwn(value, 'forgeFunction')) {
    return (...args) =>
      new Promise((resolve) => {
        const id = ++last;
        running.set(id, resolve);
        send(frame, { forge: 'run', id, name: value.forgeFunction, args });
      });
  }
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v, frame)]));
}

// ---- themes

function theme() {
  const root = document.documentElement;
  const sheets = [...document.querySelectorAll('link[href*="/atlaskit-tokens_"]')].map((link) => link.href);
  return { mode: root.dataset.colorMode, names: root.dataset.theme, sheets };
}

// themeState is what apps read of the theme in their context.
function themeState() {
  const { mode, names } = theme();
  return { colorMode: mode, ...Object.fromEntries(names.split(' ').map((pair) => pair.split(':'))) };
}

new MutationObserver(() => frames().forEach((frame) => send(frame, { forge: 'theme', theme: theme() }))).observe(document.documentElement, {
  attributeFilter: ['data-color-mode', 'data-theme'],
});

// ---- where to go

async function address(frame, { url, ...where }) {
  if (typeof url !== 'string') return onSite(frame, 'getUrl', where);
  const to = new URL(url, location.href);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new Error(`router: an address begins with http or https, not ${to.protocol}`);
  return to.href;
}

async function navigate({ type, ...where }, frame) {
  const to = await address(frame, where);
  if (type === 'new-tab') window.open(to, '_blank', 'noopener');
  else location.assign(to);
}

// ---- flags

const flags = new Map(); // by app and id

function showFlag(options, frame) {
  const name = about(frame).app + ' ' + options.id;
  flags.get(name)?.close(); // a flag with the same id takes its place
  const flag = window.sandboxFlag({
    type: options.appearance ?? options.type,
    bold: Boolean(options.appearance),
    title: options.title,
    body: options.description,
    close: options.isAutoDismiss ? 'auto' : 'manual',
    actions: (options.actions ?? []).map(({ text, onClick }) => ({ actionText: text, executeAction: () => onClick?.() })),
    onClose: () => {
      if (flags.get(name) === flag) flags.delete(name);
    },
  });
  flags.set(name, flag);
}

// ---- dialogs

async function openModal(options, frame) {
  const { url } = await onSite(frame, 'openModal', { resource: options.resource });
  openDialog({ ...options, url, frame });
}

// ---- what frames ask for. false says that a view is not of that kind; @forge/bridge makes an error of it.

const methods = {
  navigate,
  showFlag,
  openModal,
  getUrl: (where, frame) => address(frame, where),
  reload: () => location.reload(),
  closeFlag: ({ id }, frame) => flags.get(about(frame).app + ' ' + id)?.close(),
  changeWindowTitle: (title) => {
    if (typeof title !== 'string') throw new Error('changeWindowTitle: want a text.');
    document.title = title;
  },
  getContext: async (_, frame) => {
    const context = await onSite(frame, 'getContext');
    const extension = { ...context.extension, location: location.href };
    const dialog = dialogOf(frame);
    if (dialog) extension.modal = dialog.context;
    return { ...context, extension, theme: themeState() };
  },
  createHistory: (_, frame) => createHistory(frame),
  moveHistory: (to, frame) => moveHistory(frame, to),
  goHistory: (delta) => goHistory(delta),
  refresh: () => (document.querySelector('[data-issue]') ? window.sandboxPage.refresh() : false),
  close: (payload, frame) => dialogOf(frame)?.close(payload) ?? false,
  onClose: (callback, frame) => dialogOf(frame)?.beforeClose(callback) ?? false,
  submit: () => false, // no module that the sandbox shows is submitted, nor opened by its frame
  open: () => false,
  // Frames of one app hear one another; what is public all frames of the page hear.
  emit: ({ event, payload }, frame) => {
    const { app } = about(frame);
    const own = frames().filter((other) => about(other).app === app);
    own.forEach((other) => send(other, { forge: 'event', name: event, payload }));
  },
  emitPublic: ({ event, payload }) => frames().forEach((frame) => send(frame, { forge: 'event', shared: true, name: event, payload })),
};

// ---- messages

const heard = {
  hello: (_, frame) => send(frame, { forge: 'ready', theme: theme() }),
  ran: ({ id }) => {
    running.get(id)?.();
    running.delete(id);
  },
  height: ({ height }, frame) => {
    if (!dialogOf(frame)) frame.height = Math.min(Number(height), maxHeight);
  },
  escape: (_, frame) => dialogOf(frame)?.escape(),
  call: async ({ id, method, payload }, frame) => {
    const answer = { forge: 'answer', id };
    try {
      const ours = Object.hasOwn(methods, method);
      answer.value = await (ours ? methods[method](decode(payload, frame), frame) : onSite(frame, method, payload));
    } catch (problem) {
      answer.problem = problem.message;
    }
    send(frame, answer);
  },
};

addEventListener('message', (e) => {
  const frame = frames().find((f) => f.contentWindow === e.source);
  if (frame && Object.hasOwn(heard, e.data?.forge)) heard[e.data.forge](e.data, frame);
});
followHistory();
frames().forEach((frame) => heard.hello(null, frame)); // those that said so before anybody listened
