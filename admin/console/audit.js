// What was changed, when and by whom.
import {api, auto, box, cell, may, newest, press, query, quiet, small, strong, table, two, when} from './kit.js';
import {form} from './forms.js';
import {t} from './texts.js';

const EVERY = 10000, FIRST = 100, LAST = 500;   // ms, rows

const shownTime = at => {
  const time = new Date(at);
  return isNaN(time) ? String(at) : when(time / 1000) + ':' + two(time.getSeconds());
};
const changes = change => Object.entries(change || {}).map(([field, [before, after]]) =>
  field + ': ' + (before === null || before === '' ? '' : before + ' \u2192 ') + (after === null || after === '' ? t('none') : after)).join('; ');
// "mounts/%2Frock.mp3" → "mount /rock.mp3"
function named(on) {
  const found = /^(mount|account|user|token|ban|node|station)s\/(.+)$/.exec(on || '');
  try { return found ? found[1] + ' ' + decodeURIComponent(found[2]) : on || ''; } catch { return on; }
}

export async function audit(page) {
  page.title('Audit');
  if (!may('GET /audit')) {
    page.add(box(quiet('Your role does not show what was changed.')));
    return;
  }
  const rows = table('When', 'Who', 'Did', 'On', 'Change', 'Result');
  const more = press('Show more', () => { most = Math.min(LAST, most * 3); return refresh(); }, {hidden: true});
  let most = FIRST, asked = '';
  const ask = newest(() => api('GET', '/audit?most=' + most + asked));
  async function refresh() {
    const got = await ask();
    if (!got) return;
    rows.fill(got.items, one => (one.node || '') + ' ' + one.n + ' ' + one.at, one => ({cells: [cell('When', shownTime(one.at)),
      cell('Who', strong(one.who || ''), small([one.role, one.via, one.ip].filter(Boolean).join(', '))),
      cell('Did', one.do), cell('On', named(one.on), one.node && small(t('at {0}', one.node))), cell('Change', auto(changes(one.change))),
      cell('Result', one.result)]}), 'Nothing matches.', LAST);
    more.hidden = got.items.length < most || most >= LAST;
  }
  const filter = form({button: 'Show', asks: true, groups: [{fields: [{name: 'who', label: 'Who'}, {name: 'on', label: 'On', placeholder: '/rock.mp3'}, {name: 'from', label: 'From', type: 'date'}]}],
    send: async body => {
      asked = '&' + query(body);
      most = FIRST;
      await refresh();
    }});
  filter.fields[0].control.id = 'search';
  filter.node.querySelector('label').htmlFor = 'search';
  page.add(box(filter.node), box(rows.all, more));
  await refresh();
  page.poll(refresh, () => EVERY);
}
