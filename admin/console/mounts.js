// All mounts: searched, made, and the way to each.
import {GB, api, auto, box, description, el, follow, here, keys, list, listed, matches, mayChange, mountPage, pill, say, small, span, table, tell, when, within} from './kit.js';
import {put} from './live.js';
import {t} from './texts.js';
import {form, opening} from './forms.js';

const EVERY = 5000;   // ms
// Of the settings those that most mounts have; the others come from the server's description.
const LABELS = {'stream-name': 'Name of the stream', 'stream-description': 'Description', 'stream-url': 'Web page', genre: 'Genre',
  public: 'In public directories', 'fallback-mount': 'Fallback mount'};
const USUAL = Object.keys(LABELS);

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

function settingField(name, row, now) {
  const field = {name: 'settings/' + name, label: LABELS[name] || name, hint: row.description, value: now, wide: (row.description || '').length > 240};
  if (name === 'public') return {...field, type: 'number', hint: undefined, value: now ?? '', wide: false,
    options: [['', 'as the encoder asks'], ['1', 'yes'], ['0', 'no']]};
  if (row.anyOf) return typeof now === 'object' ? null : {...field, type: 'text'};
  if (row.enum) return {...field, options: ['', ...row.enum]};
  if (row.type === 'boolean') return {...field, type: 'flag', value: now ?? '', options: [['', 'as the server has it'], ['true', 'yes'], ['false', 'no']]};
  if (row.type === 'integer' || row.type === 'number') return {...field, type: 'number'};
  if (Array.isArray(row.type)) return row.type.includes('boolean') ? null : {...field, type: 'size'};
  return row.type === 'string' ? field : null;
}
function settingFields(now = {}) {
  const rows = description.components?.schemas?.MountRecord?.properties?.settings?.properties || {};
  const mine = Object.entries(rows).filter(([, row]) => row['x-set-by'] === 'owner' || row['x-set-by'] === 'admin' && here.role === 'admin');
  const made = new Map(mine.map(([name, row]) => [name, settingField(name, row, now[name])]).filter(([, field]) => field));
  const usual = USUAL.map(name => made.get(name)).filter(Boolean);
  return {usual, others: [...made].filter(([name]) => !USUAL.includes(name)).map(([, field]) => field)};
}
export function mountGroups(one, accounts, nodes) {
  const {usual, others} = settingFields(one?.settings), limits = one?.limits || {};
  const limit = value => value >= 0 ? value : undefined;
  const first = one ? [] : [{name: 'mount', label: 'Mount', required: true, most: 255, placeholder: '/rock.mp3',
    hint: 'The path of the address of the stream. Its ending says the format.'}];
  if (here.role === 'admin' && accounts.length)
    first.push({name: 'account', label: 'Account', value: one?.account || '', options: [['', 'none'], ...accounts.map(row => [row.id, row.name && row.name !== row.id ? row.id + ' (' + row.name + ')' : row.id])]});
  first.push(...usual,
    {name: 'limits/listeners', label: 'Listeners at once', type: 'number', min: 0, value: limit(limits.listeners), hint: 'On all nodes together. Empty: no limit.'},
    {name: 'limits/bitrate', label: 'Bitrate, kbit/s', type: 'number', min: 0, value: limit(limits.bitrate), hint: 'What its source may send. Empty: no limit.'},
    {name: 'limits/storage', label: 'Recordings, GB', type: 'number', unit: GB, min: 0, value: limit(limits.storage), hint: 'What they may take. Empty: no limit.'},
    {name: 'limits/over', label: 'Listeners above the limit', value: limits.over === 'kick' ? 'kick' : '', options: [['', 'stay'], ['kick', 'end, the newest first']],
      hint: 'Where the limit is lowered, and after a partition.'});
  const groups = [{fields: first}];
  if (!one && here.role === 'admin')
    groups.push({title: 'Where it is placed', hint: 'Empty: the node with the most room.', fields: [
      nodes.length ? {name: 'place/node', label: 'Node', options: [['', 'the best one'], ...nodes.map(node => node.id)]} : {name: 'place/node', label: 'Node'},
      {name: 'place/country', label: 'Near this country', placeholder: 'DE', most: 2},
      ...(nodes.length > 1 ? [{name: 'place/homes', label: 'Homes', type: 'number', options: [['', 'one'], ['2', 'two']],
        hint: 'Two: a second node takes its source while none flows.'}] : []),
      {name: 'place/tags', label: 'Tags that the node has', type: 'list', hint: 'With spaces between them.'}]});
  if (others.length) groups.push({title: 'More settings', fields: others});
  return groups;
}

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
    const [accounts, nodes] = await Promise.all([listed('/accounts'), listed('/nodes')]);
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
  const refresh = async () => { known = await list('/mounts'); draw(); };
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
