// The certificates of this server: until when they are valid, and when the next one is ordered.
import {api, box, cell, clock, count, el, may, newest, part, press, quiet, small, span, table, tell, when, words} from './kit.js';
import {t} from './texts.js';

const EVERY = 10000;   // ms
const DAY = 86400, LIFE = 90, SOON = 14;   // s, days: where it does not say since when it is valid, and near its end

export const daysLeft = one => one.until === null ? null : Math.floor((one.until - clock() / 1000) / DAY);
const life = one => one.from == null ? LIFE : (one.until - one.from) / DAY;
// Of one that is valid for six days the last two.
export const soon = one => Math.min(SOON, life(one) / 3);
const inWords = left => left < 0 ? t('expired') : left === 0 ? t('less than a day') : count(left, 'day');

function validity(one) {
  if (one.until === null) return span(t('There is no certificate yet'));
  const left = daysLeft(one), full = life(one);
  return span(el('meter', {min: 0, max: full, low: soon(one), optimum: full, value: Math.max(0, Math.min(full, (one.until - clock() / 1000) / DAY)), 'aria-label': t('Valid'), title: inWords(left)}), ' ' + inWords(left),
    small(t('until {0}', when(one.until))));
}
function next(one) {
  if (!one.ordered) return t('by you: it is a file of the configuration');
  if (one.under_way) return t('being ordered now');
  return one.next === null ? '' : when(one.next);
}

// A row that is another one now is made anew; a wait that gets shorter is no change.
const state = one => JSON.stringify({...one, wait_s: one.wait_s > 0, left: daysLeft(one)});

export async function certificates(page) {
  page.title('Certificates');
  const rows = table('Names', 'Issuer', 'Valid', 'Next', 'Last failure'), notice = el('p', {role: 'status', hidden: true});
  if (!may('GET /certificates')) {
    page.add(box(quiet('Your role does not show the certificates of this server.')));
    return;
  }
  async function order(one, staging) {
    notice.hidden = true;
    try {
      await api('POST', '/certificates/' + part(one.names[0]) + '/order' + (staging ? '?staging=1' : ''));
      tell(staging ? t('The certificate for {0} is tried with staging; the log has the result.', one.names[0])
        : t('The certificate for {0} is ordered.', one.names[0]));
    } catch (problem) {
      notice.textContent = words(problem);
      notice.hidden = false;
    }
    await refresh();
  }
  const ask = newest(() => api('GET', '/certificates'));
  async function refresh() {
    const got = await ask();
    if (!got) return;
    rows.fill(got.items, state, one => ({cells: [cell('Names', one.names.join(', '), one.nodes && small(t('at {0}', one.nodes.join(', ') || t('no other node yet')))), cell('Issuer', one.issuer || '', one.kind && small(one.kind)),
      cell('Valid', validity(one)), cell('Next', next(one)),
      cell('Last failure', one.failure || t(one.failures ? 'unknown' : ''), one.failures > 1 && small(t('{0} in a row', one.failures)))],
      acts: [one.ordered && !one.under_way && !one.wait_s && press('Order now', () => order(one)),
        one.staging && !one.under_way && press('Try with staging', () => order(one, true))]}),
      'This server has no certificate. With <acme/> in its configuration it orders one by itself; doc/https.md says how.');
  }
  page.add(box(rows.all, notice));
  await refresh();
  page.poll(refresh, () => EVERY);
}
