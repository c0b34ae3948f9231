// The nodes of the cluster: who feeds whom, the links to masters, and where a listener
// would be sent, and why.
import {ago, box, cell, el, follow, head, list, may, newest, number, part, query, quiet, say, small, strong, table, tenths, words} from './kit.js';
import {charts} from './history.js';
import {json} from './command.js';
import {feeds} from './feeds.js';
import {form} from './forms.js';
import {t} from './texts.js';
import {put} from './live.js';
import {isTold, nodeRow, nodeSorts} from './overview.js';

const EVERY = 3000;   // ms

// Of cluster/explain.
function explainPart() {
  const answer = el('p', {role: 'status'}), rows = table('Node', 'Candidate', 'Carries it', 'Load', 'Room');
  rows.node.hidden = true;
  const asked = form({button: 'Explain', asks: true, groups: [{fields: [{name: 'mount', label: 'Mount', required: true, placeholder: '/rock.mp3'}, {name: 'ip', label: 'Address', placeholder: '203.0.113.9'},
    {name: 'ua', label: 'Player', placeholder: 'VLC'}, {name: 'https', label: 'Asked by https', type: 'tick'}]}],
    send: async body => {
      const told = await json('cluster/explain?' + query({...body, https: body.https && 1}));
      say(answer, [told.answer + (told.node ? ' to ' + told.node : ''), told.reason, told.country && 'from ' + told.country].filter(Boolean).join('; ') + '.');
      rows.fill(told.draw || [], one => one.node, one => ({cells: [cell('Node', strong(one.node), one.chosen && small(t('chosen'))), cell('Candidate', one.candidate ? t('yes') : [one.out, one.why].filter(Boolean).join(': ')),
        cell('Carries it', t(one.carries ? 'yes' : 'no')), cell('Load', Math.round(100 * one.utilisation) + '\u00a0%'), cell('Room', one.room_kbps === null ? '' : number(Math.round(one.room_kbps)) + '\u00a0kbit/s')]}));
    }});
  return el('div', null, head('Where would a listener be sent?'), box(asked.node, answer, rows.node));
}

// Of one mount, the one with most listeners to begin with.
function feedsPart(mounts) {
  const picture = feeds(false), alone = quiet('Only one server has it.'), busiest = [...mounts].sort((a, b) => b.listeners - a.listeners)[0];
  const names = el('datalist', {id: 'mounts'}, mounts.map(one => el('option', {value: one.mount}))), refresh = async () => { if (input.value) await picture.refresh(input.value); alone.hidden = !picture.node.hidden; };
  const input = el('input', {type: 'search', id: 'fed', list: 'mounts', value: busiest?.mount || '', on: {change: refresh}});
  return {node: el('div', null, head('Who feeds whom'), el('div', {class: 'search'}, el('label', {for: 'fed'}, 'Mount'), input, names), picture.node, alone), refresh};
}

function linksPart() {
  const rows = table('Server', 'Link', 'Round trip', 'For'), part = el('div', {hidden: true}, head('Links'), box(rows.node));
  return {node: part, fill(links) {
    part.hidden = !links.length;
    rows.fill(links, one => (one.id || one.address || '') + (one.role || ''), () => follow({
      Server: [strong(), one => one.id || one.address || ''], Link: one => t(one.state || (one.up ? 'up' : 'down')),
      'Round trip': one => one.round_trip_us > 0 ? tenths(one.round_trip_us / 1000) + '\u00a0ms' : '', For: one => one.seconds >= 0 ? ago(one.seconds) : ''}));
  }};
}

export async function nodes(page) {
  page.title('Nodes');
  if (!may('GET /nodes')) {
    page.add(box(quiet('Your role does not show the nodes.')));
    return;
  }
  const rows = table('Node', 'State', 'Listeners', 'Load', 'Sources', 'Up', 'Version');
  let [mounts, all] = await Promise.all([list('/mounts'), list('/nodes')]);
  const past = charts(...all.some(isTold) ? [['Listeners by node', {of: 'listeners', by: 'node'}], ['Bandwidth by node', {of: 'kbps', by: 'node'}]] : []);
  const fed = feedsPart(mounts), links = linksPart();
  const draw = () => rows.fill(all, one => one.id, one => nodeRow(one, refresh));
  const ask = newest(() => Promise.all([list('/nodes'), json('cluster/links.json').catch(() => null), fed.refresh()]));
  async function refresh() {
    const got = await ask();
    if (!got) return;
    const [known, linked] = got;
    all = known;
    draw();
    links.fill(linked?.links || linked?.masters || []);
    past.refresh();
  }
  rows.sort(nodeSorts, draw);
  page.add(box(rows.node), past.there && box(past.node), fed.node, links.node, explainPart());
  try { await refresh(); } catch (problem) { page.add(quiet(words(problem))); }
  page.poll(refresh, () => EVERY, data => {
    if (!data.nodes) return;
    const whole = put(data, {nodes: all});
    draw();
    const byId = new Map(all.map(one => [one.id, one]));
    past.heard(data.totals, id => byId.get(id));
    return whole;
  });
}
