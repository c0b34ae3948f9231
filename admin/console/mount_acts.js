// What is done to the listeners of a mount all together: moved to another mount, sent to a fallback
// once its source ends, and the users that may listen where a password file says so.
import {cell, el, here, may, part, quiet, say, strong, table, tell} from './kit.js';
import {command, xml} from './command.js';
import {t} from './texts.js';
import {form, opening, question} from './forms.js';

const text = (node, name) => node.querySelector(name)?.textContent || '';
const runs = () => may('POST /mounts/{}/kick-source');

// Opened below its summary; fill(node) is called each time.
function shutter(id, label, fill) {
  const inside = el('div', {class: 'roundbox'}), details = el('details', {class: 'opening', id}, el('summary', null, label), inside);
  details.addEventListener('toggle', async () => {
    if (!details.open) return;
    try { await fill(inside); } catch (problem) { inside.replaceChildren(quiet(problem.message)); }
  });
  return details;
}

const movePart = mount => shutter('move', 'Move its listeners', async inside => {
  const told = await xml('moveclients?mount=' + part(mount)), rows = table('Mount', 'Listeners', 'Type');
  const others = [...told.querySelectorAll('source')].map(one => ({mount: one.getAttribute('mount'), listeners: text(one, 'listeners'), type: text(one, 'content-type')}));
  rows.fill(others, one => one.mount, one => ({cells: [cell('Mount', strong(one.mount)), cell('Listeners', one.listeners), cell('Type', one.type)],
    acts: [question('Move here', one.mount, () => t('All listeners of {0} go on with {1}.', mount, one.mount),
      [['Move them', async () => tell(await command('moveclients', {mount, destination: one.mount}))]], false)]}));
  inside.replaceChildren(quiet(others.length ? 'They go on listening without a gap. These mounts have their format; a player cannot change to another.' : 'There is no other mount of their format to move them to.'), rows.node);
});

const fallbackPart = mount => opening('Set the fallback', '', close => form({button: 'Set', cancel: close, groups: [{fields: [{name: 'fallback', label: 'Fallback mount', required: true, most: 255, placeholder: '/other.mp3',
  hint: 'Where its listeners go when its source ends. Until the server restarts; the setting above stays.'}]}],
  send: async body => { await command('fallbacks', {mount, fallback: body.fallback}); close(); tell(t('The fallback of {0} is {1}', mount, body.fallback)); }}).node);

const usersPart = mount => shutter('logins', 'Users that may listen', async function fill(inside) {
  const told = await xml('manageauth?mount=' + part(mount)), rows = table('User'), none = quiet('No users yet.');
  const users = [...told.querySelectorAll('User')].map(one => text(one, 'username'));
  rows.fill(users, one => one, one => ({cells: [cell('User', strong(one))], acts: [question('Delete', one, () => t('Delete {0}? This user may not listen any more.', one),
    [['Delete', async () => { await command('manageauth', {mount, action: 'delete', username: one}); await fill(inside); }]])]}));
  none.hidden = users.length > 0;
  inside.replaceChildren(rows.node, none, form({button: 'Add', groups: [{fields: [{name: 'username', label: 'User', required: true, most: 255}, {name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', required: true}]}],
    send: async body => { say(none, await command('manageauth', {mount, action: 'add', ...body})); await fill(inside); }}).node);
});

// For a login that may act on the mount.
export function mountActs(mount) {
  if (!runs() || here.role === 'none') return [];
  return [movePart(mount), fallbackPart(mount), usersPart(mount)];
}
