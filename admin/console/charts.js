// Charts by own SVG: mean and maximum, or rows stacked in colour and pattern; a cursor; a table.
import {DAY, HOUR, el, moment, say, short, svg} from './kit.js';

const HEIGHT = 180, LEFT = 52, BOTTOM = 22, TOP = 8;
let made = 0;

function ceiling(most) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 4, 5, 10].map(one => one * ten).find(one => one >= most);
}
// Stretches without a gap, as [first, last].
function runs(values) {
  const found = [];
  values.forEach((value, at) => {
    if (value === null) return;
    if (at && values[at - 1] !== null) found.at(-1)[1] = at; else found.push([at, at]);
  });
  return found;
}

// stacked: rows upon each other; limit: a line; nameOf(row), words: {mean, most, time, table, none}.
// draw({t, step, rows: [{name, mean, max}], titles: [{at, ended, title}]}); without max the band reaches down to nothing.
export function plot({label, stacked, limit = 0, nameOf, words}) {
  const id = 'chart' + ++made, floor = HEIGHT - BOTTOM;
  const picture = svg('svg', {role: 'img', tabindex: 0, height: HEIGHT, 'aria-labelledby': label});
  const values = el('output', {class: 'about', 'aria-live': 'off'}), legend = el('ul', {class: 'legend'}), head = el('tr', null, el('th', {scope: 'col'}, words.time)), sheet = el('tbody');
  const all = el('details', null, el('summary', null, words.table), el('div', {class: 'sheet', tabindex: 0}, el('table', null, el('thead', null, head), sheet)));
  const node = el('div', null, picture, legend, values, all);
  // As the observer tells it: asked for in between, it would lay out the whole page each time.
  let data = null, cursor = -1, hand = null, wide = 0;

  const place = at => LEFT + (at + 0.5) * (wide - LEFT) / data.t.length;
  const told = value => value === null ? '\u2013' : short(value);
  const time = at => moment(data.t[at], {...DAY, ...HOUR, ...(data.step < 60 ? {second: '2-digit'} : null)});
  // The newest that began until then, unless it had ended.
  const heard = at => { const one = data.titles?.findLast(one => one.at < data.t[at] + data.step); return one && !(one.ended <= data.t[at]) ? one.title : ''; };
  const text = at => time(at) + ': ' + (stacked ? data.rows.map(row => nameOf(row) + ' ' + told(row.mean[at])).join(', ')
    : told(data.rows[0].mean[at]) + (data.rows[0].max ? ' (' + words.most + ' ' + told(data.rows[0].max[at]) + ')' : '')) + (heard(at) && ' \u00b7 ' + heard(at));
  function point(at) {
    cursor = Math.max(0, Math.min(data.t.length - 1, at));
    for (const end of ['x1', 'x2']) hand.setAttribute(end, place(cursor));
    hand.setAttribute('visibility', 'visible');
    say(values, text(cursor));
  }
  function fillSheet() {
    if (!all.open || !data) return;
    const columns = stacked ? data.rows.map(row => [nameOf(row), row.mean]) : [[words.mean, data.rows[0].mean], [words.most, data.rows[0].max]].filter(one => one[1]);
    const titles = data.titles?.length > 0 && words.title;
    head.replaceChildren(...[words.time, ...columns.map(one => one[0]), ...titles ? [titles] : []].map(word => el('th', {scope: 'col'}, word)));
    sheet.replaceChildren(...data.t.map((_, at) => el('tr', null, el('th', {scope: 'row'}, time(at)), columns.map(one => el('td', null, told(one[1][at]))), titles && el('td', {dir: 'auto'}, heard(at)))).reverse());
  }
  function draw() {
    const rows = data.rows, sums = data.t.map(() => 0);
    const tops = rows.map(row => row.mean.map((value, at) => value === null ? null : stacked ? sums[at] += value : value));
    const high = ceiling(Math.max(limit, ...(stacked ? sums : rows[0].max || rows[0].mean)));
    const y = value => (floor - value * (floor - TOP) / high).toFixed(1), x = at => place(at).toFixed(1);
    const there = (them, from, to) => { let path = 'M'; for (let at = from; at <= to; ++at) path += (at > from ? 'L' : '') + x(at) + ' ' + y(them[at]); return path; };
    const back = (them, from, to) => { let path = ''; for (let at = to; at >= from; --at) path += 'L' + x(at) + ' ' + y(them(at)); return path + 'Z'; };
    const across = (kind, value) => svg('line', {class: kind, x1: LEFT, x2: wide, y1: y(value), y2: y(value)});
    const parts = [0, high / 2, high].flatMap(value => [across('grid', value), svg('text', {x: LEFT - 6, y: +y(value) + 4, 'text-anchor': 'end'}, short(value))]);
    const marks = Math.max(2, Math.min(6, Math.floor(wide / 110)));
    for (let i = 0; i < marks; ++i) {
      const at = Math.floor((i + 0.5) * data.t.length / marks);
      parts.push(svg('text', {x: x(at), y: HEIGHT - 6, 'text-anchor': 'middle'}, moment(data.t[at], data.step * data.t.length > 2 * 86400 ? DAY : HOUR)));
    }
    rows.forEach((row, n) => {
      const fill = 'url(#' + id + n + ')';
      if (stacked) parts.push(svg('pattern', {id: id + n, width: 8, height: 8, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(' + n * 40 + ')'},
        svg('rect', {class: 'c' + n, width: 8, height: 8}), svg('path', {class: 'hatch', d: n > 3 ? 'M0 0V8M4 0V8' : n ? 'M0 0V8' : ''})));
      for (const [from, to] of runs(row.mean))
        parts.push(svg('path', stacked ? {fill, d: there(tops[n], from, to) + back(at => tops[n][at] - row.mean[at], from, to)}
          : {class: 'band c0', d: there(row.max || row.mean, from, to) + back(at => row.max ? row.mean[at] : 0, from, to)}),
        svg('path', {class: 'line c' + n, d: there(tops[n], from, to) + (from === to ? 'h2' : '')}));
    });
    const ticks = (data.titles || []).map(one => LEFT + (one.at - data.t[0]) * (wide - LEFT) / data.step / data.t.length).filter(at => at >= LEFT && at <= wide);
    if (ticks.length) parts.push(svg('path', {class: 'ticks', d: ticks.map(at => 'M' + at.toFixed(1) + ' ' + floor + 'l-3 6h6Z').join('')}));
    if (limit) parts.push(across('limit', limit));
    hand = svg('line', {class: 'hand', y1: TOP, y2: floor, visibility: 'hidden'});
    picture.setAttribute('viewBox', '0 0 ' + wide + ' ' + HEIGHT);
    picture.replaceChildren(...parts, hand);
    legend.replaceChildren(...(stacked ? rows : []).map((row, n) => el('li', null, svg('svg', {width: 16, height: 16, 'aria-hidden': 'true'}, svg('rect', {width: 16, height: 16, fill: 'url(#' + id + n + ')'})), nameOf(row))));
    const last = data.t.findLastIndex((_, at) => rows.some(row => row.mean[at] !== null));
    if (cursor >= 0) point(cursor); else say(values, last < 0 ? words.none : text(last));
    fillSheet();
  }
  picture.addEventListener('pointermove', event => data && point(Math.floor((event.offsetX - LEFT) * data.t.length / (wide - LEFT))));
  picture.addEventListener('pointerleave', () => { cursor = -1; hand?.setAttribute('visibility', 'hidden'); });
  picture.addEventListener('keydown', event => {
    const step = {ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6}[event.key];
    if (!step || !data) return;
    event.preventDefault();
    point((cursor < 0 ? data.t.length : cursor) + step);
  });
  // Read out to those that move the cursor; what is new at its end would be each second.
  for (const [event, live] of [['focus', 'polite'], ['blur', 'off']]) picture.addEventListener(event, () => values.setAttribute('aria-live', live));
  all.addEventListener('toggle', fillSheet);
  new ResizeObserver(([{contentRect}]) => {
    wide = contentRect.width && Math.max(contentRect.width, 240);
    if (data && wide) draw();
  }).observe(node);
  return {node, draw(next) { data = next; if (wide) draw(); }};
}
