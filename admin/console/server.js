// This server: its configuration file, checked and read again, and the last lines of its logs.
import {api, box, cell, el, head, may, newest, part, press, quiet, say, table, words} from './kit.js';
import {form, question} from './forms.js';
import {t} from './texts.js';

const EVERY = 3000, LINES = 200;   // ms

function configurationPart() {
  const rows = table('Line', 'Kind', 'What'), told = el('p', {role: 'status'});
  async function check() {
    say(told, t('The file is being read.'));
    try {
      const got = await api('GET', '/configuration/check');
      rows.fill(got.items, one => JSON.stringify(one), one => ({cells: [cell('Line', one.line ? String(one.line) : ''),
        cell('Kind', el('span', {class: 'state ' + ({error: 'off', warning: 'half'}[one.severity] || 'idle')}, t(one.severity))), cell('What', one.text)]}));
      say(told, t(got.usable ? got.items.length ? 'The file can be used.' : 'The file can be used; there is nothing to say about it.' : 'The file cannot be used.'));
    } catch (problem) { say(told, words(problem)); }
  }
  rows.node.hidden = true;
  return box(el('div', {class: 'buttons'}, press('Check the file', check)),
    may('POST /configuration/reload') && question('Read it again', '', () => t('What has changed in the file takes effect now; listeners and sources stay. What needs a restart is named in the error log.'),
      [['Read it again', async () => { say(told, ''); rows.node.hidden = true; await api('POST', '/configuration/reload', {}); say(told, t('The file is read; the error log has what was changed.')); }]], false), told, rows.node);
}

function logPart(page) {
  const lines = el('pre', {class: 'log', tabindex: 0, role: 'region', 'aria-labelledby': 'logs'}), none = quiet('');
  let of = 'error', find = '';
  const ask = newest(() => api('GET', '/log?of=' + of + '&most=' + LINES + (find ? '&find=' + part(find) : '')));
  // What is read above its end, or marked, stays until then.
  async function refresh(now) {
    const at_end = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 8, marked = getSelection();
    if (!now && lines.textContent && (!at_end || !marked.isCollapsed && lines.contains(marked.anchorNode))) return say(none, t('It goes on when its end is shown, and nothing in it is marked.'));
    try {
      const got = await ask();
      if (!got) return;
      say(lines, got.lines.join('\n'));
      say(none, got.lines.length ? got.file : t(find ? 'No line of {0} has this.' : 'No line of {0}.', got.file));
    } catch (problem) { say(lines, ''); say(none, words(problem)); }
    lines.hidden = !lines.textContent;
    // Its page may not be shown yet.
    if (at_end || now) requestAnimationFrame(() => { lines.scrollTop = lines.scrollHeight; });
  }
  const filter = form({button: 'Show', asks: true, groups: [{fields: [{name: 'of', label: 'Log', options: [['error', 'Errors and events'], ['access', 'Requests'], ['playlist', 'Titles']], value: 'error'}, {name: 'find', label: 'Lines with'}]}],
    send: async (body, all) => { of = all.of || 'error'; find = all.find || ''; await refresh(true); }});
  page.poll(() => refresh(false), () => EVERY);
  return {node: el('div', null, el('h2', {id: 'logs'}, 'Logs'), box(filter.node, lines, none)), refresh};
}

export async function server(page) {
  page.title('Server');
  if (!may('GET /log')) {
    page.add(box(quiet('Your role does not show this server itself.')));
    return;
  }
  const log = logPart(page);
  page.add(head('Configuration'), configurationPart(), log.node);
  await log.refresh(true);
}
