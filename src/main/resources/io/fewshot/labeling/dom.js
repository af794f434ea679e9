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

/** Shows a dialog and gives what it was closed with. */
export function ask(title, build) {
  const dialog = byId('dialog');
  return new Promise((resolve) => {
    const done = (value) => {
      answer = value;
      dialog.close();
    };
    let answer = null;
    dialog.replaceChildren(el('h2', { id: 'dialog-title' }, title), ...[build(done)].flat());
    dialog.addEventListener('close', () => resolve(answer), { once: true });
    dialog.showModal();
    dialog.querySelector('[autofocus]')?.focus();
  });
}

export const isAsking = () => byId('dialog').open;
