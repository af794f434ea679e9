// What was labeled: to be looked at, taken back, and settled where labelers disagree.

import { get, post } from './api.js';
import { byId, el, say } from './dom.js';
import { time, word } from './words.js';

export class Review {
  constructor(app) {
    this.app = app;
  }

  async changed() {
    if (!byId('main').contains(document.activeElement) || document.activeElement === byId('main')) {
      await this.show();
    }
  }

  async show() {
    if (!this.app.task) {
      return;
    }
    const task = this.app.task.task;
    const reply = await this.app.attempt(() => get('labeled', { task }));
    if (!reply || this.app.view !== 'labeled' || task !== this.app.task.task) {
      return;
    }
    // Disagreements first: they wait for someone.
    const all = [...reply.labeled].sort((a, b) => (b.state === 'DISPUTED') - (a.state === 'DISPUTED'));
    byId('main').replaceChildren(el('div', { class: 'column wide' },
      el('h1', { class: 'page-title' }, word('labeledTitle')),
      all.length ? el('ul', { class: 'labeled' }, all.map((each) => this.item(each)))
        : el('p', { class: 'hint' }, word('labeledNone'))));
  }

  item(each) {
    const owner = this.app.who.role === 'owner';
    const own = each.votes.every((vote) => vote.labeler === this.app.who.name);
    return el('li', { class: 'card', 'data-query': each.query_id },
      el('p', { class: 'text', dir: 'auto' }, each.text || each.query_id),
      el('p', { class: 'meta' },
        el('span', { class: 'label', dir: 'auto' }, each.output),
        each.confirmed ? el('span', {}, word('confirmed'))
          : each.first_output ? el('span', { dir: 'auto' }, word('firstWas', { output: each.first_output })) : null,
        el('span', {}, word('by', { name: each.labeler })),
        el('time', { datetime: new Date(each.created_at).toISOString() }, time(each.created_at)),
        each.state === 'OPEN' ? el('span', { class: 'chip AUDIT' }, word('open')) : null,
        each.state === 'DISPUTED' ? el('span', { class: 'chip NOVEL' }, word('disputed')) : null),
      each.state === 'DISPUTED' ? el('div', { class: 'actions' }, each.votes.map((vote) => el('button', {
        type: 'button', class: 'act', disabled: !owner,
        onclick: () => this.act('settle', { query_id: each.query_id, output: vote.output }, 'taken', { output: vote.output })
      }, `${word('settle')}: ${vote.output} (${vote.labeler})`))) : null,
      owner || own ? el('div', { class: 'actions' }, el('button', {
        type: 'button', class: 'act small undo',
        onclick: () => this.act('undo', { query_id: each.query_id }, 'undone')
      }, word('undo'))) : null);
  }

  async act(path, body, said, holes) {
    if (await this.app.attempt(() => post(path, body))) {
      say(word(said, holes));
      await this.show();
      byId('main').focus();
    }
  }
}
