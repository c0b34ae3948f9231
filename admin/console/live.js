// What is heard at this moment, told by the server itself (/api/v1/live) while a page is looked at.
// A page whose server refuses it, or has no such address, asks again and again as before.
import {may} from './kit.js';

const PAUSE = 60000;   // ms, after a refusal

// told(data): a state, a change, or {totals} alone has come; lost(): the stream has ended, and is asked for again.
// Totals are told at once, rows when the browser has painted these: a page has many of them to draw.
export function stream(of, told, lost) {
  let source = null, refused = -PAUSE, totals = null, waiting = [];
  const close = () => { source?.close(); source = null; waiting = []; };
  const heard = now => told({totals: totals = now});
  function next() {
    const data = waiting.shift();
    if (waiting.length) painted();
    if (data) told({...data, totals});
  }
  const painted = () => requestAnimationFrame(() => setTimeout(next));
  return {close, on: () => source?.readyState === 1,
    // A browser has few connections to one server: it is closed while nobody sees the page.
    open() {
      if (source || !may('GET /live') || performance.now() < refused + PAUSE) return;
      source = new EventSource(new URL('/api/v1/live' + of, location.origin));
      for (const kind of ['state', 'change']) source.addEventListener(kind, event => {
        const data = JSON.parse(event.data);
        heard(data.totals);
        if (waiting.push(data) === 1) painted();
      });
      source.addEventListener('totals', event => heard(JSON.parse(event.data)));
      source.onerror = () => {
        if (source?.readyState === 2) { refused = performance.now(); close(); }
        lost();
      };
    }};
}
// Puts what was told into the rows that a page has.  False: it speaks of rows that are not among them,
// or of a mount that went off the air, of which it does not say why.
export function put(data, known) {
  let all = true;
  for (const [list, key] of [['mounts', 'mount'], ['nodes', 'id']]) {
    if (!known[list]) continue;
    const rows = new Map(known[list].map(one => [one[key], one]));
    for (const one of data[list]) rows.has(one[key]) ? Object.assign(rows.get(one[key]), one, list === 'mounts' && {'on-air': true}) : all = false;
    for (const name of data.gone[list]) {
      if (list === 'mounts' && rows.has(name)) Object.assign(rows.get(name), {'on-air': false, 'off-air': null, listeners: 0});
      all = false;
    }
  }
  return all;
}
