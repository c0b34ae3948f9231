// The console: which page is shown, and what all pages have around them.
import {$, api, away, el, goOn, head, here, hidden, learn, restart, say, tell, to, words} from './kit.js';
import {stream} from './live.js';
import {LANGUAGES, choose, language, t} from './texts.js';

const ROOT = '/admin/console', SELDOM = 30000;   // ms, while the server tells by itself
const AGAIN = 3000, REFUSED = 10000, RELOADED = 60000;   // ms, while it does not answer, or refuses; of a page
let left = false;   // Firefox ends then what loads
const typed = () => document.querySelector('form.typed');
addEventListener('beforeunload', event => {
  if (typed()) event.preventDefault();   // the browser asks
  else left = true;
});
// Each page is fetched when it is opened first.
const load = (file, name = file) => async (...of) => {
  const module = await import('./' + file + '.js').catch(async problem => {
    await api('GET', '/session');   // The server is there, of another version: all files are fetched again, once.
    // A reload long ago was not for this.
    if (!left && (performance.getEntriesByType('navigation')[0].type !== 'reload' || performance.now() > RELOADED)) await restart();
    away(problem);
  });
  return module[name](...of);
};
const overview = load('overview'), mount = load('mount');
const pages = {'': overview};
for (const name of ['mounts', 'nodes', 'archive', 'audience', 'usage', 'reports', 'stations', 'certificates', 'audit', 'server']) pages['/' + name] = load(name);
for (const name of ['accounts', 'users', 'tokens', 'bans']) pages['/' + name] = load('records', name);
let current = null, shown = '';   // the page, its address

// The server writes the menu for this role.
for (const link of document.querySelectorAll('.skip, #menu a')) link.textContent = t(link.textContent);
function menu() {
  const shown = location.pathname.replace(/\/$/, '');
  for (const link of $('menu').querySelectorAll('a')) {
    const active = link.pathname === shown;
    link.parentNode.classList.toggle('active', active);
    if (active) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
    if (active) into(link);
  }
}
// On a phone the menu is one line.
const into = link => link.parentNode.scrollIntoView({block: 'nearest', inline: 'nearest'});
$('menu').addEventListener('focusin', event => into(event.target));

class Page {
  constructor(more) {
    Object.assign(this, {more, main: el('div', {class: 'page'}), ended: false, timer: 0});
  }
  title(text) {
    document.title = t(text) + ' - icecast-lb console';
    this.heading = el('h2', {tabindex: -1, dir: 'auto'}, text);
    this.main.prepend(this.heading);
  }
  add(...parts) { this.main.append(...parts.flat(2).filter(Boolean)); }
  // A field that "/" goes to.  What is in it stays in the address of the page.
  search(label) {
    const input = el('input', {type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: t('Search'), value: new URLSearchParams(location.search).get('q') || ''});
    const node = el('search', {class: 'search'}, el('label', {for: 'search'}, label, el('kbd', {'aria-hidden': 'true'}, '/')), input);
    return {node, value: () => input.value.trim(), listen: act => input.addEventListener('input', () => {
      const at = new URL(location.href);
      if (input.value) at.searchParams.set('q', input.value); else at.searchParams.delete('q');
      history.replaceState(history.state, '', at);
      act();
    })};
  }
  // Repeats while the page is shown.  told(data), of: events of the server (live.js), with which act is
  // called seldom, and soon where told() gives false.
  poll(act, every, told, of = '') {
    let first = true, due = 0;
    const live = this.live = told && stream(of, data => {
      // Behind a pause it may have missed what went.
      const again = data.first && !first;
      first = first && !data.first;
      if (told(data) === false || again) {
        clearTimeout(this.timer);
        this.timer = setTimeout(this.again, Math.max(0, due - Date.now()));
      }
    }, () => this.again());
    this.again = async () => {
      clearTimeout(this.timer);
      if (this.ended || document.hidden) return live?.close();
      live?.open();
      due = Date.now() + every();
      try {
        await act();
        old(false);
      } catch (problem) { if (!this.ended) old(words(problem)); }
      if (!this.ended) this.timer = setTimeout(this.again, Math.max(every(), live?.on() ? SELDOM : 0));
    };
    if (this.ended) return;
    live?.open();
    this.timer = setTimeout(this.again, every());
  }
  // Once the server answers.  What is typed on a page that is half there stays.
  later(more, every) {
    this.again = async () => {
      clearTimeout(this.timer);
      if (this.ended || document.hidden) return;
      const there = await api('GET', '/session').catch(problem => !problem.away);
      if (this.ended) return;
      if (there && !typed()) return render(more, true);
      this.timer = setTimeout(this.again, every);
    };
    this.timer = setTimeout(this.again, every);
  }
  go(path, more) { go(ROOT + path, more); }
  end() {
    this.ended = true;
    this.live?.close();
    clearTimeout(this.timer);
  }
}

// What is shown is old: said once, and taken back.
const warning = el('p', {class: 'roundbox message', role: 'status', hidden: true});
function old(why) {
  warning.hidden = !why;
  if (why) say(warning, t('No news') + ': ' + why + ' ' + t('What is shown is old') + '.');
}

async function render(more, first) {
  current?.end();
  old(false);
  const page = current = new Page(more), at = new URL(shown = location.href), path = at.pathname.slice(ROOT.length).replace(/\/$/, '');
  const name = path === '/mounts' && at.searchParams.get('mount');
  menu();
  const main = $('main');
  let fault = null;
  try {
    const made = name ? mount(page, name) : (pages[path] || overview)(page);
    await made;
  } catch (problem) {
    if (problem.status === 401) {
      main.replaceChildren();
      await restart();
    }
    if (!page.heading) page.title(name || 'Console');
    page.add(el('div', {class: 'roundbox message', role: 'alert'}, el('p', null, problem.status === 404 && name ? t('There is no mount {0}.', name) : words(problem)), el('p', null, to('', t('To the overview')))));
    if (problem.away || problem.status >= 500) page.later(more, problem.away ? AGAIN : REFUSED);
    else if (!problem.status) fault = problem;
  }
  if (page !== current) return;
  main.replaceChildren(warning, page.main);
  main.removeAttribute('aria-busy');
  if (fault) throw fault;   // of ours: for the browser's console
  // A part of the page that an old address names.
  const named = at.hash && document.getElementById(at.hash.slice(1));
  if (named && page.main.contains(named)) {
    if (named.tagName === 'DETAILS') named.open = true;
    named.scrollIntoView();
    return;
  }
  if (first) return;
  // A notice of the page has the focus already.
  if (!page.main.contains(document.activeElement)) (page.main.querySelector('.secret') || page.heading)?.focus({preventScroll: true});
  window.scrollTo(0, 0);
}
function go(address, more) {
  history.pushState(null, '', address);
  return render(more);
}
const mayLeave = () => !typed() || confirm(t('What was typed is not sent. Leave this page?'));

document.addEventListener('click', event => {
  const link = event.target.closest?.('a[href]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.defaultPrevented) return;
  if (link.matches('.skip')) {   // by an address of its own the page would be drawn again
    event.preventDefault();
    return current?.heading?.focus();
  }
  const target = new URL(link.href);
  if (target.origin !== location.origin || target.pathname !== ROOT && !target.pathname.startsWith(ROOT + '/')) return;
  if (target.hash && target.pathname === location.pathname) return;
  event.preventDefault();
  if (mayLeave()) go(target.href);
});
document.addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, textarea, select')) return;
  event.preventDefault();
  if ($('search')) $('search').focus();
  else if (mayLeave()) go(ROOT).then(() => $('search')?.focus());
});
window.addEventListener('popstate', () => {
  if (mayLeave()) return render();
  history.pushState(null, '', shown);
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) goOn().catch(() => {});
  current?.again?.();
});

function session() {
  if (!here.csrf) return;
  $('menu').before(el('form', {class: 'session', method: 'post', action: '/admin/logout'}, el('input', {type: 'hidden', name: 'csrf', value: here.csrf}),
    el('label', {for: 'language', class: 'away'}, 'Language'), el('select', {id: 'language', on: {change: event => choose(event.target.value)}}, Object.entries(LANGUAGES).map(([id, name]) => el('option', {value: id, lang: id, selected: id === language}, name))),
    el('button', {type: 'submit'}, t('Log out') + ' ' + here.user), hidden(' (' + here.role + ')')));
}

document.documentElement.lang = language;
$('main').setAttribute('aria-busy', 'true');
try {
  await learn();
  session();
  await render(null, true);
} catch (problem) {
  $('main').replaceChildren(head('Console'), el('div', {class: 'roundbox message', role: 'alert'}, el('p', null, words(problem))));
  throw problem;
}
tell('');
