// Accounts, users, tokens and bans: each a list that is searched, a form that makes one, and what
// may be done to each row.
import {GB, api, auto, box, cell, count, el, follow, here, keys, list, listed, matches, may, mayChange, newest, number, offer, pair, part, pill, press, quiet, say, secret, show, small, span, strong, table, tell, when} from './kit.js';
import {HERE, banFields, form, opening, question} from './forms.js';
import {t} from './texts.js';

const EVERY = 10000;   // ms
const PATTERNS = 'Names or patterns, with spaces between them. Empty: ';
const joined = names => (names || []).join(' ');
const roles = () => here.role === 'admin' ? ['viewer', 'operator', 'owner', 'admin'] : ['viewer', 'operator', 'owner'];
const accountField = (accounts, now) => here.role === 'admin' && {name: 'account', label: 'Account', value: now || '',
  options: [['', 'none'], ...accounts.map(one => one.id)]};
const mountsField = now => ({name: 'mounts', label: 'Mounts', type: 'list', value: joined(now), placeholder: '/rock.mp3 /live/*', hint: PATTERNS + 'all of its account.'});

// make: {summary, button, at, fields(), body(body, all), done(told), put(body, all)}, the form above the
// list; put: in place of a POST to the list; columns: [label, …];
// row(item, refresh, acts): {cells, acts, fill}; acts(now): change(body, revision) and remove(…).
export async function listing(page, {path, title, hint, make, columns, sorts = {}, texts, key, row, none}) {
  page.title(title);
  const search = page.search('Search ' + title.toLowerCase()), rows = table(...columns);
  page.made = el('div');
  let known = [];
  const draw = () => {
    const term = search.value(), shown = known.filter(one => !term || matches(term, texts(one)));
    rows.fill(shown, key, one => row(one, refresh, acts), known.length ? 'Nothing matches.' : none);
    if (term) tell(t('Found: {0}', count(shown.length, 'row')));
  };
  const ask = newest(() => list(path));
  async function refresh() {
    const told = await ask();
    if (!told) return;
    known = told;
    draw();
  }
  const acts = now => {
    const send = async (method, body, more = '', revision = now().revision) => {
      try { await api(method, path + '/' + part(key(now())) + more, body, {revision}); }
      catch (problem) { if (problem.kind === 'changed') await refresh(); throw problem; }
      await refresh();
    };
    return {change: (body, revision) => send('PATCH', body, '', revision), remove: (what, button = 'Delete', danger = true, more = '', label = button, name = now().name || key(now())) =>
      mayChange('DELETE ' + path + '/{}') && question(label, name, what, [[button, () => send('DELETE', undefined, more)]], danger)};
  };
  const maker = make && mayChange(make.put ? 'PUT ' + path + '/{}' : 'POST ' + path) && opening(make.summary, '', close => {
    const fresh = keys();
    return form({button: make.button || 'Create', cancel: close, at: make.at, groups: [{fields: make.fields().filter(Boolean)}], send: async (body, all) => {
      const told = make.put ? await make.put(body, all) : await api('POST', path, make.body ? make.body(body, all) : body, {key: fresh([body, all])});
      tell(t('{0}: done', t(make.summary)));
      close();
      make.done?.(told);
      await refresh();
    }}).node;
  });
  if (here.store === 'none') page.add(box(quiet(here.masters ? 'A node keeps no records: they are at its masters.' : 'This server has no store, so it keeps none of these. ', here.masters ? '' : el('code', null, '<store type="files" path="…"/>'))));
  page.add(hint && quiet(hint), page.made, maker, search.node, box(rows.all));
  rows.sort(sorts, draw);
  search.listen(draw);
  await refresh();
  page.poll(refresh, () => EVERY);
}

// -- accounts

const QUOTAS = [['mounts', 'Mounts', 'Mounts'], ['listeners', 'Listeners', 'Listeners of its mounts together'],
  ['bitrate', 'kbit/s', 'Bitrate of its mounts together, kbit/s'], ['storage', 'Recordings, GB', 'Recordings of its mounts together, GB', GB]];
const nameField = value => ({name: 'name', label: 'Name', value, most: 200, spellcheck: true});
const OF_MONTH = [['hours', '', 'Listening hours in a month'], ['transfer', '', 'Sent in a month, GB', GB]];
const quotaFields = now => [...[...QUOTAS, ...OF_MONTH].map(([name, , label, unit]) => ({name: 'quota/' + name, label, type: 'number', min: 0, unit, value: now?.[name] ?? undefined, hint: 'Empty: no limit.'})),
  {name: 'quota/hard', label: 'No new listener when hours or transfer are used up', type: 'tick', value: now?.hard}];

export const accounts = page => listing(page, {
  path: '/accounts', title: 'Accounts', none: 'There are no accounts.', key: one => one.id, texts: one => [one.id, one.name, one.state],
  columns: ['Account', 'State', ...QUOTAS.map(([, column]) => column)],
  sorts: {Account: one => one.id, State: one => one.state, Mounts: one => one.used.mounts, Listeners: one => one.used.listeners, 'kbit/s': one => one.used.bitrate},
  make: {summary: 'Create an account', at: {exists: 'id'}, fields: () => [
    {name: 'id', label: 'Account', required: true, most: 63, placeholder: 'acme', hint: 'Small letters, digits, ".", "_" and "-".'}, nameField(), ...quotaFields()]},
  row(one, refresh, acts) {
    const state = span(), name = small(), used = QUOTAS.map(() => [el('meter', {max: 1, low: 0.8, high: 0.99, optimum: 0}), span()]);
    const {change, remove} = acts(() => one), set = state => () => change({state}), changes = mayChange('PATCH /accounts/{}');
    const suspend = changes && question('Suspend', one.id, () => t('The mounts of {0} ({1}) take no source, and those on air end.', one.id, number(one.used.mounts)), [['Suspend', set('suspended')]]);
    const resume = changes && press('Resume', set('active'));
    const cells = [cell('Account', strong(one.id), name), cell('State', state),
      ...QUOTAS.map(([, column], at) => cell(column, used[at]))];
    const all = [
      changes && opening('Edit', one.id, close => form({button: 'Save', cancel: close, change: one, groups: [{fields: [nameField(one.name), ...quotaFields(one.quota)]}],
        send: async (body, all, revision) => { await change(body, revision); close(); }}).node),
      suspend, resume, remove(() => t('Delete {0} with its {1}, and with its users and tokens? What is on air ends.', one.id, count(one.used.mounts, 'mount')), 'Delete', true, '?mounts=delete', 'Delete', one.id)];
    return {cells, acts: all, fill(now) {
      one = now;
      say(name, one.name === one.id ? '' : one.name);
      pill(state, one.state, one.state === 'active' ? 'up' : 'off');
      QUOTAS.forEach(([what, column, , unit = 1], at) => {
        const [meter, text] = used[at], most = one.quota[what];
        meter.hidden = !(most > 0);
        meter.value = most > 0 ? Math.min(1, one.used[what] / most) : 0;
        meter.setAttribute('aria-label', t(column) + ': ' + one.id);
        say(text, number(one.used[what] / unit) + (most === null || most === undefined ? '' : ' ' + t('of') + ' ' + number(most / unit)));
      });
      offer([suspend, one.state === 'active'], [resume, one.state !== 'active']);
    }};
  }});

// -- users

const seesField = value => ({name: 'addresses', label: 'As a viewer, sees the addresses of listeners', type: 'tick', value});
const passwordField = more => ({name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters. Empty: one is made, and shown once.', ...more});
function showPassword(page, told) {
  page.made.replaceChildren();
  if (typeof told.password === 'string') show(secret(t('The login of {0}', told.name), [['User', told.name], ['Password', told.password]]), page.made);
}
// For each login: its own password, with the old one.
function ownPassword() {
  return opening('Change your password', '', close => form({button: 'Change', cancel: close, login: here.user, groups: [{fields: [
    {name: 'old', label: 'The password so far', type: 'password', autocomplete: 'current-password', required: true}, passwordField({label: 'The new password', required: true, hint: 'At least 8 characters. You log in with it at once.'})]}],
    send: async body => { await api('POST', '/users/' + part(here.user) + '/password', body); setTimeout(() => location.assign('/admin/login?out=1')); }, at: {forbidden: 'old'}}).node);
}

export async function users(page) {
  if (!may('GET /users')) {
    page.title('Your login');
    page.add(box(el('table', {class: 'yellowkeys'}, el('tbody', null, [['User', here.user], ['Role', here.role], ['Account', here.account]]
      .map(([label, value]) => pair(label, value || ''))))), here.store !== 'none' && may('POST /users/{}/password') && ownPassword());
    return;
  }
  const all = await listed('/accounts');
  const fields = one => [{name: 'role', label: 'Role', options: roles(), value: one?.role || 'owner', hint: 'viewer sees; operator ends and moves; owner changes its account; admin all.'},
    accountField(all, one?.account), mountsField(one?.mounts)].filter(Boolean);
  await listing(page, {
    path: '/users', title: 'Users', none: 'There are no users beside the administrator of the configuration file.', key: one => one.name,
    columns: ['User', 'Role', 'Account', 'Mounts'], sorts: {User: one => one.name, Role: one => one.role, Account: one => one.account}, texts: one => [one.name, one.role, one.account, one.mounts, one.disabled && 'disabled'],
    make: {summary: 'Create a user', at: {exists: 'name', 'in-file': 'name'}, done: told => showPassword(page, told),
      fields: () => [{name: 'name', label: 'User', required: true, most: 64}, ...fields(), passwordField(), seesField()]},
    row(one, refresh, acts) {
      const {change, remove} = acts(() => one), base = '/users/' + part(one.name), own = one.name === here.user;
      const cells = follow({User: [span(strong(one.name), small()), (now, at) => say(at.lastChild, now.disabled ? t('disabled') : '')], Role: now => now.role, Account: now => now.account || '', Mounts: now => joined(now.mounts)});
      const disable = mayChange('PATCH /users/{}') && !own && question('Disable', one.name, () => t('{0} is logged out everywhere, and may not log in.', one.name), [['Disable', () => change({disabled: true})]], false);
      const enable = mayChange('PATCH /users/{}') && press('Enable', () => change({disabled: false}));
      return {cells: cells.cells, acts: [
        mayChange('PATCH /users/{}') && opening('Edit', one.name, close => form({button: 'Save', cancel: close, change: one, groups: [{fields: [...fields(one), seesField(one.addresses)]}],
          send: async (body, all, revision) => { await change('mounts' in body && body.mounts === null ? {...body, mounts: []} : body, revision); close(); }}).node),
        own ? ownPassword() : mayChange('POST /users/{}/password') && opening('New password', one.name, close => form({button: 'New password', cancel: close, login: one.name, groups: [{fields: [passwordField()]}],
          send: async body => { showPassword(page, await api('POST', base + '/password', body)); await refresh(); close(); }}).node),
        mayChange('DELETE /users/{}/sessions') && question('Log out everywhere', one.name, () => t('All sessions of {0} end.', one.name), [['Log out', async () => { await api('DELETE', base + '/sessions'); await refresh(); }]], false),
        disable, enable, !own && remove(() => t('Delete the user {0}? Its sessions end.', one.name))],
      fill(now) {
        one = now;
        cells.fill(one);
        offer([disable, !one.disabled], [enable, one.disabled]);
      }};
    }});
}

// -- tokens

export async function tokens(page) {
  const all = await listed('/accounts');
  await listing(page, {
    path: '/tokens', title: 'Tokens', none: 'There are no tokens.', key: one => one.id, texts: one => [one.id, one.name, one.role, one.account, one.mounts],
    hint: 'A token is the login of a program: Authorization: Bearer TOKEN.', columns: ['Token', 'Role', 'Account', 'Mounts', 'Valid until'],
    sorts: {Token: one => one.name || one.id, Role: one => one.role, Account: one => one.account, 'Valid until': one => one.expires || Infinity},
    make: {summary: 'Create a token', fields: () => [{...nameField(), label: 'What it is for'}, {name: 'role', label: 'Role', options: roles(), value: 'viewer'},
      accountField(all), mountsField(), {name: 'expires', label: 'Valid until', type: 'date', hint: HERE + 'until it is deleted.'}],
    done(told) {
      page.made.replaceChildren();
      show(secret(told.name ? t('The token for {0}', told.name) : t('Token'), [['Token', told.token]]), page.made);
    }},
    row(one, refresh, acts) {
      const name = one.name || one.id;
      return {cells: [cell('Token', strong(name), one.name && small(one.id)), cell('Role', one.role), cell('Account', one.account || ''),
        cell('Mounts', joined(one.mounts)), cell('Valid until', one.expires ? when(one.expires) : t('it is deleted'))], acts: [
          acts(() => one).remove(() => t('Delete the token {0}? Programs that have it are refused.', name))]};
    }});
}

// -- bans

const KINDS = [['address', 'Address'], ['network', 'Network'], ['user', 'User'], ['country', 'Country']];
export const bans = page => listing(page, {
  path: '/bans', title: 'Bans', none: 'There are no bans.', key: one => one.id, texts: one => [Object.entries(one.match).flat(), one.mounts, one.reason, one.by],
  hint: 'Matching listeners and sources are disconnected and kept out.', columns: ['Who', 'Mounts', 'Until', 'Reason', 'By'],
  sorts: {Who: one => Object.values(one.match)[0], Until: one => one.until || Infinity, Reason: one => one.reason, By: one => one.by},
  make: {summary: 'Create a ban', button: 'Ban', body: (body, all) => ({...body, match: {[all.kind]: all.match}}), fields: () => [
    {name: 'kind', label: 'By', options: KINDS, value: 'address', unsent: true},
    {name: 'match', label: 'Which', required: true, placeholder: '203.0.113.9', hint: 'An address, a network (203.0.113.0/24), a user, or a country (DE).', unsent: true},
    {name: 'mounts', label: 'Only on these mounts', type: 'list', hint: PATTERNS + 'on all.'},
    ...banFields(),
    {name: 'kick', label: 'End those that are here', options: [['true', 'yes'], ['false', 'no']], type: 'flag', value: 'true'}]},
  row(one, refresh, acts) {
    const [kind, who] = Object.entries(one.match)[0];
    return {cells: [cell('Who', strong(who), small(t(KINDS.find(one => one[0] === kind)?.[1] || kind))), cell('Mounts', joined(one.mounts) || t('all')),
      cell('Until', one.until ? when(one.until) : t('it is deleted')), cell('Reason', auto(one.reason)), cell('By', one.by || '')], acts: [
        acts(() => one).remove(() => t('The ban of {0} ends: it may listen again.', who), 'End the ban', false, '', 'End', who)]};
  }});
