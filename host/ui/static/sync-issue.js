// A link to an issue of which only the id is known.
import { h } from './sync-dom.js';

const { pergola } = window;

export const issueLink = (site, id) => h('a', {
  href: site.replace(/\/$/, '') + '/issues/?jql=id%3D' + id, target: '_top',
  onclick: (e) => {
    if (!pergola.inJira || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    pergola.openIssue({ id });
  },
}, id);
