// What was, asked of the server and drawn: the charts of the overview, of a mount and of a node.
import {api, el, has, may, part} from './kit.js';
import {t} from './texts.js';
import {plot} from './charts.js';

const POINTS = 240, EVERY = 10000;   // ms
const SPANS = [['1 h', 3600], ['24 h', 86400], ['7 d', 7 * 86400], ['30 d', 30 * 86400]];
let made = 0;

// of: {of, by, mount, node, limit}.  null: this server, or this role, has no history.
export function chart(title, of) {
  if (!has('GET /history') || !may('GET /history')) return null;
  const label = 'history' + ++made, stacked = (of.by === 'mount' || of.by === 'node') && !of.node;
  const drawn = plot({label, stacked, limit: of.limit, unit: of.of === 'kbps' ? 'kbit/s' : '', nameOf: row => row.name || t('others'),
    words: {mean: t('Mean'), most: t('at most'), time: t('Time'), table: t('As a table'), none: t('Nothing is known yet.')}});
  const fault = el('p', {class: 'about', hidden: true});
  let span = 3600, asked = 0;
  const buttons = SPANS.map(([word, seconds]) => el('button', {type: 'button', class: 'small', 'aria-pressed': String(seconds === span), on: {click: () => {
    span = seconds;
    buttons.forEach((button, at) => button.setAttribute('aria-pressed', String(SPANS[at][1] === span)));
    refresh(true);
  }}}, word));
  const node = el('figure', {class: 'chart'}, el('figcaption', {id: label}, title), el('div', {class: 'spans', role: 'group', 'aria-labelledby': label}, buttons), drawn.node, fault);
  // A point of 10 s is asked for as often; others seldom.
  async function refresh(now) {
    if (!now && Date.now() - asked < Math.max(EVERY, span * 1000 / POINTS)) return;
    asked = Date.now();
    const to = Math.floor(asked / 1000), query = {of: of.of, by: of.by || 'all', mount: of.mount, node: of.node, from: to - span, to, points: POINTS};
    try {
      const told = await api('GET', '/history?' + Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]) => name + '=' + part(value)).join('&'));
      if (!stacked && !told.rows.length) told.rows = [{name: null, mean: told.t.map(() => null), max: told.t.map(() => null)}];
      drawn.draw(told);
      fault.hidden = true;
    } catch (problem) {
      node.hidden = problem.status === 404 || problem.status === 403;
      fault.hidden = false;
      fault.textContent = problem.message;
    }
  }
  return {node, refresh};
}
