// Dialogs that frames open with Modal: a frame of the same module in a dialog of the site, with another resource and a context of its own.

const patience = 3000; // milliseconds that a frame may take for what it does before its dialog closes
const dialogs = new WeakMap(); // by their frames

// dialogOf is the dialog that a frame stands in.
export const dialogOf = (frame) => dialogs.get(frame);

function element(tag, className, ...content) {
  const el = document.createElement(tag);
  el.className = className;
  el.append(...content);
  return el;
}

function header({ title, icon }, close) {
  const dismiss = element('button', 'icon-button', '×');
  dismiss.type = 'button';
  dismiss.setAttribute('aria-label', 'Close');
  dismiss.addEventListener('click', () => close());
  const out = element('header', '', element('h2', '', title), dismiss);
  if (icon) {
    const image = element('img', '');
    image.alt = '';
    image.onerror = () => image.remove(); // the site shows pictures of its own and data URLs
    image.src = icon;
    out.prepend(image);
  }
  return out;
}

function frameIn({ url, title, frame }) {
  const inner = document.createElement('iframe');
  inner.title = title || frame.title;
  inner.setAttribute('sandbox', frame.getAttribute('sandbox'));
  inner.dataset.forge = frame.dataset.forge;
  inner.src = url;
  return inner;
}

// openDialog opens a dialog on behalf of a frame. options are those of Modal, with the url of the resource.
export function openDialog(options) {
  const el = element('dialog', 'dialog forge-modal');
  if (typeof options.size === 'string') {
    el.classList.add('dialog-' + options.size);
  } else {
    el.classList.add('dialog-own');
    Object.assign(el.style, { width: options.size.width, height: options.size.height ?? '' });
  }
  el.setAttribute('aria-label', options.title || options.frame.title);
  el.tabIndex = -1;

  const before = [];
  let closing = false;
  async function close(payload) {
    if (closing) return;
    closing = true;
    await Promise.race([Promise.allSettled(before.map((f) => f())), new Promise((late) => setTimeout(late, patience))]);
    el.close();
    el.remove();
    options.onClose?.(payload);
  }
  const escape = () => {
    if (options.closeOnEscape) close();
  };

  const inner = frameIn(options);
  dialogs.set(inner, { context: options.context, close, escape, beforeClose: async (f) => void before.push(f) });
  if (options.title) el.append(header(options, close));
  el.append(element('div', 'dialog-body', inner));
  // Escape is taken before the browser has it: it closes a dialog the second time, whatever was said the first.
  el.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return;
    e.preventDefault();
    escape();
  });
  el.addEventListener('cancel', (e) => {
    e.preventDefault();
    escape();
  });
  el.addEventListener('click', (e) => {
    if (e.target === el && options.closeOnOverlayClick) close();
  });
  document.body.append(el);
  el.showModal();
  el.focus(); // a frame that is not there yet would lose the keys; one that wants the focus takes it
}
