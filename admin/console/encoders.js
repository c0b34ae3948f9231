// The settings of encoders for one mount, ready to paste.  Tried: tests/console/test_console_pages.py
// and doc/encoders.md.
import {copyButton, el, say} from './kit.js';
import {t} from './texts.js';

// How each program writes a format; {} is the bitrate.
const FORMATS = {
  mp3: {text: 'MP3', type: 'audio/mpeg', ffmpeg: 'libmp3lame -b:a {}k', muxer: 'mp3', liquidsoap: '%mp3(bitrate={})', butt: 'mp3', mixxx: 'MP3'},
  opus: {text: 'Opus', ffmpeg: 'libopus -b:a {}k', liquidsoap: '%opus(bitrate={})', butt: 'opus', mixxx: 'Opus', file: 'music.opus'},
  vorbis: {text: 'Ogg Vorbis', ffmpeg: 'libvorbis -b:a {}k', liquidsoap: '%vorbis.abr(bitrate={})', butt: 'ogg', mixxx: 'Ogg Vorbis', file: 'music.ogg'},
  aac: {text: 'AAC', type: 'audio/aac', ffmpeg: 'aac -b:a {}k', muxer: 'adts', liquidsoap: '%ffmpeg(format="adts", %audio(codec="aac", b="{}k"))', butt: 'aac', mixxx: 'AAC'},
  flac: {text: 'FLAC', ffmpeg: 'flac', liquidsoap: '%ogg(%flac)', butt: 'flac', file: 'music.oga'},
};
const ENDINGS = {mp3: 'mp3', opus: 'opus', ogg: 'vorbis', oga: 'vorbis', aac: 'aac', flac: 'flac'};
const formatOf = mount => ENDINGS[(mount.match(/\.(\w+)$/) || [])[1]] || 'mp3';

const shell = text => /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
// #{…} would be run.
const script = text => '"' + text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('#', '\\x23') + '"';

// Where it sends to.
function endOf(url) {
  const at = new URL(url), tls = at.protocol === 'https:';
  return {at, tls, bare: at.hostname.replace(/^\[|\]$/g, ''), port: at.port || (tls ? '443' : '80')};
}
// of: {url, backup, user, password, name, bitrate}, format: a key of FORMATS.  backup: in place of url
// while that takes no source.
// Gives [{title, text} or {title, rows, note}].
function recipes(of, format) {
  const f = FORMATS[format], type = f.type || 'audio/ogg', first = endOf(of.url), to = of.backup && endOf(of.backup), {tls, bare, port} = first;
  const mount = decodeURIComponent(first.at.pathname), name = of.name || mount.slice(1), rate = of.bitrate || (format === 'opus' ? 96 : 128);
  const second = to ? [['Second home', to.bare + ', port ' + to.port]] : [];
  const entry = (name, {bare, port, tls}) => ['[' + name + ']', 'address = ' + bare, 'port = ' + port,
    'password = ' + of.password, 'type = 1', 'tls = ' + (tls ? 1 : 0), 'mount = ' + mount.slice(1), 'usr = ' + of.user];
  const all = [{title: 'butt', note: 'Settings, Main, Server, Add; and Audio for the codec. ' + (to ? 'butt does not go to the second home by itself: Add it too, and choose it when the first one is away. ' : '') + 'Or as a file, for butt -c FILE:', rows: [
    ['Type', 'Icecast'], ['Address', bare], ['Port', port], ['Password', of.password], ['Icecast mountpoint', mount.slice(1)],
    ['Icecast user', of.user], ['Codec', f.text], ['SSL/TLS', tls ? 'on' : 'off'], ...second],
  text: ['[main]', 'server = radio', 'num_of_srv = ' + (to ? 2 : 1), 'num_of_icy = 0', 'srv_ent = radio' + (to ? ';second' : ''), 'connect_at_startup = 1', '[audio]',
    'codec = ' + f.butt, 'bitrate = ' + rate, 'samplerate = ' + (format === 'opus' ? 48000 : 44100), 'channel = 2',
    ...entry('radio', first), ...(to ? entry('second', to) : [])].join('\n') + '\n'}];
  const output = ({bare, port, tls}, id) => ['output.icecast(' + id + f.liquidsoap.replace('{}', rate) + ',',
    '  host=' + script(bare) + ', port=' + port + (tls ? ', transport=http.transport.ssl()' : '') + ',',
    '  user=' + script(of.user) + ', password=' + script(of.password) + ',',
    '  mount=' + script(mount.slice(1)) + ', name=' + script(name) + ', radio)'];
  all.push({title: 'Liquidsoap', note: to && 'Both outputs run: the one that is refused asks again every 3 s.', text: ['radio = mksafe(playlist("/srv/music"))',
    ...output(first, ''), ...(to ? output(to, 'id="second", ') : [])].join('\n') + '\n'});
  const ffmpeg = ({at, port, tls}) => ['ffmpeg -re -i INPUT -vn -c:a ' + f.ffmpeg.replace('{}', rate) + ' \\',
    '  -content_type ' + type + ' -f ' + (f.muxer || 'ogg') + (tls ? ' -tls 1' : '') + ' -ice_name ' + shell(name) + ' \\', '  ' + shell('icecast://' + encodeURIComponent(of.user) + ':' + encodeURIComponent(of.password) + '@' + at.hostname + ':' + port + at.pathname)];
  all.push({title: 'ffmpeg', note: 'INPUT is a file, or -f alsa -i default in place of -re -i INPUT.' + (to ? ' What ends goes on at the other home.' : ''),
    text: (to ? ['while sleep 1; do', ...ffmpeg(first), ...ffmpeg(to), 'done'] : ffmpeg(first)).join('\n') + '\n'});
  if (f.mixxx) all.push({title: 'Mixxx', note: 'Preferences, Live Broadcasting; then Options, Enable Live Broadcasting.' + (to ? ' A second connection has the second home, and reconnects without a limit: it is refused while the first one is on air.' : ''), rows: [
    ['Type', 'Icecast 2'], ['Mount', mount], ['Host', bare], ['Port', port], ['Login', of.user], ['Password', of.password],
    ['Bitrate', rate + ' kbps'], ['Format', f.mixxx], ['Channels', 'Stereo'], ...second]});
  all.push({title: 'libshout and others', note: 'MPD, IDJC, ices and most hardware ask for these; where there is a choice of protocol, it is Icecast 2 or HTTP.' + (f.file ? ' A file by the program shout:' : ''), rows: [
    ['Host', bare], ['Port', port], ['Mount', mount], ['User', of.user], ['Password', of.password], ['Content type', type], ...second],
  text: f.file && ['cat ' + f.file + ' | shout --format ogg --host ' + shell(bare) + ' --port ' + port + (tls ? ' --tls-mode rfc2818' : '') + ' \\',
    '  --user ' + shell(of.user) + ' --pass ' + shell(of.password) + ' --mount ' + shell(mount) + ' --station-name ' + shell(name)].join('\n') + '\n'});
  return all;
}

const pairs = rows => el('dl', {class: 'pairs'}, rows.map(([label, value]) => [el('dt', null, label), el('dd', null, el('code', null, value))]));

// of: as above; without a password the word PASSWORD stands in its place.
export function encoderSettings(of, mount) {
  const full = {...of, password: of.password || 'PASSWORD'};
  const body = el('div', {class: 'recipes'});
  const choice = el('select', {id: 'format-' + part(mount)}, Object.entries(FORMATS).map(([key, one]) =>
    el('option', {value: key, selected: key === formatOf(mount)}, one.text)));
  const fill = () => {
    const open = new Set([...body.querySelectorAll('details[open]')].map(one => one.dataset.title));
    body.replaceChildren(...recipes(full, choice.value).map(one => {
      const code = one.text && el('pre', {tabindex: 0}, el('code', null, one.text));
      return el('details', {'data-title': one.title, open: open.has(one.title)}, el('summary', null, one.title),
        one.rows && pairs(one.rows), one.note && el('p', {class: 'about'}, one.note), code,
        one.text && el('p', null, copyButton(one.text, t('Settings of its encoder') + ': ' + one.title)));
    }));
    if (!open.size) body.firstChild.open = true;
  };
  choice.addEventListener('change', fill);
  fill();
  const about = el('p', {class: 'about'}), own = !of.password && el('input', {type: 'text', id: choice.id + '-password', autocomplete: 'off', spellcheck: 'false',
    on: {input: () => { full.password = own.value || 'PASSWORD'; fill(); }}});
  say(about, t(of.password ? 'With the password of {0}, ready to paste.'
    : 'PASSWORD stands for the password of {0}, which was shown when it was made. New password makes another one.', of.user));
  return el('div', {class: 'encoder'}, about, el('div', {class: 'grid'}, el('div', {class: 'field'}, el('label', {for: choice.id}, 'Format'), choice),
    own && el('div', {class: 'field'}, el('label', {for: own.id}, 'Your password'), own, el('span', {class: 'hint'}, t('For the settings below; it stays in this page.')))), body);
}
const part = mount => mount.replace(/\W/g, '');
