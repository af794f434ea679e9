// Puts the views together: who we are, which task, which view, what the keys mean.

import { enter, get, listen, post, Refused, session } from './api.js';
import { ask, byId, complain, el, isAsking, isComposing, key, silence } from './dom.js';
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
    this.drawTabs();
    if (who && who.name === null) {
      await this.login();
      return;
    }
    if (!who) {
      return;
    }
    silence();
    this.showName();
    await this.loadTasks();
    const wanted = location.hash.slice(1).split('/').map(decodeURIComponent);
    this.view = VIEWS.includes(wanted[0]) ? wanted[0] : 'queue';
    this.task = this.tasks.find((task) => task.task === wanted[1]) || this.busiest();
    this.address();
    this.hear();
    await this.show();
  }

  busiest() {
    return [...this.tasks].sort((a, b) => b.waiting - a.waiting)[0] || null;
  }

  /**
   * Runs a request; says what went wrong, and then gives null.
   *
   * @param refused told what went wrong
   */
  async attempt(action, refused = () => {}) {
    try {
      const reply = await this.known(action);
      // What went wrong with an answer stays to be read; that the server is away does not.
      if (this.away) {
        byId('alert').textContent = '';
        this.away = false;
      }
      return reply;
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      this.away = error.passing;
      complain(error.words);
      await refused(error);
      return null;
    }
  }

  /** Runs a request; when the server does not know us any more, once again after it does. */
  async known(action) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Refused) || !error.lostSession || !this.who?.name) {
        throw error;
      }
    }
    this.entering = this.entering || this.enterAgain().finally(() => { this.entering = null; });
    await this.entering;
    return action();
  }

  /** A new session for who we were, asking for the password where there is one. */
  async enterAgain() {
    let who = await session();
    if (who.name === null) {
      who = await this.askLogin();
    } else if (!who.login && who.name !== this.who.name) {
      who = await enter('name', { name: this.who.name });
    }
    this.who = who;
    this.showName();
    this.hear();
  }

  askLogin() {
    return ask(word('loginTitle'), (done) => this.loginForm(done)).then((who) => {
      if (!who) {
        throw new Refused(401, 'login', word('loginTitle'));
      }
      return who;
    });
  }

  hear() {
    this.events?.close();
    this.events = listen(() => this.changed(), (heard) => this.heard(heard));
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
    try {
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
    } finally {
      this.asking = false;
    }
  }

  heard(heard) {
    const live = byId('live');
    live.className = 'live ' + (heard ? 'on' : 'off');
    live.setAttribute('aria-label', word(heard ? 'live' : 'offline'));
    live.title = word(heard ? 'live' : 'offline');
    if (heard && this.wasAway) {
      this.changed();
    }
    this.wasAway = !heard;
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
    if (!this.who?.name) {
      return;
    }
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
    // Who is not logged in has nowhere to go.
    byId('tabs').replaceChildren(...(this.who?.name ? VIEWS : []).map((view) => el('button', {
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
    byId('main').replaceChildren(el('div', { class: 'card narrow' },
      el('h1', {}, word('loginTitle')), this.loginForm((who) => this.become(who))));
    byId('login-name').focus();
  }

  loginForm(done) {
    const field = (id, name, type, autocomplete, value) => el('label', { class: 'field' }, word(name),
      el('input', { id, type, autocomplete, value, required: true }));
    const submit = async (event) => {
      event.preventDefault();
      const who = await this.attempt(() => enter('login', {
        name: byId('login-name').value, password: byId('login-password').value
      }));
      if (who) {
        done(who);
      }
    };
    return el('form', { onsubmit: submit },
      field('login-name', 'rename', 'text', 'username', this.who?.name || ''),
      field('login-password', 'password', 'password', 'current-password', ''),
      el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'act primary' }, word('loginRun'))));
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
        onkeydown: (event) => { if (event.key === 'Enter' && !isComposing(event)) { event.preventDefault(); done(field.value.trim()); } }
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

addEventListener('unhandledrejection', (event) => complain(String(event.reason)));
new App().start().catch((error) => complain(String(error)));
