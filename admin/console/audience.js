// What was listened to: figures, a chart, tables, and a week by hours, of a period and of the mounts that are chosen.
import {api, auto, box, cell, clock, countryName, el, here, listed, may, moment, mountPage, newest, number, press, query, quiet, say, table, tiles, to, words} from './kit.js';
import {t} from './texts.js';
import {plot} from './charts.js';
import {SUMS, ask, choice, headed, hours, keep, off, sumCells, taking, transfer, zone} from './figures.js';
import {heat} from './heat.js';

const NOW = 3600, DAY = 86400, SPANS = [['Now', NOW], ['24 h', DAY], ['7 d', 7 * DAY], ['30 d', 30 * DAY], ['A year', 365 * DAY]];
const SOON = 15000, SELDOM = 300000, POINTS = 240, BEST = 10;   // ms, points, songs

// The last one has not ended yet.
const lengthOf = one => Math.max(1, Math.min(one.length_s, clock() / 1000 - Date.parse(one.from) / 1000));

// A part of the page: what it asks, how it draws the answer, and the same as CSV.  of: {title, what, nodes, draw(told, take),
// there(asked), more(asked)}.  What came late is not drawn.
function section({title, what, nodes, draw, there, more, ask: question}) {
  const fault = quiet(''), take = taking(title), node = el('div', null, headed(title, take), box(nodes, fault));
  let last = null;
  return {node, async refresh(asked) {
    last = asked;
    if (node.hidden = there && !there(asked)) return;
    const fields = {...asked, span: undefined, ...more?.(asked)};
    try {
      const told = await (question ? question(asked) : ask(what, fields));
      if (last !== asked) return;
      if (!question) take.report(what, fields);
      say(fault, t(draw(told, take) || ''));
    } catch (problem) { if (last === asked) say(fault, words(problem)); }
    fault.hidden = !fault.textContent;
  }};
}
// A table of sums, each with a name.
function sums(title, column, name, key, {note, ...of}) {
  const rows = table(column, ...Object.keys(SUMS));
  let items = [], most = 0;
  // A row is made again where its figures have changed.
  const draw = () => rows.fill(items, one => [key(one), one.seconds, one.sessions, one.bytes, most].join(), one => ({cells: [cell(column, name(one)), ...sumCells(one, most)]}), 'Nothing was listened to then.');
  rows.sort({[column]: key, ...SUMS}, draw);
  return section({title, nodes: rows.all, ...of, draw(told, take) {
    items = told.items;
    most = Math.max(0, ...items.map(one => one.seconds));
    draw();
    of.took?.(items, take);
    return note?.(told);
  }});
}
const chart = account => {
  const label = 'audience-chart', drawn = plot({label, nameOf: one => one.name, words: {mean: t('Mean'), most: t('at most'), time: t('Time'), table: t('As a table'), none: t('Nothing is known yet.')}});
  const made = section({title: 'Listeners', nodes: el('figure', {class: 'chart', 'aria-labelledby': label}, drawn.node),
    // Of what is now the memory of the charts knows each ten seconds.
    there: asked => asked.span !== NOW || may('GET /history') && !asked.account,
    ask: asked => asked.span === NOW ? api('GET', '/history?' + query({of: 'listeners', mount: asked.mount, from: asked.from, to: asked.to, points: POINTS}))
      : ask('hours', {...asked, span: undefined, by: asked.span > 7 * DAY ? 'day' : 'hour'}),
    draw(told, take) {
      const items = told.items;
      const data = items ? {t: items.map(one => Date.parse(one.from) / 1000), step: items[1]?.length_s, rows: [{mean: items.map(one => one.seconds / lengthOf(one))}]} : told;
      if (!data.rows.length) data.rows = [{mean: data.t.map(() => null)}];
      drawn.draw(data);
      take.rows('listeners', [['time', 'listeners'], ...data.t.map((at, n) => [new Date(at * 1000).toISOString(), data.rows[0].mean[n] ?? ''])]);
    }});
  made.node.querySelector('h2').id = label;
  return made;
};
function week() {
  const drawn = heat('audience-week');
  const made = section({title: 'The week by hours', what: 'hours', nodes: el('figure', {class: 'chart heat', 'aria-labelledby': 'audience-week'}, drawn.node), there: asked => asked.span > DAY, more: () => ({by: 'hour'}), draw(told) { drawn.draw(told.items, lengthOf); }});
  made.node.querySelector('h2').id = 'audience-week';
  return made;
}
// Those that were listened to then, also what is not there any more.
function byMount(mounts) {
  const there = new Set(mounts.map(one => one.mount));
  return sums('By mount', 'Mount', ({mount}) => there.has(mount) ? to(mountPage(mount), mount) : mount, one => one.mount, {
    there: asked => !asked.mount,
    async ask(asked) {
      const all = new Map();
      for (const {mount, seconds, sessions, bytes} of (await ask('hours', {...asked, span: undefined, by: 'month,mount'})).items) {
        const sum = all.get(mount) || {mount, seconds: 0, sessions: 0, bytes: 0};
        all.set(mount, {mount, seconds: sum.seconds + seconds, sessions: sum.sessions + sessions, bytes: sum.bytes + bytes});
      }
      return {items: [...all.values()].sort((a, b) => b.seconds - a.seconds)};
    },
    took: (items, take) => take.rows('mounts', [['mount', 'seconds', 'sessions', 'bytes'], ...items.map(one => [one.mount, one.seconds, one.sessions, one.bytes])])});
}
// Two tables of songs; both(told, take): the rows of each as [title, number].
function songs(title, heads, {both, ...of}) {
  const rows = heads.map(([, column]) => table('Title', column)), nodes = heads.map(([head], at) => el('div', null, el('h3', null, head), rows[at].all));
  return section({title, nodes: el('div', {class: 'charts'}, nodes), there: asked => asked.span < 365 * DAY, ...of, draw(told, take) {
    both(told, take).forEach((those, at) => {
      rows[at].fill(those, one => one.join(), one => ({cells: [cell('Title', auto(one[0])), cell(heads[at][1], number(one[1]))]}), 'No title is known yet: its listenings are counted five minutes after its end.');
      nodes[at].hidden = at && !those.length;
    });
  }});
}
// By the listeners that came or went while they played.
const gains = () => songs('Best and worst songs', [['Gained most', 'Gain'], ['Lost most', 'Gain']], {
  ask: asked => Promise.all(['gain', 'loss'].map(order => ask('titles', {...asked, span: undefined, order}))),
  both(told, take) {
    const found = told.map(({items}, at) => items.map(one => [one.title, one.gain]).filter((one, n, all) => one[1] * (at ? -1 : 1) > 0 && all.findIndex(each => each[0] === one[0]) === n).slice(0, BEST));
    take.rows('songs', [['title', 'gain'], ...found.flat()]);
    return found;
  }});
// By their performances.
const heard = () => songs('Songs', [['Heard most', 'Listenings'], ['Heard least', 'Listenings']], {what: 'reports/songs', both({items}) {
  const all = new Map();
  for (const one of items) {
    const name = [one.artist, one.title].filter(Boolean).join(' \u2013 ');
    all.set(name, (all.get(name) || 0) + one.performances);
  }
  const sorted = [...all].sort((a, b) => b[1] - a[1]);
  return [sorted.slice(0, BEST), sorted.slice(BEST).slice(-BEST).reverse()];
}});

export async function audience(page) {
  page.title('Audience');
  const [mounts, accounts] = await Promise.all([listed('/mounts'), here.role === 'admin' ? listed('/accounts') : []]);
  let span = (SPANS.find(one => one[0] === new URLSearchParams(location.search).get('span')) || SPANS[1])[1];
  const spans = SPANS.map(([word, seconds]) => press(word, () => {
    span = seconds;
    keep('span', word);
    return page.again();
  }, {class: 'small'}));
  const mount = choice('mount', 'Mount', [['', t('all')], ...mounts.map(one => [one.mount, one.mount]).sort()], () => page.again());
  const account = accounts.length > 0 && choice('account', 'Account', [['', t('all')], ...accounts.map(one => [one.id, one.id])], () => page.again());
  const figures = tiles('listeners now', 'listenings', 'hours', 'in the busiest 15 minutes', 'sent'), times = quiet(''), take = taking('Audience');
  const split = (title, column, what, name, of) => sums(title, column, name, name, {what, ...of});
  const parts = [chart(), byMount(mounts),
    split('By country', 'Country', 'countries', one => countryName(one.country), {note: told => told.items.length > 0 && told.items.every(one => !one.country) && 'Countries are known where the configuration has a <geoipdb>.'}),
    split('By player', 'Player', 'players', one => one.player || t('unknown')), gains(), heard(), week()];
  const all = el('div', null, box(figures.node, el('div', {class: 'headed'}, times, take.node)), parts.slice(0, 2).map(one => one.node), el('div', {class: 'charts'}, parts.slice(2, 4).map(one => one.node)), parts.slice(4).map(one => one.node));
  const summary = newest(fields => ask('summary', fields));
  async function refresh() {
    SPANS.forEach((one, at) => spans[at].setAttribute('aria-pressed', String(one[1] === span)));
    const now = Math.floor(clock() / 1000), asked = {from: now - span, to: now, mount: mount.value(), account: account && account.value(), span};
    const fields = {...asked, span: undefined}, told = await summary(fields);
    if (!told) return;   // of a period, mount or account that was chosen before
    const busiest = told.busiest && Math.round(told.busiest_listeners * 10) / 10;
    take.report('summary', fields);
    [told.listeners, told.sessions, null, busiest ?? 0].forEach((value, at) => value !== null && say(figures.values[at], number(value)));
    say(figures.values[2], hours(told.seconds));
    say(figures.values[4], transfer(told.bytes));
    say(times, (told.busiest ? t('Busiest') + ': ' + moment(Date.parse(told.busiest) / 1000) + '. ' : '') + t('Times are those of') + ' ' + zone + '.');
    await Promise.all(parts.map(one => one.refresh(asked)));
  }
  page.add(el('div', {class: 'choices'}, el('div', {class: 'field'}, el('span', {id: 'period', class: 'label'}, t('Period')), el('div', {class: 'spans', role: 'group', 'aria-labelledby': 'period'}, spans)), mount.node, account && account.node), all);
  try { await refresh(); } catch (problem) {
    const why = off(problem);
    page.main.replaceChildren(page.heading, why);
    return;
  }
  page.poll(refresh, () => span === NOW ? SOON : SELDOM);
}
