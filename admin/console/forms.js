// Forms and questions of the console.  A form knows its fields by the pointers of the API's
// problems (RFC 9457, RFC 6901), so that what the server finds wrong stands at its field.
import {clock, el, hidden, local, offset, press, quiet, say, span, tell, words} from './kit.js';
import {t} from './texts.js';

export const HERE = 'In the time of this browser. Empty: ';
export const banFields = reason => [{name: 'until', label: 'Until', type: 'date', value: clock() / 1000 + 86400, hint: HERE + 'until it is deleted.'},
  {name: 'reason', label: 'Reason', most: 500, spellcheck: true, value: reason}];
const TEXTLESS = new Set(['tick', 'picture']);   // what no browser fills in
let made = 0;

function control(field, id) {
  const shared = {id, name: field.name, 'aria-describedby': field.hint ? id + 'h' : undefined, required: field.required,
    autocomplete: TEXTLESS.has(field.type) ? undefined : field.autocomplete || 'off', spellcheck: field.spellcheck ? undefined : 'false'};
  if (field.options)
    return el('select', shared, field.options.map(one => {
      const [value, text] = Array.isArray(one) ? [one[0], t(one[1])] : [one, one || t('as the server has it')];
      return el('option', {value, selected: String(value) === String(field.value ?? '')}, text);
    }));
  if (field.type === 'tick') return el('input', {...shared, type: 'checkbox', checked: !!field.value});
  if (field.type === 'picture') return el('input', {...shared, type: 'file', accept: 'image/jpeg,image/png,image/webp'});
  const types = {password: 'password', date: 'datetime-local', day: 'date', number: 'number'};
  const first = field.value && field.type === 'date' ? local(field.value) : field.unit && field.value !== undefined ? field.value / field.unit : field.value ?? '';
  return el('input', {...shared, type: types[field.type] || 'text', value: first, placeholder: field.placeholder,
    list: field.choices && id + 'l', min: field.min, max: field.max, maxlength: field.most, autocapitalize: 'none', step: field.step || (field.type === 'number' ? 'any' : undefined)});
}
// "mon tue 20:00-22:00, 23:00-01:00"; other text goes as it is: the server refuses it.
export const hoursText = hours => (hours || []).map(row => [...(row.days || []), row.from + '-' + row.until].join(' ')).join(', ');
const hoursOf = text => text.toLowerCase().split(/[,;\n]+/).map(row => row.trim()).filter(Boolean).map(row => {
  const all = row.replace(/\s*[-\u2013]\s*/g, '-').split(/\s+/), [from, until] = all.pop().split('-');
  return {...all.length && {days: all}, from, until: until || ''};
});
// undefined: nothing is there.
export function value(field) {
  const it = field.control;
  if (field.type === 'tick') return it.checked;
  const text = field.type === 'password' ? it.value : field.type === 'picture' ? field.path : it.value.trim();
  if (text === '') return undefined;
  if (field.type === 'list') return text.split(/[\s,]+/);
  if (field.parse) return field.parse(text);
  if (field.type === 'hours') return hoursOf(text);
  if (field.type === 'number') return field.unit ? Math.round(Number(text) * field.unit) : Number(text);
  if (field.type === 'date') {
    // Where clocks go back a text is two times: here it is the one in the zone of what was there.
    const at = Date.parse(text + 'Z') / 1000 + offset(field.value || clock() / 1000);
    return at && local(at) === text.slice(0, 16) ? at : new Date(text) / 1000;
  }
  if (field.type === 'length') return text.split(':').reduce((sum, one) => sum * 60 + Number(one), 0);
  if (field.type === 'flag') return text === 'true';
  if (field.type === 'size' && /^-?\d+$/.test(text)) return Number(text);
  return text;
}
function put(into, pointer, what) {
  const names = pointer.split('/');
  for (const name of names.slice(0, -1)) into = into[name] = into[name] || {};
  into[names.at(-1)] = what;
}
// What a password is, while the button is pressed in.
function shower(input) {
  const button = press('Show the password', () => {
    input.type = input.type === 'password' ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(input.type === 'text'));
    input.focus();
  }, {class: 'small', 'aria-pressed': 'false'});
  return button;
}
// A picture here; a missing one is hidden.
export function thumb(into, path) {
  if (into.path === path) return;
  into.path = path;
  into.replaceChildren(...path.startsWith('/') ? [el('img', {alt: '', src: path, on: {error: event => event.target.remove()}})] : []);
}
// A picture of this server: a file to upload; for an administrator also a path.
function picture(field) {
  field.path = field.value || '';
  const shown = span(), path = field.paths && el('input', {type: 'text', 'aria-label': t(field.label) + ': ' + t('Path of a file'), placeholder: '/logo.png', spellcheck: 'false', autocomplete: 'off',
    on: {input: () => set(path.value.trim(), true)}});
  const none = press(['Remove', hidden(' ' + t(field.label))], () => { field.control.value = ''; set(''); field.control.focus(); }, {class: 'small'});
  const set = (now, typed) => {
    field.path = now;
    none.hidden = !now;
    thumb(shown, now);
    if (path && !typed) path.value = now;
  };
  field.control.addEventListener('change', () => {
    const file = field.control.files[0];
    unmark(field);
    if (file) field.pending = field.upload(file).then(now => { set(now); tell(t(field.label) + ': ' + file.name); return true; },
      problem => { field.control.value = ''; mark(field, problem.errors?.[0]?.detail || words(problem)); return false; }).finally(() => { field.pending = null; });
  });
  set(field.path);
  return el('span', {class: 'picture'}, shown, field.control, path, none);
}
function colour(input, field) {
  const choice = el('input', {type: 'color', 'aria-label': t(field.label), value: input.value || '#808080', on: {input: () => { input.value = choice.value; }}});
  input.addEventListener('input', () => { if (/^#[\da-f]{6}$/i.test(input.value)) choice.value = input.value; });
  return el('span', {class: 'colour'}, choice, input);
}
function fieldNode(field) {
  const id = 'f' + ++made;
  field.control = control(field, id);
  field.fault = el('span', {class: 'fault', id: id + 'e', hidden: true});
  const wrapped = field.type === 'picture' ? picture(field) : field.type === 'colour' ? colour(field.control, field) : field.control;
  field.first = JSON.stringify(value(field));
  const hint = field.hint && el('span', {class: 'hint', id: id + 'h'}, t(field.hint));
  const label = field.type === 'tick' ? el('label', {class: 'tick'}, field.control, ' ', field.label) : el('label', {for: id}, field.label);
  return el('div', {class: field.wide ? 'field wide' : 'field'}, label, field.type === 'tick' ? null : wrapped, field.choices && el('datalist', {id: id + 'l'}, field.choices.map(value => el('option', {value}))), field.type === 'password' && shower(field.control), hint, field.fault);
}
function clear(fields, general) {
  general.hidden = true;
  fields.forEach(unmark);
}
function unmark(field) {
  field.fault.hidden = true;
  field.control.removeAttribute('aria-invalid');
}
function mark(field, text) {
  say(field.fault, field.fault.hidden ? text : field.fault.textContent + '; ' + text);
  field.fault.hidden = false;
  field.control.setAttribute('aria-invalid', 'true');
  const about = (field.control.getAttribute('aria-describedby') || '').split(' ').filter(Boolean);
  if (!about.includes(field.fault.id)) field.control.setAttribute('aria-describedby', [...about, field.fault.id].join(' '));
  for (let at = field.control.parentElement; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
}
// at: {problem's name: field's name}, for problems without pointers.
function showProblem(problem, fields, general, at) {
  const left = [];
  let first = null;
  const place = (pointer, text) => {
    const found = fields.filter(field => pointer === '/' + field.name || pointer.startsWith('/' + field.name + '/'))
      .sort((a, b) => b.name.length - a.name.length)[0] || fields.find(field => ('/' + field.name).startsWith(pointer + '/') && pointer !== '');
    if (found) { mark(found, text); first = first || found; }
    else left.push((pointer.startsWith('/settings/') ? pointer.slice(1) + ': ' : '') + text);
  };
  for (const error of problem.errors || []) place(error.pointer, error.detail);
  if (!problem.errors?.length) {
    const name = at?.[problem.kind];
    const field = name && fields.find(one => one.name === name);
    if (field) { mark(field, words(problem)); first = field; }
    else left.push(words(problem));
  }
  if (left.length) { say(general, left.join('; ')); general.hidden = false; }
  (first?.control || general).focus();
}

// groups: [{title?, fields, hint?}], one without a title first; those with one are closed at first.
// A number with a `unit` is shown in it, and sent as it is.
// change: the shown record: only differences are sent, an emptied field as null.
// login: whose password it is about, for the browser's keeper of passwords.
// send(body, all, revision) does it, and what it throws is shown.  revision: that of the record when the
// form was opened; undefined behind a refusal by it, as the page shows the change by then.
// asks: it changes nothing, and what is typed is not missed.
// Gives {node, fields}.
export function form({groups, button, send, change, at, cancel, login, asks}) {
  const fields = groups.flatMap(group => group.fields);
  const general = el('p', {class: 'fault', role: 'alert', tabindex: -1, hidden: true});
  let revision = change?.revision;
  const submit = el('button', {type: 'submit', class: 'main'}, button);
  const node = el('form', {class: 'fields'}, general, login && el('input', {type: 'text', autocomplete: 'username', 'aria-label': t('User'), value: login, hidden: true, readonly: true}), groups.map(group => {
    const grid = el('div', {class: 'grid'}, group.fields.map(fieldNode));
    return group.title ? el('details', {class: 'more'}, el('summary', null, group.title), group.hint && quiet(group.hint), grid) : grid;
  }), el('p', {class: 'buttons'}, submit, cancel && press('Cancel', cancel)));
  if (!asks) node.addEventListener('input', () => node.classList.add('typed'));
  node.addEventListener('submit', async event => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    const there = await Promise.all(fields.map(field => field.pending || true));
    submit.disabled = false;
    if (there.includes(false)) return;
    clear(fields, general);
    const body = {};
    for (const field of fields) {
      if (field.unsent) continue;
      const now = value(field);
      if (change ? JSON.stringify(now) === field.first : now === undefined || field.type === 'tick' && !now && !field.value) continue;
      put(body, field.name, now === undefined ? null : now);
    }
    submit.disabled = true;
    try {
      await send(body, Object.fromEntries(fields.map(field => [field.name, value(field)])), revision);
      node.classList.remove('typed');
    } catch (problem) {
      if (problem.kind === 'changed') revision = undefined;
      showProblem(problem, fields, general, at);
    }
    submit.disabled = false;
  });
  return {node, fields};
}

// A form that opens below its summary.
export function opening(summary, name, build) {
  const details = el('details', {class: 'opening'}, el('summary', null, summary, name && el('span', {class: 'away'}, ' ' + name)));
  let inside = null;
  details.addEventListener('toggle', () => {
    // A form is built anew each time; what is typed stays.
    if (inside?.matches('.typed')) return;
    inside?.remove();
    inside = null;
    if (!details.open) return;
    inside = build(() => { inside.classList.remove('typed'); details.open = false; details.firstChild.focus(); });
    details.append(inside);
    inside.querySelector('input, select')?.focus();
  });
  return details;
}

// A question in place, before something ends.  what: a text, or a function for the text of that moment.
// buttons: [[text, act], …].
export function question(label, name, what, buttons, danger = true) {
  const text = span(), fault = el('span', {class: 'fault', role: 'alert', hidden: true});
  const summary = el('summary', null, label, name && el('span', {class: 'away'}, ' ' + name));
  const details = el('details', {class: danger ? 'confirm danger' : 'confirm'}, summary);
  const all = buttons.map(([word, act]) => {
    const button = el('button', {type: 'button', on: {click: async () => {
      fault.hidden = true;
      // A button that cannot be pressed has not the keyboard; what is around it may go with its row.
      const held = details.contains(document.activeElement);
      if (held) summary.focus();
      for (const one of all) one.disabled = true;
      try {
        await act();
        details.open = false;
        tell(t('{0}: done', t(label) + (name ? ' ' + name : '')));
      } catch (problem) {
        say(fault, words(problem));
        fault.hidden = false;
      }
      for (const one of all) one.disabled = false;
      if (held && !fault.hidden) button.focus();
    }}}, word);
    return button;
  });
  details.append(el('div', {class: 'sure'}, el('p', null, text, all, fault)));
  details.addEventListener('toggle', () => {
    fault.hidden = true;
    const ask = () => details.open && details.isConnected ? say(text, typeof what === 'function' ? what() : what) : clearInterval(timer);
    const timer = setInterval(ask, 1000);   // its numbers go on
    ask();
  });
  return details;
}

// Escape closes what is open around the cursor.
document.addEventListener('keydown', event => {
  const open = event.key === 'Escape' && event.target.closest?.('details[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});
