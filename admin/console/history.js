// What was, asked of the server and drawn: the charts of the overview, of a mount and of a node.
import {api, clock, countryName, el, may, newest, press, query} from './kit.js';
import {t} from './texts.js';
import {plot} from './charts.js';

const POINTS = 240, EVERY = 10000;   // ms
const HOUR = 3600, SPANS = [['1 h', HOUR], ['24 h', 24 * HOUR], ['7 d', 168 * HOUR], ['30 d', 720 * HOUR]];
let made = 0;

// of: {of, by, mount, node, limit}.  null: this server, or this role, has no history.
export function chart(title, of) {
  if (!may('GET /history')) return null;
  const label = 'history' + ++made, countries = of.by === 'country', stacked = (of.by === 'mount' || of.by === 'node') && !of.node || countries;
  const drawn = plot({label, stacked, limit: of.limit, nameOf: row => row.others ? t('others') : countries ? countryName(row.name) : row.name,
    words: {mean: t('Mean'), most: t('at most'), time: t('Time'), title: t('Title'), table: t('As a table'), none: t('Nothing is known yet.')}});
  const fault = el('p', {class: 'about', hidden: true});
  // Of countries there are whole hours.
  const spans = SPANS.slice(countries ? 1 : 0);
  let [[, span]] = spans, asked = 0, data = null, titles = [];
  const buttons = spans.map(([word, seconds]) => press(word, () => {
    span = seconds;
    buttons.forEach((button, at) => button.setAttribute('aria-pressed', String(spans[at][1] === span)));
    refresh(true);
  }, {class: 'small', 'aria-pressed': String(seconds === span)}));
  const node = el('figure', {class: 'chart'}, el('figcaption', {id: label}, t(title) + (of.of === 'kbps' ? ', kbit/s' : '')), el('div', {class: 'spans', role: 'group', 'aria-labelledby': label}, buttons), drawn.node, fault);
  // In longer spans there are more titles than places.
  const draw = () => drawn.draw(Object.assign(data, {titles: stacked || span > HOUR ? [] : titles}));
  const ask = newest(asks => api('GET', '/history?' + asks));
  // A point of 10 s is asked for as often; others seldom.
  async function refresh(now) {
    if (!now && clock() - asked < Math.max(EVERY, span * 1000 / POINTS)) return;
    asked = clock();
    const to = Math.floor(asked / 1000), asks = query({of: of.of, by: of.by || 'all', mount: of.mount, node: of.node, from: to - span, to, points: POINTS});
    try {
      const told = await ask(asks);
      if (!told) return;
      if (!stacked && !told.rows.length) told.rows = [{name: null, mean: told.t.map(() => null), max: told.t.map(() => null)}];
      data = told;
      draw();
      node.hidden = countries && !told.rows.some(row => row.name);
      fault.hidden = true;
    } catch (problem) {
      node.hidden = problem.status === 404 || problem.status === 403;
      fault.hidden = false;
      fault.textContent = problem.message;
    }
  }
  // Its newest point is as the server tells it now: totals, and those of a name.
  function heard(totals, rowOf) {
    if (!data || span > HOUR) return;
    if (clock() / 1000 >= data.t.at(-1) + data.step) {
      data.t.push(data.t.at(-1) + data.step);
      data.t.shift();
      for (const row of data.rows) for (const values of [row.mean, row.max]) if (values) { values.shift(); values.push(null); }
    }
    const last = data.t.length - 1;
    let left = totals[of.of];
    for (const row of data.rows) {
      const value = row.others ? Math.max(0, left) : row.name ? rowOf(row.name)?.[of.of] ?? 0 : left;
      left -= value;
      row.mean[last] = value;
      if (row.max) row.max[last] = Math.max(value, row.max[last]);
    }
    draw();
  }
  return {node, refresh, heard, mark(those) { titles = those; if (data) draw(); }};
}
// Of [title, of], beside each other.
export function charts(...all) {
  const made = all.map(one => chart(...one)).filter(Boolean);
  const each = what => (...all) => { for (const one of made) one[what](...all); };
  return {node: el('div', {class: 'charts'}, made.map(one => one.node)), there: made.length > 0, refresh: each('refresh'), heard: each('heard'), mark: each('mark')};
}
