// The first page: all nodes and mounts, with a search over them.
import {chart} from './history.js';
import {ago, api, box, cell, count, el, has, here, hidden, list, matches, may, number, part, quiet, say, table, tell, to} from './kit.js';
import {t} from './texts.js';
import {form, opening, question} from './forms.js';
import {troubles} from './troubles.js';
import {mountRow, mountSorts, mountTexts, stateOf} from './mounts.js';

const EVERY = 3000, MOST_ROWS = 200;   // ms, rows
const states = {up: 'up', suspect: 'half', draining: 'half', down: 'off'};

export const nodeSorts = {Node: one => one.id, State: one => one.state, Listeners: one => one.listeners ?? 0, Load: one => one.max_kbps > 0 ? one.kbps / one.max_kbps : 0,
  Sources: one => one.sources ?? 0, Up: one => one.uptime_s ?? -1, Version: one => one.version};
export function nodeRow(first, refresh) {
  const parts = {};
  let node = first;
  const order = async (path, body) => { await api('POST', '/nodes/' + part(node.id) + path, body); await refresh(); };
  const cells = [
    el('td', {'data-label': 'Node'}, el('span', null, parts.id = el('strong'), parts.about = el('small'))),
    cell('State', parts.state = el('span')), cell('Listeners', parts.listeners = el('span')),
    cell('Load', parts.meter = el('meter', {max: 1, low: 0.8, high: 0.95, optimum: 0}), parts.load = el('span')),
    cell('Sources', parts.sources = el('span')), cell('Up', parts.up = el('span')), cell('Version', parts.version = el('span'))];
  const drain = may('POST /nodes/{}/drain') && question('Drain', first.id, () => node.id + ' takes no new listeners; ' + count(node.listeners, 'listener') + ' are there.',
    [['Drain', () => order('/drain', {on: true, mode: 'soft'})], ['Move listeners too', () => order('/drain', {on: true, mode: 'move'})]]);
  const serve = may('POST /nodes/{}/drain') && el('button', {type: 'button', on: {click: async () => {
    try { await order('/drain', {on: false}); } catch (problem) { tell(problem.message); }
  }}}, 'Serve again', hidden(': ' + first.id));
  const weight = may('POST /nodes/{}/weight') && opening('Weight', first.id, close => form({button: 'Set', cancel: close,
    groups: [{fields: [{name: 'weight', label: 'Weight of ' + node.id, type: 'number', min: 0, value: node.weight,
      hint: 'Its share of new listeners, beside the others. Empty: as its configuration says.'}]}],
    send: async body => { await order('/weight', {weight: body.weight ?? null}); close(); }}).node);
  const past = has('GET /history') && here.role !== 'none' && opening('Chart', first.id, () => {
    const charts = [chart('Listeners of ' + node.id, {of: 'listeners', by: 'node', node: node.id, limit: node.max_listeners || 0}),
      chart('Bandwidth of ' + node.id, {of: 'kbps', by: 'node', node: node.id, limit: node.max_kbps || 0})];
    for (const one of charts) one.refresh();
    return el('div', {class: 'charts'}, charts.map(one => one.node));
  });
  // A session can be handed over; a password in the request cannot.
  const visit = here.expires && here.role !== 'viewer' && el('form', {method: 'post', action: '/api/v1/session/handover'},
    el('input', {type: 'hidden', name: 'csrf', value: here.csrf}), el('input', {type: 'hidden', name: 'node', value: first.id}),
    el('button', {type: 'submit'}, 'Open', hidden(' ' + first.id)));
  return {cells, acts: [past, drain, serve, weight, visit], fill(one) {
    node = one;
    const drains = node.state === 'draining', own = node.kind === 'self' || node.self;
    say(parts.id, node.id);
    say(parts.about, [node.url || 'no public address', [...(node.tags || []), node.country].filter(Boolean).join(', ')].filter(Boolean).join('; '));
    say(parts.state, t(node.state));
    parts.state.className = 'state ' + (states[node.state] || 'off');
    say(parts.listeners, number(node.listeners ?? 0) + (node.max_listeners > 0 ? ' of ' + number(node.max_listeners) : ''));
    parts.meter.hidden = !(node.max_kbps > 0);
    parts.meter.value = node.max_kbps > 0 ? Math.min(1, node.kbps / node.max_kbps) : 0;
    parts.meter.setAttribute('aria-label', 'Load of ' + node.id);
    say(parts.load, node.max_kbps > 0 ? Math.round(100 * node.kbps / node.max_kbps) + '\u00a0%' : number(Math.round(node.kbps ?? 0)) + '\u00a0kbit/s');
    say(parts.sources, number(node.sources ?? 0) + (node.max_sources > 0 ? ' of ' + number(node.max_sources) : ''));
    say(parts.up, node.uptime_s >= 0 ? ago(node.uptime_s) : '');
    say(parts.version, node.version || '');
    if (drain) drain.parentNode.hidden = drains;
    if (serve) serve.parentNode.hidden = !drains;
    if (visit) visit.parentNode.hidden = own || !node.url || node.state === 'down';
  }};
}

const found = (items, term, texts) => term ? items.filter(one => matches(term, ...texts(one))) : items;

export async function overview(page) {
  page.title('Overview');
  const search = page.search('Search mounts, nodes, accounts and users');
  const totals = el('ul', {class: 'tiles'});
  const tiles = ['listeners', 'mounts on air', 'nodes up', 'kbit/s'].map(word => {
    const value = el('strong', null, '0');
    return {value, node: el('li', null, value, ' ' + word)};
  });
  totals.append(...tiles.map(one => one.node));
  const state = el('p', {class: 'about', hidden: true});
  const nodes = table('Node', 'State', 'Listeners', 'Load', 'Sources', 'Up', 'Version');
  const noNode = quiet('No node matches.'), noMount = quiet('');
  const mounts = table('Mount', 'State', 'Listeners', 'Title', 'Home', 'Account');
  const more = quiet('');
  const people = el('div');
  const charts = [chart('Listeners by mount', {of: 'listeners', by: 'mount'}), chart('Bandwidth', {of: 'kbps'})].filter(Boolean);
  const trouble = troubles();
  page.main.append(trouble.node, box(totals, state), charts.length ? box(el('div', {class: 'charts'}, charts.map(one => one.node))) : '', search.node,
    el('h2', null, 'Nodes'), has('GET /nodes') ? (may('GET /nodes') ? box(nodes.node, noNode) : box(quiet('Your role does not show the nodes.')))
      : box(quiet('This server does not list its nodes here. The page ', el('a', {href: '/admin/cluster.xsl'}, 'Cluster'), ' shows them.')),
    el('h2', null, 'Mounts'), box(mounts.node, noMount, more), people);
  let known = {nodes: [], mounts: []}, others = null;

  const draw = () => {
    const term = search.value();
    const shown = found(known.nodes, term, one => [one.id, one.url, one.state, one.country, one.version, one.tags]);
    nodes.fill(nodes.sorted(shown), one => one.id, one => nodeRow(one, refresh));
    noNode.hidden = shown.length > 0;
    say(noNode, known.nodes.length ? 'No node matches.' : 'No node has reported.');
    const rows = found(known.mounts, term, mountTexts);
    mounts.fill(mounts.sorted(rows).slice(0, MOST_ROWS), one => one.mount, () => mountRow('Title', one => one.title));
    noMount.hidden = rows.length > 0;
    say(noMount, term ? 'No mount matches.' : 'There are no mounts.');
    more.hidden = rows.length <= MOST_ROWS;
    say(more, 'The first ' + MOST_ROWS + ' of ' + number(rows.length) + '; search for the others.');
    const lines = term && others ? others.filter(one => matches(term, one.name, one.text)) : [];
    people.replaceChildren(...(lines.length ? [el('h2', null, 'Accounts and users'), box(el('ul', {class: 'plain'},
      lines.slice(0, 50).map(one => el('li', null, to(one.page, one.name), ' ', el('span', {class: 'about'}, one.text)))))] : []));
    if (term) tell(count(shown.length, 'node') + ', ' + count(rows.length, 'mount') + (lines.length ? ', ' + count(lines.length, 'other') : '') + ' found');
  };
  async function refresh() {
    const [all, those] = await Promise.all([list('/mounts'), may('GET /nodes') ? list('/nodes') : []]);
    // The busiest first; what is equal keeps the order of its name.
    known = {nodes: those, mounts: all.sort((a, b) => (b.listeners || 0) - (a.listeners || 0) || (stateOf(b)[1] === 'up') - (stateOf(a)[1] === 'up'))};
    const sum = (rows, of) => rows.reduce((value, row) => value + (row[of] || 0), 0);
    say(tiles[0].value, number(those.length ? sum(those, 'listeners') : sum(all, 'listeners')));
    say(tiles[1].value, number(all.filter(one => stateOf(one)[1] === 'up').length) + ' of ' + number(all.length));
    say(tiles[2].value, number(those.filter(one => one.state === 'up').length) + ' of ' + number(those.length));
    say(tiles[3].value, number(Math.round(sum(those, 'kbps'))));
    tiles[2].node.hidden = tiles[3].node.hidden = !those.length;
    draw();
    trouble.fill(known);
    charts.forEach(one => one.refresh());
  }
  async function searched() {
    draw();
    if (others || !search.value()) return;
    others = [];
    const [accounts, users] = await Promise.all([may('GET /accounts') ? list('/accounts') : [], may('GET /users') ? list('/users') : []]);
    others = [...accounts.map(one => ({name: one.id, text: 'account' + (one.name && one.name !== one.id ? ', ' + one.name : ''), page: '/accounts?q=' + part(one.id)})),
      ...users.map(one => ({name: one.name, text: one.role + (one.account ? ' of ' + one.account : ''), page: '/users?q=' + part(one.name)}))];
    draw();
  }
  nodes.sort(nodeSorts, draw);
  mounts.sort(mountSorts, draw);
  search.listen(searched);
  if (here.store === 'none') {
    state.hidden = false;
    say(state, 'This server has no store of its own: its mounts are those of the configuration file'
      + (here.masters ? ', and of its masters, where they are changed' : ', and nothing is created here') + '.');
  }
  await refresh();
  searched();
  page.poll(refresh, () => known.mounts.length > 1000 ? 10 * EVERY : EVERY);
}
