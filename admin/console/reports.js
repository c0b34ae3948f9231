// Reports to hand in, and the rows behind the sums: of a period, looked at, and taken as a file.
import {auto, box, cell, clock, el, here, listed, may, number, quiet, say, table} from './kit.js';
import {t} from './texts.js';
import {ask, day, off, taking, zone} from './figures.js';
import {form} from './forms.js';

const SHOWN = 25, EXCHANGE = 'reports/soundexchange', REST = EXCHANGE + '-incomplete', PLAYLIST = 'reports/playlist';
const OWN = {service: [EXCHANGE], category: [EXCHANGE], country: [EXCHANGE, REST], columns: [PLAYLIST]};   // fields of some reports alone
const REPORTS = {
  [PLAYLIST]: ['Playlist (GEMA, GVL)', 'Each title that was played. What streams do not tell stands empty: fill it in before you hand it in.'],
  'reports/songs': ['Songs by country', 'Titles with their performances, by country.'],
  [EXCHANGE]: ['SoundExchange', 'Performances of each recording, as a file of 37 CFR 370.4.'],
  [REST]: ['SoundExchange: incomplete', 'Recordings that are not in that file, and why: a title has to have an ISRC, or album and label.'],
  'reports/npr': ['Session file: NPR', 'A line for each listening of a mount, with its address, if <keep-addresses> keeps it.'],
  'reports/triton': ['Session file: Triton', 'The same of all mounts.'],
  sessions: ['Sessions', 'Each listening that began then.'],
  hours: ['Listeners by hour', 'What was listened to in each hour.'], usage: ['Usage', 'What the mounts of each account used by month.']};

const after = text => { const [year, month, date] = text.split('-').map(Number); return day(year, month - 1, date + 1); };

export async function reports(page) {
  page.title('Reports');
  try { await ask('summary', {}); } catch (problem) {
    page.add(off(problem));
    return;
  }
  const [mounts, accounts] = await Promise.all([listed('/mounts'), here.role === 'admin' ? listed('/accounts') : []]), now = new Date(clock());
  const about = quiet(''), result = el('div', {'aria-live': 'polite'});
  const all = names => [['', t('all')], ...names.sort().map(name => [name, name])];
  // The month that is over is what is due.
  const made = form({button: 'Show', asks: true, groups: [{fields: [
    {name: 'report', label: 'Report', options: Object.entries(REPORTS).filter(([what]) => may('GET /audience/' + what)).map(([what, [name]]) => [what, t(name)])},
    {name: 'from', label: 'From', type: 'day', required: true, value: day(now.getFullYear(), now.getMonth() - 1, 1)},
    {name: 'to', label: 'To', type: 'day', required: true, value: day(now.getFullYear(), now.getMonth(), 0), hint: t('With this day.')},
    {name: 'zone', label: 'Time zone', required: true, value: zone, most: 64},
    {name: 'mount', label: 'Mount', options: all(mounts.map(one => one.mount))},
    accounts.length > 0 && {name: 'account', label: 'Account', options: all(accounts.map(one => one.id))},
    {name: 'service', label: 'Name of the service', most: 100}, {name: 'category', label: 'Transmission category', value: 'A', options: [...'ABCDEFGHIJKL']},
    {name: 'country', label: 'Country', options: [['US', t('United States')], ['all', t('all')]]},
    {name: 'columns', label: 'Other names of columns', most: 900, placeholder: 'title:Titre,artist:Artiste'}].filter(Boolean)}],
  send: async ({report, ...body}) => {
    result.replaceChildren();
    for (const [name, of] of Object.entries(OWN)) if (!of.includes(report)) delete body[name];
    const fields = {...body, to: body.to && after(body.to)}, told = await ask(report, {...fields, most: SHOWN}), {items} = told;
    const names = Object.keys(items[0] || {}).filter(name => items.some(one => one[name] !== null)), rows = table(...names), take = taking(REPORTS[report][0], 'Download');
    const draw = () => rows.fill(items.map((one, at) => ({...one, at})), one => one.at, one => ({cells: names.map(name => cell(name, auto(typeof one[name] === 'number' ? number(one[name]) : one[name] ?? '')))}), 'Nothing was listened to then.', SHOWN);
    rows.sort(Object.fromEntries(names.map(name => [name, one => one[name]])), draw);
    draw();
    take.report(report, fields);
    const rest = told.incomplete > 0 && taking(REPORTS[REST][0], 'Download');
    if (rest) rest.report(REST, fields);
    result.append(box(el('p', null, take.node), rest && el('p', null, t('Left out, for want of an ISRC, or of album and label:'), ' ', number(told.incomplete), ' ', rest.node), quiet(told.next || items.length > SHOWN ? 'The first rows are shown; the file has all of them.' : ''), rows.all.slice(0, 2)));
  }});
  const chosen = made.fields[0].control, change = () => {
    say(about, t(REPORTS[chosen.value][1]));
    for (const field of made.fields) if (OWN[field.name]) field.control.closest('.field').hidden = !OWN[field.name].includes(chosen.value);
  };
  chosen.addEventListener('change', change);
  change();
  page.add(box(made.node, about), result);
}
