// Tries a message: a dry run through the stream.

import { post } from './api.js';
import { byId, el, key } from './dom.js';
import { number, percent, word } from './words.js';

export class TryOut {
  constructor(app) {
    this.app = app;
    this.text = '';
    this.result = null;
  }

  async changed() { /* What was tried stays as it is. */ }

  async show() {
    const field = el('textarea', {
      id: 'try-text', rows: 3, dir: 'auto', value: this.text, maxlength: 20000,
      oninput: () => { this.text = field.value; },
      onkeydown: (event) => {
        if (event.key === 'Enter' && !event.shiftKey) {
          event.preventDefault();
          this.run();
        }
      }
    });
    byId('main').replaceChildren(el('div', { class: 'column wide' },
      el('form', { class: 'card', onsubmit: (event) => { event.preventDefault(); this.run(); } },
        el('h1', {}, word('tryTitle')),
        el('p', { class: 'hint' }, word('tryHint')),
        el('label', { class: 'field' }, word('tryText'), field),
        el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'act primary', id: 'try-run' }, key('⏎'), word('tryRun')))),
      el('div', { id: 'tried', 'aria-live': 'polite' })));
    this.draw();
    field.focus();
  }

  async run() {
    if (!this.text.trim() || !this.app.task || this.running) {
      return;
    }
    this.running = true;
    byId('tried').replaceChildren(el('p', { class: 'hint', role: 'status' }, word('tryRunning')));
    this.result = await this.app.attempt(() => post('try', { task: this.app.task.task, text: this.text }));
    this.running = false;
    if (this.app.view === 'try') {
      this.draw();
    }
  }

  draw() {
    const result = this.result;
    if (!result) {
      byId('tried').replaceChildren();
      return;
    }
    const accepted = result.status === 'ACCEPTED';
    byId('tried').replaceChildren(el('section', { class: 'card' },
      el('h2', {}, word('output')),
      el('p', { class: 'text', dir: 'auto' }, result.output ?? word('noAnswer')),
      el('p', { class: 'meta' },
        el('span', { class: 'chip ' + (accepted ? 'ACCEPTED' : 'LOW_CONFIDENCE') }, word(accepted ? 'accepted' : 'review')),
        el('span', {}, word('confidence', { p: percent(result.confidence, 1) }))),
      result.truncated ? el('p', { class: 'hint' }, word('truncated')) : null,
      facts([['rung', result.rung], ['tokens', number(result.prompt_tokens)],
        ['latency', number(result.latency_ms) + ' ms'], ['model', result.model_version || '–']]),
      result.candidates.length > 1 ? el('div', {}, el('h2', {}, word('candidates')),
        el('ul', { class: 'examples' }, result.candidates.slice(0, 8).map((each) => el('li', {},
          el('span', { class: 'example-text', dir: 'auto' }, each.output), el('span', { class: 'label' }, percent(each.probability, 1)))))) : null,
      el('h2', {}, word('usedExamples')),
      result.examples.length
        ? el('ul', { class: 'examples' }, result.examples.map((example) => el('li', {},
          el('span', { class: 'example-text', dir: 'auto' }, example.input), el('span', { class: 'label', dir: 'auto' }, example.output))))
        : el('p', { class: 'hint' }, word('noEvidence')),
      result.prompt ? el('details', {}, el('summary', {}, word('prompt')),
        el('pre', { class: 'prompt', dir: 'auto', tabindex: '0' }, result.prompt)) : null));
  }
}

export function facts(rows) {
  return el('dl', { class: 'facts' }, rows.map(([name, value]) => el('div', {},
    el('dt', {}, word(name)), el('dd', {}, value))));
}
