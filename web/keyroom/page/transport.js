/* Streams for a meeting: strophe.js over WebSocket or BOSH, of our own or handed in. A transport is
 *   start({up(jid), down(why), stanza(el)})    once; up and down as often as the stream comes and goes
 *   send(el), stop()
 * and whatever has these can take its place. */
import {toHex} from '../protocol/bytes.js';
import {KeyroomError} from '../protocol/err.js';
import {attr, make} from '../message/el.js';
import {fromDom, toDom} from './element.js';

const NS_PING = 'urn:xmpp:ping';
const PING_MS = 15000, PONG_MS = 10000, RETRY_MS = 500, RETRY_MAX_MS = 15000;

/* Hands on what a Strophe.Connection hears. Its handlers live as long as its stream. */
function listen(connection, heard) {
  const handler = (node) => {
    try {
      heard(fromDom(node));
    } catch (error) {
      if (!(error instanceof KeyroomError)) /* Strophe forgets a handler that throws */
        setTimeout(() => { throw error; });
    }
    return true;
  };
  for (const [name, type] of [['presence', null], ['message', null], ['iq', 'result'], ['iq', 'error']])
    connection.addHandler(handler, null, name, type);
}

/* A connection that somebody else opens, authenticates and closes; that somebody says `up()` when it is, on each new
 * stream, and `down()` when it is gone. One that is up already needs nothing. */
export class HandedIn {
  #heard = null;
  #isUp = false;

  constructor(connection) {
    this.connection = connection;
  }

  start(heard) {
    this.#heard = heard;
    if (this.connection.authenticated)
      this.up();
  }

  up() {
    if (this.#isUp || this.#heard === null)
      return;
    this.#isUp = true;
    listen(this.connection, (el) => this.#heard?.stanza(el));
    this.#heard.up(this.connection.jid);
  }

  down(why = 'down') {
    if (this.#isUp)
      this.#heard?.down(why);
    this.#isUp = false;
  }

  send(el) {
    if (this.#isUp)
      this.connection.send(toDom(el));
  }

  stop() {
    this.#heard = null;
  }
}

/* Logs in, and again whenever the stream is lost: at once, then ever less often. It also finds out, by pings, that a stream
 * is dead which nobody has closed. */
export class StropheTransport {
  #heard = null;
  #connection = null;
  #isUp = false;
  #tries = 0;
  #timer = 0;
  #asked = 0; /* when the ping went out that is not answered */

  /* {Strophe, url, jid, password}: what strophe.js exports; ws:, wss: or http(s): (BOSH); a bare domain logs in as a guest. */
  constructor(config) {
    this.config = config;
  }

  start(heard) {
    this.#heard = heard;
    this.#connect();
  }

  #connect() {
    const {Strophe, url, jid, password} = this.config;
    const connection = new Strophe.Connection(url);
    this.#connection = connection;
    connection.connect(jid, password ?? '', (status) => {
      if (connection !== this.#connection)
        return;
      if (status === Strophe.Status.CONNECTED)
        this.#up();
      else if (status === Strophe.Status.AUTHFAIL)
        this.#lost('refused-login');
      else if (status === Strophe.Status.DISCONNECTED || status === Strophe.Status.CONNFAIL)
        this.#lost('down');
    });
    this.#timer = setTimeout(() => this.#lost('down'), PING_MS);
  }

  #up() {
    clearTimeout(this.#timer);
    this.#isUp = true;
    this.#tries = this.#asked = 0;
    listen(this.#connection, (el) => this.#hear(el));
    this.#timer = setInterval(() => this.#ping(), 1000);
    this.#lastHeard = performance.now();
    this.#heard.up(this.#connection.jid);
  }

  #lastHeard = 0;
  #pinged = ''; /* the id of our ping, which nobody else knows */

  #hear(el) {
    this.#lastHeard = performance.now();
    this.#asked = 0;
    if (el.name !== 'iq' || this.#pinged === '' || attr(el, 'id') !== this.#pinged)
      this.#heard?.stanza(el);
  }

  #ping() {
    const now = performance.now();
    if (this.#asked !== 0 && now > this.#asked + PONG_MS) {
      this.#lost('down');
    } else if (this.#asked === 0 && now > this.#lastHeard + PING_MS) {
      this.#asked = now;
      const [, domain] = this.#connection.jid.split('/')[0].split('@');
      this.#pinged = `ping-${toHex(crypto.getRandomValues(new Uint8Array(16)))}`;
      this.send(make('iq', 'jabber:client', {type: 'get', to: domain, id: this.#pinged}, [make('ping', NS_PING)]));
    }
  }

  #lost(why) {
    const connection = this.#connection;
    this.#connection = null;
    clearTimeout(this.#timer);
    clearInterval(this.#timer);
    this.#isUp = false;
    try {
      connection.disconnect('lost');
      connection.reset();
    } catch {
      /* it is gone already */
    }
    this.#heard?.down(why);
    if (this.#heard === null)
      return;
    const wait = this.#tries === 0 ? 0 : Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#tries) * (0.5 + Math.random() / 2);
    this.#tries++;
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  send(el) {
    if (this.#isUp)
      this.#connection.send(toDom(el));
  }

  /* The stream ends properly: what was sent goes out first. */
  stop() {
    const connection = this.#connection;
    this.#heard = this.#connection = null;
    clearTimeout(this.#timer);
    clearInterval(this.#timer);
    if (this.#isUp) {
      connection.flush();
      connection.disconnect('done');
    }
    this.#isUp = false;
  }
}
