// A Custom UI app that does what the test says, by @forge/bridge alone, and tells it what came of it. The test stands behind the
// address in <meta name="judge">.
import {
  events, i18n, invoke, invokeRemote, invokeService, Modal, NavigationTarget, requestJira, requestRemote, router, rovo, showFlag, view,
} from '@forge/bridge';

const judge = document.querySelector('meta[name=judge]').content;
const id = crypto.getRandomValues(new Uint32Array(4)).join('-');
const kept = {}; // flags, subscriptions and histories, by name
const heard = []; // what came without being asked for

async function tell(kind, value) {
  await fetch(`${judge}/judge/${kind}?frame=${id}`, { method: 'POST', body: JSON.stringify(value ?? null) });
}

async function answer(response) {
  const type = response.headers.get('content-type');
  const out = { status: response.status, ok: response.ok, type };
  if (type?.startsWith('image/') || type === 'application/octet-stream') {
    return { ...out, bytes: [...new Uint8Array(await response.arrayBuffer())] };
  }
  const text = await response.text();
  try {
    return { ...out, body: JSON.parse(text) };
  } catch {
    return { ...out, body: text };
  }
}

const steps = {
  context: () => view.getContext(),
  jira: async ({ path, init }) => answer(await requestJira(path, init)),
  attach: async ({ path, name, bytes, type }) => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)], { type }), name);
    return answer(await requestJira(path, { method: 'POST', body: form }));
  },
  invoke: ({ name, payload, metadata }) => invoke(name, payload, metadata),
  invokeRemote: (input) => invokeRemote(input),
  invokeService: (input) => invokeService(input),
  remote: async ({ key, init }) => answer(await requestRemote(key, init)),
  sendFile: async ({ key, path }) => {
    const form = new FormData();
    form.append('file', new Blob(['of a frame'], { type: 'text/plain' }), 'note.txt');
    form.append('asset', 'A-17');
    return answer(await requestRemote(key, { path, method: 'POST', body: form }));
  },
  invokeMany: async (n) => {
    const all = await Promise.allSettled(Array.from({ length: n }, () => invoke('many')));
    return { answered: all.filter((one) => one.status === 'fulfilled').length, refused: all.find((one) => one.status === 'rejected')?.reason.message };
  },

  on: async ({ event, shared }) => {
    kept[event] = await (shared ? events.onPublic : events.on)(event, async (payload) => {
      heard.push({ event, payload: payload?.note instanceof Blob ? { note: await payload.note.text() } : payload });
    });
  },
  off: (event) => kept[event].unsubscribe(),
  emit: ({ event, payload, shared }) => (shared ? events.emitPublic : events.emit)(event, payload),
  emitBlob: (event) => events.emit(event, { note: new Blob(['written']) }),
  heard: async (n) => {
    while (heard.length < n) await new Promise(requestAnimationFrame);
    return heard.splice(0);
  },

  showFlag: (options) => {
    const actions = options.actions?.map((text) => ({ text, onClick: () => heard.push({ clicked: text }) }));
    kept.flag = showFlag({ ...options, actions });
  },
  closeFlag: () => kept.flag.close(),

  navigate: (to) => router.navigate(to),
  open: (to) => router.open(to),
  getUrl: async (to) => (await router.getUrl(to)).href,
  targets: () => Object.values(NavigationTarget),
  reload: () => router.reload(),

  title: (text) => view.changeWindowTitle(text),
  theme: async () => {
    await view.theme.enable();
    return steps.look();
  },
  look: () => {
    const root = document.documentElement;
    const style = getComputedStyle(root);
    return { mode: root.dataset.colorMode, names: root.dataset.theme, text: style.getPropertyValue('--ds-text').trim(), scheme: style.colorScheme };
  },
  awaitMode: async (mode) => {
    while (document.documentElement.dataset.colorMode !== mode) await new Promise(requestAnimationFrame);
    return steps.look();
  },

  createHistory: async () => {
    const history = (kept.history = await view.createHistory());
    history.listen((location, action) => heard.push({ location: location.pathname + location.search + location.hash, state: location.state, action }));
    return steps.where();
  },
  where: () => {
    const { location, action } = kept.history;
    return { path: location.pathname, search: location.search, hash: location.hash, state: location.state ?? null, action };
  },
  push: ({ to, state }) => kept.history.push(to, state),
  replace: ({ to, state }) => kept.history.replace(to, state),
  back: () => kept.history.back(),
  goBack: () => kept.history.goBack(),
  goForward: () => kept.history.goForward(),
  href: (to) => kept.history.createHref(to),

  close: (payload) => view.close(payload),
  submit: () => view.submit({ a: 1 }),
  refresh: () => view.refresh(),
  openView: () => view.open(),
  onClose: () => view.onClose(() => tell('closing', null)),
  modal: (options) => new Modal({ ...options, onClose: (payload) => heard.push({ closed: payload ?? null }) }).open(),
  draft: (html) => void (document.body.innerHTML = html),
  awaitHeight: async ({ least, most }) => {
    while (innerHeight < least || innerHeight > most) await new Promise(requestAnimationFrame);
    return innerHeight;
  },
  fill: (pixels) => void (document.querySelector('#app').style.height = pixels + 'px'),
  fixed: () => {
    const root = document.documentElement;
    root.style.height = document.body.style.height = '100%';
  },
  ready: () => view.emitReadyEvent(),
  translate: async () => (await i18n.createTranslationFunction())('greeting'),
  rovo: () => rovo.isEnabled(),
  call: ({ method, payload }) => globalThis.__bridge.callBridge(method, payload),
};

async function run({ n, step, input }) {
  try {
    await tell('result', { n, value: (await steps[step](input)) ?? null });
  } catch (problem) {
    await tell('result', { n, problem: problem.message });
  }
}

addEventListener('error', (e) => tell('error', e.message));
addEventListener('unhandledrejection', (e) => tell('error', String(e.reason)));

async function follow() {
  const { moduleKey, localId, extension } = await view.getContext();
  await tell('hello', { app: localId, module: moduleKey, modal: Boolean(extension.modal) });
  for (;;) {
    const next = await fetch(`${judge}/judge/next?frame=${id}`);
    if (next.status === 200) run(await next.json());
  }
}
follow();
