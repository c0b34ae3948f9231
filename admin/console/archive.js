// What is recorded: days of a mount as a bar to click on, from-to as a form, its titles; in the
// viewer's zone.
import {ago, auto, box, cell, clock, count, HOUR, el, head, here, list, local, moment, number, part, press, query, quiet, say, svg, table, tenths, to, two, when, words} from './kit.js';
import {command, json} from './command.js';
import {form, question, value} from './forms.js';
import {t} from './texts.js';

const DAY = 86400, HIGH = 46, HOUR_HIGH = 14, LISTEN = 3600, AT_ONCE = 4;   // s, pixels, s, questions

const READING = 'The directory is being read.';
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || t('this browser');
const zoned = () => t('Times are those of') + ' ' + zone() + '.';
const megabytes = bytes => bytes >= 1e9 ? tenths(bytes / 1e9) + ' GB' : tenths(bytes / 1e6) + ' MB';
const second = seconds => moment(seconds, {...HOUR, second: '2-digit'});
const places = where => [...new Set(where)].map(one => one === 'here' ? t('this server') : one).join(', ');
const path = mount => mount.split('/').map(part).join('/');
const dayOf = seconds => local(seconds).slice(0, 10);
// Its first second, and that of the next one: a day may have 23 hours.
function boundsOf(day) {
  const [year, month, date] = day.split('-').map(Number);
  return [new Date(year, month - 1, date) / 1000, new Date(year, month - 1, date + 1) / 1000];
}

// Logins of some mounts ask for each of these.
async function recorded() {
  if (here.role === 'admin' || here.role === 'viewer' && !here.account) {
    const whole = await json('archive.json').catch(problem => { if (problem.status !== 401) throw problem; });
    if (whole) return whole;
  }
  const left = (await list('/mounts')).map(one => one.mount), found = {mounts: [], reading: false};
  await Promise.all(Array.from({length: AT_ONCE}, async () => {
    for (let mount; mount = left.shift();) {
      const one = await json('archive.json?from=now&mount=' + part(mount));
      found.reading ||= one.reading;
      found.mounts.push(...one.mounts);
    }
  }));
  found.mounts.sort((a, b) => a.mount < b.mount ? -1 : 1);
  return found;
}

async function allMounts(page) {
  const rows = table('Mount', 'From', 'To', 'Size', 'Parts', 'Where');
  const got = await recorded();
  rows.fill(got.mounts, one => one.mount, one => ({cells: [cell('Mount', to('/archive?mount=' + part(one.mount), one.mount)), cell('From', one.oldest ? when(one.oldest) : ''), cell('To', one.newest ? when(one.newest) : ''),
    cell('Size', megabytes(one.bytes)), cell('Parts', number(one.ranges.length)), cell('Where', places(one.ranges.flatMap(range => range.where)))]}), got.reading ? READING : 'This server records nothing.');
  page.add(box(rows.all), quiet(zoned()));
}

async function oneMount(page, mount) {
  const base = path(mount), rows = table('From', 'To', 'Length', 'Size', 'Where'), titles = table('Time', 'Title');
  const day = el('input', {type: 'date', id: 'day'}), bar = svg('svg', {class: 'day', height: HIGH, role: 'img', 'aria-labelledby': 'about-day'});
  const player = el('audio', {controls: true, preload: 'none', hidden: true, 'aria-label': t('Recording')}), now = el('p', {class: 'playing', role: 'status'});
  let ranges = [], playing = 0, bounds = [0, 0], shown = '';

  const nothing = () => say(now, t('Nothing of this time can be played.'));
  const held = at => ranges.find(range => range.from <= at && at < range.to);
  function play(from, until) {
    const range = held(from) || ranges.find(one => one.from > from), begin = Math.max(from, range?.from), end = until || Math.min(range?.to, begin + LISTEN);
    if (!(begin < end)) return nothing();
    player.hidden = false;
    player.src = base + '?from=' + begin.toFixed(3) + '&to=' + end.toFixed(3);
    say(now, moment(begin) + ' \u2013 ' + second(end));
    playing = begin;
    draw();
    player.play().catch(() => {});
  }
  const range = form({button: 'Play', asks: true, groups: [{fields: [{name: 'from', label: 'From', type: 'date', step: 1, required: true}, {name: 'to', label: 'To', type: 'date', step: 1, required: true, hint: zoned()}]}],
    send: async body => { if (body.to <= body.from) throw new Error(t('The end is not after the beginning')); play(body.from, body.to); }});
  const download = el('a', {class: 'button', download: ''}, t('Download'));
  range.node.querySelector('.buttons').append(download);
  const link = () => {
    const [from, until] = range.fields.map(value);
    if (until > from) download.href = base + '?from=' + from + '&to=' + until + '&download=1'; else download.removeAttribute('href');
  };
  range.node.addEventListener('input', link);
  player.addEventListener('error', nothing);

  function draw() {
    const wide = Math.max(bar.clientWidth, 240), x = at => ((at - bounds[0]) * wide / (bounds[1] - bounds[0])).toFixed(1), parts = [svg('rect', {class: 'none', x: 0, y: 0, width: wide, height: HIGH - HOUR_HIGH})];
    for (const one of ranges) if (one.to > bounds[0] && one.from < bounds[1])
      parts.push(svg('rect', {class: 'held', x: x(Math.max(one.from, bounds[0])), y: 0, width: Math.max(1, x(Math.min(one.to, bounds[1])) - x(Math.max(one.from, bounds[0]))).toFixed(1), height: HIGH - HOUR_HIGH}));
    for (let at = bounds[0]; at < bounds[1]; at += DAY / 24) {
      const hour = new Date(at * 1000).getHours();
      if (hour % 3 === 0) parts.push(svg('line', {x1: x(at), x2: x(at), y1: 0, y2: HIGH - HOUR_HIGH}), svg('text', {x: +x(at) + 3, y: HIGH - 3}, two(hour)));
    }
    if (playing > bounds[0]) parts.push(svg('rect', {class: 'now', x: x(playing), y: 0, width: 3, height: HIGH - HOUR_HIGH}));
    bar.replaceChildren(...parts);
  }
  async function show() {
    const asked = day.value, [begin, end] = boundsOf(asked);
    // Some recorded parts reach over midnight; titles are of this day.
    const got = await json('archive.json?' + query({mount, from: begin, to: end})).catch(problem => {
      if (shown && day.value === asked) day.value = shown;
      throw problem;
    });
    if (asked !== day.value) return;   // another one is asked for
    const one = got.mounts[0];
    shown = asked;
    bounds = [begin, end];
    if (!playing) say(now, '');
    ranges = one?.ranges || [];
    const parts = ranges.filter(range => range.to > bounds[0] && range.from < bounds[1]);
    draw();
    const mayDelete = here.role === 'owner' || here.role === 'admin';
    rows.fill(parts.reverse(), row => row.from + '-' + row.to, row => ({cells: [cell('From', press(moment(row.from), () => play(row.from), {class: 'link'})), cell('To', moment(row.to)),
      cell('Length', ago(row.to - row.from)), cell('Size', megabytes(row.bytes)), cell('Where', places(row.where))],
    acts: [el('a', {href: base + '?from=' + row.from + '&to=' + row.to + '&download=1', download: ''}, t('Download')),
      mayDelete && row.where.includes('here') && question('Delete', moment(row.from), () => t('The files that lie within {0} and {1} are removed at this server.', when(row.from), when(row.to)),
        [['Delete', async () => { await command('archive/delete', {mount, from: row.from, to: row.to}); await show(); }]])]}), got.reading ? READING : 'Nothing is recorded of this day.');
    const heard = (one?.titles || []).filter(row => row.at >= bounds[0] && row.at < bounds[1] && row.title);
    titles.fill(heard, row => row.at + row.title, row => ({cells: [cell('Time', press(second(row.at), () => play(row.at), {class: 'link'})), cell('Title', auto(row.title))]}), 'No titles of this day.');
    const first = parts.at(-1), last = parts[0];
    if (first) {
      [Math.max(first.from, bounds[0]), Math.min(last.to, bounds[1] - 1)].forEach((at, n) => { const field = range.fields[n]; field.control.value = local(field.value = at, 19); });
      link();
    }
  }
  const step = days => { const [begin] = boundsOf(day.value || shown); day.value = dayOf(begin + days * DAY + DAY / 2); show().catch(problem => say(now, words(problem))); };
  bar.addEventListener('click', event => {
    // A part may be narrower than what a finger meets.
    const pixel = (bounds[1] - bounds[0]) / bar.clientWidth, at = bounds[0] + pixel * event.offsetX, near = ranges.find(one => Math.abs(at - (one.from + one.to) / 2) < 6 * pixel);
    play(near && !held(at) ? near.from : at);
  });
  new ResizeObserver(draw).observe(bar);
  day.addEventListener('change', () => day.value && show().catch(problem => say(now, words(problem))));
  const all = await json('archive.json?mount=' + part(mount)), newest = all.mounts[0]?.newest;
  day.value = dayOf(newest || clock() / 1000);
  page.add(el('p', null, to('/archive', t('All recordings'))), box(el('div', {class: 'days'}, press('The day before', () => step(-1)), el('label', {for: 'day', class: 'away'}, 'Day'), day, press('The day after', () => step(1))),
    bar, el('p', {class: 'about', id: 'about-day'}, t('Click on a time to listen from there.') + ' ' + zoned()), now, player), box(range.node), head('Recorded parts'), box(rows.all), head('Titles'), box(titles.all));
  await show();
  if (all.mounts[0]) page.heading.after(quiet(count(all.mounts[0].ranges.length, 'part') + ', ' + megabytes(all.mounts[0].bytes)));
}

export function archive(page) {
  const mount = new URLSearchParams(location.search).get('mount');
  page.title(mount ? t('Archive of {0}', mount) : 'Archive');
  return mount ? oneMount(page, mount) : allMounts(page);
}
