// The first page: all nodes and mounts, with a search over them.
import {charts} from './history.js';
import {ago, api, box, count, el, follow, head, here, hidden, list, listed, matches, may, newest, number, offer, part, pill, press, quiet, say, small, span, strong, table, tell, tiles, to, within} from './kit.js';
import {t} from './texts.js';
import {form, opening, question} from './forms.js';
import {troubles} from './troubles.js';
import {put} from './live.js';
import {mountRow, mountSorts, mountTexts, stateOf} from './mounts.js';

const EVERY = 3000;   // ms
const states = {up: 'up', suspect: 'half', draining: 'half', down: 'off'};

export const nodeSorts = {Node: one => one.id, State: one => one.state, Listeners: one => one.listeners ?? 0, Load: one => one.max_kbps > 0 ? one.kbps / one.max_kbps : 0,
  Sources: one => one.sources ?? 0, Up: one => one.uptime_s ?? -1, Version: one => one.version};
// Logins of some mounts see the nodes without numbers.
export const isTold = node => node.kbps !== undefined;
export function nodeRow(first, refresh) {
  const id = strong(), about = small(), load = span(), meter = el('meter', {max: 1, low: 0.8, high: 0.95, optimum: 0, 'aria-label': t('Load') + ': ' + first.id});
  let node = first;
  const order = async (path, body) => { await api('POST', '/nodes/' + part(node.id) + path, body); await refresh(); };
  const row = follow({
    Node: [span(id, about), () => {}], State: (one, at) => pill(at, one.state, states[one.state] || 'off'), Listeners: one => isTold(one) ? within(one.listeners, one.max_listeners) : '',
    Load: [span(meter, load), () => {}], Sources: one => isTold(one) ? within(one.sources, one.max_sources) : '', Up: one => one.uptime_s >= 0 ? ago(one.uptime_s) : '', Version: one => one.version || ''});
  const drain = may('POST /nodes/{}/drain') && question('Drain', first.id, () => t('{0} takes no new listeners; {1} on it now.', node.id, count(node.listeners, 'listener')),
    [['Drain', () => order('/drain', {on: true, mode: 'soft'})], ['Move listeners too', () => order('/drain', {on: true, mode: 'move'})]]);
  const serve = may('POST /nodes/{}/drain') && press(['Serve again', hidden(': ' + first.id)], () => order('/drain', {on: false}));
  const weight = may('POST /nodes/{}/weight') && opening('Weight', first.id, close => form({button: 'Set', cancel: close,
    groups: [{fields: [{name: 'weight', label: t('Weight') + ': ' + node.id, type: 'number', min: 0, value: node.weight,
      hint: 'Its share of new listeners, beside the others. Empty: as its configuration says.'}]}],
    send: async body => { await order('/weight', {weight: body.weight ?? null}); close(); }}).node);
  const past = isTold(first) && may('GET /history') && opening('Chart', first.id, () => {
    const own = charts([t('Listeners') + ': ' + node.id, {of: 'listeners', by: 'node', node: node.id, limit: node.max_listeners || 0}],
      [t('Bandwidth') + ': ' + node.id, {of: 'kbps', by: 'node', node: node.id, limit: node.max_kbps || 0}]);
    own.refresh();
    return own.node;
  });
  // A session can be handed over; a password in the request cannot.
  const visit = isTold(first) && here.expires && here.role !== 'viewer' && el('form', {method: 'post', action: '/api/v1/session/handover'},
    el('input', {type: 'hidden', name: 'csrf', value: here.csrf}), el('input', {type: 'hidden', name: 'node', value: first.id}),
    el('button', {type: 'submit'}, 'Open', hidden(' ' + first.id)));
  return {cells: row.cells, acts: [past, drain, serve, weight, visit], fill(one) {
    node = one;
    const drains = node.state === 'draining', own = node.kind === 'self' || node.self;
    row.fill(one);
    say(id, node.id);
    say(about, [node.url || isTold(node) && t('no public address'), [...(node.tags || []), node.country].filter(Boolean).join(', '),
      node.old_processes > 0 && t('old processes: {0}, connections: {1}', node.old_processes, number(node.old_connections))].filter(Boolean).join('; '));
    const full = node.max_kbps > 0 && node.kbps / node.max_kbps;
    meter.hidden = full === false;
    meter.value = Math.min(1, full || 0);
    say(load, !isTold(node) ? '' : full === false ? number(Math.round(node.kbps)) + '\u00a0kbit/s' : Math.round(100 * full) + '\u00a0%');
    offer([drain, !drains], [serve, drains], [visit, !own && node.url && node.state !== 'down']);
  }};
}

const found = (items, term, texts) => term ? items.filter(one => matches(term, ...texts(one))) : items;

export async function overview(page) {
  page.title('Overview');
  const search = page.search('Search mounts, nodes, accounts and users');
  const totals = tiles('listeners', 'mounts on air', 'nodes up', 'kbit/s');
  const state = el('p', {class: 'about', hidden: true});
  const nodes = table('Node', 'State', 'Listeners', 'Load', 'Sources', 'Up', 'Version');
  const mounts = table('Mount', 'State', 'Listeners', 'Title', 'Home', 'Account');
  const people = el('div');
  const past = charts(['Listeners by mount', {of: 'listeners', by: 'mount'}], ['Bandwidth', {of: 'kbps'}]);
  const trouble = troubles();
  page.add(trouble.node, box(totals.node, state), past.there && box(past.node), search.node,
    head('Nodes'), box(may('GET /nodes') ? nodes.all : quiet('Your role does not show the nodes.')),
    head('Mounts'), box(mounts.all), people);
  let known = {nodes: [], mounts: []}, others = null;

  const draw = () => {
    const term = search.value();
    const shown = found(known.nodes, term, one => [one.id, one.url, one.state, one.country, one.version, one.tags]);
    nodes.fill(shown, one => one.id, one => nodeRow(one, refresh), known.nodes.length ? 'No node matches.' : 'No node has reported.');
    const rows = found(known.mounts, term, mountTexts);
    mounts.fill(rows, one => one.mount, () => mountRow('Title', one => one.title), term ? 'No mount matches.' : 'There are no mounts.');
    const lines = term && others ? others.filter(one => matches(term, one.name, one.text)) : [];
    people.replaceChildren(...(lines.length ? [head('Accounts and users'), box(el('ul', {class: 'plain'},
      lines.slice(0, 50).map(one => el('li', null, to(one.page, one.name), ' ', el('span', {class: 'about'}, one.text)))))] : []));
    if (term) tell(t('Found: {0}', count(shown.length, 'node') + ', ' + count(rows.length, 'mount') + (lines.length ? ', ' + number(lines.length) + ' ' + t('others') : '')));
  };
  const ask = newest(() => Promise.all([list('/mounts'), listed('/nodes')]));
  async function refresh() {
    const got = await ask();
    if (!got) return;
    const [all, those] = got;
    // The busiest first, then by name.
    known = {nodes: those, mounts: all.sort((a, b) => (b.listeners || 0) - (a.listeners || 0) || (stateOf(b)[1] === 'up') - (stateOf(a)[1] === 'up'))};
    const sum = (rows, of) => rows.reduce((value, row) => value + (row[of] || 0), 0);
    const told = those.some(isTold);
    sums({listeners: sum(told ? those : all, 'listeners'), on_air: all.filter(one => stateOf(one)[1] === 'up').length, kbps: told ? sum(those, 'kbps') : undefined});
    totals.values[2].parentNode.hidden = totals.values[3].parentNode.hidden = !those.length;
    rows();
    past.refresh();
  }
  function sums(now) {
    say(totals.values[0], number(now.listeners));
    say(totals.values[1], within(now.on_air, known.mounts.length));
    if (now.kbps !== undefined) say(totals.values[3], number(Math.round(now.kbps)));
  }
  function rows() {
    say(totals.values[2], within(known.nodes.filter(one => one.state === 'up').length, known.nodes.length));
    draw();
    trouble.fill(known);
  }
  function told(data) {
    sums(data.totals);
    if (!data.mounts) return;
    const all = put(data, known);
    if (data.more) return all;
    rows();
    const byName = new Map(known.mounts.map(one => [one.mount, one]));
    past.heard(data.totals, name => byName.get(name));
    return all;
  }
  async function searched() {
    draw();
    if (others || !search.value()) return;
    others = [];
    const [accounts, users] = await Promise.all([listed('/accounts'), listed('/users')]);
    const told = (page, name, text) => ({name, text, page: page + '?q=' + part(name)});
    others = [...accounts.map(one => told('/accounts', one.id, 'account' + (one.name && one.name !== one.id ? ', ' + one.name : ''))),
      ...users.map(one => told('/users', one.name, one.role + (one.account ? ' of ' + one.account : '')))];
    draw();
  }
  nodes.sort(nodeSorts, draw);
  mounts.sort(mountSorts, draw);
  search.listen(searched);
  if (here.store === 'none') {
    state.hidden = false;
    say(state, t(here.masters ? 'This server has no store of its own: its mounts are those of the configuration file, and of its masters, where they are changed.'
      : 'This server has no store of its own: its mounts are those of the configuration file, and nothing is created here.'));
  }
  await refresh();
  searched();
  page.poll(refresh, () => known.mounts.length > 1000 ? 10 * EVERY : EVERY, told);
}
