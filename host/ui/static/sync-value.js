// How a value reads: as the source or Jira tells it, in words.
import { h } from './sync-dom.js';

const nothing = () => h('span', { class: 'muted' }, 'empty');

// shown is a value as an element. Where the field has options, an id of one is told by its name, the id beside.
export function shown(value, field) {
  const words = plain(value, field);
  if (words === '') return nothing();
  return h('span', null, words.length > 300 ? words.slice(0, 300) + '…' : words);
}

export function plain(value, field) {
  if (value === null || value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.map((v) => plain(v, field)).filter(Boolean).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return option(String(value), field) || String(value);
  if (value.type === 'doc') return document(value);
  const name = value.displayName || value.name || value.value || value.key;
  const words = name || (value.id && option(String(value.id), field)) || value.accountId || value.id || JSON.stringify(value);
  return words + (value.child ? ' › ' + plain(value.child, field) : '');
}

const option = (id, field) => field?.options?.find((o) => o.id === id)?.name;

// document is the text of rich text.
function document(node) {
  if (node.type === 'text') return node.text || '';
  if (node.type === 'hardBreak') return '\n';
  const inside = (node.content || []).map(document).join('');
  return /^(paragraph|heading|listItem|tableRow|codeBlock)$/.test(node.type) ? inside + '\n' : node.type === 'doc' ? inside.trim() : inside;
}
