// Fills cluster.xsl from cluster.json and cluster/links.json, again every two seconds while it is
// looked at.  What comes from reports goes into text nodes only: nodes are other people's machines.
'use strict';
(() => {
const EVERY = 2000, PATIENCE = 10000;   // ms
const $ = id => document.getElementById(id);

// The address of the page may hold a password, with which fetch() would refuse a relative one.
const address = name => new URL(location.pathname.replace(/[^/]*$/, '') + name, location.origin);
const ask = (name, options) => fetch(address(name), {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE), ...options});
// What a session's page shows, it has to send back with what changes something.
const csrf = document.querySelector('meta[name="lb-csrf"]')?.content;
async function json(name) {
  const answer = await ask(name);
  if (answer.status === 401 && csrf) location.reload();   // the session is over
  if (!answer.ok) throw new Error('the server answered ' + answer.status);
  return answer.json();
}

// -- words

const number = value => value.toLocaleString('en');
const percent = value => Math.round(value * 100) + '\u00a0%';
const tidy = value => number(Math.round(value));
function duration(seconds) {
  if (seconds < 0) return 'never';
  if (seconds < 10) return seconds.toFixed(1) + '\u00a0s';
  const s = Math.floor(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h >= 24) return Math.floor(h / 24) + ' d ' + h % 24 + ' h';
  if (h) return h + ' h ' + m % 60 + ' min';
  return m ? m + ' min ' + s % 60 + ' s' : s + ' s';
}
const kinds = {self: 'this server', link: 'linked', legacy: 'not linked', static: 'never reports'};

// -- the document

function make(tag, text, properties) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  return Object.assign(element, properties);
}
// Nothing is touched that is as it should be: a selection and an opened question stay.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
// One row for each of the items, in their order; `fill` gets the row and what `build` made of it.
function rows(table, items, key, build, fill) {
  const body = $(table).tBodies[0];
  const kept = body.kept = body.kept || new Map();
  items.forEach((item, at) => {
    const name = key(item);
    if (!kept.has(name)) {
      const row = make('tr');
      kept.set(name, {row, parts: build(row, item)});
    }
    const {row, parts} = kept.get(name);
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] || null);
    fill(parts, item);
  });
  const wanted = new Set(items.map(key));
  for (const [name, {row}] of kept) if (!wanted.has(name)) { row.remove(); kept.delete(name); }
}
function cells(row, ...labels) {
  return labels.map((label, at) => {
    const cell = row.insertCell();
    cell.dataset.label = label;
    if (at) cell.className = 'short';
    return cell.appendChild(make('span'));
  });
}

// -- nodes

async function order(node, mode) {
  const own = node.kind === 'self';
  const fields = own ? {mode} : {node: node.id, do: 'drain', mode};
  const name = !own ? 'cluster/command' : mode === 'off' ? 'undrain' : 'drain';
  try {
    const answer = await ask(name, {method: 'POST', body: new URLSearchParams(fields), headers: csrf ? {'X-LB-CSRF': csrf} : {}});
    const text = await answer.text();
    const why = !own ? JSON.parse(text).why
      : new DOMParser().parseFromString(text, 'text/xml').querySelector('message')?.textContent;
    tell(node.id + ': ' + (why || 'the server answered ' + answer.status));
  } catch (e) {
    tell(node.id + ': ' + e.message);
  }
  refresh();
}

function question(row) {
  const cell = row.insertCell();
  cell.className = 'action';
  const back = cell.appendChild(make('button', 'Serve again', {type: 'button', hidden: true}));
  const details = cell.appendChild(make('details', '', {className: 'confirm danger', hidden: true}));
  const summary = details.appendChild(make('summary', 'Drain'));
  const form = details.appendChild(make('form', '', {className: 'sure'}));
  const line = form.appendChild(make('p', 'No new listeners. '));
  for (const [mode, text] of [['soft', 'Drain'], ['move', 'Move listeners too']])
    line.appendChild(make('button', text, {type: 'submit', value: mode}));
  return {back, details, summary, form};
}

// To the pages of another node: the answer to this form is a page that leads there.
function way(cell) {
  const form = cell.appendChild(make('form', '', {method: 'post', action: '/api/v1/session/handover', hidden: true}));
  form.appendChild(make('input', '', {type: 'hidden', name: 'csrf', value: csrf || ''}));
  const node = form.appendChild(make('input', '', {type: 'hidden', name: 'node'}));
  return {way: form, goal: node, go: form.appendChild(make('button', '', {type: 'submit'}))};
}

function buildNode(row) {
  const name = row.insertCell();
  name.dataset.label = 'Node';
  const box = name.appendChild(make('span'));
  const parts = {id: box.appendChild(make('strong')), about: box.appendChild(make('small'))};
  [parts.state, parts.listeners, parts.load, parts.report] = cells(row, 'State', 'Listeners', 'Load', 'Report');
  parts.badge = parts.state.appendChild(make('span'));
  parts.why = parts.state.appendChild(make('small'));
  parts.meter = parts.load.appendChild(make('meter', '', {max: 1, low: 0.8, high: 0.95, optimum: 0}));
  parts.used = parts.load.appendChild(make('span'));
  Object.assign(parts, question(row));
  Object.assign(parts, way(row.lastChild));
  parts.back.addEventListener('click', () => order(parts.node, 'off'));
  parts.form.addEventListener('submit', event => {
    event.preventDefault();
    parts.details.open = false;
    order(parts.node, event.submitter.value);
  });
  return parts;
}

// As the logs: from 5 s on.
function skew(ms) {
  return Math.abs(ms) > 5000 ? 'its clock is ' + (Math.abs(ms) / 1000).toFixed(1) + '\u00a0s ' + (ms > 0 ? 'ahead' : 'behind') : '';
}

// Of a mount that is limited over the whole cluster.
function limitOf(slots) {
  if (!slots) return '';
  const places = [number(slots.used) + ' taken here', slots.given && number(slots.given) + ' by nodes behind it',
    slots.held && number(slots.held) + ' kept for a node that does not answer'].filter(Boolean).join(', ');
  return (slots.limit === null ? '; places given by ' + slots.from : ' of ' + number(slots.limit) + '; places') + ': ' + places;
}

function fillNode(parts, node) {
  const drains = node.state === 'draining', ours = node.kind === 'self' || node.linked;
  parts.node = node;
  say(parts.id, node.id);
  say(parts.about, [node.addresses.join(', ') || 'no public address', kinds[node.kind] || node.kind,
    [...node.tags, ...node.countries].join(', ')].filter(Boolean).join('; '));
  say(parts.badge, node.state);
  parts.badge.className = node.state === 'up' ? 'state up' : 'state';
  say(parts.why, [node.why || (node.admitted ? '' : 'not taken in'), skew(node.clock_skew_ms)].filter(Boolean).join('; '));
  say(parts.listeners, number(node.listeners) + (node.capacity.listeners === null ? '' : ' of ' + number(node.capacity.listeners))
    + (node.below ? ', ' + number(node.below) + ' behind it' : ''));
  parts.meter.hidden = !node.capacity.share_kbps;
  parts.meter.value = Math.min(1, node.utilisation);
  parts.meter.setAttribute('aria-label', 'Load of ' + node.id);
  say(parts.used, node.capacity.share_kbps ? percent(node.utilisation) : tidy(node.estimate_kbps) + ' kbit/s');
  say(parts.report, duration(node.report_age_seconds));
  parts.way.hidden = !csrf || !node.takes_sessions;
  parts.goal.value = node.id;
  say(parts.go, 'Open ' + node.id);
  parts.back.hidden = !drains || !ours;
  parts.details.hidden = drains || !ours;
  parts.summary.setAttribute('aria-label', 'Drain ' + node.id);
  parts.back.setAttribute('aria-label', 'Serve again: ' + node.id);
}

// -- everything

let told = 0;
function tell(text) {
  told = Date.now();
  say($('news'), text);
}
function show(state, links) {
  const nodes = state.nodes.sort((a, b) => (b.kind === 'self') - (a.kind === 'self') || a.id.localeCompare(b.id, 'en', {numeric: true}));
  const masters = links.filter(link => link.role === 'master');
  const linked = new Set(links.filter(link => link.role === 'node' && link.up).map(link => link.id));
  for (const node of nodes) node.linked = linked.has(node.id);
  if (Date.now() - told > 10000)
    say($('news'), nodes.length > 1 || masters.length ? 'This is node ' + state.id + (state.redirects ? ', which redirects listeners.' : '.')
      : 'This server stands alone. What makes it one of a cluster: doc/cluster.md.');
  say($('total-listeners'), number(state.listeners + state.below));
  say($('total-nodes'), nodes.filter(node => node.state === 'up').length + ' of ' + nodes.length);
  say($('total-mounts'), number(state.mounts.length));
  say($('total-redirects'), number(nodes.reduce((sum, node) => sum + node.issued, 0)));
  rows('nodes', nodes, node => node.id, buildNode, fillNode);
  rows('masters', masters, link => link.id + ' ' + link.peer, row => cells(row, 'Master', 'Link', 'Round trip', 'Streams', 'Redirects here'),
    ([id, link, trip, streams, issued], one) => {
      say(id, one.id + ' (' + one.peer + ')');
      say(link, (one.up ? 'up for ' : 'not up for ') + duration(one.seconds));
      say(trip, (one.round_trip_us / 1000).toFixed(1) + '\u00a0ms');
      say(streams, number(one.streams));
      say(issued, number(one.redirects_here));
    });
  rows('mounts', state.mounts, mount => mount.mount, row => cells(row, 'Mount', 'Listeners', 'kbit/s', 'Carried by'),
    ([name, listeners, rate, carriers], one) => {
      carriers.parentNode.className = '';
      say(name, one.mount);
      say(listeners, number(one.listeners + one.below) + limitOf(one.slots));
      say(rate, one.kbps ? number(one.kbps) : '\u2013');
      say(carriers, one.carriers.map(carrier => carrier.node + '\u00a0' + number(carrier.listeners + carrier.redirected)
        + (carrier.below ? ' + ' + number(carrier.below) + ' behind it' : '')
        + (carrier.free === 0 ? ' (full)' : ''))
        .concat(one.cannot_pull.map(row => row.node + ' cannot pull it: ' + row.why)).join(', '));
    });
  $('totals').hidden = $('nodes-part').hidden = !nodes.length;
  $('masters-part').hidden = !masters.length;
  $('mounts-part').hidden = !state.mounts.length;
  $('explain-part').hidden = !state.redirects;
}

let asking = false, timer;
async function refresh() {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  try {
    show(...await Promise.all([json('cluster.json'), json('cluster/links.json')]));
  } catch (e) {
    tell('No news: ' + e.message + '. What is shown is old.');
  }
  asking = false;
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });

$('explain').addEventListener('submit', async event => {
  event.preventDefault();
  const fields = [...new FormData(event.target)].filter(([, value]) => value);
  $('draw').hidden = true;
  try {
    const got = await json('cluster/explain?' + new URLSearchParams(fields));
    const ending = ' (' + got.reason + ').';
    say($('answer'), got.answer === 'redirect' ? 'To ' + got.node + ', ' + got.origin + got.mount + ending
      : got.answer === 'serve' ? 'He is served here' + ending
      : got.answer === 'hold' ? 'He waits until the nodes have reported' + ending : 'Nobody has room: 503' + ending);
    rows('draw', got.draw, row => row.node, row => cells(row, 'Node', 'Candidate', 'Carries it', 'Load', 'Room'),
      ([id, candidate, carries, load, room], one) => {
        candidate.parentNode.className = '';
        say(id, one.node + (one.chosen ? ' \u2190 drawn' : ''));
        say(candidate, one.candidate ? 'yes' : 'no: ' + one.out);
        say(carries, one.carries ? 'yes' : 'no');
        say(load, percent(one.utilisation));
        say(room, tidy(one.room_kbps) + ' kbit/s');
      });
    $('draw').hidden = !got.draw.length;
  } catch (e) {
    say($('answer'), 'No answer: ' + e.message + '. Is the address one?');
  }
});

refresh();
})();
