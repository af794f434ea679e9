// The queue: one message, its likely answers, one key per decision.

import { get, post } from './api.js';
import { Alike } from './alike.js';
import { isSure, searchLabel, writeAnswer } from './answers.js';
import { byId, complain, el, isAsking, key, say } from './dom.js';
import { number, percent, word } from './words.js';

const RENEW_MILLIS = 25000;
const RETRY_MILLIS = 2000;

export class Queue {
  constructor(app) {
    this.app = app;
    this.message = null;
    this.alike = new Alike(() => this.showGroup());
    this.done = [];
    this.busy = false;
    // The message is kept for us only so long: ask again while it is shown.
    setInterval(() => {
      if (this.message && this.isShown() && !document.hidden) {
        this.load(false);
      }
    }, RENEW_MILLIS);
  }

  isShown() {
    return this.app.view === 'queue';
  }

  async show() {
    this.message = null;
    await this.next(true);
  }

  /** Another message than the one that is shown; until it is there, nothing can be answered. */
  async next(focus) {
    this.message = null;
    if (!(await this.load(focus)) && this.isShown()) {
      // The server is away: it goes on by itself once it is back.
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.message || this.busy || this.next(false), RETRY_MILLIS);
    }
  }

  /** Something changed on the server. */
  async changed() {
    if (!this.message && this.isShown()) {
      await this.load(false);
    } else if (this.message && this.isShown() && !this.busy) {
      await this.load(false);
      if (this.message) {
        this.loadAlike(this.message);
      }
    }
    this.showCount();
  }

  /** Asks which message is ours; false when nobody answered. */
  async load(focus) {
    if (!this.app.task) {
      this.render(el('div', { class: 'empty' }, el('h1', {}, word('noTask')), el('p', {}, word('noTaskWhy'))));
      return true;
    }
    const task = this.app.task.task;
    const next = await this.app.attempt(() => get('queue/next', { task }));
    if (!next) {
      return false;
    }
    if (!this.isShown() || task !== this.app.task.task) {
      return true;
    }
    this.app.task.waiting = next.waiting;
    if (this.message && next.message && this.message.query_id === next.message.query_id) {
      this.renew(next.message);
      return true;
    }
    if (next.message || this.message || !byId('main').querySelector('.empty')) {
      this.message = next.message;
      this.alike.clear();
      this.draw();
      if (focus || this.message) {
        byId('message')?.focus({ preventScroll: false });
      }
    }
    if (this.message) {
      this.loadAlike(this.message);
    }
    return true;
  }

  /** The same message again: drawn anew only if it looks different, as after a renaming or a vote. */
  renew(message) {
    const looks = (each) => JSON.stringify([each.answers, each.choices]);
    const changed = looks(message) !== looks(this.message);
    this.message = message;
    if (changed) {
      const focused = byId('main').contains(document.activeElement);
      this.draw();
      if (focused) {
        byId('message').focus();
      }
    }
  }

  loadAlike(message) {
    if (this.isFree()) {
      return null;
    }
    return this.alike.load(message, () => this.message === message || this.message?.query_id === message.query_id);
  }

  render(...content) {
    byId('main').replaceChildren(...content);
  }

  draw() {
    const message = this.message;
    if (!message) {
      this.render(el('div', { class: 'empty' },
        el('h1', { id: 'message', tabindex: '-1' }, word('empty')), el('p', {}, word('emptyWhy')),
        el('div', { class: 'actions' }, this.button('u', 'undo', () => this.undo()))));
      return;
    }
    this.render(el('div', { class: 'columns' },
      el('div', { class: 'column' }, this.card(message), this.decision(message)),
      el('aside', { class: 'column side' }, this.evidence(message),
        this.isFree() ? null : el('section', { id: 'alike', 'aria-labelledby': 'alike-title' }))));
    this.alike.draw();
    this.showGroup();
  }

  /** Says on each answer for how many messages it would be. */
  showGroup() {
    const n = 1 + this.alike.chosen().length;
    document.querySelectorAll('.choice .for').forEach((each) => {
      each.textContent = n > 1 ? word('forMany', { n }) : '';
    });
    const hint = byId('group');
    if (hint) {
      hint.textContent = n > 1 ? word('groupHint', { n }) : '';
    }
  }

  card(message) {
    return el('article', { class: 'card message', 'aria-labelledby': 'message' },
      el('div', { class: 'meta' },
        el('span', { class: 'chip ' + message.reason, title: word('why' + message.reason) }, word('reason' + message.reason)),
        el('span', {}, word('confidence', { p: percent(message.confidence) })),
        message.agreement > 1
          ? el('span', {}, word('answers', { n: message.answers, of: message.agreement })) : null,
        el('span', { id: 'count', class: 'count' }, word('waiting', { n: number(this.app.task.waiting) }))),
      el('h1', { id: 'message', tabindex: '-1', class: 'text', dir: 'auto' }, message.text));
  }

  showCount() {
    const count = byId('count');
    if (count) {
      count.textContent = word('waiting', { n: number(this.app.task.waiting) });
    }
  }

  isFree() {
    return this.app.task.kind !== 'classify';
  }

  decision(message) {
    const choices = message.choices.map((choice, at) => this.choice(choice, at + 1));
    return el('section', { class: 'card', 'aria-labelledby': 'choices-title' },
      el('h2', { id: 'choices-title' }, word(this.isFree() ? 'writeAnswer' : 'choose')),
      el('p', { id: 'group', class: 'hint', role: 'status' }),
      el('ol', { class: 'choices' + (this.isFree() ? ' long' : '') }, choices.map((choice) => el('li', {}, choice))),
      el('div', { class: 'actions' },
        this.isFree() ? null : this.button('/', 'search', () => this.search()),
        this.app.task.fixed_labels ? null : this.button('n', this.isFree() ? 'newAnswer' : 'newLabel', () => this.write()),
        this.button('s', 'skip', () => this.skip()),
        this.button('u', 'undo', () => this.undo())));
  }

  choice(choice, digit) {
    const likely = choice.probability === undefined ? null : choice.probability;
    return el('button', {
      type: 'button', class: 'choice', 'data-output': choice.output,
      'aria-keyshortcuts': digit <= 9 ? String(digit) : null,
      onclick: () => this.answer(choice.output)
    },
    key(String(digit)),
    el('span', { class: 'choice-text' },
      el('span', { class: 'choice-name', dir: 'auto' }, choice.output),
      choice.description ? el('span', { class: 'choice-why' }, choice.description) : null,
      el('span', { class: 'for' })),
    likely === null ? null : el('span', { class: 'likely' }, bar(likely), percent(likely)));
  }

  button(shortcut, name, act) {
    return el('button', { type: 'button', class: 'act', 'aria-keyshortcuts': shortcut, onclick: act },
      key(shortcut), word(name));
  }

  evidence(message) {
    return el('section', { 'aria-labelledby': 'evidence-title' },
      el('h2', { id: 'evidence-title' }, word('evidence')),
      message.examples.length
        ? el('ul', { class: 'examples' }, message.examples.map((example) => el('li', {},
          el('span', { class: 'example-text', dir: 'auto' }, example.input),
          el('span', { class: 'label', dir: 'auto' }, example.output))))
        : el('p', { class: 'hint' }, word('noEvidence')));
  }

  async answer(output, sure = false) {
    const message = this.message;
    if (!message || this.busy) {
      return;
    }
    this.busy = true;
    try {
      const reply = await this.app.attempt(
        () => post('queue/answer', { task: message.task, query_id: message.query_id, output, sure }),
        (refused) => this.afterRefusal(refused));
      if (!reply) {
        return;
      }
      if (reply.taken) {
        await this.taken(message, output, reply.decided);
      } else if (await isSure(output, reply.contradictions)) {
        this.busy = false;
        await this.answer(output, true);
      }
    } finally {
      this.busy = false;
    }
  }

  /** Only a message that somebody else has answered goes; any other stays to be answered. */
  async afterRefusal(refused) {
    if (refused.code === 'gone') {
      const said = byId('alert').textContent;
      await this.next(true);
      complain(said);
    }
  }

  async taken(message, output, decided) {
    const ids = [message.query_id];
    const group = this.isFree() ? [] : this.alike.chosen();
    const problems = group.length ? await this.answerGroup(message.task, group, output, ids) : '';
    this.done.push({ answered: ids });
    const count = ids.length > 1 ? word('takenMany', { n: ids.length, output }) : word('taken', { output });
    say(decided ? count : count + ' ' + word('undecided'));
    await this.next(true);
    if (problems) {
      complain(problems);
    }
  }

  /** Gives the ticked ones the same answer; those that it contradicts only if it is meant so. */
  async answerGroup(task, group, output, ids, sure = false) {
    let problems = '';
    const reply = await this.app.attempt(
      () => post('queue/answer-group', { task, query_ids: group, output, sure }),
      (refused) => { problems = refused.words; });
    if (!reply) {
      return problems;
    }
    ids.push(...reply.answered);
    const refused = Object.values(reply.refused);
    if (refused.length) {
      problems = word('groupRefused', { n: refused.length, message: refused[0] });
    }
    const open = Object.keys(reply.contradicted);
    if (open.length && await isSure(output, Object.values(reply.contradicted).flat(), open.length)) {
      problems = await this.answerGroup(task, open, output, ids, true) || problems;
    }
    return problems;
  }

  async skip() {
    if (!this.message) {
      return;
    }
    const id = this.message.query_id;
    if (await this.app.attempt(() => post('queue/skip', { query_id: id }))) {
      this.done.push({ skipped: id });
      say(word('skipped'));
      await this.next(true);
    }
  }

  async undo() {
    if (this.busy) {
      return;
    }
    const last = this.done.pop();
    if (!last) {
      say(word('nothingToUndo'));
      return;
    }
    this.busy = true;
    try {
      if (last.skipped) {
        if (!(await this.app.attempt(() => post('queue/unskip', { query_id: last.skipped })))) {
          this.done.push(last);
          return;
        }
      } else if (!(await this.takeBack(last.answered))) {
        return;
      }
      say(word('undone'));
      await this.next(true);
    } finally {
      this.busy = false;
    }
  }

  /** Takes answers back; those for which nobody answered can be taken back again. */
  async takeBack(ids) {
    const left = [];
    for (const id of [...ids].reverse()) {
      await this.app.attempt(() => post('undo', { query_id: id }), (refused) => {
        if (refused.passing) {
          left.push(id);
        }
      });
    }
    if (left.length) {
      this.done.push({ answered: left });
    }
    return !left.length;
  }

  async search() {
    const output = await searchLabel(this.app, this.app.task.task);
    if (output) {
      await this.answer(output);
    }
  }

  async write() {
    if (this.app.task.fixed_labels) {
      say(word('fixed'));
      return;
    }
    const free = this.isFree();
    const output = await writeAnswer(free, free && this.message?.choices[0] ? this.message.choices[0].output : '');
    if (output) {
      await this.answer(output);
    }
  }

  /** A key that nobody else wanted. */
  press(name) {
    if (isAsking()) {
      return false;
    }
    if (name === 'u') {
      this.undo();
      return true;
    }
    if (!this.message) {
      return false;
    }
    if (/^[1-9]$/.test(name)) {
      const choice = this.message.choices[Number(name) - 1];
      if (choice) {
        this.answer(choice.output);
      }
      return true;
    }
    const act = { s: () => this.skip(), n: () => this.write(), a: () => this.alike.tickAll() }[name];
    if (name === '/' && !this.isFree()) {
      this.search();
      return true;
    }
    act?.();
    return Boolean(act);
  }
}

function bar(share) {
  const meter = el('span', { class: 'bar', 'aria-hidden': 'true' }, el('span', {}));
  meter.firstChild.style.width = Math.round(share * 100) + '%';
  return meter;
}
