// Elements are made here and nowhere else: text is always text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes (`on…` for listeners) and children: elements or texts. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'value' || name === 'checked') {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A key as it is shown; screen readers hear it as the button's shortcut already. */
export const key = (name) => el('kbd', { 'aria-hidden': 'true' }, name);

let hush;

/** Says something politely; it goes after a while. */
export function say(text) {
  byId('alert').textContent = '';
  const status = byId('status');
  status.textContent = text;
  clearTimeout(hush);
  hush = setTimeout(() => { status.textContent = ''; }, 5000);
}

/** What was said belongs to the view that was left. */
export function silence() {
  byId('status').textContent = '';
  byId('alert').textContent = '';
}

/** Says at once that something failed; it stays until the next message. */
export function complain(text) {
  byId('status').textContent = '';
  byId('alert').textContent = text;
}

let dialogs = 0;

/** Shows a dialog, in front of those that are open, and gives what it was closed with. */
export function ask(title, build) {
  return new Promise((resolve) => {
    const name = 'dialog-title-' + (++dialogs);
    const dialog = el('dialog', { 'aria-labelledby': name });
    // At once, and not when the browser says that it is closed: the next key may come before that.
    const done = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    dialog.append(el('h2', { id: name }, title), ...[build(done)].flat());
    dialog.addEventListener('close', () => done(null), { once: true });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('[autofocus]')?.focus();
  });
}

export const isAsking = () => Boolean(document.querySelector('dialog[open]'));

/** Whether this key only ends a word that is being composed, as in Chinese. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;
