// The state of a task: what it decides alone, how right that is, what it cost.

import { get, post } from './api.js';
import { learning, reliability } from './charts.js';
import { byId, el, say } from './dom.js';
import { number, percent, time, word } from './words.js';

export class Panel {
  constructor(app) {
    this.app = app;
  }

  async changed() {
    // Somebody types here: what is typed must not vanish.
    if (!byId('main').querySelector('form:focus-within')) {
      await this.show();
    }
  }

  async show() {
    const task = this.app.task;
    if (!task) {
      byId('main').replaceChildren(el('div', { class: 'empty' }, el('h1', {}, word('noTask')), el('p', {}, word('noTaskWhy'))));
      return;
    }
    const panel = await this.app.attempt(() => get('panel', { task: task.task }));
    if (!panel || this.app.view !== 'panel' || panel.task !== this.app.task.task) {
      return;
    }
    byId('main').replaceChildren(el('div', { class: 'column wide' },
      el('h1', { class: 'page-title' }, task.task),
      task.instruction ? el('p', { class: 'hint' }, task.instruction) : null,
      el('div', { class: 'tiles' }, this.tiles(panel)),
      el('div', { class: 'charts' },
        figure('learning', panel.learning.length ? learning(panel.learning) : null),
        figure('reliability', panel.reliability.length ? reliability(panel.reliability) : null)),
      this.rungs(panel), this.releases(panel),
      this.app.who.role === 'owner' && task.kind === 'classify' ? this.labels(panel) : null));
  }

  tiles(panel) {
    const interval = (estimate) => estimate
      ? word('audits', { n: number(estimate.n), low: percent(estimate.low), high: percent(estimate.high) }) : word('auditHint');
    return [
      tile('share', panel.accepted_share === null ? null : percent(panel.accepted_share), word('waiting', { n: number(panel.waiting) })),
      tile('acceptedAccuracy', panel.accepted_accuracy && percent(panel.accepted_accuracy.value), interval(panel.accepted_accuracy)),
      tile('reviewAccuracy', panel.review_accuracy && percent(panel.review_accuracy.value), interval(panel.review_accuracy)),
      tile('labels', number(panel.labels), null),
      tile('results', number(panel.results), null),
      tile('promise', promise(panel.promise || {}), panel.proof ? proof(panel.proof) : null)
    ];
  }

  rungs(panel) {
    const all = Object.entries(panel.rungs).sort((a, b) => b[1] - a[1]);
    return el('section', { class: 'card' }, el('h2', {}, word('rungs')),
      all.length ? el('ul', { class: 'meters' }, all.map(([name, count]) => {
        const bar = el('span', { class: 'bar', 'aria-hidden': 'true' }, el('span', {}));
        bar.firstChild.style.width = Math.round(100 * count / panel.results) + '%';
        return el('li', {}, el('span', {}, name), bar, el('span', {}, number(count)));
      })) : el('p', { class: 'hint' }, word('unknown')));
  }

  releases(panel) {
    return el('section', { class: 'card' }, el('h2', {}, word('releases')),
      panel.releases.length ? el('ul', { class: 'examples' }, panel.releases.map((release) => el('li', {},
        el('span', { class: 'example-text' }, `${release.method} ${release.version}`,
          release.created_at ? ' · ' + time(release.created_at) : '',
          ...Object.entries(release.metrics).slice(0, 6).map(([name, value]) => ` · ${name} ${Math.round(value * 1000) / 1000}`)),
        release.active ? el('span', { class: 'chip ACCEPTED' }, word('serving')) : null)))
        : el('p', { class: 'hint' }, word('noReleases')));
  }

  labels(panel) {
    const from = el('select', { id: 'rename-from' }, panel.labels_in_use.map((label) => el('option', { value: label.output }, label.output)));
    const to = el('input', { id: 'rename-to', autocomplete: 'off', required: true, list: 'known-labels' });
    const submit = async (event) => {
      event.preventDefault();
      const reply = await this.app.attempt(() => post('labels/rename', { task: panel.task, from: from.value, to: to.value }));
      if (reply) {
        say(word('renamed', { n: number(reply.changed), waiting: number(reply.waiting) }));
        to.value = '';
        await this.show();
      }
    };
    return el('section', { class: 'card' }, el('h2', {}, word('labelsInUse')),
      el('ul', { class: 'chips' }, panel.labels_in_use.map((label) => el('li', { class: 'label', dir: 'auto' },
        label.output, ' ', el('span', { class: 'hint' }, number(label.examples))))),
      el('form', { class: 'inline', onsubmit: submit },
        el('label', { class: 'field' }, word('renameFrom'), from),
        el('label', { class: 'field' }, word('renameTo'), to),
        el('datalist', { id: 'known-labels' }, panel.labels_in_use.map((label) => el('option', { value: label.output }))),
        el('button', { type: 'submit', class: 'act' }, word('renameLabel'))));
  }
}

function tile(name, value, note) {
  return el('div', { class: 'tile' }, el('div', { class: 'tile-name' }, word(name)),
    el('div', { class: 'tile-value' + (value === null ? ' hint' : '') }, value ?? word('unknown')),
    note ? el('div', { class: 'hint' }, note) : null);
}

function promise(given) {
  if (given.accuracy !== undefined) {
    return word('promiseAccuracy', { p: percent(given.accuracy, 1) });
  }
  if (given.share !== undefined) {
    return word('promiseShare', { p: percent(given.share, 1) });
  }
  if (given.cost_ms !== undefined) {
    return word('promiseCost', { p: number(given.cost_ms) });
  }
  return given.confidence === undefined ? null : word('promiseConfidence', { p: percent(given.confidence, 1) });
}

/** What the audits prove of the promise. */
function proof(given) {
  return word(given.proven ? 'promiseProven' : given.audits ? 'promiseOpen' : 'promiseUnchecked', {
    low: percent(given.at_least, 1), n: number(given.audits), right: number(given.right)
  });
}

function figure(name, picture) {
  return el('figure', { class: 'card' }, el('figcaption', {}, el('h2', {}, word(name)), el('p', { class: 'hint' }, word(name + 'Hint'))),
    picture ?? el('p', { class: 'hint' }, word('needLabels')));
}
