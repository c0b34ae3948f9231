// All mounts: searched, made, and the way to each.
import {api, auto, box, el, follow, keys, list, listed, matches, mayChange, mountPage, newest, pill, say, small, span, table, tell, when, within} from './kit.js';
import {put} from './live.js';
import {t} from './texts.js';
import {form, opening} from './forms.js';

const EVERY = 5000;   // ms
// What it does, and the shape that shows it.
export function stateOf(one) {
  const air = one['on-air'];
  if (one.state === 'suspended' || one['suspended-by']) return ['suspended', 'off'];
  if (one.state === 'unplaced') return ['no node has it', 'off'];
  if (one.state === 'moving') return [air ? 'on air, moving' : 'moving', air ? 'up' : 'half'];
  if (one.state === 'deleting') return ['being deleted', 'half'];
  return air ? ['on air', 'up'] : ['off air', 'idle'];
}

// Since when there is nothing to be heard of it, and why.
const ENDED = {ended: 'its source ended by itself', 'timed-out': 'its source sent nothing for too long', kicked: 'its source was ended here', limit: 'its source had had its time',
  hours: 'the hours of its login were over', moved: 'its source was sent to another node', error: 'the server could not go on with its source, as its log says',
  'relay-lost': 'its upstream is lost', 'node-gone': 'the node of its source is gone'};
export function offText(one) {
  const off = stateOf(one)[1] === 'up' ? null : one['off-air'];
  return off ? [t('since {0}', when(off.since)), ENDED[off.why] && t(ENDED[off.why]), off.node && t('at {0}', off.node)].filter(Boolean).join(' · ') : '';
}

export const mountTexts = one => [one.mount, one.settings?.['stream-name'], one.settings?.genre, one.title, one.account, one.home, stateOf(one)[0]];

export const mountSorts = {Mount: one => one.mount, State: one => stateOf(one)[0], Listeners: one => one.listeners ?? 0, Title: one => one.title, Name: one => one.settings?.['stream-name'],
  Home: one => one.home, Account: one => one.account, 'Stands in': one => one.origin};

// A row of a table of mounts.
export const mountRow = (label, textOf, others) => follow({
  Mount: [el('a'), (one, link) => { link.href = '/admin/console' + mountPage(one.mount); return one.mount; }],
  State: [span(span(), small()), (one, at) => { pill(at.firstChild, ...stateOf(one)); say(at.lastChild, offText(one)); at.lastChild.hidden = !at.lastChild.textContent; }], Listeners: one => within(one.listeners, one.limits?.listeners),
  [label]: [auto(), one => textOf(one) || ''], Home: one => one.home || '', Account: one => one.account || '', ...others});

export async function mounts(page) {
  page.title('Mounts');
  const search = page.search('Search mounts');
  const rows = table('Mount', 'State', 'Listeners', 'Name', 'Home', 'Account', 'Stands in');
  let known = [];
  if (mayChange('POST /mounts')) {
    const [{mountGroups}, accounts, nodes] = await Promise.all([import('./mount_form.js'), listed('/accounts'), listed('/nodes')]);
    page.add(opening('Create a mount', '', close => {
      const key = keys();
      return form({button: 'Create', cancel: close, groups: mountGroups(null, accounts, nodes),
        at: {'mount-exists': 'mount', 'in-file': 'mount'},
        send: async body => {
          const made = await api('POST', '/mounts', body, {key: key(body)});
          tell(t('{0} is there', made.mount));
          page.go(mountPage(made.mount), {made});
        }}).node;
    }));
  }
  page.add(search.node, box(rows.all));
  const draw = () => {
    const term = search.value();
    const shown = known.filter(one => !term || matches(term, mountTexts(one)));
    rows.fill(shown, one => one.mount, () => mountRow('Name', one => one.settings?.['stream-name'], {'Stands in': one => t(one.origin)}),
      known.length ? 'No mount matches.' : mayChange('POST /mounts') ? 'There are no mounts. Create the first one above.' : 'There are no mounts.');
  };
  const ask = newest(() => list('/mounts'));
  const refresh = async () => { known = await ask() || known; draw(); };
  rows.sort(mountSorts, draw);
  search.listen(draw);
  await refresh();
  page.poll(refresh, () => known.length > 1000 ? 6 * EVERY : EVERY, data => {
    if (!data.mounts) return;
    const all = put(data, {mounts: known});
    draw();
    return all;
  });
}
