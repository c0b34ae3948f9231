// The commands of /admin/ and the documents beside /api/v1, for what the API does not have: asked
// with the session of this page.
import {api, goOn, request} from './kit.js';

// Refusals are pages; their numbers are no words.
const words = page => new DOMParser().parseFromString(page, 'text/html').body.textContent.replace(/\s+/g, ' ').trim().replace(/^\d{3} - /, '');

async function admin(path, more = {}) {
  const [answer, text] = await request('/admin/' + path, more);
  if (answer.status === 403 && !more.once && await goOn()) return admin(path, {...more, once: true});
  // A login that is over is said as everywhere; one that may not do this is 401, too.
  if (answer.status === 401) await api('GET', '/session');
  if (!answer.ok) throw Object.assign(new Error(words(text).slice(0, 300) || 'the server answered ' + answer.status), {status: answer.status});
  return text;
}
export const json = async path => JSON.parse(await admin(path));
export const xml = async path => new DOMParser().parseFromString(await admin(path), 'application/xml');
// What it says that it did.
export async function command(name, fields) {
  const text = await admin(name, {method: 'POST', body: new URLSearchParams(fields)});
  // Some have nothing to add, or say it in words.
  if (!text.startsWith('<?xml')) return text;
  const told = new DOMParser().parseFromString(text, 'application/xml'), done = told.querySelector('return')?.textContent;
  const message = told.querySelector('message')?.textContent || '';
  if ((done ?? '1') !== '1') throw new Error(message || 'the server refused it');
  return message;
}
