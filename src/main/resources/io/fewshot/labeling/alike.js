// Waiting messages that are like the one shown: those that are ticked get the same answer.

import { get } from './api.js';
import { byId, el, key } from './dom.js';
import { word } from './words.js';

export class Alike {
  /**
   * @param changed called when other messages are ticked
   */
  constructor(changed) {
    this.changed = changed;
    this.clear();
  }

  clear() {
    this.messages = [];
    this.ticked = new Set();
  }

  /** Asks for those like a message; what people ticked stays so. */
  async load(message, isStillShown) {
    try {
      const { alike } = await get('queue/alike', { task: message.task, query_id: message.query_id });
      if (!isStillShown()) {
        return;
      }
      const changed = alike.map((each) => each.query_id).join() !== this.messages.map((each) => each.query_id).join();
      this.messages = alike;
      if (changed) {
        this.draw();
        this.changed();
      }
    } catch { /* Only an offer: the message can be answered without it. */ }
  }

  /** The ids of the ticked messages that still wait. */
  chosen() {
    return this.messages.map((each) => each.query_id).filter((id) => this.ticked.has(id));
  }

  draw() {
    const place = byId('alike');
    if (!place) {
      return;
    }
    const title = el('h2', { id: 'alike-title' }, word('alike'));
    if (!this.messages.length) {
      place.replaceChildren(title, el('p', { class: 'hint' }, word('noAlike')));
      return;
    }
    // Drawn anew under whoever is in it: the focus stays where it was.
    const focus = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    place.replaceChildren(title,
      el('p', { class: 'hint' }, word('alikeHint'), ' ',
        el('button', {
          type: 'button', class: 'act small', 'data-focus': 'all', 'aria-keyshortcuts': 'a', onclick: () => this.tickAll()
        }, key('a'), word(this.ticked.size ? 'none' : 'all'))),
      el('ul', { class: 'examples' }, this.messages.map((each) => this.item(each))));
    if (focus) {
      [...place.querySelectorAll('[data-focus]')].find((each) => each.dataset.focus === focus)?.focus();
    }
  }

  item(each) {
    return el('li', {}, el('label', { class: 'tick' },
      el('input', {
        type: 'checkbox', checked: this.ticked.has(each.query_id), 'data-focus': 'id:' + each.query_id,
        onchange: (event) => this.tick(each.query_id, event.target.checked)
      }),
      el('span', { class: 'example-text', dir: 'auto' }, each.text)));
  }

  tick(id, on) {
    if (on) {
      this.ticked.add(id);
    } else {
      this.ticked.delete(id);
    }
    this.changed();
  }

  tickAll() {
    if (this.ticked.size) {
      this.ticked.clear();
    } else {
      this.messages.forEach((each) => this.ticked.add(each.query_id));
    }
    this.draw();
    this.changed();
  }
}
