// Dialogs that give an answer which is not among the choices, or make sure of one.

import { get } from './api.js';
import { ask, el, isComposing, key } from './dom.js';
import { word } from './words.js';

/** Lets people search all labels of a task; gives the one they chose, or null. */
export function searchLabel(app, task) {
  return ask(word('search'), (done) => {
    const list = el('ul', { class: 'choices', id: 'found', 'aria-label': word('search') });
    const input = el('input', {
      type: 'search', id: 'search', autofocus: true, autocomplete: 'off', 'aria-label': word('searchHint'),
      placeholder: word('searchHint'), 'aria-controls': 'found',
      oninput: () => find(),
      onkeydown: (event) => {
        if (event.key === 'Enter' && !isComposing(event)) {
          chooseFirst();
        } else if (event.key === 'ArrowDown') {
          event.preventDefault();
          list.querySelector('button')?.focus();
        }
      }
    });
    list.addEventListener('keydown', (event) => move(event, list, input));
    let shown = null;
    /** The first of what was typed: the list may still be that of an earlier text. */
    const chooseFirst = async () => {
      if (shown !== input.value) {
        await find();
      }
      if (shown === input.value) {
        list.querySelector('button')?.click();
      }
    };
    const find = async () => {
      const typed = input.value;
      const reply = await app.attempt(() => get('labels', { task, q: typed }));
      if (reply && typed === input.value) {
        const { labels } = reply;
        shown = typed;
        list.replaceChildren(...(labels.length ? labels.map((label) => found(label, done))
          : [el('li', { class: 'hint' }, word('noMatch'))]));
      }
    };
    find();
    return [input, list, el('div', { class: 'actions' }, close(done, null))];
  });
}

function found(label, done) {
  return el('li', {}, el('button', { type: 'button', class: 'choice', onclick: () => done(label.output) },
    el('span', { class: 'choice-text' },
      el('span', { class: 'choice-name', dir: 'auto' }, label.output),
      label.description ? el('span', { class: 'choice-why' }, label.description) : null)));
}

/** Up and down through a list of buttons. */
function move(event, list, input) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') {
    return;
  }
  event.preventDefault();
  const buttons = [...list.querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
  (at < 0 ? input : buttons[Math.min(at, buttons.length - 1)]).focus();
}

/**
 * Lets people write a new label, or with `free` a whole text that begins as the guess; gives what
 * they wrote, or null.
 */
export function writeAnswer(free, guess) {
  return ask(word(free ? 'newAnswer' : 'newLabel'), (done) => {
    const field = el(free ? 'textarea' : 'input', {
      id: 'written', autofocus: true, autocomplete: 'off', rows: free ? 8 : null, value: guess,
      'aria-label': word(free ? 'answer' : 'label'), dir: 'auto',
      onkeydown: (event) => {
        if (event.key === 'Enter' && !isComposing(event) && (!free || event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          done(field.value.trim());
        }
      }
    });
    return [field, el('div', { class: 'actions' },
      el('button', { type: 'button', class: 'act primary', onclick: () => done(field.value.trim()) },
        free ? key('Ctrl ⏎') : key('⏎'), word('save')),
      close(done, null))];
  });
}

/**
 * Shows examples that an answer contradicts; gives whether it is meant all the same.
 *
 * @param others how many similar messages it is about, 0 when it is about the one that is shown
 */
export function isSure(output, contradictions, others = 0) {
  return ask(word('contradicts'), (done) => [
    el('p', {}, others ? word('contradictsOthers', { n: others }) : word('contradictsWhy')),
    el('ul', { class: 'examples' }, contradictions.map((example) => el('li', {},
      el('span', { class: 'example-text', dir: 'auto' }, example.input),
      el('span', { class: 'label', dir: 'auto' }, example.output)))),
    el('div', { class: 'actions' },
      el('button', { type: 'button', class: 'act primary', autofocus: true, onclick: () => done(false) }, word('back')),
      el('button', { type: 'button', class: 'act', id: 'sure', onclick: () => done(true) }, word('sure') + ': ' + output))
  ]);
}

function close(done, value) {
  return el('button', { type: 'button', class: 'act', onclick: () => done(value) }, word('close'));
}
