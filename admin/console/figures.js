// What the pages about the audience share: questions of /api/v1/audience in the viewer's zone, the
// same as CSV, figures as they are read, and choices that stay in the address of the page.
import {api, box, cell, el, head, hidden, number, query, quiet, span, tenths} from './kit.js';
import {t, woven} from './texts.js';

// A server without a zone database knows UTC alone.
export let zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const address = (what, fields) => '/audience/' + what + '?' + query({...fields, zone: fields.zone || zone});
export async function ask(what, fields) {
  try { return await api('GET', address(what, fields)); } catch (problem) {
    if (problem.parameter !== 'zone' || zone === 'UTC' || fields.zone) throw problem;
    zone = 'UTC';
    return ask(what, fields);
  }
}
// What stands on a page where the audience is not counted; any other problem is thrown on.
export function off(problem) {
  if (problem.status !== 404 || problem.parameter) throw problem;
  return box(quiet(woven('Nothing is written down of what is listened to: {0} in the configuration file switches it on, from the next start of the server. It needs a {1}.', el('code', null, '<audience/>'), el('code', null, '<state-dir>'))));
}

// A link to a report as CSV, or to rows that the page has put together itself.
export function taking(title, word = 'CSV') {
  const node = el('a', {class: 'button', download: ''}, t(word), hidden(': ' + t(title)));
  return {node, report(what, fields) { node.href = '/api/v1' + address(what, {...fields, format: 'csv'}); },
    rows(name, all) {
      node.download = 'audience-' + name + '.csv';
      node.href = 'data:text/csv;charset=utf-8,' + encodeURIComponent(all.map(row => row.map(one => one === +one ? one : '"' + String(one).replace(/(^|[,;\t\r\n])(?=[ "']*[=+@|%\uff0b\uff0d\uff1d\uff20-])/g, "$&'").replaceAll('"', '""') + '"').join() + '\r\n').join(''));
    }};
}

// A heading, and what is taken of that which stands below it.
export const headed = (title, take) => el('div', {class: 'headed'}, head(title), take.node);

// Whole ones, as quotas count them: 4,254 of 4,254 are not 4,255 beside it.
export const hours = seconds => number(seconds < 36000 ? Math.floor(seconds / 360) / 10 : Math.floor(seconds / 3600));
// "2026-11-01"; months count from 0, and what is beyond runs on into the next one.
export const day = (year, month, date) => new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10);
export function transfer(bytes) {
  const [unit, word] = [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB']].find(([one]) => bytes >= one) || [1e3, 'kB'];
  return tenths(bytes / unit) + ' ' + word;
}

// The columns of sums, each as [label, item => value, text].  The hours have a bar of their share of `most`.
export const SUMS = {'Hours heard': one => one.seconds, Listenings: one => one.sessions, Transfer: one => one.bytes};
export function sumCells(one, most) {
  const bar = el('meter', {max: Math.max(most, 1), value: 0, 'aria-hidden': 'true'});
  bar.value = one.seconds;
  return [cell('Hours heard', bar, span(hours(one.seconds))), cell('Listenings', number(one.sessions)), cell('Transfer', transfer(one.bytes))];
}

let made = 0;
// A choice: what is chosen stands in the address of the page as `name`.
export function choice(name, label, options, act) {
  const given = new URLSearchParams(location.search).get(name), id = 'choice' + ++made;
  const now = options.some(one => one[0] === given) ? given : options[0][0];
  const select = el('select', {id, on: {change: () => { keep(name, select.value); act(); }}}, options.map(([value, text]) => el('option', {value, selected: value === now}, text)));
  return {node: el('div', {class: 'field'}, el('label', {for: id}, label), select), value: () => select.value};
}
export function keep(name, value) {
  const at = new URL(location.href);
  if (value) at.searchParams.set(name, value); else at.searchParams.delete(name);
  history.replaceState(history.state, '', at);
}
