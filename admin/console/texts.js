// The words of the console in other languages: a file for each, by the English ones, which is fetched
// where it is wanted.  What is not in it stays English.
export const LANGUAGES = {en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', pt: 'Português'};
const KEY = 'lb-language';

const chosen = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
// As Accept-Language says it, unless the menu was used.
export const language = [chosen(), ...(navigator.languages || [])].map(one => (one || '').slice(0, 2)).find(one => LANGUAGES[one]) || 'en';
const FILE = language !== 'en' && await import('./texts_' + language + '.js').catch(() => null), TEXTS = FILE?.default || {};
// {0}, {1} …: those that follow.
const said = text => (typeof text === 'string' && Object.hasOwn(TEXTS, text) && TEXTS[text]) || text;
export const t = (text, ...of) => of.length ? said(text).replace(/\{(\d)\}/g, (_, at) => of[at]) : said(text);
// The same with elements in it: its parts.
export const woven = (text, ...of) => said(text).split(/\{(\d)\}/).map((one, at) => at % 2 ? of[one] : one);
// What the API says, by the text whose words it has.
const TOLD = Object.entries(FILE?.told || {}).map(([one, text]) => [new RegExp('^' + one.replace(/[.?*+^$()|]/g, '\\$&').replace(/\{\d\}/g, '(.*)') + '$', 's'), text]);
export function told(words) {
  for (const [form, text] of TOLD) {
    const found = form.exec(words);
    if (found) return text.replace(/\{(\d)\}/g, (_, at) => found[+at + 1]);
  }
  return words;
}
export function choose(next) {
  try { localStorage.setItem(KEY, next); } catch { /* of a browser that keeps nothing */ }
  location.reload();
}
