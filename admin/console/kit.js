// What all pages share: requests, and elements.
// Text of the server goes into text nodes and attributes only, never into markup: others wrote it.
import {language, t, told} from './texts.js';

const PATIENCE = 20000;   // ms
const RANK = {none: 0, viewer: 1, operator: 2, owner: 3, admin: 4};

export const $ = id => document.getElementById(id);
// store: files, etcd, none; masters: the records of this node are at its masters; audience: it is counted.
export const here = {user: '', role: 'none', account: null, csrf: null, store: 'none', masters: false, audience: false};

// -- what this login may ask this server: by the server's own description

const operations = new Map();   // "GET /mounts/{}" → the least role
export let description = {};

const shape = (method, path) => method + ' ' + path.replace(/\{[^}]*\}/g, '{}');
export async function learn() {
  const [session, said] = await Promise.all([api('GET', '/session'), api('GET', '/openapi.json')]);
  const meta = name => document.querySelector('meta[name="lb-' + name + '"]').content, store = meta('store') || 'none';
  Object.assign(here, session, {store: store === 'masters' ? 'none' : store, masters: store === 'masters', audience: meta('audience') === 'on'});
  description = said;
  for (const [path, methods] of Object.entries(said.paths))
    for (const [method, one] of Object.entries(methods))
      operations.set(shape(method.toUpperCase(), path), RANK[one['x-least-role']] ?? 0);
}
const least = what => operations.get(shape(...what.split(' ')));
// Whether this server has the address at all, and whether this login may use it.
export const has = what => least(what) !== undefined;
export const may = what => has(what) && RANK[here.role] >= least(what);
// Records change only where there is a store.
export const mayChange = what => here.store !== 'none' && may(what);

class Problem extends Error {
  constructor(status, of) {
    const errors = of.errors || (of.parameter ? [{pointer: '/' + of.parameter, detail: of.detail}] : []);
    super(told(of.detail || of.title || 'the server answered ' + status));
    Object.assign(this, {status, kind: (of.type || '').split('#')[1] || '', parameter: of.parameter,
      errors: errors.map(one => ({...one, detail: told(one.detail)})), nodes: of.nodes || of.masters || []});
  }
}
export const part = name => encodeURIComponent(name);
// The time of the server, whose answers tell it: a browser's own clock may be wrong.
let ahead = 0;   // ms
export const clock = () => Date.now() + ahead;
// Of a request without an answer.
export const away = problem => { throw Object.assign(new Error(t(problem.name === 'TimeoutError' ? 'The server did not answer in time' : 'The server does not answer')), {away: true}); };
// The session has ended under a form, or what is shown once: it stays until there is another one.
const notice = () => document.querySelector('.over');
// Takes the session as it is now; whether it is another one.
export async function goOn() {
  const was = here.csrf, now = await api('GET', '/session', undefined, {once: true});
  if (now.user !== here.user || now.role !== here.role) await loggedOut(notice());
  Object.assign(here, now);
  for (const one of document.querySelectorAll('input[name=csrf]')) one.value = here.csrf;
  notice()?.remove();
  return here.csrf !== was;
}
// Returns where the browser asks, and stays.
export async function restart() {
  location.reload();
  await new Promise(done => setTimeout(done, 2000));
}
async function loggedOut(stays) {
  if (!stays || !document.querySelector('form.typed, .secret')) await restart();
  if (!notice()) $('main').prepend(el('p', {class: 'roundbox message over', role: 'alert'}, t('Your login is over') + '. ',
    el('a', {href: '/admin/login?back=%2Fadmin%2Fconsole', target: '_blank'}, t('Log in in another window')), '. ' + t('What was typed stays') + '.'));
  throw new Problem(401, {detail: t('Your login is over')});
}
// Idempotency-Keys of one form: a body that is sent again has the same one.
export function keys() {
  let last = '', key = '';
  return body => {
    const text = JSON.stringify(body);
    if (text !== last) key = crypto.getRandomValues(new Uint32Array(4)).join('-');
    last = text;
    return key;
  };
}
// A relative address is refused where the page's own holds a password.
export const request = (path, more, headers) => fetch(new URL(path, location.origin), {
  // With it a 401 opens no box for passwords.
  headers: {'X-LB-CSRF': here.csrf || '', ...headers}, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE), ...more})
  .then(async answer => [answer, await answer.text()]).catch(away);
// more: key (Idempotency-Key), revision (If-Match), once: not again.
export async function api(method, path, body, more = {}) {
  if (notice() && !more.once) await goOn();
  const headers = {}, file = body instanceof Blob, began = Date.now();
  if (body && !file) headers['Content-Type'] = 'application/json';
  if (more.key) headers['Idempotency-Key'] = more.key;
  if (more.revision) headers['If-Match'] = '"' + more.revision + '"';
  const [answer, text] = await request('/api/v1' + path, {method, body: file ? body : JSON.stringify(body)}, headers);
  const off = Date.parse(answer.headers.get('Date')) + 500 - (began + Date.now()) / 2;
  if (Math.abs(off - ahead) > 1500 && Date.now() - began < 2000) ahead = off;   // its seconds are whole, and it was under way
  if (answer.status === 401) await loggedOut(true);
  // Another tab may have logged in: with another session, as another user.
  if (answer.status === 403 && !more.once && await goOn()) return api(method, path, body, {...more, once: true});
  let said = null;
  try { said = text ? JSON.parse(text) : null; } catch { said = {detail: text.slice(0, 300)}; }
  if (!answer.ok) throw new Problem(answer.status, said || {});
  return said;
}
// Answers to a question that was asked again since, or before drop(), are undefined.
export function newest(question) {
  let last;
  const ask = async (...of) => {
    const mine = last = {}, told = await question(...of).catch(problem => { if (mine === last) throw problem; });
    return mine === last ? told : undefined;
  };
  ask.drop = () => { last = null; };
  return ask;
}
// All items of a list, at most `most` of them.
export async function list(path, most = 20000) {
  const items = [], ask = path + (path.includes('?') ? '&' : '?');
  for (let after = ''; after !== undefined && items.length < most;) {
    const page = await api('GET', ask + 'most=500' + (after ? '&after=' + part(after) : ''));
    items.push(...page.items);
    after = page.next || undefined;
  }
  return items;
}
// What this login may not list, and this server does not, is empty.
export const listed = async path => may('GET ' + path) ? list(path) : [];
// Of an address: what is empty is left out.
export const query = fields => new URLSearchParams(Object.entries(fields).filter(([, value]) => value || value === 0)).toString();
export function words(problem) {
  const more = problem.nodes?.length ? ' (' + problem.nodes.join('; ') + ')' : '';
  return (problem.kind === 'changed' ? t('It was changed meanwhile; please look at it again before you change it') : problem.message) + more + '.';
}

// The words of these elements are translated.
const WORDED = new Set(['h2', 'h3', 'th', 'label', 'button', 'summary', 'figcaption', 'dt']);
export function el(tag, attributes, ...parts) {
  const made = document.createElement(tag), say = one => WORDED.has(tag) ? t(one) : one;
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === 'value' || name === 'checked') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...parts.flat(3).filter(one => one !== undefined && one !== null && one !== false && one !== '').map(say));
  return made;
}
export const span = (...parts) => el('span', null, ...parts), strong = (...parts) => el('strong', null, ...parts), small = (...parts) => el('small', null, ...parts);
// Words of others, in whatever direction they are written.
export const auto = text => el('span', {dir: 'auto'}, text);
// A button; why it could not be done stands beside it.
export function press(inside, act, more) {
  const button = el('button', {type: 'button', ...more, on: {click: async () => {
    if (button.busy) return;
    button.busy = true;
    button.fault?.remove();
    try { await act(); } catch (problem) { button.after(button.fault = el('span', {class: 'fault', role: 'alert'}, words(problem))); }
    button.busy = false;
  }}}, inside);
  return button;
}
export function svg(tag, attributes, ...parts) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...parts);
  return node;
}
// What something is in, with the shape of its kind: up, half, idle, off.
export function pill(element, text, kind) {
  say(element, t(text));
  element.className = 'state ' + kind;
}
export const pair = (label, ...value) => el('tr', null, el('th', {scope: 'row'}, label), el('td', {dir: 'auto'}, ...value));
// Equal content stays untouched, with its selection and its open question.
export function say(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}
let newsAt = 0, newsTimer;
// To those that listen to the page: at most one message in five seconds, the newest one.
export function tell(text) {
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => { newsAt = Date.now(); $('news').textContent = text; }, Math.max(0, newsAt + 5000 - Date.now()));
}
// One element for each of the items, in their order; build(item) gives {node, fill}.
// skip: children in front of them that stay.
function keyed(parent, items, key, build, skip = 0) {
  const kept = parent.kept = parent.kept || new Map();
  const wanted = new Set(), focus = parent.contains(document.activeElement) && document.activeElement;
  items.forEach((item, at) => {
    const name = key(item);
    wanted.add(name);
    if (!kept.has(name)) kept.set(name, build(item));
    const {node, fill} = kept.get(name);
    if (parent.children[at + skip] !== node) parent.insertBefore(node, parent.children[at + skip] || null);
    fill?.(item);
  });
  // A row in which words are typed stays until they are sent or given up.
  for (const [name, {node}] of kept) if (!wanted.has(name) && !node.querySelector('form.typed')) {
    // The keyboard goes on beside a row that goes.
    const beside = !node.contains(document.activeElement) ? [] : items.length ? [node.nextElementSibling, node.previousElementSibling] : [$('main')];
    node.remove();
    kept.delete(name);
    beside.map(one => one?.querySelector('a, button, h2')).find(Boolean)?.focus({preventScroll: true});
  }
  // What is moved has lost it.
  if (focus && focus.isConnected && document.activeElement === document.body) focus.focus({preventScroll: true});
}
const MOST_ROWS = 200, NUMBERS = new Set(['Listeners', 'Load', 'Sources', 'Up', 'kbit/s', 'Mounts', 'Since', 'Hours heard', 'Listenings', 'Transfer', 'Round trip', 'Sent again', 'Queue', 'Lag']);
let menus = 0;
// fill(items, key, build, without, most): build(item) gives {cells, acts, fill}.  The acts have a row
// of their own below the item, opened by "\u22ef".
// sort({label: item => value}, draw): these columns sort; draw() fills it again.  all: with the texts
// of an empty list (`without`) and of one that is cut.
export function table(...labels) {
  const heads = labels.map(label => el('th', {scope: 'col'}, label)), row = el('tr', null, heads);
  const node = el('table', {class: 'colortable'}, el('thead', null, row));
  let by = null, down = false;
  const build = make => item => {
    const {cells, acts, fill} = make(item), all = (acts || []).filter(Boolean);
    if (!all.length) return {fill, node: el('tbody', null, el('tr', null, cells))};
    if (row.children.length === labels.length) row.append(el('th', {scope: 'col'}, hidden(t('Actions'))));
    const menu = el('tr', {class: 'acts', id: 'acts' + ++menus, hidden: true}, el('td', {class: 'action', colspan: cells.length + 1}, actions(all)));
    const title = hidden(''), button = press([el('span', {'aria-hidden': 'true'}, '\u22ef'), title], () => {
      menu.hidden = !menu.hidden;
      button.setAttribute('aria-expanded', String(!menu.hidden));
    }, {class: 'dots', 'aria-expanded': 'false', 'aria-controls': menu.id});
    const rename = () => say(title, t('Actions') + ': ' + (cells[0].querySelector('strong, a') || cells[0]).textContent);
    rename();
    menu.addEventListener('keydown', event => { if (event.key === 'Escape' && !event.target.closest('details[open]')) { button.click(); button.focus(); } });
    return {node: el('tbody', null, el('tr', null, cells, el('td', {class: 'more'}, button)), menu), fill(now) {
      fill?.(now);
      rename();
    }};
  };
  const sort = (values, draw) => labels.forEach((label, at) => {
    if (!values[label]) return;
    heads[at].replaceChildren(press(label, () => {
      // Numbers begin with the largest.
      down = by === values[label] ? !down : NUMBERS.has(label);
      by = values[label];
      heads.forEach((head, n) => n === at ? head.setAttribute('aria-sort', down ? 'descending' : 'ascending') : head.removeAttribute('aria-sort'));
      draw();
    }));
  });
  const order = new Intl.Collator(undefined, {numeric: true});
  const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : order.compare(String(a ?? ''), String(b ?? ''));
  const none = quiet(''), more = quiet('');
  return {node, sort, all: [node, none, more], fill(items, key, make, without = '', most = MOST_ROWS) {
    const sorted = by ? [...items].sort((a, b) => (down ? -1 : 1) * compare(by(a), by(b))) : items;
    keyed(node, sorted.slice(0, most), key, build(make), 1);
    node.hidden = !node.kept.size;
    none.hidden = !(without && node.hidden);
    more.hidden = items.length <= most;
    say(none, t(without));
    say(more, t('The first {0} of {1}; search for the others.', number(most), number(items.length)));
  }};
}
export const actions = (...parts) => el('ul', {class: 'nav'}, parts.flat().filter(Boolean).map(one => el('li', null, one)));
// Shows of [[element, whether], …] those that apply; the focus leaves an element that goes.
export function offer(...all) {
  const items = all.filter(([one]) => one).map(([one, there]) => [one.parentNode, there]), held = items.find(([item]) => item.contains(document.activeElement));
  for (const [item, there] of items) item.hidden = !there;
  if (held && !held[1]) (items.find(([, there]) => there) || [held[0].parentNode])[0].querySelector('li:not([hidden]) :is(button, summary)')?.focus({preventScroll: true});
}
export const cell = (label, ...parts) => el('td', {'data-label': label, 'data-words': t(label)}, el('span', null, ...parts));
// A row whose cells follow its item, by their labels: (item, node) => text, of a span, or [node, that].
export function follow(columns) {
  const parts = Object.entries(columns).map(([label, of]) => [label, ...Array.isArray(of) ? of : [span(), of]]);
  return {cells: parts.map(([label, node]) => cell(label, node)), fill(item) {
    for (const [, node, of] of parts) {
      const text = of(item, node);
      if (text !== undefined) say(node, text);
    }
  }};
}
// The numbers on top of a page.
export function tiles(...labels) {
  const values = labels.map(() => strong('0'));
  return {values, node: el('ul', {class: 'tiles'}, labels.map((label, at) => el('li', null, values[at], ' ' + t(label))))};
}
// "5 of 100", where there is a limit.
export const within = (value, most) => number(value ?? 0) + (most > 0 ? ' ' + t('of') + ' ' + number(most) : '');
export const head = text => el('h2', null, text);
export const box = (...parts) => el('section', {class: 'roundbox'}, ...parts);
export const quiet = (...parts) => el('p', {class: 'about'}, ...parts.map(one => t(one)));
export const hidden = text => el('span', {class: 'away'}, text);
export const to = (page, text, more) => el('a', {href: '/admin/console' + page, ...more}, text);
export const mountPage = name => '/mounts?mount=' + part(name);

const digits = new Intl.NumberFormat(language);
export const number = value => digits.format(value);
export const tenths = value => number(+value.toFixed(1));
export const GB = 1e9;
export function ago(seconds) {
  const s = Math.max(0, Math.floor(seconds)), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
  return d ? d + ' d ' + h % 24 + ' h' : h ? h + ' h ' + m % 60 + ' min' : m ? m + ' min' : s + ' s';
}
export const two = value => String(value).padStart(2, '0');
export const offset = seconds => new Date(seconds * 1000).getTimezoneOffset() * 60;
export const local = (seconds, length = 16) => new Date((seconds - offset(seconds)) * 1000).toISOString().slice(0, length);
export const when = seconds => local(seconds).replace('T', ' ');
export const DAY = {day: 'numeric', month: 'short'}, HOUR = {hour: '2-digit', minute: '2-digit'};
export const moment = (seconds, how = {...DAY, ...HOUR}) => new Date(seconds * 1000).toLocaleString(language === 'en' ? [] : language, how);
export const short = value => value >= 1e6 ? tenths(value / 1e6) + ' M' : value >= 1e4 ? tenths(value / 1e3) + ' k' : tenths(value);
const regions = new Intl.DisplayNames([language], {type: 'region', fallback: 'code'});
export function countryName(code) {
  try { return code ? regions.of(code) : t('unknown'); } catch { return code; }
}
export const count = (value, one, many = one + 's') => number(value) + ' ' + t(Number(value) === 1 ? one : many);
export function matches(term, ...texts) {
  const all = texts.flat().filter(Boolean).join('\n').toLowerCase();
  return term.toLowerCase().split(/\s+/).every(word => all.includes(word));
}

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  // Over plain http a browser has no clipboard to offer but this one.
  const area = document.body.appendChild(el('textarea', {class: 'away', 'aria-label': 'To be copied', readonly: true, value: text}));
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('not copied');
}
// text: or a function that gives it.
export function copyButton(text, of) {
  const word = el('span', null, t('Copy'));
  const button = press([word, hidden(' ' + t(of))], async () => {
    try {
      await copy(typeof text === 'function' ? text() : text);
      say(word, t('Copied'));
    } catch { say(word, t('Please copy by hand')); }
    button.focus();
    setTimeout(() => say(word, t('Copy')), 2000);
  }, {class: 'small'});
  return button;
}
// What is shown once.
export function secret(title, rows, ...more) {
  const node = el('section', {class: 'roundbox message secret', tabindex: -1},
    el('h3', null, title), quiet('This is shown once: the server keeps no copy that could be read.'),
    el('dl', {class: 'pairs'}, rows.map(([label, value]) => [el('dt', null, label),
      el('dd', null, el('code', null, value), copyButton(value, t(label).toLowerCase()))])), ...more);
  return node;
}
export function show(node, where) {
  where.prepend(node);
  node.focus({preventScroll: true});
  node.scrollIntoView({block: 'nearest'});
}
