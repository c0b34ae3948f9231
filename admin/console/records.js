// Accounts, users, tokens and bans: each a list that is searched, a form that makes one, and what
// may be done to each row.
import {GB, api, box, cell, count, el, here, keys, list, local, matches, may, mayChange, number, part, quiet, say, secret, show, table, tell, when} from './kit.js';
import {form, opening, question} from './forms.js';

const EVERY = 10000, MOST_ROWS = 200;   // ms, rows
const joined = names => (names || []).join(' ');
const roles = () => here.role === 'admin' ? ['viewer', 'operator', 'owner', 'admin'] : ['viewer', 'operator', 'owner'];
const accountField = (accounts, now) => here.role === 'admin' && {name: 'account', label: 'Account', value: now || '',
  options: [['', 'none'], ...accounts.map(one => one.id)]};
const mountsField = now => ({name: 'mounts', label: 'Mounts', type: 'list', value: joined(now), placeholder: '/rock.mp3 /live/*', hint: 'Names or patterns, with spaces between them. Empty: all of its account.'});
const accountsList = () => may('GET /accounts') ? list('/accounts') : [];

// make: the element above the list; columns: [label, …]; row(item, refresh): {cells, acts, fill}.
async function listing(page, {path, title, hint, make, columns, sorts = {}, texts, key, row, none}) {
  page.title(title);
  const search = page.search('Search ' + title.toLowerCase()), rows = table(...columns), empty = quiet(''), more = quiet('');
  page.made = el('div');
  let known = [];
  const draw = () => {
    const term = search.value(), shown = known.filter(one => !term || matches(term, texts(one)));
    rows.fill(rows.sorted(shown).slice(0, MOST_ROWS), key, one => row(one, refresh));
    empty.hidden = shown.length > 0;
    say(empty, known.length ? 'Nothing matches.' : none);
    more.hidden = shown.length <= MOST_ROWS;
    say(more, 'The first ' + MOST_ROWS + ' of ' + number(shown.length) + '; search for the others.');
    if (term) tell(count(shown.length, 'row') + ' found');
  };
  async function refresh() { known = await list(path); draw(); }
  if (here.store === 'none') page.main.append(box(quiet(here.masters ? 'A node keeps no records: they are at its masters.' : 'This server has no store, so it keeps none of these. ', here.masters ? '' : el('code', null, '<store type="files" path="…"/>'))));
  page.main.append(...[hint && quiet(hint), page.made, make?.(refresh), search.node, box(rows.node, empty, more)].filter(Boolean));
  rows.sort(sorts, draw);
  search.listen(draw);
  await refresh();
  page.poll(refresh, () => EVERY);
}

// -- accounts

const QUOTAS = [['mounts', 'Mounts', 'Mounts'], ['listeners', 'Listeners', 'Listeners of its mounts together'],
  ['bitrate', 'kbit/s', 'Bitrate of its mounts together, kbit/s'], ['storage', 'Recordings, GB', 'Recordings of its mounts together, GB', GB]];
const quotaFields = now => QUOTAS.map(([name, , label, unit]) => ({name: 'quota/' + name, label, type: 'number', min: 0, unit, value: now?.[name] ?? undefined, hint: 'Empty: no limit.'}));

export const accounts = page => listing(page, {
  path: '/accounts', title: 'Accounts', none: 'There are no accounts.', key: one => one.id, texts: one => [one.id, one.name, one.state],
  columns: ['Account', 'State', ...QUOTAS.map(([, column]) => column)],
  sorts: {Account: one => one.id, State: one => one.state, Mounts: one => one.used.mounts, Listeners: one => one.used.listeners, 'kbit/s': one => one.used.bitrate},
  make: refresh => mayChange('POST /accounts') && opening('Create an account', '', close => {
    const key = keys();
    return form({button: 'Create', cancel: close, at: {exists: 'id'}, groups: [{fields: [
      {name: 'id', label: 'Account', required: true, most: 63, placeholder: 'acme', hint: 'Small letters, digits, ".", "_" and "-".'},
      {name: 'name', label: 'Name', most: 200, spellcheck: true}, ...quotaFields()]}],
      send: async body => { const made = await api('POST', '/accounts', body, {key: key(body)}); tell('Account ' + made.id + ' is there'); close(); await refresh(); }}).node;
  }),
  row(one, refresh) {
    const state = el('span'), name = el('small'), used = QUOTAS.map(() => [el('meter', {max: 1, low: 0.8, high: 0.99, optimum: 0}), el('span')]);
    const base = '/accounts/' + part(one.id), set = body => async () => { await api('PATCH', base, body, {revision: one.revision}); await refresh(); };
    const changes = mayChange('PATCH /accounts/{}');
    const suspend = changes && question('Suspend', one.id, () => count(one.used.mounts, 'mount') + ' of ' + one.id + ' take no source, and those on air end.', [['Suspend', () => set({state: 'suspended'})()]]);
    const resume = changes && el('button', {type: 'button', on: {click: () => set({state: 'active'})().catch(problem => tell(problem.message))}}, 'Resume');
    const cells = [el('td', {'data-label': 'Account'}, el('span', null, el('strong', null, one.id), name)), el('td', {'data-label': 'State'}, state),
      ...QUOTAS.map(([, column], at) => cell(column, used[at]))];
    const acts = [
        changes && opening('Edit', one.id, close => form({button: 'Save', cancel: close, change: true, groups: [{fields: [{name: 'name', label: 'Name', value: one.name, most: 200, spellcheck: true}, ...quotaFields(one.quota)]}],
          send: async body => { await set(body)(); close(); }}).node),
        suspend, resume, changes && question('Delete', one.id, () => 'Delete ' + one.id + ' with its ' + count(one.used.mounts, 'mount') + ', and with its users and tokens? What is on air ends.',
          [['Delete', async () => { await api('DELETE', base + '?mounts=delete', undefined, {revision: one.revision}); await refresh(); }]])];
    return {cells, acts, fill(now) {
      one = now;
      say(name, one.name === one.id ? '' : one.name);
      say(state, one.state);
      state.className = 'state ' + (one.state === 'active' ? 'up' : 'off');
      QUOTAS.forEach(([what, , , unit = 1], at) => {
        const [meter, text] = used[at], most = one.quota[what];
        meter.hidden = !(most > 0);
        meter.value = most > 0 ? Math.min(1, one.used[what] / most) : 0;
        meter.setAttribute('aria-label', what + ' used by ' + one.id);
        say(text, number(one.used[what] / unit) + (most === null || most === undefined ? '' : ' of ' + number(most / unit)));
      });
      if (suspend) suspend.parentNode.hidden = one.state !== 'active';
      if (resume) resume.parentNode.hidden = one.state === 'active';
    }};
  }});

// -- users

const passwordField = more => ({name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters. Empty: one is made, and shown once.', ...more});
function showPassword(page, told) {
  page.made.replaceChildren();
  if (typeof told.password === 'string') show(secret('The login of ' + told.name, [['User', told.name], ['Password', told.password]]), page.made);
}
// For each login: its own password, with the old one.
function ownPassword() {
  return opening('Change your password', '', close => form({button: 'Change', cancel: close, login: here.user, groups: [{fields: [
    {name: 'old', label: 'The password so far', type: 'password', autocomplete: 'current-password', required: true}, passwordField({label: 'The new password', required: true, hint: 'At least 8 characters. You log in with it at once.'})]}],
    send: async body => { await api('POST', '/users/' + part(here.user) + '/password', body); location.assign('/admin/login?out=1'); }, at: {forbidden: 'old'}}).node);
}

export async function users(page) {
  if (!may('GET /users')) {
    page.title('Your login');
    page.main.append(box(el('table', {class: 'yellowkeys'}, el('tbody', null, [['User', here.user], ['Role', here.role], ['Account', here.account]]
      .map(([label, value]) => el('tr', null, el('th', {scope: 'row'}, label), el('td', null, value || '')))))), ...[here.store !== 'none' && may('POST /users/{}/password') && ownPassword()].filter(Boolean));
    return;
  }
  const all = await accountsList();
  const fields = one => [{name: 'role', label: 'Role', options: roles(), value: one?.role || 'owner', hint: 'viewer sees; operator ends and moves; owner changes its account; admin all.'},
    accountField(all, one?.account), mountsField(one?.mounts)].filter(Boolean);
  await listing(page, {
    path: '/users', title: 'Users', none: 'There are no users beside the administrator of the configuration file.', key: one => one.name,
    columns: ['User', 'Role', 'Account', 'Mounts'], sorts: {User: one => one.name, Role: one => one.role, Account: one => one.account}, texts: one => [one.name, one.role, one.account, one.mounts, one.disabled && 'disabled'],
    make: refresh => mayChange('POST /users') && opening('Create a user', '', close => {
      const key = keys();
      return form({button: 'Create', cancel: close, at: {exists: 'name', 'in-file': 'name'}, groups: [{fields: [{name: 'name', label: 'User', required: true, most: 64}, ...fields(), passwordField(),
        {name: 'addresses', label: 'As a viewer, sees the addresses of listeners', type: 'tick'}]}],
        send: async body => { const made = await api('POST', '/users', body, {key: key(body)}); tell('User ' + made.name + ' is there'); close(); showPassword(page, made); await refresh(); }}).node;
    }),
    row(one, refresh) {
      const role = el('span'), account = el('span'), mounts = el('span'), state = el('small'), base = '/users/' + part(one.name), own = one.name === here.user;
      const set = async (path, body) => { const told = await api('POST', base + path, body); showPassword(page, told); await refresh(); };
      const change = async body => { await api('PATCH', base, body, {revision: one.revision}); await refresh(); };
      const disable = mayChange('PATCH /users/{}') && !own && question('Disable', one.name, one.name + ' is logged out everywhere, and may not log in.', [['Disable', () => change({disabled: true})]], false);
      const enable = mayChange('PATCH /users/{}') && el('button', {type: 'button', on: {click: () => change({disabled: false}).catch(problem => tell(problem.message))}}, 'Enable');
      return {cells: [el('td', {'data-label': 'User'}, el('span', null, el('strong', null, one.name), state)), cell('Role', role), cell('Account', account), el('td', {'data-label': 'Mounts'}, mounts)], acts: [
        mayChange('PATCH /users/{}') && opening('Edit', one.name, close => form({button: 'Save', cancel: close, change: true, groups: [{hint: '', fields: [...fields(one), {name: 'addresses', label: 'As a viewer, sees the addresses of listeners', type: 'tick', value: one.addresses}]}],
          send: async body => { await change('mounts' in body && body.mounts === null ? {...body, mounts: []} : body); close(); }}).node),
        own ? ownPassword() : mayChange('POST /users/{}/password') && opening('New password', 'for ' + one.name, close => form({button: 'New password', cancel: close, login: one.name, groups: [{fields: [passwordField()]}],
          send: async body => { await set('/password', body); close(); }}).node),
        mayChange('DELETE /users/{}/sessions') && question('Log out everywhere', one.name, 'All sessions of ' + one.name + ' end.', [['Log out', async () => { await api('DELETE', base + '/sessions'); await refresh(); }]], false),
        disable, enable, mayChange('DELETE /users/{}') && !own && question('Delete', one.name, 'Delete the user ' + one.name + '? Its sessions end.', [['Delete', async () => { await api('DELETE', base, undefined, {revision: one.revision}); await refresh(); }]])],
      fill(now) {
        one = now;
        say(role, one.role);
        say(account, one.account || '');
        say(mounts, joined(one.mounts) || '');
        say(state, one.disabled ? 'disabled' : '');
        if (disable) disable.parentNode.hidden = one.disabled;
        if (enable) enable.parentNode.hidden = !one.disabled;
      }};
    }});
}

// -- tokens

export async function tokens(page) {
  const all = await accountsList();
  await listing(page, {
    path: '/tokens', title: 'Tokens', none: 'There are no tokens.', key: one => one.id, texts: one => [one.id, one.name, one.role, one.account, one.mounts],
    hint: 'A token is the login of a program: Authorization: Bearer TOKEN.', columns: ['Token', 'Role', 'Account', 'Mounts', 'Valid until'],
    sorts: {Token: one => one.name || one.id, Role: one => one.role, Account: one => one.account, 'Valid until': one => one.expires || Infinity},
    make: refresh => mayChange('POST /tokens') && opening('Create a token', '', close => {
      const key = keys();
      return form({button: 'Create', cancel: close, groups: [{fields: [{name: 'name', label: 'What it is for', most: 200, spellcheck: true}, {name: 'role', label: 'Role', options: roles(), value: 'viewer'},
        accountField(all), mountsField(), {name: 'expires', label: 'Valid until', type: 'date', hint: 'In the time of this browser. Empty: until it is deleted.'}].filter(Boolean)}],
        send: async body => {
          const made = await api('POST', '/tokens', body, {key: key(body)});
          close();
          page.made.replaceChildren();
          show(secret('The token' + (made.name ? ' for ' + made.name : ''), [['Token', made.token]]), page.made);
          await refresh();
        }}).node;
    }),
    row(one, refresh) {
      const name = one.name || one.id;
      return {cells: [el('td', {'data-label': 'Token'}, el('span', null, el('strong', null, name), one.name && el('small', null, one.id))), cell('Role', one.role), cell('Account', one.account || ''),
        el('td', {'data-label': 'Mounts'}, el('span', null, joined(one.mounts) || '')), cell('Valid until', one.expires ? when(one.expires) : 'it is deleted')], acts: [
          mayChange('DELETE /tokens/{}') && question('Delete', name, 'Delete the token ' + name + '? Programs that have it are refused.', [['Delete', async () => { await api('DELETE', '/tokens/' + part(one.id), undefined, {revision: one.revision}); await refresh(); }]])]};
    }});
}

// -- bans

const KINDS = [['address', 'Address'], ['network', 'Network'], ['user', 'User'], ['country', 'Country']];
export const bans = page => listing(page, {
  path: '/bans', title: 'Bans', none: 'There are no bans.', key: one => one.id, texts: one => [Object.entries(one.match).flat(), one.mounts, one.reason, one.by],
  hint: 'Matching listeners and sources are disconnected and kept out.', columns: ['Who', 'Mounts', 'Until', 'Reason', 'By'],
  sorts: {Who: one => Object.values(one.match)[0], Until: one => one.until || Infinity, Reason: one => one.reason, By: one => one.by},
  make: refresh => mayChange('POST /bans') && opening('Create a ban', '', close => {
    const key = keys();
    const made = form({button: 'Ban', cancel: close, groups: [{fields: [{name: 'kind', label: 'By', options: KINDS, value: 'address', unsent: true},
      {name: 'match', label: 'Which', required: true, placeholder: '203.0.113.9', hint: 'An address, a network (203.0.113.0/24), a user, or a country (DE).', unsent: true},
      {name: 'mounts', label: 'Only on these mounts', type: 'list', hint: 'Names or patterns, with spaces between them. Empty: on all.'},
      {name: 'until', label: 'Until', type: 'date', value: local(Date.now() / 1000 + 86400), hint: 'In the time of this browser. Empty: until it is deleted.'}, {name: 'reason', label: 'Reason', most: 500, spellcheck: true},
      {name: 'kick', label: 'End those that are here', options: [['true', 'yes'], ['false', 'no']], type: 'flag', value: 'true'}]}],
      send: async (body, all) => {
        await api('POST', '/bans', {...body, match: {[all.kind]: all.match}}, {key: key([body, all])});
        tell('Banned: ' + all.match);
        close();
        await refresh();
      }});
    return made.node;
  }),
  row(one, refresh) {
    const [kind, who] = Object.entries(one.match)[0];
    return {cells: [el('td', {'data-label': 'Who'}, el('span', null, el('strong', null, who), el('small', null, kind))), el('td', {'data-label': 'Mounts'}, el('span', null, joined(one.mounts) || 'all')),
      cell('Until', one.until ? when(one.until) : 'it is deleted'), el('td', {'data-label': 'Reason', dir: 'auto'}, el('span', null, one.reason || '')), cell('By', one.by || '')], acts: [
        mayChange('DELETE /bans/{}') && question('End', 'the ban of ' + who, 'The ban of ' + who + ' ends: it may listen again.', [['End the ban', async () => { await api('DELETE', '/bans/' + part(one.id), undefined, {revision: one.revision}); await refresh(); }]], false)]};
  }});
