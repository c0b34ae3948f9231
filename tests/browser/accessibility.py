"""The measurable part of WCAG 2.2 AA on a page, as one script that returns the faults."""

FAULTS = r"""
const faults = [];
const say = (what, e) => faults.push(what + ': ' + (e ? e.outerHTML.replace(/\s+/g, ' ').slice(0, 120) : ''));
const seen = e => e.checkVisibility() && e.getClientRects().length;

// The document
if (!document.documentElement.lang) say('no language');
if (!document.title.includes(' - ')) say('a title that does not say which page it is');
if (document.querySelectorAll('h1').length !== 1) say('not one h1');
if (document.querySelectorAll('main').length !== 1) say('not one main');
let level = 1;
for (const h of document.querySelectorAll('h1, h2, h3, h4')) {
  const own = Number(h.tagName[1]);
  if (own > level + 1) say('a heading leaves out a level', h);
  level = own;
}
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
if (new Set(ids).size !== ids.length) say('an id twice');

// Names
for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
  if (!e.labels.length && !e.getAttribute('aria-label')) say('a field without a label', e);
for (const e of document.querySelectorAll('a, button, summary'))
  if (!e.textContent.trim() && !e.getAttribute('aria-label')) say('nothing to press', e);
for (const e of document.querySelectorAll('[aria-label]'))
  if (e.textContent.trim() && !e.matches('nav') && !e.getAttribute('aria-label').includes(e.textContent.trim())) say('its name lacks its text', e);
for (const e of document.querySelectorAll('audio, video'))
  if (!e.getAttribute('aria-label')) say('a player without a name', e);
for (const e of document.querySelectorAll('img:not([alt])')) say('no alternative text', e);
for (const e of document.querySelectorAll('table'))
  if (!e.querySelector('th[scope]') && !e.closest('details')) say('a table without headers', e);

// What is pressed is at least 24 pixels high
for (const e of document.querySelectorAll('a, button, summary, input:not([type=hidden])')) {
  if (!seen(e) || e.closest('p:not(.sure p), td:not(.action)') && e.matches('a')) continue;
  const box = e.getBoundingClientRect();
  if (box.height < 24 || box.width < 24) say('only ' + Math.round(box.width) + ' by ' + Math.round(box.height), e);
}

// Contrast of every text with what is behind it
const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => {
  const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const e = node.parentElement;
  if (!node.textContent.trim() || !seen(e)) continue;
  const style = getComputedStyle(e);
  const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
  if (ratio < (large ? 3 : 4.5)) say('contrast ' + ratio.toFixed(2), e);
}
return faults;
"""
