// Puts the views together: who we are, which task, which view, what the keys mean.

import { enter, get, listen, post, Refused, session } from './api.js';
import { ask, byId, complain, el, isAsking, key, silence } from './dom.js';
import { Panel } from './panel.js';
import { Queue } from './queue.js';
import { Review } from './review.js';
import { TryOut } from './tryout.js';
import { chooseLanguage, number, otherLanguage, setLanguage, word } from './words.js';

const VIEWS = ['queue', 'try', 'panel', 'labeled'];

class App {
  constructor() {
    this.task = null;
    this.tasks = [];
    this.view = 'queue';
    this.who = null;
    this.views = {
      queue: new Queue(this), try: new TryOut(this), panel: new Panel(this), labeled: new Review(this)
    };
  }

  async start() {
    chooseLanguage();
    byId('language').addEventListener('click', () => this.switchLanguage());
    byId('help').addEventListener('click', () => this.help());
    byId('name').addEventListener('click', () => this.changeName());
    byId('task').addEventListener('change', (event) => this.pick(event.target.value));
    addEventListener('hashchange', () => this.follow());
    addEventListener('keydown', (event) => this.press(event));
    this.words();
    await this.become(await this.attempt(session));
  }

  async become(who) {
    this.who = who;
    if (who && who.name === null) {
      await this.login();
      return;
    }
    if (!who) {
      return;
    }
    this.showName();
    await this.loadTasks();
    const wanted = location.hash.slice(1).split('/').map(decodeURIComponent);
    this.view = VIEWS.includes(wanted[0]) ? wanted[0] : 'queue';
    this.task = this.tasks.find((task) => task.task === wanted[1]) || this.busiest();
    this.address();
    this.events?.close();
    this.events = listen(() => this.changed(), (heard) => this.heard(heard));
    await this.show();
  }

  busiest() {
    return [...this.tasks].sort((a, b) => b.waiting - a.waiting)[0] || null;
  }

  /** Runs a request; says what went wrong, and then gives null. */
  async attempt(action) {
    try {
      const reply = await action();
      byId('alert').textContent = '';
      return reply;
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      if ((error.status === 401 && error.code === 'login') || error.code === 'csrf') {
        location.reload();
      } else {
        complain(error.words);
      }
      return null;
    }
  }

  async loadTasks() {
    const reply = await this.attempt(() => get('tasks'));
    if (!reply) {
      return;
    }
    this.tasks = reply.tasks;
    if (this.task) {
      this.task = this.tasks.find((task) => task.task === this.task.task) || this.task;
    }
    this.drawTasks();
  }

  drawTasks() {
    const select = byId('task');
    const texts = this.tasks.map((task) => `${task.task} (${number(task.waiting)})`);
    if (select.options.length !== texts.length) {
      select.replaceChildren(...this.tasks.map((task) => el('option', { value: task.task }, '')));
    }
    texts.forEach((text, at) => {
      select.options[at].value = this.tasks[at].task;
      select.options[at].textContent = text;
    });
    select.value = this.task ? this.task.task : '';
    select.disabled = !texts.length;
    const waiting = this.tasks.reduce((sum, task) => sum + task.waiting, 0);
    document.title = (waiting ? `(${number(waiting)}) ` : '') + 'Fewshot Streams';
  }

  /** The server says that something changed; asks for the rest once, however often it says so. */
  async changed() {
    if (this.asking) {
      this.askAgain = true;
      return;
    }
    this.asking = true;
    do {
      this.askAgain = false;
      const had = this.task;
      await this.loadTasks();
      this.task = this.task || this.busiest();
      if (!had && this.task) {
        this.drawTasks();
        this.address();
      }
      await this.views[this.view].changed();
    } while (this.askAgain);
    this.asking = false;
  }

  heard(heard) {
    const live = byId('live');
    live.className = 'live ' + (heard ? 'on' : 'off');
    live.setAttribute('aria-label', word(heard ? 'live' : 'offline'));
    live.title = word(heard ? 'live' : 'offline');
  }

  address() {
    const task = this.task ? '/' + encodeURIComponent(this.task.task) : '';
    history.replaceState(null, '', '#' + this.view + task);
    this.drawTabs();
    this.drawTasks();
  }

  follow() {
    const wanted = location.hash.slice(1).split('/').map(decodeURIComponent);
    if (VIEWS.includes(wanted[0])) {
      this.view = wanted[0];
      this.task = this.tasks.find((task) => task.task === wanted[1]) || this.task;
      this.address();
      this.show();
    }
  }

  pick(name) {
    this.task = this.tasks.find((task) => task.task === name) || this.task;
    this.address();
    this.show();
  }

  go(view) {
    silence();
    this.view = view;
    this.address();
    this.show();
  }

  async show() {
    byId('main').className = 'view-' + this.view;
    await this.views[this.view].show();
  }

  drawTabs() {
    byId('tabs').setAttribute('aria-label', word('views'));
    byId('tabs').replaceChildren(...VIEWS.map((view) => el('button', {
      type: 'button', class: 'tab', 'data-view': view,
      'aria-current': view === this.view ? 'page' : null, onclick: () => this.go(view)
    }, word(view))));
  }

  words() {
    document.querySelectorAll('[data-word]').forEach((each) => { each.textContent = word(each.dataset.word); });
    byId('language').textContent = word('other');
    byId('language').setAttribute('aria-label', word('other') + ' – ' + word('otherLanguage'));
    byId('help').setAttribute('aria-label', '? – ' + word('help'));
    this.drawTabs();
  }

  switchLanguage() {
    setLanguage(otherLanguage());
    this.words();
    if (this.who?.name) {
      this.showName();
      this.drawTasks();
      this.show();
    } else {
      this.login();
    }
  }

  showName() {
    const name = byId('name');
    name.textContent = this.who.name;
    name.setAttribute('aria-label', word('you', { name: this.who.name }));
    name.title = word('you', { name: this.who.name });
  }

  async login() {
    const field = (id, name, type, autocomplete) => el('label', { class: 'field' }, word(name),
      el('input', { id, type, autocomplete, required: true }));
    const submit = async (event) => {
      event.preventDefault();
      const who = await this.attempt(() => enter('login', {
        name: byId('login-name').value, password: byId('login-password').value
      }));
      if (who) {
        await this.become(who);
      }
    };
    byId('main').replaceChildren(el('form', { class: 'card narrow', onsubmit: submit },
      el('h1', {}, word('loginTitle')),
      field('login-name', 'rename', 'text', 'username'),
      field('login-password', 'password', 'password', 'current-password'),
      el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'act primary' }, word('loginRun')))));
    byId('login-name').focus();
  }

  async changeName() {
    if (!this.who) {
      return;
    }
    if (this.who.login) {
      const leave = await ask(word('you', { name: this.who.name }), (done) => el('div', { class: 'actions' },
        el('button', { type: 'button', class: 'act primary', autofocus: true, onclick: () => done(true) }, word('logout')),
        el('button', { type: 'button', class: 'act', onclick: () => done(false) }, word('close'))));
      if (leave) {
        await this.attempt(() => post('logout'));
        location.reload();
      }
      return;
    }
    const name = await ask(word('nameTitle'), (done) => {
      const field = el('input', {
        id: 'your-name', autofocus: true, value: this.who.name, maxlength: 64, 'aria-label': word('rename'),
        onkeydown: (event) => { if (event.key === 'Enter') { event.preventDefault(); done(field.value.trim()); } }
      });
      return [el('p', {}, word('nameHint')), field, el('div', { class: 'actions' },
        el('button', { type: 'button', class: 'act primary', onclick: () => done(field.value.trim()) }, key('⏎'), word('save')),
        el('button', { type: 'button', class: 'act', onclick: () => done(null) }, word('close')))];
    });
    if (name) {
      const who = await this.attempt(() => enter('name', { name }));
      if (who) {
        this.who = who;
        this.showName();
      }
    }
  }

  help() {
    const rows = [['1 – 9', 'keyChoose'], ['/', 'keySearch'], ['n', 'keyNew'], ['s', 'keySkip'],
      ['u', 'keyUndo'], ['a', 'keyAlike'], ['g q, g t, g p, g l', 'keyTabs'], ['?', 'keyHelp']];
    return ask(word('helpTitle'), (done) => [
      el('dl', { class: 'keys' }, rows.map(([name, meaning]) => [
        el('dt', {}, el('kbd', {}, name)), el('dd', {}, word(meaning))])),
      el('div', { class: 'actions' },
        el('button', { type: 'button', class: 'act primary', autofocus: true, onclick: () => done(null) }, word('close')))
    ]);
  }

  press(event) {
    const typing = event.target.matches('input:not([type=checkbox]), textarea, select');
    if (typing || event.ctrlKey || event.metaKey || event.altKey || isAsking() || !this.who?.name) {
      return;
    }
    const view = this.going ? { q: 'queue', t: 'try', p: 'panel', l: 'labeled' }[event.key] : null;
    this.going = event.key === 'g';
    if (view) {
      event.preventDefault();
      this.go(view);
    } else if (event.key === '?') {
      event.preventDefault();
      this.help();
    } else if (!event.repeat && this.view === 'queue' && this.views.queue.press(event.key)) {
      event.preventDefault();
    }
  }
}

new App().start().catch((error) => complain(String(error)));
