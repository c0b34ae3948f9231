// Stations: what listeners know as one programme, with the page on which it is heard.
import {api, cell, el, here, list, listed, mayChange, part, pill, say, small, span} from './kit.js';
import {form, opening, thumb} from './forms.js';
import {listing} from './records.js';
import {t} from './texts.js';

const MOST_NAMED = 8;
const address = id => '/listen/' + part(id);
const linksText = links => (links || []).map(one => one.name + ' ' + one.url).join(', ');
// What has no address, or no name, goes as it is, for the server to say so.
const linksOf = text => text.split(/,\s+|\n/).map(one => one.trim()).filter(Boolean).map(one => {
  const [, name, url] = one.match(/^(.*?)\s*(\S+)$/);
  return {name, url};
});

// mounts: those that the login may use; stations: all that it sees.
function fields(one, {accounts, mounts, stations}) {
  const taken = new Set(stations.flatMap(other => other.mounts)), free = mounts.map(row => row.mount).filter(name => !taken.has(name));
  const all = [];
  // A picture is taken by the API of a mount.
  const upload = async file => {
    const mount = all.find(field => field?.name === 'mounts').control.value.trim().split(/[\s,]+/)[0];
    if (!mount) throw new Error(t('Please name a mount first'));
    return (await api('PUT', '/mounts/' + part(mount) + '/art?keep=1', file)).art;
  };
  const picture = (name, label, hint) => ({name, label, type: 'picture', value: one?.[name], upload, paths: here.role === 'admin', hint});
  all.push(
    !one && {name: 'id', label: 'Station', required: true, most: 64, placeholder: 'rock', hint: 'In the address of its page, /listen/rock. Small letters, digits and _.'},
    {name: 'name', label: 'Name', value: one?.name, most: 200, spellcheck: true, hint: 'Empty: what the encoder says.'},
    here.role === 'admin' && {name: 'account', label: 'Account', value: one?.account || '', options: [['', 'none'], ...accounts.map(row => row.id)]},
    {name: 'mounts', label: 'Mounts', type: 'list', required: true, value: one ? one.mounts.join(' ') : free.length === 1 ? free[0] : '', placeholder: '/rock.mp3 /rock-64.aac',
      hint: t('With spaces between them; the first one plays first.') + (free.length ? ' ' + t('In no station') + ': ' + free.slice(0, MOST_NAMED).join(' ') + (free.length > MOST_NAMED ? ' \u2026' : '') : '')},
    {name: 'description', label: 'Description', value: one?.description, most: 500, spellcheck: true, hint: 'A line below the name.'},
    {name: 'genre', label: 'Genre', value: one?.genre, most: 100},
    {name: 'url', label: 'Web page', value: one?.url, most: 500, hint: 'Its own site, with https.'},
    picture('logo', 'Logo', 'JPEG, PNG or WebP, 16 to 4096 pixels, at most 512 KiB.'),
    picture('default-art', 'Cover', 'Of titles without a picture. Empty: the logo.'),
    {name: 'colour', label: 'Colour', type: 'colour', value: one?.colour, most: 7, placeholder: '#b3261e', hint: 'Of the buttons of its page. Empty: blue.'},
    {name: 'links', label: 'Web links', value: linksText(one?.links), parse: linksOf, hint: 'Each a name and an https address, with commas between them; at most five.'},
    {name: 'languages', label: 'Languages', type: 'list', value: (one?.languages || []).join(' '), placeholder: 'de en', hint: 'Of its page: en, de, fr, es, pt. Empty: all.'},
    {name: 'timezone', label: 'Time zone', value: one?.timezone, placeholder: 'Europe/Berlin', choices: Intl.supportedValuesOf?.('timeZone'), hint: 'Empty: UTC.'});
  return all.filter(Boolean);
}

export async function stations(page) {
  const known = async () => {
    const [accounts, mounts, stations] = await Promise.all([listed('/accounts'), listed('/mounts'), list('/stations')]);
    return {accounts, mounts, stations};
  };
  let all = await known();
  await listing(page, {
    path: '/stations', title: 'Stations', none: 'There are no stations; each mount has a page of its own.', hint: 'What listeners know as one programme: one page, one or more streams.',
    key: one => one.id, texts: one => [one.id, one.name, one.account, one.mounts, one.genre], columns: ['Station', 'Mounts', 'Account', 'State'],
    sorts: {Station: one => one.name || one.id, Account: one => one.account},
    make: {summary: 'Create a station', at: {exists: 'id', 'in-file': 'id', quota: 'mounts'}, fields: () => fields(null, all),
      async put(body) {
        const {id, ...rest} = body;
        // One that is there would be replaced.
        const there = await api('GET', '/stations/' + part(id)).catch(problem => { if (problem.status !== 404) throw problem; });
        if (there) throw Object.assign(new Error(t('There is a station of that name')), {kind: 'exists'});
        const made = await api('PUT', '/stations/' + part(id), rest);
        all = await known();
        return made;
      }},
    row(one, refresh, acts) {
      const ours = one.origin === 'store', {change, remove} = acts(() => one), logo = el('span', {class: 'logo'}), link = el('a', {href: address(one.id), target: '_blank', rel: 'noopener'}), mounts = span(), left = small(), account = span(), state = span();
      return {cells: [cell('Station', logo, link, small(one.id)), cell('Mounts', mounts, left), cell('Account', account), cell('State', state)], acts: [
        ours && mayChange('PATCH /stations/{}') && opening('Edit', one.id, close => form({button: 'Save', cancel: close, change: one, at: {quota: 'mounts'}, groups: [{fields: fields(one, all)}], send: async (body, shown, revision) => {
          for (const name of ['languages', 'links', 'mounts']) if (body[name] === null) body[name] = [];
          await change(body, revision);
          all = await known();
          close();
        }}).node),
        ours && remove(() => t('Delete the station {0}? Its mounts stay, each with a page of its own.', one.id), 'Delete', true, '', 'Delete', one.id)],
      fill(now) {
        one = now;
        say(link, one.name || one.id);
        thumb(logo, one.logo);
        const shown = one.mounts.filter(name => !one['left-out'].includes(name));
        say(mounts, shown.join(' '));
        say(left, one['left-out'].length ? t('not shown') + ': ' + one['left-out'].join(' ') : ours ? '' : t('the configuration file, where it is changed'));
        say(account, one.account || '');
        pill(state, one['hidden-by-file'] ? 'the file has another' : shown.length ? 'shown' : 'not shown', shown.length && !one['hidden-by-file'] ? 'up' : 'off');
      }};
    }});
}
