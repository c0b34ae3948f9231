// The fields of a mount, where it is made and where it is changed.
import {GB, description, here} from './kit.js';

// Of the settings those that most mounts have; the others come from the server's description.
const LABELS = {'stream-name': 'Name of the stream', 'stream-description': 'Description', 'stream-url': 'Web page', genre: 'Genre',
  public: 'In public directories', 'fallback-mount': 'Fallback mount'};
const USUAL = Object.keys(LABELS);

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
    {name: 'limits/listening-hours', label: 'Listening hours in a month', type: 'number', min: 0, value: limit(limits['listening-hours']), hint: 'Empty: no limit.'},
    {name: 'limits/transfer', label: 'Sent in a month, GB', type: 'number', unit: GB, min: 0, value: limit(limits.transfer), hint: 'Empty: no limit.'},
    {name: 'limits/on-quota', label: 'When a limit for a month is used up', value: limits['on-quota'] === 'account' ? '' : limits['on-quota'], options: [['', 'as its account has it'], ['tell', 'only an event'], ['refuse-new', 'no new listeners'], ['suspend', 'it is suspended']]},
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
