// A week by hours: how many listened at each hour of each day, on average.  A picture with a cursor,
// and the same as a table.
import {count, el, say, svg, tenths, two} from './kit.js';
import {language, t} from './texts.js';

const LEFT = 40, ROW = 18, TOP = 16, DAYS = 7, HOURS = 24, MONDAY = Date.UTC(2024, 0, 1);

// items: of /audience/hours, as [place in the week, seconds listened, length].
export function heat(label) {
  const picture = svg('svg', {role: 'img', tabindex: 0, height: TOP + DAYS * ROW, 'aria-labelledby': label}), values = el('output', {class: 'about'}), sheet = el('tbody');
  const days = [...Array(DAYS).keys()].map(day => new Date(MONDAY + day * 86400000).toLocaleDateString(language, {weekday: 'short', timeZone: 'UTC'}));
  const all = el('details', null, el('summary', null, 'As a table'), el('div', {class: 'sheet', tabindex: 0}, el('table', null, el('thead', null, el('tr', null, el('th', {scope: 'col'}, 'Time'), days.map(day => el('th', {scope: 'col'}, day)))), sheet)));
  const node = el('div', null, picture, values, all);
  let week = [], busiest = -1, cursor = -1, hand = null;
  const wide = () => (Math.max(node.clientWidth, 240) - LEFT) / HOURS;
  const told = value => value === null ? '\u2013' : tenths(value);
  const text = at => days[Math.floor(at / HOURS)] + ' ' + two(at % HOURS) + ':00: ' + (week[at] === null ? '\u2013' : count(+week[at].toFixed(1), 'listener'));
  function point(at) {
    cursor = at;
    hand.setAttribute('x', LEFT + at % HOURS * wide());
    hand.setAttribute('y', TOP + Math.floor(at / HOURS) * ROW);
    hand.setAttribute('visibility', at < 0 ? 'hidden' : 'visible');
    say(values, at >= 0 ? text(at) : busiest < 0 ? t('Nothing is known yet.') : t('Busiest') + ': ' + text(busiest));
  }
  function draw() {
    const width = wide(), most = Math.max(...week, 0.001), square = {width: (width - 1).toFixed(1), height: ROW - 1};
    const words = (x, y, word, anchor) => svg('text', {x, y, 'text-anchor': anchor}, word);
    hand = svg('rect', {class: 'hand', ...square});
    picture.replaceChildren(...[0, 6, 12, 18].map(hour => words(LEFT + hour * width, 11, two(hour) + ':00', 'start')), ...days.map((day, at) => words(LEFT - 6, TOP + at * ROW + 13, day, 'end')),
      ...week.map((value, at) => svg('rect', {...square, x: (LEFT + at % HOURS * width).toFixed(1), y: TOP + Math.floor(at / HOURS) * ROW, class: value === null ? 'none' : 'held', 'fill-opacity': value === null ? 1 : (0.08 + 0.92 * value / most).toFixed(2)})), hand);
    sheet.replaceChildren(...[...Array(HOURS).keys()].map(hour => el('tr', null, el('th', {scope: 'row'}, two(hour) + ':00'), days.map((_, day) => el('td', null, told(week[day * HOURS + hour]))))));
    point(cursor);
  }
  picture.addEventListener('pointermove', event => {
    const hour = Math.floor((event.offsetX - LEFT) / wide()), day = Math.floor((event.offsetY - TOP) / ROW);
    if (week.length && hour >= 0 && hour < HOURS && day >= 0 && day < DAYS) point(day * HOURS + hour);
  });
  picture.addEventListener('pointerleave', () => hand && point(-1));
  picture.addEventListener('keydown', event => {
    const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -HOURS, ArrowDown: HOURS}[event.key];
    if (!step || !week.length) return;
    event.preventDefault();
    point(cursor < 0 ? Math.max(busiest, 0) : (cursor + step + week.length) % week.length);
  });
  new ResizeObserver(() => week.length && node.clientWidth && draw()).observe(node);
  // items: of /audience/hours by hour, whose times are those of the zone that was asked for.
  return {node, draw(items, lengthOf) {
    const sums = [...Array(DAYS * HOURS)].map(() => [0, 0]);
    for (const one of items) {
      const [day, hour] = [new Date(one.from.slice(0, 10) + 'T00:00Z').getUTCDay(), Number(one.from.slice(11, 13))], sum = sums[(day + 6) % DAYS * HOURS + hour];
      sum[0] += one.seconds;
      sum[1] += lengthOf(one);
    }
    week = sums.map(([seconds, length]) => length > 0 ? seconds / length : null);
    busiest = week.reduce((best, value, at) => value > 0 && value > (week[best] ?? 0) ? at : best, -1);
    if (node.clientWidth) draw();
  }};
}
