// The words of the console in other languages: a file for each, by the English ones, which is fetched
// where it is wanted.  What is not in it stays English; what comes from the server is as it comes.
export const LANGUAGES = {en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', pt: 'Português'};
const KEY = 'lb-language';

const chosen = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
// As Accept-Language says it, unless the menu was used.
export const language = [chosen(), ...(navigator.languages || [])].map(one => (one || '').slice(0, 2)).find(one => LANGUAGES[one]) || 'en';
const TEXTS = language === 'en' ? {} : (await import('./texts_' + language + '.js').catch(() => null))?.default || {};
// {0}, {1} …: those that follow.
const said = text => (typeof text === 'string' && Object.hasOwn(TEXTS, text) && TEXTS[text]) || text;
export const t = (text, ...of) => of.length ? said(text).replace(/\{(\d)\}/g, (_, at) => of[at]) : said(text);
// The same with elements in it: its parts.
export const woven = (text, ...of) => said(text).split(/\{(\d)\}/).map((one, at) => at % 2 ? of[one] : one);
export function choose(next) {
  try { localStorage.setItem(KEY, next); } catch { /* of a browser that keeps nothing */ }
  location.reload();
}
