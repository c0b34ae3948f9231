// Who feeds whom: the servers that have a mount's stream, as a tree with the one of its source on top,
// and how many listen at each.
import {box, count, el, head, newest, number, part, say, svg} from './kit.js';
import {json} from './command.js';
import {t} from './texts.js';

const ROW = 28, STEP = 20;

// From cluster.json: `from` is the way of the stream to a node.
function tree(carriers) {
  const all = new Map(), drawn = [];
  const see = (id, up) => {
    if (!all.has(id)) all.set(id, {id, up});   // how many listen there, this server is not told
    return all.get(id);
  };
  for (const {from = [], ...one} of carriers) {
    from.forEach((id, at) => see(id, from[at - 1]));
    Object.assign(see(one.node, ''), one, {up: from.at(-1)});
  }
  const rows = [...all.values()].sort((a, b) => (b.listeners || 0) - (a.listeners || 0));
  const walk = (one, deep) => {
    if (drawn.includes(one)) return;
    Object.assign(one, {deep, at: drawn.push(one) - 1});
    for (const below of rows) if (below.up === one.id) walk(below, deep + 1);
  };
  for (const one of rows) if (!all.has(one.up)) walk(one, 0);
  for (const one of rows) walk(one, 0);   // what feeds itself, of reports of different moments
  return {all, drawn};
}

export function feeds(titled = true) {
  const picture = svg('svg', {role: 'img', class: 'feeds', width: '100%', 'aria-labelledby': 'feeds'}), said = el('p', {class: 'away', id: 'feeds'}), lines = el('ul', {class: 'plain'});
  const node = el('div', {hidden: true}, titled && head('Who feeds whom'), box(picture, said, lines));
  const ask = newest(mount => json('cluster.json?mount=' + part(mount)));
  return {node, async refresh(mount) {
    const told = await ask(mount);
    if (!told) return;
    const row = (told.mounts || [])[0], states = new Map((told.nodes || []).map(one => [one.id, one.state]));
    const {all, drawn} = tree(row?.carriers || []), most = Math.max(1, ...drawn.map(one => one.listeners || 0));
    const cannot = (row?.cannot_pull || []).map(one => t('{0} cannot pull it: {1}', one.node, one.why));
    node.hidden = !(drawn.length > 1 || cannot.length);
    const words = drawn.map(one => (one.up ? t('{0}, fed by {1}', one.id, one.up) : one.id) + (one.node ? ': ' + count(one.listeners, 'listener') : '')
      + (one.redirected ? ', ' + t('{0} on their way', number(one.redirected)) : '') + (one.free !== undefined ? ', ' + t('{0} places left', number(one.free)) : ''));
    const shown = [...words, ...cannot, [...states]].join('\n');
    if (said.shown === shown) return;
    said.shown = shown;
    say(said, words.join('. '));
    picture.setAttribute('height', drawn.length * ROW);
    picture.replaceChildren(...drawn.flatMap((one, n) => {
      const x = 8 + one.deep * STEP, y = n * ROW + ROW / 2, up = all.get(one.up), state = states.get(one.id);
      return [up?.at < n ? svg('path', {d: 'M' + (x - STEP) + ' ' + (up.at * ROW + 19) + 'V' + y + 'h' + (STEP - 5)}) : '',
        svg('circle', {class: state, cx: x, cy: y, r: 5}),
        svg('svg', {y: n * ROW, width: '52%', height: ROW}, svg('text', {x: x + 11, y: 19}, one.id)),
        svg('rect', {x: '54%', y: y - 5, width: 30 * (one.listeners || 0) / most + '%', height: 10, rx: 3}),
        svg('text', {x: '100%', y: y + 5, 'text-anchor': 'end'}, one.node ? number(one.listeners) : ''), svg('title', {}, words[n])].filter(Boolean);
    }));
    lines.replaceChildren(...cannot.map(line => el('li', null, line)));
  }};
}
