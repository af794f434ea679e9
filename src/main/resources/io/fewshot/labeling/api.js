// Talks to the server.

import { word } from './words.js';

let csrf = '';

/** A request that was refused. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the server does not know us any more: it was restarted, or our time is over. */
  get lostSession() {
    return (this.status === 401 && this.code === 'login') || this.code === 'csrf';
  }

  /** Whether nothing was decided: the same may work later. */
  get passing() {
    return this.status === 0 || this.status >= 500;
  }

  /** For people, in their language. */
  get words() {
    const known = word('error_' + this.code);
    return known.startsWith('error_') ? word('error_other', { message: this.message })
      : word('error_' + this.code, { message: this.message });
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...options });
  } catch {
    throw new Refused(0, 'network', '');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refused(response.status, body.error || 'other', body.message || response.statusText);
  }
  return body;
}

export function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return request('/api/' + path + (query ? '?' + query : ''));
}

export function post(path, body = {}) {
  return request('/api/' + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify(body)
  });
}

/** Who we are; also brings the token that each change carries. */
export async function session() {
  const who = await get('session');
  csrf = who.csrf;
  return who;
}

export async function enter(path, body) {
  const who = await post(path, body);
  csrf = who.csrf;
  return who;
}

/** Calls back on every change, and with whether we hear anything. */
export function listen(changed, heard) {
  const events = new EventSource('/api/events');
  events.addEventListener('change', changed);
  events.addEventListener('open', () => heard(true));
  events.addEventListener('error', () => heard(false));
  return events;
}
