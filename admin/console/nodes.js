// The nodes of the cluster: who pulls what from whom, the links to masters, and where a listener
// would be sent, and why.
import {ago, box, cell, el, has, list, may, number, part, quiet, say, table, words} from './kit.js';
import {chart} from './history.js';
import {json} from './command.js';
import {form} from './forms.js';
import {nodeRow, nodeSorts} from './overview.js';

const EVERY = 3000, MOST_ROWS = 200;   // ms, rows

// Of cluster/explain.
function explainPart() {
  const answer = el('p', {role: 'status'}), rows = table('Node', 'Candidate', 'Carries it', 'Load', 'Room');
  rows.node.hidden = true;
  const asked = form({button: 'Explain', groups: [{fields: [{name: 'mount', label: 'Mount', required: true, placeholder: '/rock.mp3'}, {name: 'ip', label: 'Address', placeholder: '203.0.113.9'},
    {name: 'ua', label: 'Player', placeholder: 'VLC'}, {name: 'https', label: 'Asked by https', type: 'tick'}]}],
    send: async body => {
      const query = {...body, https: body.https ? 1 : undefined};
      const told = await json('cluster/explain?' + Object.entries(query).filter(([, value]) => value).map(([name, value]) => name + '=' + part(value)).join('&'));
      say(answer, [told.answer + (told.node ? ' to ' + told.node : ''), told.reason, told.country && 'from ' + told.country].filter(Boolean).join('; ') + '.');
      rows.fill(told.draw || [], one => one.node, one => ({cells: [cell('Node', el('strong', null, one.node), one.chosen && el('small', null, 'chosen')), cell('Candidate', one.candidate ? 'yes' : [one.out, one.why].filter(Boolean).join(': ')),
        cell('Carries it', one.carries ? 'yes' : 'no'), cell('Load', Math.round(100 * one.utilisation) + '\u00a0%'), cell('Room', one.room_kbps === null ? '' : number(Math.round(one.room_kbps)) + '\u00a0kbit/s')]}));
    }});
  return el('div', null, el('h2', null, 'Where would a listener be sent?'), box(asked.node, answer, rows.node));
}

// The way of a stream: the home first, what pulls it from there below.
function treePart() {
  const rows = table('Mount', 'Listeners', 'kbit/s', 'Carried by'), none = quiet('No node carries a mount.'), more = quiet('');
  return {node: el('div', null, el('h2', null, 'What nodes carry'), box(rows.node, none, more)), fill(mounts) {
    const shown = mounts.slice(0, MOST_ROWS);
    rows.fill(shown, one => one.mount, () => {
      const listeners = el('span'), kbps = el('span'), by = el('ul', {class: 'plain tree'}), name = el('strong');
      return {cells: [cell('Mount', name), cell('Listeners', listeners), cell('kbit/s', kbps), el('td', {'data-label': 'Carried by'}, by)], fill(one) {
        say(name, one.mount);
        say(listeners, number(one.listeners));
        say(kbps, number(one.kbps));
        const lines = one.carriers.map(row => row.node + ': ' + number(row.listeners) + (row.below ? ', and ' + number(row.below) + ' behind it' : '') + (row.redirected ? ', ' + number(row.redirected) + ' on their way' : '') + (row.free !== undefined ? ', ' + number(row.free) + ' places left' : ''));
        for (const row of one.cannot_pull || []) lines.push(row.node + ' cannot pull it: ' + row.why);
        if (by.shown === lines.join('\n')) return;
        by.shown = lines.join('\n');
        by.replaceChildren(...lines.map(line => el('li', null, line)));
      }};
    });
    none.hidden = mounts.length > 0;
    more.hidden = mounts.length <= MOST_ROWS;
    say(more, 'The first ' + MOST_ROWS + ' of ' + number(mounts.length) + '.');
  }};
}

function linksPart() {
  const rows = table('Server', 'Link', 'Round trip', 'For'), part = el('div', {hidden: true}, el('h2', null, 'Links'), box(rows.node));
  return {node: part, fill(links) {
    part.hidden = !links.length;
    rows.fill(links, one => (one.id || one.address || '') + (one.role || ''), () => {
      const id = el('strong'), state = el('span'), trip = el('span'), since = el('span');
      return {cells: [cell('Server', id), cell('Link', state), cell('Round trip', trip), cell('For', since)], fill(one) {
        say(id, one.id || one.address || '');
        say(state, one.state || (one.up ? 'up' : 'down'));
        say(trip, one.round_trip_us > 0 ? (one.round_trip_us / 1000).toFixed(1) + '\u00a0ms' : '');
        say(since, one.seconds >= 0 ? ago(one.seconds) : '');
      }};
    });
  }};
}

export async function nodes(page) {
  page.title('Nodes');
  if (!has('GET /nodes') || !may('GET /nodes')) {
    page.main.append(box(quiet('Your role does not show the nodes.')));
    return;
  }
  const rows = table('Node', 'State', 'Listeners', 'Load', 'Sources', 'Up', 'Version');
  const charts = [chart('Listeners by node', {of: 'listeners', by: 'node'}), chart('Bandwidth by node', {of: 'kbps', by: 'node'})].filter(Boolean);
  const tree = treePart(), links = linksPart();
  let all = [];
  const draw = () => rows.fill(rows.sorted(all), one => one.id, one => nodeRow(one, refresh));
  async function refresh() {
    const [known, cluster, linked] = await Promise.all([list('/nodes'), json('cluster.json'), json('cluster/links.json').catch(() => null)]);
    all = known;
    draw();
    tree.fill(cluster.mounts || []);
    links.fill(linked?.links || linked?.masters || []);
    charts.forEach(one => one.refresh());
  }
  rows.sort(nodeSorts, draw);
  page.main.append(box(rows.node), charts.length ? box(el('div', {class: 'charts'}, charts.map(one => one.node))) : '', tree.node, links.node, explainPart());
  try { await refresh(); } catch (problem) { page.main.append(quiet(words(problem))); }
  page.poll(refresh, () => EVERY);
}
