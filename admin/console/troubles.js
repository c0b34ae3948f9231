// What is wrong, or will be: sentences with links, the worst first.
import {api, count, el, may, mountPage, number, strong, to} from './kit.js';
import {daysLeft, soon} from './certificates.js';
import {t, woven} from './texts.js';

const FULL = 0.95, MOST = 8, SELDOM = 60000;   // share, sentences, ms

const share = (value, most) => most > 0 ? value / most : 0;
const node = one => strong(one.id);
const mount = one => to(mountPage(one.mount), one.mount);

// One of them: [how bad it is, …its words].
function* ofNodes(nodes) {
  for (const one of nodes) {
    if (one.state === 'down') yield [3, ...woven('{0} is down: it takes no listeners, and what it had was sent elsewhere. Start it again, or its network: it comes back by itself.', node(one))];
    if (one.state === 'suspect') yield [2, ...woven('{0} is late, or its public address does not answer: it is used only when no other node is left.', node(one))];
    const full = Math.max(share(one.kbps, one.max_kbps), share(one.listeners, one.max_listeners));
    if (full >= FULL && one.state !== 'down') yield [2, ...woven('{0} is full: {1} of what it may carry.', node(one), Math.round(100 * full) + '\u00a0%')];
  }
}
function* ofMounts(mounts) {
  for (const one of mounts) {
    if (one.state === 'unplaced') yield [3, ...woven('{0} has no node: none has room for it.', mount(one))];
    else if (one['home-state'] === 'down') yield [3, ...woven('{0} cannot come on the air: its home {1} is down.', mount(one), one.home)];
    if (share(one.listeners, one.limits?.listeners) >= 1) yield [1, ...woven('{0} is full: {1} of {2} listeners.', mount(one), number(one.listeners), number(one.limits.listeners))];
    if (one['picture-refused']) yield [1, ...woven('{0}: the picture of its title is not shown: {1}.', mount(one), one['picture-refused'])];
    const by = one['fed-by'];
    if (by?.kbps > 0 && share(by.kbps, one.limits?.bitrate) > 1) yield [1, ...woven('{0} is sent {1} kbit/s, and may have {2}.', mount(one), number(by.kbps), number(one.limits.bitrate))];
  }
}
function* ofCertificates(certificates) {
  for (const one of certificates) {
    const left = daysLeft(one), page = () => to('/certificates', one.names.join(', '));
    if (left !== null && left < 0) yield [3, ...woven('The certificate for {0} has expired.', page())];
    else if (left !== null && left < soon(one) && (!one.ordered || one.failures)) yield [left < 3 ? 3 : 2, ...woven('The certificate for {0} ends in {1}.', page(), count(left, 'day'))];
    if (one.failures) yield [2, ...woven('The certificate for {0} could not be ordered: {1}.', page(), one.failure || t('unknown'))];
  }
}
// What a full disk takes away from this server.
const LOST = {archive: 'Recordings pause: the disk of the archive is full, or fails. They go on as soon as there is room.',
  log: 'Lines of the logs are lost: their disk is full, or fails. They are written again as soon as there is room.'};
function* ofServer(warnings) {
  for (const one of warnings) if (LOST[one]) yield [3, to('/server', t(LOST[one]))];
}

export function troubles() {
  const rows = el('ul', {class: 'plain'}), node = el('section', {class: 'roundbox troubles', 'aria-labelledby': 'troubles', hidden: true}, el('h2', {class: 'away', id: 'troubles'}, 'Problems'), rows);
  let certificates = [], warnings = [], asked = 0, known;
  async function askSeldom() {
    if (Date.now() - asked < SELDOM) return;
    asked = Date.now();
    if (may('GET /certificates')) certificates = (await api('GET', '/certificates').catch(() => null))?.items || [];
    if (may('GET /log')) warnings = (await fetch('/_lb/health', {cache: 'no-store'}).then(answer => answer.json()).catch(() => null))?.warnings || [];
  }
  async function fill(now) {
    known = now;
    await askSeldom();
    const {nodes, mounts} = known;   // of a later call, perhaps
    const all = [...ofServer(warnings), ...ofNodes(nodes), ...ofMounts(mounts), ...ofCertificates(certificates)];
    all.sort((a, b) => b[0] - a[0]);
    const shown = all.slice(0, MOST);
    if (all.length > MOST) shown.push([1, t('And {0} more.', number(all.length - MOST))]);
    const text = shown.map(([, ...words]) => words.map(word => word.textContent ?? word).join('')).join('\n');
    if (node.shown === text) return;
    node.shown = text;
    rows.replaceChildren(...shown.map(([bad, ...words]) => el('li', {class: 'bad' + bad}, words)));
    node.hidden = !shown.length;
  }
  return {node, fill};
}
