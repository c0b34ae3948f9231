// What was changed, when and by whom.
import {api, box, cell, el, has, may, part, quiet, table} from './kit.js';
import {form} from './forms.js';

const EVERY = 10000, FIRST = 100, LAST = 500;   // ms, rows

const shownTime = at => {
  const time = new Date(at);
  const two = value => String(value).padStart(2, '0');
  return isNaN(time) ? String(at) : time.getFullYear() + '-' + two(time.getMonth() + 1) + '-' + two(time.getDate()) + ' ' + two(time.getHours()) + ':' + two(time.getMinutes()) + ':' + two(time.getSeconds());
};
const changes = change => Object.entries(change || {}).map(([field, [before, after]]) =>
  field + ': ' + (before === null || before === '' ? '' : before + ' \u2192 ') + (after === null || after === '' ? 'none' : after)).join('; ');
// "mounts/%2Frock.mp3" → "mount /rock.mp3"
function named(on) {
  const found = /^(mount|account|user|token|ban|node)s\/(.+)$/.exec(on || '');
  try { return found ? found[1] + ' ' + decodeURIComponent(found[2]) : on || ''; } catch { return on; }
}

export async function audit(page) {
  page.title('Audit');
  if (!has('GET /audit') || !may('GET /audit')) {
    page.main.append(box(quiet(has('GET /audit') ? 'Your role does not show what was changed.' : 'This server does not show its audit log here. It is the file audit.log in the log directory.')));
    return;
  }
  const rows = table('When', 'Who', 'Did', 'On', 'Change', 'Result'), none = quiet('Nothing matches.');
  const more = el('button', {type: 'button', hidden: true, on: {click: () => { most = Math.min(LAST, most * 3); return refresh(); }}}, 'Show more');
  let most = FIRST, asked = '';
  async function refresh() {
    const got = await api('GET', '/audit?most=' + most + asked);
    rows.fill(got.items, one => (one.node || '') + ' ' + one.n + ' ' + one.at, one => ({cells: [cell('When', shownTime(one.at)),
      el('td', {'data-label': 'Who'}, el('span', null, el('strong', null, one.who || ''), el('small', null, [one.role, one.via, one.ip].filter(Boolean).join(', ')))),
      cell('Did', one.do), cell('On', named(one.on), one.node && el('small', null, 'at ' + one.node)), el('td', {'data-label': 'Change', dir: 'auto'}, el('span', null, changes(one.change) || '')),
      cell('Result', one.result)]}));
    none.hidden = got.items.length > 0;
    more.hidden = got.items.length < most || most >= LAST;
  }
  const filter = form({button: 'Show', groups: [{fields: [{name: 'who', label: 'Who'}, {name: 'on', label: 'On', placeholder: '/rock.mp3'}, {name: 'from', label: 'From', type: 'date'}]}],
    send: async body => {
      asked = Object.entries(body).map(([name, value]) => '&' + name + '=' + part(value)).join('');
      most = FIRST;
      await refresh();
    }});
  filter.fields[0].control.id = 'search';
  filter.node.querySelector('label').htmlFor = 'search';
  page.main.append(box(filter.node), box(rows.node, none, more));
  await refresh();
  page.poll(refresh, () => EVERY);
}
