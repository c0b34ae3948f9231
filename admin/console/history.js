// What was, asked of the server and drawn: the charts of the overview, of a mount and of a node.
import {api, el, may, press, query} from './kit.js';
import {t} from './texts.js';
import {plot} from './charts.js';

const POINTS = 240, EVERY = 10000;   // ms
const SPANS = [['1 h', 3600], ['24 h', 86400], ['7 d', 7 * 86400], ['30 d', 30 * 86400]];
let made = 0;

// of: {of, by, mount, node, limit}.  null: this server, or this role, has no history.
export function chart(title, of) {
  if (!may('GET /history')) return null;
  const label = 'history' + ++made, stacked = (of.by === 'mount' || of.by === 'node') && !of.node;
  const drawn = plot({label, stacked, limit: of.limit, nameOf: row => row.name || t('others'),
    words: {mean: t('Mean'), most: t('at most'), time: t('Time'), table: t('As a table'), none: t('Nothing is known yet.')}});
  const fault = el('p', {class: 'about', hidden: true});
  let span = 3600, asked = 0, data = null;
  const buttons = SPANS.map(([word, seconds]) => press(word, () => {
    span = seconds;
    buttons.forEach((button, at) => button.setAttribute('aria-pressed', String(SPANS[at][1] === span)));
    refresh(true);
  }, {class: 'small', 'aria-pressed': String(seconds === span)}));
  const node = el('figure', {class: 'chart'}, el('figcaption', {id: label}, t(title) + (of.of === 'kbps' ? ', kbit/s' : '')), el('div', {class: 'spans', role: 'group', 'aria-labelledby': label}, buttons), drawn.node, fault);
  // A point of 10 s is asked for as often; others seldom.
  async function refresh(now) {
    if (!now && Date.now() - asked < Math.max(EVERY, span * 1000 / POINTS)) return;
    asked = Date.now();
    const to = Math.floor(asked / 1000), asks = query({of: of.of, by: of.by || 'all', mount: of.mount, node: of.node, from: to - span, to, points: POINTS});
    try {
      const told = await api('GET', '/history?' + asks);
      if (!stacked && !told.rows.length) told.rows = [{name: null, mean: told.t.map(() => null), max: told.t.map(() => null)}];
      drawn.draw(data = told);
      fault.hidden = true;
    } catch (problem) {
      node.hidden = problem.status === 404 || problem.status === 403;
      fault.hidden = false;
      fault.textContent = problem.message;
    }
  }
  // Its newest point is as the server tells it now: totals, and those of a name.
  function heard(totals, rowOf) {
    if (!data || span > 3600) return;
    if (Date.now() / 1000 >= data.t.at(-1) + data.step) {
      data.t.push(data.t.shift() + data.step * data.t.length);
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
    drawn.draw(data);
  }
  return {node, refresh, heard};
}
// Of [title, of], beside each other.
export function charts(...all) {
  const made = all.map(one => chart(...one)).filter(Boolean);
  return {node: el('div', {class: 'charts'}, made.map(one => one.node)), there: made.length > 0, refresh() { for (const one of made) one.refresh(); }, heard(...all) { for (const one of made) one.heard(...all); }};
}
