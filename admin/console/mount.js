// One mount.
import {charts} from './history.js';
import {GB, actions, ago, api, auto, box, cell, clock, copyButton, el, follow, head, here, keys, list, listed, matches, may, mayChange, moment, newest, number, offer, pair, part, pill, press, query, quiet, say, secret, short, show, span, strong, table, tenths, tiles, when} from './kit.js';
import {t} from './texts.js';
import {feeds} from './feeds.js';
import {put} from './live.js';
import {HERE, banFields, form, hoursText, opening, question} from './forms.js';
import {encoderSettings} from './encoders.js';
import {mountActs} from './mount_acts.js';
import {offText, stateOf} from './mounts.js';

const EVERY = 3000, TITLES = 100, TITLES_FOR = 21600;   // ms, of them, s

// A login's times, as the browser's forms have them.
const hourFields = (login = {}) => [
  {name: 'from', label: 'Valid from', type: 'date', value: login.from},
  {name: 'until', label: 'Valid until', type: 'date', value: login.until, hint: HERE + 'always.'},
  {name: 'hours', label: 'Hours of each week', type: 'hours', most: 1000, value: hoursText(login.hours), placeholder: 'mon tue 20:00-22:00, fri 23:00-02:00', hint: 'Days and times, separated by commas; without days: each day. Empty: at any time.'},
  {name: 'zone', label: 'Time zone of these hours', most: 64, value: login.zone, placeholder: 'Europe/Berlin', hint: 'Empty: that of the server.'},
  {name: 'grace', label: 'Grace, seconds', type: 'number', min: 0, max: 86400, value: login.grace, hint: 'At the end of its time the source on the air is ended, so many seconds later.'},
  {name: 'live', label: 'Shown to listeners as the presenter', type: 'tick', value: login.live, hint: 'By the name of the login, while it is on the air.'}];
const validText = login => ([login.from && t('from {0}', when(login.from)), login.until && t('until {0}', when(login.until)),
  login.hours?.length && hoursText(login.hours) + (login.zone ? ' (' + login.zone + ')' : ''), login.grace && t('grace {0} s', login.grace)].filter(Boolean).join(' · ') || t('always')) + (login.live ? ' · ' + t('shown') : '');

const SUSPENDED = {account: 'with its account', quota: 'with its limit for a month', admin: 'by an admin', owner: 'by an owner'};
// "Artist - Title"; without an artist the whole is the title.
const parts = text => { const at = (text || '').indexOf(' - '); return at < 0 ? ['', text || ''] : [text.slice(0, at), text.slice(at + 3)]; };
const names = one => (one.sources || []).map(login => login.user);
function recipe(one, made) {
  const source = one.source || {}, user = made?.user || names(one)[0] || 'source';
  return source.url && encoderSettings({url: source.url, backup: source.backup, user, password: made?.password, name: one.settings?.['stream-name'],
    bitrate: one.limits?.bitrate > 0 ? one.limits.bitrate : 0}, one.mount);
}
const addressRow = (label, url) => url && pair(label, el('code', null, url), here.role !== 'viewer' && [' ', copyButton(url, 'the address')]);

// What was made, ready to paste.
function showMade(page, one) {
  const source = one.source || {};
  const logins = one.logins?.length ? one.logins : source.password ? [source] : [];
  if (!logins.length) return;
  const rows = logins.length === 1 ? [['User', logins[0].user], ['Password', logins[0].password]] : logins.map(login => [t('Password of {0}', login.user), login.password]);
  const node = secret(logins.length === 1 ? 'The login of its source' : 'The logins of its source', rows);
  page.made.replaceChildren();
  show(node, page.made);
  page.encoder.replaceChildren(...[recipe({...one, source: {...source, url: source.url || page.one.source?.url, backup: source.backup || page.one.source?.backup}}, logins[0])].filter(Boolean));
}

const renewal = (page, base, user, of = '') => question('New password', of, () => t('The password of {0} ends. A source that is on air stays.', user),
  [['New password', async () => { const made = await api('POST', base + '/password', {user}); page.took(made); showMade(page, made); }]], false);

// Of a list, to one of its entries.
function atForm(problem) {
  for (const error of problem.errors || []) error.pointer = error.pointer.replace(/^\/sources\/\d+/, '');
  return problem;
}

function loginsPart(page, base) {
  const rows = table('User', 'Valid');
  const change = (sources, revision) => page.change({sources}, revision);
  const kept = () => page.one.sources.map(login => ({...login}));
  const fill = one => rows.fill(one.sources || [], login => login.user, login => {
    return {...follow({User: [strong(), one => one.user], Valid: validText}), acts: [
      renewal(page, base, login.user, ': ' + login.user),
      opening('Hours', ': ' + login.user, close => form({button: 'Save', cancel: close, change: page.one,
        groups: [{fields: hourFields(page.one.sources.find(other => other.user === login.user))}],
        send: async (body, all, revision) => {
          for (const name of ['from', 'until', 'grace']) if (body[name] === null) body[name] = 0;
          if (body.zone === null) body.zone = '';
          try {
            await change(kept().map(other => other.user === login.user ? {...other, ...body} : other), revision);
            close();
          } catch (problem) { throw atForm(problem); }
        }}).node),
      question('Remove', login.user, () => t(names(page.one).length === 1 ? 'The login {0} ends; it is the only one: then no encoder gets in.' : 'The login {0} ends.', login.user),
        [['Remove', () => change(kept().filter(other => other.user !== login.user))]])]};
  });
  const add = opening('Add a login', '', close => form({button: 'Add', cancel: close,
    groups: [{fields: [{name: 'user', label: 'User', required: true, most: 255, hint: 'A name for each presenter. When its time is over, its source is ended.'}, ...hourFields()]}],
    send: async body => {
      try {
        const made = await api('PATCH', base, {sources: [...kept(), body]}, {revision: page.one.revision});
        close();
        page.took(made);
        showMade(page, made);
      } catch (problem) {
        throw atForm(problem);
      }
    }}).node);
  return {node: el('div', null, head('Logins of its source'), box(rows.node), add), fill};
}

const ms = value => value === null ? '' : value < 1000 ? short(value) + '\u00a0ms' : ago(value / 1000);
const pathOf = one => one.path.join(' \u2192 ');
// The address that most of many listeners have.
const MANY = 20, SEARCHED = 5;   // listeners, pages of them
function crowd(items) {
  const of = new Map();
  for (const {address} of items) if (address) of.set(address, (of.get(address) || 0) + 1);
  const [address, times] = [...of].reduce((most, one) => one[1] > most[1] ? one : most, ['', 0]);
  return times >= MANY && times * 2 > items.length
    ? t('{0} of these {1} listeners have the address {2}: a proxy that <x-forwarded-for> does not name, or a program that listens many times. A ban ends them all; max-listeners-per-address is a limit.', number(times), number(items.length), address) : '';
}

function listenersPart(page, base) {
  const title = el('h2', {id: 'listeners'}, 'Listeners');
  if (!may('GET /mounts/{}/listeners')) return {node: el('div'), refresh() {}};
  const rows = table('Address', 'Country', 'Player', 'User', 'Since', 'Round trip', 'Sent again', 'Queue', 'Lag', 'Path');
  const further = press('More', more, {hidden: true});
  const missing = quiet(''), many = quiet('');
  let next = '', items = [], pages = 1;
  const address = base + '/listeners';
  const term = el('input', {type: 'search', id: 'listeners-q', autocomplete: 'off', spellcheck: 'false'});
  const filter = el('search', {class: 'search', hidden: true}, el('label', {for: term.id}, 'Search these listeners'), term);
  const draw = () => {
    const shown = term.value.trim() ? items.filter(one => matches(term.value.trim(), one.address, one.country, one.agent, one.user, pathOf(one))) : items;
    filter.hidden = items.length < 8 && !term.value;
    rows.fill(shown, one => one.node + ' ' + one.id, one => {
      const at = address + '/' + part(one.node) + '/' + part(one.id), who = one.address || t('listener {0}', one.id);
      const kick = () => api('DELETE', at).then(refresh);
      return {...follow({Address: one => one.address || '', Country: one => one.country || '', Player: one => one.agent || '', User: one => one.user || '', Since: one => ago(one.seconds), 'Round trip': one => ms(one.rtt_ms), 'Sent again': one => one.retransmits ?? '', Queue: one => one.queue_bytes === null ? '' : short(one.queue_bytes) + '\u00a0B', Lag: one => ms(one.lag_ms), Path: pathOf}),
        acts: [may('DELETE /mounts/{}/listeners/{}/{}') && question('Kick', who, () => t(one.agent ? 'End 1 listener, {0} with {1}?' : 'End 1 listener, {0}?', who, one.agent), [['Kick', kick]]),
          one.address && mayChange('POST /bans') && opening('Ban', who, close => {
            const fresh = keys();
            return form({button: 'Ban', cancel: close, groups: [{fields: banFields('kicked from ' + page.one.mount)}], send: async body => {
              const ban = {...body, match: {address: one.address}, kick: true};
              await api('POST', '/bans', ban, {key: fresh(ban)});
              close();
              await refresh();
            }}).node;
          }),
          may('POST /mounts/{}/listeners/{}/{}/move') && !one.hls && opening('Move', who, close => form({button: 'Move', cancel: close,
            groups: [{fields: [{name: 'to', label: 'To the mount', required: true, most: 255, placeholder: '/other.mp3', hint: 'Of the same format.'}]}],
            send: async body => { await api('POST', at + '/move', body); close(); await refresh(); }}).node)]};
    }, !items.length ? 'No listeners.' : next ? 'Nothing matches so far.' : 'Nothing matches.', Infinity);
    further.hidden = !next;
    say(many, crowd(items));
    many.hidden = !many.textContent;
  };
  rows.sort({Address: one => one.address, Country: one => one.country, Player: one => one.agent, User: one => one.user, Since: one => one.seconds, 'Round trip': one => one.rtt_ms, 'Sent again': one => one.retransmits, Queue: one => one.queue_bytes, Lag: one => one.lag_ms, Path: pathOf}, draw);
  term.addEventListener('input', () => {
    draw();
    if (!next || !term.value || pages >= SEARCHED) return;
    pages = SEARCHED;
    refresh().catch(() => {});   // the next turn says it
  });
  const ask = newest(async () => {
    const all = [];
    let got = await api('GET', address);
    all.push(...got.items);
    for (let n = 1; n < pages && got.next; n++) {
      got = await api('GET', address + '?most=500&after=' + part(got.next));
      all.push(...got.items);
    }
    return {...got, items: all};
  });
  async function refresh() {
    const got = await ask();
    if (!got) return;
    ({items, next} = got);
    missing.hidden = !got.missing?.length;
    say(missing, t('Not told by {0}.', (got.missing || []).join(', ')));
    draw();
  }
  function more() {
    pages++;
    return refresh();
  }
  return {node: el('div', null, title, box(filter, many, rows.all, missing, further)), refresh};
}

// What it played lately: with listeners where the audience is kept.
function titlesPart(page, past) {
  const rows = table('Time', 'Title', ...here.audience ? ['Listeners', 'Gain'] : []), node = el('div', {hidden: true}, el('h2', {id: 'titles'}, 'Titles'), el('section', {class: 'roundbox long', tabindex: 0, 'aria-labelledby': 'titles'}, rows.all));
  async function played() {
    if (here.audience) return (await list('/audience/titles?' + query({mount: page.one.mount, from: Math.floor(clock() / 1000) - TITLES_FOR}), 1000))
      .map(one => ({...one, at: Date.parse(one.began) / 1000, ended: one.ended && Date.parse(one.ended) / 1000}));
    if (!page.one['on-air']) return [];   // the others are its fallback's
    const told = await api('GET', '/now' + part(page.one.mount).replaceAll('%2F', '/') + '?history=' + TITLES);
    // Newest first.
    return [told.title, ...told.history].filter(Boolean).map((one, n, all) => ({at: one.wall_ms / 1000, ended: n ? all[n - 1].wall_ms / 1000 : null, title: one.text})).reverse();
  }
  return {node, async refresh() {
    if (page.one.settings?.hidden && !here.audience) return;   // not told to all
    const told = await played().catch(problem => problem.status < 500 ? [] : null);
    if (!told) return;   // the server is away for a moment
    const titles = told.filter(one => one.title).slice(-TITLES);
    past.mark(titles);
    node.hidden = !titles.length;
    rows.fill([...titles].reverse(), one => [one.at, one.title, one.listeners, one.gain].join(), one => ({cells: [cell('Time', moment(one.at)), cell('Title', auto(one.title)),
      ...here.audience ? [cell('Listeners', one.listeners === null ? '' : number(one.listeners)), cell('Gain', one.gain === null ? '' : (one.gain > 0 ? '+' : '') + number(one.gain))] : []]}));
  }};
}

export async function mount(page, name) {
  const base = '/mounts/' + part(name);
  page.title(name);
  page.one = await api('GET', base);
  const nodes = may('POST /mounts/{}/move') ? await listed('/nodes') : [];
  const accounts = here.role === 'admin' ? await listed('/accounts') : [];
  const ours = page.one.origin === 'store', changes = ours && mayChange('PATCH /mounts/{}');
  const {mountGroups} = changes ? await import('./mount_form.js') : {};
  page.made = el('div');
  page.encoder = el('section', {class: 'roundbox'});
  const state = span(), why = span(), title = el('p', {class: 'playing', dir: 'auto'});
  const totals = tiles('listeners', 'listeners allowed', 'kbit/s allowed');
  const facts = el('tbody'), player = el('div', {class: 'audioplayer'});
  const losing = () => t(page.one.listeners === 1 ? '{0} listener loses it' : '{0} listeners lose it', number(page.one.listeners ?? 0));
  const act = (path, body = {}) => async () => { const told = await api('POST', base + path, body); if (told) page.took(told); else await refresh(); };

  const kick = may('POST /mounts/{}/kick-source') && question('End source', '', () => t('The source of {0} ends; {1}. It may come back.', name, losing()), [['End source', act('/kick-source')]]);
  const suspend = changes && question('Suspend', '', () => t(stateOf(page.one)[1] === 'up' ? '{0} takes no source until it is resumed: its source ends, and {1}.' : '{0} takes no source until it is resumed.', name, losing()),
    [['Suspend', act('/suspend')]]);
  const resume = changes && press('Resume', act('/resume'));
  const renew = changes && names(page.one).length === 1 && renewal(page, base, names(page.one)[0]);
  const remove = changes && question('Delete', '', () => t('Delete {0}? Its logins go, its source ends, and {1}.', name, losing()),
    [['Delete', async () => { await api('DELETE', base, undefined, {revision: page.one.revision}); page.go('/mounts'); }]]);
  const rest = [];
  if (may('POST /mounts/{}/title')) {
    rest.push(opening('Set the title', '', (close, [artist, title] = parts(page.one.title)) => form({button: 'Set', cancel: close, groups: [{fields: [
      {name: 'artist', label: 'Artist', value: artist, most: 1000, spellcheck: true},
      {name: 'title', label: 'Title', value: title, required: true, most: 1000, spellcheck: true, hint: 'Listeners see: Artist - Title.'},
      {name: 'album', label: 'Album', most: 1000, spellcheck: true},
      {name: 'duration', label: 'Length', type: 'length', placeholder: '3:05'},
      {name: 'at_ms', label: 'Begins', type: 'date', step: 1, hint: HERE + 'now. At most ten minutes from now.'}]}],
    send: async body => { await api('POST', base + '/title', body.at_ms ? {...body, at_ms: body.at_ms * 1000} : body); close(); await refresh(); }}).node));
    rest[0].id = 'title';
  }
  if (changes) rest.push(opening('Edit', '', close => form({button: 'Save', cancel: close, change: page.one, groups: mountGroups(page.one, accounts, nodes),
    send: async (body, all, revision) => { await page.change(body, revision); close(); }}).node));
  if (changes && may('POST /mounts/{}/move') && nodes.length > 1) rest.push(opening('Move its home', '', close => form({button: 'Move', cancel: close, at: {'no-room': 'to'},
    groups: [{fields: [{name: 'to', label: 'To the node', value: page.one.backup, options: nodes.map(node => node.id).filter(id => id !== page.one.home)},
      {name: 'force-after', label: 'End the source at the old one after, seconds', type: 'number', min: 1, hint: 'For encoders that find the new address by themselves. Empty: it stays until the encoder goes over.'}]}],
    send: async body => { await act('/move', body)(); close(); }}).node));
  rest.push(...mountActs(name));
  const logins = changes ? loginsPart(page, base) : null;
  const heard = listenersPart(page, base);

  page.take = one => {
    page.one = {...one, source: {...one.source, password: undefined}};
    const {http, https} = one.listen, [text, kind] = stateOf(one), suspended = one.state === 'suspended';
    pill(state, text, kind);
    const who = one['suspended-by'];
    say(why, who ? ' ' + t(SUSPENDED[who]) : '');
    say(title, one.title || '');
    title.hidden = !one.title;
    say(totals.values[0], number(one.listeners ?? 0));
    say(totals.values[1], one.limits?.listeners >= 0 ? number(one.limits.listeners) : t('any'));
    say(totals.values[2], one.limits?.bitrate >= 0 ? number(one.limits.bitrate) : t('any'));
    const at = (node, its) => node && its && its !== 'up' ? node + ' (' + t(its) + ')' : node;
    const by = one['fed-by'], fed = by && [by.user || t('a relay'), by.node && t('at {0}', by.node), by.address && t('from {0}', by.address), t('since {0}', when(by.since)), by.kbps && number(by.kbps) + ' kbit/s', by.agent].filter(Boolean).join(' · ');
    const month = [['listening-hours', '{0} of {1} hours'], ['transfer', '{0} of {1} GB', GB]].map(([what, text, unit = 1]) => one.limits?.[what] >= 0 && one.used?.[what] != null &&
      t(text, ...[one.used[what], one.limits[what]].map(amount => tenths(amount / unit)))).filter(Boolean).join(' · ');
    const rows = [...[['On the air', fed], ['Off the air', offText(one)], ['Home', at(one.home, one['home-state'])], ['To the node', one.place?.to], ['Second home', at(one.backup, one['backup-state'])], ['Fallback mount', one.settings?.['fallback-mount']], ['Account', one.account], ['This month', month], ['Name', one.settings?.['stream-name']], ['Description', one.settings?.['stream-description']], ['Genre', one.settings?.genre],
      ['Stands in', t({file: 'the configuration file, where it is changed', external: 'an external configuration, where it is changed', store: 'the store'}[one.origin])]]
      .filter(([, value]) => value).map(row => pair(...row)), addressRow('Listen', http), addressRow('Listen (https)', https), addressRow('Source', one.source.url), addressRow('Source, second home', one.source.backup),
      addressRow('Player page', (https || http)?.replace(/(?<=[^:/])\//, '/listen/'))].filter(Boolean);
    const shown = rows.map(row => row.textContent).join('\n');
    if (facts.shown !== shown) { facts.replaceChildren(...rows); facts.shown = shown; }
    offer([suspend, !suspended], [resume, suspended && (who !== 'admin' || here.role === 'admin')], [kick, kind === 'up']);
    const url = kind === 'up' ? location.protocol === 'https:' && https || http : '';
    if (player.shown !== url) {
      player.shown = url;
      player.replaceChildren(...(url ? [el('audio', {controls: true, preload: 'none', 'aria-label': t('Listen') + ': ' + name, src: url})] : []));
    }
    // What was typed there, or made, stays.
    const to = [one.source.url, one.source.backup].join();
    if (page.to !== to && one.source.url && page.encoder.querySelector('input')?.value === '') {
      page.to = to;
      page.encoder.replaceChildren(recipe(page.one));
    }
    logins?.fill(one);
  };
  const ask = newest(() => api('GET', base));
  const refresh = async () => { const told = await ask(); if (told) page.take(told); };
  // The answer to a change: what was asked for before is older.
  page.took = one => { ask.drop(); page.take(one); };
  page.change = async (body, revision = page.one.revision) => {
    try { page.took(await api('PATCH', base, body, {revision})); }
    catch (problem) { if (problem.kind === 'changed') await refresh(); throw problem; }
  };

  const facing = box(el('p', null, state, why), title, totals.node, actions(kick, suspend, resume, renew, remove),
    player, el('table', {class: 'yellowkeys'}, facts));
  const past = charts(['Listeners', {of: 'listeners', mount: name}], ...here.audience ? [['Listeners by country', {of: 'listeners', by: 'country', mount: name}]] : []), played = titlesPart(page, past), fed = feeds(), feeding = () => may('GET /nodes') && fed.refresh(name);
  page.add(page.made, facing, past.there && box(past.node), el('div', {class: 'openings'}, rest));
  const settings = recipe(page.one);
  if (settings && ours && may('POST /mounts/{}/kick-source')) {
    page.encoder.append(settings);
    page.add(head('Settings of its encoder'), page.encoder);
  }
  if (logins) page.add(logins.node);
  page.add(fed.node, played.node, heard.node);
  page.take(page.one);
  if (page.more?.made) showMade(page, page.more.made);
  past.refresh();
  await Promise.all([heard.refresh(), played.refresh(), feeding()]);
  // Again when listeners came or went.
  page.poll(async () => { await Promise.all([refresh(), heard.refresh(), played.refresh(), feeding()]); past.refresh(); }, () => EVERY, data => {
    const {listeners} = page.one;
    if (!data.mounts) return;
    const all = put(data, {mounts: [page.one]});
    page.take(page.one);
    past.heard(data.totals);
    return all && page.one.listeners === listeners;
  }, '?mount=' + part(name));
}
