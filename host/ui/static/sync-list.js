// The first view: synchronizations and connections.
import { h, ask, put, post, button, busyButton, lozenge, notice, ago, complain, table, say } from './sync-dom.js';
import { live, outcomeBar, scheduleWords, stateOf, stoppedWords, troubleWords } from './sync-words.js';

const { pergola } = window;

export async function listView(page) {
  page.title('Synchronizations');
  const setup = await page.setup();
  await draw(page, setup);
}

async function draw(page, setup) {
  const [all, projects] = await Promise.all([
    ask('overview', { signal: page.signal }),
    ask('projects', { signal: page.signal }).catch(() => []), // the list is of use without the names of projects
  ]);
  const names = new Map(projects.map((p) => [p.id, p.name]));
  if (!all.connections.length) return page.draw(nothing(setup));
  page.draw(
    h('p', { class: 'muted sync-lead' }, 'Rows of a table or list outside of Jira become issues, and stay up to date.'),
    h('section', { 'aria-labelledby': 'syncs' },
      head('syncs', 'Synchronizations', h('a', { class: 'button primary', href: '#/syncs/new' }, 'New synchronization'), all.syncs.length > 0),
      all.syncs.length ? h('ul', { class: 'cards' }, all.syncs.map((s) => h('li', null, card(page, setup, s, all.connections, names))))
        : empty('No synchronization yet', 'Choose what is read from a connection, and which fields of issues it fills.', h('a', { class: 'button primary', href: '#/syncs/new' }, 'New synchronization'))),
    h('section', { 'aria-labelledby': 'connections' },
      head('connections', 'Connections', h('a', { class: 'button', href: '#/connections/new' }, 'Connect a source'), true),
      table('Connections', ['Name', 'Kind', 'State'], all.connections.map((c) => h('tr', null,
        h('td', null, h('a', { href: '#/connections/' + c.id }, c.name)), h('td', null, kindOf(setup, c)),
        h('td', null, c.trouble ? [lozenge('In trouble', 'danger'), ' ', troubleWords(c.trouble).means, ' ', h('span', { class: 'muted' }, troubleWords(c.trouble).do)] : lozenge('Fine', 'success')))))));
  if (all.syncs.some((s) => live(s.run))) refresh(page, setup);
}

// refresh draws the list anew while something runs, unless somebody is at a button of it.
function refresh(page, setup) {
  const timer = setTimeout(() => {
    if (document.activeElement?.closest('#sync')) return refresh(page, setup);
    return draw(page, setup).catch((e) => { if (e.name !== 'AbortError') refresh(page, setup); });
  }, 3000);
  page.signal.addEventListener('abort', () => clearTimeout(timer));
}

const head = (id, text, action, shown) => h('div', { class: 'sync-section' }, h('h2', { id }, text), shown && action);
const empty = (title, text, ...actions) => h('div', { class: 'empty' }, h('h3', { class: 'empty-title' }, title), h('p', null, text), actions);

export function kindOf(setup, c) {
  const kind = setup.kinds.find((k) => k.plugin === c.plugin && k.synchronizer === c.synchronizer);
  if (kind) return kind.title;
  const off = setup.off.find((o) => o.plugin === c.plugin);
  return off ? [off.name + ' ', lozenge('Switched off', 'warning')] : [c.plugin, ' ', lozenge('Not installed', 'danger')];
}

// nothing says what all of this is, to who has not begun.
function nothing(setup) {
  return h('div', { class: 'empty sync-nothing' },
    h('h2', { class: 'empty-title' }, 'Keep issues in step with a source outside of Jira'),
    h('p', null, 'A synchronization reads the rows of a table, a view or a list, and makes an issue of each: assets from an inventory, contracts from a database. When a row changes, so does its issue. Nothing is ever deleted, and you see what would happen before it happens.'),
    h('ol', { class: 'sync-steps' },
      h('li', null, h('strong', null, 'Connect a source'), ' and test that it answers.'),
      h('li', null, h('strong', null, 'Choose the fields'), ' that its columns fill, with the first rows beside.'),
      h('li', null, h('strong', null, 'Look at the plan'), ': what a run would do, row by row.'),
      h('li', null, h('strong', null, 'Run it'), ', by hand or by a schedule.')),
    h('a', { class: 'button primary', href: '#/connections/new' }, 'Connect a source'),
    !setup.kinds.length && noKinds(setup));
}

// noKinds says which plugin to switch on where none connects to sources.
export function noKinds(setup) {
  const back = document.querySelector('.sync-back a')?.href;
  const where = back ? h('a', { href: back, target: '_top' }, 'Feature modules') : 'Feature modules';
  return notice('info', 'No plugin that connects to a source is switched on', setup.off.length
    ? h('p', null, 'Switch one on under ', where, ': ', setup.off.map((o, i) => [i > 0 && ', ', h('strong', null, o.name), ' (' + o.titles.join(', ') + ')']), '.')
    : h('p', null, 'None is installed either. Ask whoever runs this server for one, such as the database synchronizer.'));
}

function card(page, setup, s, connections, names) {
  const connection = connections.find((c) => c.id === s.connection);
  const id = 'sync-' + s.id;
  return h('article', { class: 'card', 'aria-labelledby': id },
    h('div', { class: 'card-head' },
      h('div', { class: 'card-title' }, h('h3', { id }, h('a', { href: '#/syncs/' + s.id }, s.name)), s.run && live(s.run) && stateOf(s.run))),
    h('dl', { class: 'sync-facts' },
      fact('From', connection ? [h('a', { href: '#/connections/' + connection.id }, connection.name), ', ', s.mapping.stream] : 'a connection that is gone'),
      fact('Into', names.get(s.mapping.project) || (s.mapping.project ? 'project ' + s.mapping.project : 'no project yet')),
      fact('When', scheduleWords(s.schedule)),
      fact('Last run', s.run ? [h('a', { href: '#/syncs/' + s.id + '/runs/' + s.run.id }, ago(s.run.created)), ' ', stateOf(s.run)] : 'never'),
      fact('Came of it', s.run && !s.run.stopped && outcomeBar(s.run.counts))),
    troubles(s, connection),
    h('div', { class: 'card-foot' },
      !live(s.run) && busyButton('Run now', async () => { const run = await post('syncs/' + s.id + '/runs'); page.go('syncs/' + s.id + '/runs/' + run.id); }, { 'aria-describedby': id }),
      h('a', { class: 'button', href: '#/syncs/' + s.id + '/plan', 'aria-describedby': id }, 'Plan'),
      h('a', { class: 'button', href: '#/syncs/' + s.id + '/runs', 'aria-describedby': id }, 'Runs'),
      s.schedule && busyButton(s.schedule.paused ? 'Resume schedule' : 'Pause schedule', async () => {
        const { next, last, skipped, ...kept } = s.schedule;
        await put('syncs/' + s.id + '/schedule', { ...kept, paused: !kept.paused });
        say(kept.paused ? 'The schedule goes on' : 'The schedule is paused');
        await draw(page, setup);
        document.querySelector('#' + id + ' a')?.focus(); // the button is another one now
      }, { 'aria-describedby': id }),
      button('Delete', async (e) => {
        if (!await pergola.confirm('Delete the synchronization ' + s.name + '? Its issues stay as they are.', 'Delete', e.currentTarget)) return;
        await ask('syncs/' + s.id, { method: 'DELETE' }).then(() => draw(page, setup)).catch(complain);
      }, { class: 'subtle', 'aria-describedby': id })));
}

const fact = (name, value) => value && h('div', null, h('dt', null, name), h('dd', null, value));

// troubles says what keeps a synchronization from going on, and what to do.
function troubles(s, connection) {
  if (connection?.trouble) {
    const w = troubleWords(connection.trouble);
    return notice('danger', 'The source refuses: ' + w.means, h('p', null, w.do, ' No run begins until a test of the connection succeeds. ', h('a', { href: '#/connections/' + connection.id }, 'Open the connection')));
  }
  if (s.trouble) {
    const w = troubleWords(s.trouble);
    return notice('danger', 'The last run failed: ' + w.means, h('p', null, w.do, ' The schedule waits until you have saved it again or run it by hand.'));
  }
  if (s.run?.stopped) {
    const w = stoppedWords(s.run.stopped);
    return notice('warning', w.means, h('p', null, w.do, ' ', s.run.stopped === 'brake' && h('a', { href: '#/syncs/' + s.id + '/plan' }, 'Look at the plan')));
  }
  return null;
}
