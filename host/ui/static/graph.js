// What a drawing of relations does beyond being looked at: zoom, hiding kinds of relation, showing what a node is linked to, and
// saving. app.js loads this where a page has one.
import { say } from './app.js';

const { pergola } = window;

const STEPS = [0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.25, 1.5, 2, 3];
const LEAST = 0.8; // below this, words are hard to read: a drawing that is wider is scrolled at first
const kept = new Map(); // by the drawing's id: what the user chose, for when the page is drawn anew
const number = (el, name) => Number(el.getAttribute(name));

export function start(el) {
  el.removeAttribute('data-module'); // an element starts once
  const ground = el.querySelector('.graph-ground');
  const svg = el.querySelector('.graph-drawing');
  const mine = kept.get(el.id) || kept.set(el.id, { off: new Set() }).get(el.id);
  const zoom = zooming(el, ground, svg, mine);
  filtering(el, svg, mine);
  nearing(svg);
  dragging(ground);
  svg.addEventListener('keydown', (e) => { // a link without an address, and a button, are pressed as such ones are
    const at = e.target.closest('[role=button], [role=link]');
    if (!at || (e.key !== 'Enter' && !(e.key === ' ' && at.matches('[role=button]')))) return;
    e.preventDefault();
    at.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  });
  svg.addEventListener('click', (e) => { // app.js knows links and buttons of HTML, which are other things
    const expand = e.target.closest('.graph-expand');
    if (expand) press(el, expand.dataset);
    const link = e.target.closest('a[data-issue]');
    if (!link) return;
    e.stopPropagation();
    const { issue: id, key } = link.dataset;
    const href = link.href.baseVal;
    if (href && (!pergola.inJira || e.ctrlKey || e.metaKey || e.shiftKey)) return;
    e.preventDefault();
    pergola.openIssue({ id, key, href });
  });
  const tools = el.querySelector('.graph-tools');
  tools.hidden = false;
  tools.addEventListener('click', (e) => {
    const { zoom: how, save } = e.target.closest('button')?.dataset || {};
    if (how || save) e.stopPropagation(); // app.js would send it to the server
    if (how) say(zoom(how));
    if (save) saveAs(save, svg).catch(() => pergola.flag({ tone: 'danger', title: 'The drawing could not be saved', body: 'Try the other format.' }));
  });
}

// press makes the call of a button of the drawing, by way of a button that app.js knows.
function press(el, data) {
  const button = Object.assign(document.createElement('button'), { type: 'button', hidden: true });
  Object.assign(button.dataset, data);
  el.append(button);
  button.click();
  button.remove();
}

// zooming returns what changes the zoom, and says how it is then.
function zooming(el, ground, svg, mine) {
  const { width, height } = svg.viewBox.baseVal;
  const set = (scale) => {
    const x = (ground.scrollLeft + ground.clientWidth / 2) / (number(svg, 'width') || 1);
    const y = (ground.scrollTop + ground.clientHeight / 2) / (number(svg, 'height') || 1);
    mine.scale = scale;
    svg.setAttribute('width', Math.round(width * scale));
    svg.setAttribute('height', Math.round(height * scale));
    ground.scrollLeft = x * number(svg, 'width') - ground.clientWidth / 2; // what was in the middle stays there
    ground.scrollTop = y * number(svg, 'height') - ground.clientHeight / 2;
    const words = Math.round(scale * 100) + ' %';
    el.querySelector('.graph-tools output').textContent = words;
    return 'Zoom ' + words;
  };
  const change = (how) => {
    if (how === 'in') return set(STEPS.find((s) => s > mine.scale + 0.001) || mine.scale);
    if (how === 'out') return set(STEPS.findLast((s) => s < mine.scale - 0.001) || mine.scale);
    return set(Math.min(1, ground.clientWidth / width, Math.max(ground.clientHeight, 400) / height));
  };
  ground.addEventListener('keydown', (e) => {
    const how = { '+': 'in', '=': 'in', '-': 'out', 0: 'whole' }[e.key];
    if (!how || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    say(change(how));
  });
  set(mine.scale || Math.min(1, Math.max(LEAST, ground.clientWidth / width)));
  const middle = document.getElementById(el.dataset.middle)?.getBoundingClientRect();
  if (middle) {
    const frame = ground.getBoundingClientRect();
    ground.scrollLeft += middle.left + middle.width / 2 - frame.left - frame.width / 2;
    ground.scrollTop += middle.top + middle.height / 2 - frame.top - frame.height / 2;
  }
  return change;
}

// filtering lets the legend hide kinds of relation, and the nodes that then hang alone.
function filtering(el, svg, mine) {
  const edges = [...svg.querySelectorAll('.graph-edge')];
  const rows = el.querySelector('.graph-same tbody').rows; // the first ones are the edges, in their order
  const boxes = [...el.querySelectorAll('.graph-legend input')];
  const name = (box) => box.labels[0].querySelector('span').textContent;
  const apply = () => {
    const off = new Set(boxes.filter((b) => !b.checked).map((b) => b.value));
    const had = new Set();
    const has = new Set();
    let hidden = 0;
    for (const e of svg.querySelectorAll('.graph-words')) e.toggleAttribute('hidden', off.has(e.dataset.kind));
    edges.forEach((e, i) => {
      const { kind, from, to } = e.dataset;
      const gone = off.has(kind);
      e.toggleAttribute('hidden', gone);
      if (rows[i]) rows[i].hidden = gone;
      hidden += gone;
      for (const n of [from, to]) {
        had.add(n);
        if (!gone) has.add(n);
      }
    });
    for (const spot of svg.querySelectorAll('.graph-spot:not(.focus)')) {
      spot.toggleAttribute('hidden', had.has(spot.dataset.node) && !has.has(spot.dataset.node));
    }
    return hidden;
  };
  for (const box of boxes) {
    box.hidden = false;
    box.checked = !mine.off.has(name(box));
    box.addEventListener('change', () => {
      if (box.checked) mine.off.delete(name(box));
      else mine.off.add(name(box));
      say('Hidden: ' + apply() + ' of ' + edges.length + ' relations');
    });
  }
  apply();
}

// nearing shows a node's own lines, and where they lead, while it is pointed at or has the focus.
function nearing(svg) {
  const show = (spot) => {
    for (const e of svg.querySelectorAll('.near')) e.classList.remove('near');
    svg.classList.toggle('close', Boolean(spot));
    if (!spot) return;
    const near = new Set([spot.dataset.node]);
    for (const e of svg.querySelectorAll('[data-from]')) {
      const { from, to } = e.dataset;
      if (from !== spot.dataset.node && to !== spot.dataset.node) continue;
      e.classList.add('near');
      near.add(from).add(to);
    }
    for (const s of svg.querySelectorAll('.graph-spot')) s.classList.toggle('near', near.has(s.dataset.node));
  };
  const of = (e) => e.target.closest?.('.graph-spot');
  svg.addEventListener('pointerover', (e) => show(of(e)));
  svg.addEventListener('pointerleave', () => show());
  const ground = svg.parentElement; // with such listeners of its own, a drawing would be a stop of the Tab key
  ground.addEventListener('focusin', (e) => { if (e.target.matches(':focus-visible')) show(of(e)); });
  ground.addEventListener('focusout', () => show());
}

// dragging moves a drawing that is larger than its ground; fingers do so by themselves.
function dragging(ground) {
  ground.addEventListener('pointerdown', (e) => {
    if (e.pointerType !== 'mouse' || e.button || e.target.closest('a') || !ground.querySelector('svg').contains(e.target)) return;
    const from = { x: e.clientX + ground.scrollLeft, y: e.clientY + ground.scrollTop };
    const move = (m) => {
      ground.scrollLeft = from.x - m.clientX;
      ground.scrollTop = from.y - m.clientY;
    };
    ground.classList.add('held');
    ground.setPointerCapture(e.pointerId);
    ground.addEventListener('pointermove', move);
    ground.addEventListener('lostpointercapture', () => {
      ground.classList.remove('held');
      ground.removeEventListener('pointermove', move);
    }, { once: true });
  });
}

// What a drawing looks like away from the page's style sheets.
const LOOK = ['fill', 'stroke', 'stroke-width', 'stroke-linejoin', 'paint-order', 'font-family', 'font-size', 'font-weight', 'fill-rule'];
const HELD = ['class', 'id', 'tabindex', 'role', 'aria-hidden', 'aria-labelledby', 'aria-describedby', 'target', 'focusable'];

// alone copies what is drawn, in the colours that it has now, without what can only be pressed on the page.
function alone(svg) {
  svg.classList.remove('close');
  const copy = (el) => {
    const look = getComputedStyle(el);
    if (look.display === 'none' && !el.closest('defs, title, desc') || el.matches('.graph-expand')) return null;
    const out = el.cloneNode(false);
    for (const { name } of [...out.attributes]) if (name.startsWith('data-') || (HELD.includes(name) && el.localName !== 'clipPath')) out.removeAttribute(name);
    if (el.matches('path, rect, text')) {
      for (const name of LOOK) {
        const now = look.getPropertyValue(name);
        if (now && !(now === 'none' && name !== 'fill')) out.setAttribute(name, now.replaceAll('"', "'"));
      }
      out.setAttribute('stroke-width', el.matches('.graph-line') ? 1.75 : look.strokeWidth);
    }
    for (const child of el.childNodes) {
      const inner = child.nodeType === Node.ELEMENT_NODE ? copy(child) : child.nodeType === Node.TEXT_NODE && child.cloneNode();
      if (inner) out.append(inner);
    }
    return out;
  };
  const out = copy(svg);
  const { width, height } = svg.viewBox.baseVal;
  out.setAttribute('width', width);
  out.setAttribute('height', height);
  return new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', new XMLSerializer().serializeToString(out)], { type: 'image/svg+xml' });
}

const MOST = 8192; // pixels of a side: what every browser's canvas can hold

async function painted(svg) {
  const { width, height } = svg.viewBox.baseVal;
  const scale = Math.min(2, MOST / width, MOST / height);
  const url = URL.createObjectURL(alone(svg));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(width * scale), height: Math.round(height * scale) });
    const pen = canvas.getContext('2d');
    pen.fillStyle = getComputedStyle(svg.querySelector('.graph-back')).fill;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
    if (!blob) throw new Error('no picture');
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function saveAs(type, svg) {
  const blob = type === 'png' ? await painted(svg) : alone(svg);
  const title = svg.querySelector('title').textContent;
  const name = (title.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 80) || 'graph') + '.' + type;
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60000);
  say(name + ' saved');
}
