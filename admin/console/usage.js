// What accounts have used in a month, in UTC as quotas count it, and their quotas.
import {clock, GB, box, cell, el, listed, newest, number, say, span, strong, table, tenths, tiles} from './kit.js';
import {language, t} from './texts.js';
import {SUMS, ask, choice, day, headed, hours, off, sumCells, taking, transfer} from './figures.js';

const MONTHS = 24, SELDOM = 300000;   // ms
const QUOTAS = [['mounts', 'Mounts'], ['listeners', 'Listeners'], ['bitrate', 'kbit/s'], ['storage', 'Recordings, GB', GB], ['hours', 'Hours this month'], ['transfer', 'GB this month', GB]];

// ["2026-11", "November 2026"], so many months ago.
function monthAt(back) {
  const now = new Date(clock()), name = day(now.getUTCFullYear(), now.getUTCMonth() - back, 1);
  return [name.slice(0, 7), new Date(name).toLocaleDateString(language, {month: 'long', year: 'numeric', timeZone: 'UTC'})];
}
const accountName = one => one.account || t('none');

function quotaRow(one) {
  return {cells: [cell('Account', strong(one.id)), ...QUOTAS.map(([what, label, unit = 1]) => {
    const most = one.quota[what], used = one.used[what], told = tenths((used ?? 0) / unit);
    if (!(most > 0) || typeof used !== 'number') return cell(label, span(typeof used === 'number' ? told : ''));
    const bar = el('meter', {max: 1, low: 0.8, high: 0.99, optimum: 0, 'aria-label': t(label) + ': ' + one.id});
    bar.value = Math.min(1, used / most);
    return cell(label, bar, span(told + ' ' + t('of') + ' ' + number(most / unit)));
  })]};
}

export async function usage(page) {
  page.title('Usage');
  const figures = tiles('hours', 'listenings', 'sent'), rows = table('Account', 'Mounts', ...Object.keys(SUMS)), quotas = table('Account', ...QUOTAS.map(one => one[1])), take = taking('By account');
  const month = choice('month', 'Month', [...Array(MONTHS).keys()].map(monthAt), () => page.again());
  const limits = el('div', null, el('h2', null, 'Quotas'), box(quotas.all));
  let items = [], most = 0;
  const draw = () => rows.fill(items, one => JSON.stringify([one, most]), one => ({cells: [cell('Account', strong(accountName(one))), cell('Mounts', number(one.mounts)), ...sumCells(one, most)]}), 'Nothing was listened to then.');
  rows.sort({Account: accountName, Mounts: one => one.mounts, ...SUMS}, draw);
  const both = newest(fields => Promise.all([ask('usage', fields), listed('/accounts')]));
  async function refresh() {
    const [year, nth] = month.value().split('-').map(Number), fields = {from: month.value() + '-01', to: day(year, nth, 1), zone: 'UTC'};
    const got = await both(fields);
    if (!got) return;
    const [told, accounts] = got;
    take.report('usage', fields);
    items = told.items;
    most = Math.max(0, ...items.map(one => one.seconds));
    draw();
    const sum = of => items.reduce((all, one) => all + one[of], 0);
    [hours(sum('seconds')), number(sum('sessions')), transfer(sum('bytes'))].forEach((text, at) => say(figures.values[at], text));
    const limited = accounts.filter(one => QUOTAS.some(([what]) => one.quota[what] > 0));
    limits.hidden = !limited.length;
    quotas.fill(limited, one => JSON.stringify(one), quotaRow);
  }
  try { await refresh(); } catch (problem) {
    page.add(off(problem));
    return;
  }
  page.add(el('div', {class: 'choices'}, month.node), box(figures.node), headed('By account', take), box(rows.all), limits);
  page.poll(refresh, () => SELDOM);
}
