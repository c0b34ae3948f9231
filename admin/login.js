// A button that shows what was typed as the password, while it is pressed in; without it the page
// is as it is.
'use strict';
const field = document.querySelector('input[type=password]');
if (field) {
  const button = document.createElement('button');
  Object.assign(button, {type: 'button', className: 'small', textContent: field.form.dataset.show});
  const show = shown => {
    field.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
  };
  field.spellcheck = false;
  field.autocapitalize = 'none';
  button.addEventListener('click', () => {
    show(field.type === 'password');
    field.focus();
  });
  // What is sent is a password: no browser keeps it among texts.
  field.form.addEventListener('submit', () => show(false));
  window.addEventListener('pageshow', () => show(false));
  show(false);
  field.closest('p').append(button);
}
