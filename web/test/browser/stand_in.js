/* A stand-in of what the adapter uses of lib-jitsi-meet: a conference that joins its room by itself, a KeyHandler, and an
 * E2EEContext whose worker seals JFrame under the current key of the own id and opens under the ring of the sender's. */
import {keyroomKeyHandler} from '/jitsi/index.js';
import {jframe} from '/keyroom/frame/index.js';
import {Strophe} from 'strophe.js';

class E2EEContext {
  calls = [];
  #rings = new Map();
  #current = new Map();
  #count = 0;

  setKey(id, key, index) {
    this.calls.push({id, index, off: key === false});
    const ring = this.#rings.get(id) ?? [];
    this.#rings.set(id, ring);
    ring[index % 16] = key === false ? null : jframe.jframeKey(key, index % 16);
    this.#current.set(id, index % 16);
  }

  async seal(id, plain) {
    const key = this.#rings.get(id)?.[this.#current.get(id)];
    return key ? jframe.sealFrame(await key, 'audio', {ssrc: 1, timestamp: 2, counter: this.#count++}, plain) : plain;
  }

  async open(id, frame) {
    const {index} = jframe.readTrailer('audio', frame), key = this.#rings.get(id)?.[index];
    return key ? jframe.openFrame(await key, 'audio', frame) : null;
  }
}

class KeyHandler {
  enabled = false;
  e2eeCtx = new E2EEContext();

  constructor(conference) {
    this.conference = conference;
  }

  async setEnabled(enabled) {
    this.enabled = enabled;
    await this._setEnabled(enabled);
  }
}

class Conference {
  #extra = new Map();

  constructor(connection, roomjid, id) {
    const send = () => this.#present();
    this.xmpp = {connection: {_stropheConn: connection}};
    this.room = {
      roomjid,
      addOrReplaceInPresence: (tag, node) => this.#extra.set(tag, node.attributes),
      removeFromPresence: (tag) => this.#extra.delete(tag),
      sendPresence: send,
    };
    this.id = id;
  }

  myUserId() {
    return this.id;
  }

  join() {
    this.#present(true);
  }

  #present(joins = false) {
    const presence = new Strophe.Builder('presence', {to: `${this.room.roomjid}/${this.id}`});
    if (joins)
      presence.c('x', {xmlns: 'http://jabber.org/protocol/muc'}).up();
    for (const [tag, attributes] of this.#extra)
      presence.c(tag, attributes).up();
    this.xmpp.connection._stropheConn.send(presence);
  }
}

export async function openStandIn(config, id) {
  const connection = new Strophe.Connection(config.websocket);
  await new Promise((resolve) => connection.connect(config.domain, '', (status) => status === Strophe.Status.CONNECTED && resolve()));
  const conference = new Conference(connection, config.room, id);
  let opened, failed;
  const open = new Promise((resolve, reject) => { opened = resolve; failed = reject; });
  const Handler = keyroomKeyHandler(KeyHandler, {
    meeting: {service: config.service, olm: Olm, olmFile: '/olm/olm.wasm'}, failed,
    opened(meeting) {
      opened(meeting);
      throw new Error('a listener of the page');
    },
  });
  const handler = new Handler(conference);
  conference.join();
  await new Promise((resolve) => setTimeout(resolve, 300)); /* a conference has been there for a while when E2EE begins */
  await handler.setEnabled(true);
  return {handler, context: handler.e2eeCtx, meeting: await open};
}
