/* A transport (keyroom/page) on the seat that lib-jitsi-meet has in the room: its connection, its presence. The client wants to
 * join, and to hear who is there: it is told what was heard since before the conference joined, and the device goes into the
 * conference's own presence. */
import {HandedIn} from 'keyroom/page';

const NS_CLIENT = 'jabber:client', NS_MUC_USER = 'http://jabber.org/protocol/muc#user', NS_KEYROOM = 'urn:keyroom:1';

const isSelf = (presence) => presence.children.some(
  (x) => x.ns === NS_MUC_USER && x.children.some((s) => s.name === 'status' && s.attrs.code === '110'));

export class JitsiSeat {
  #conference;
  #line;
  #heard = null;
  #presences = new Map(); /* by occupant: the last one, as long as it is there */
  #left = false;

  /* connection: the Strophe.Connection of the conference; made before the conference joins. */
  constructor(conference, connection) {
    this.#conference = conference;
    this.#line = new HandedIn(connection);
    this.#line.start({
      up: (jid) => this.#heard?.up(jid),
      down: (why) => {
        this.#presences.clear();
        this.#heard?.down(why);
      },
      stanza: (el) => this.#stanza(el),
    });
  }

  /* The conference's connection is up, or gone. */
  up() {
    this.#line.up();
  }

  down() {
    this.#line.down();
  }

  start(heard) {
    this.#heard = heard;
    if (this.#line.connection.authenticated)
      heard.up(this.#line.connection.jid);
  }

  stop() {
    this.#heard = null;
  }

  #stanza(el) {
    if (el.name === 'presence') {
      if (el.attrs.type === 'unavailable')
        this.#presences.delete(el.attrs.from);
      else if (el.attrs.type === undefined)
        this.#presences.set(el.attrs.from, el);
    }
    if (el.name !== 'presence' || !this.#left)
      this.#heard?.stanza(el);
  }

  send(el) {
    if (el.name !== 'presence')
      this.#line.send(el);
    else if (el.attrs.type === 'unavailable')
      this.#leave(el);
    else
      this.#join(el);
  }

  /* The server tells everybody of the presence that follows, ourselves too: that is the word that we are in. */
  #join(el) {
    const {id} = el.children.find((c) => c.ns === NS_KEYROOM && c.name === 'device').attrs;
    this.#left = false;
    const {room} = this.#conference;
    room.addOrReplaceInPresence('device', {attributes: {id, xmlns: NS_KEYROOM}});
    queueMicrotask(() => { /* out of the client's step */
      for (const presence of this.#presences.values())
        if (!isSelf(presence))
          this.#heard?.stanza(presence);
      room.sendPresence();
    });
  }

  /* The seat is Jitsi's and stays; the client is told that it is out. */
  #leave(el) {
    this.#left = true;
    const {room} = this.#conference; /* none: the conference has left */
    room?.removeFromPresence('device');
    room?.sendPresence();
    const status = {name: 'status', ns: NS_MUC_USER, attrs: {code: '110'}, children: [], text: ''};
    const x = {name: 'x', ns: NS_MUC_USER, attrs: {}, children: [status], text: ''};
    const gone = {name: 'presence', ns: NS_CLIENT, attrs: {from: el.attrs.to, type: 'unavailable'}, children: [x], text: ''};
    queueMicrotask(() => this.#heard?.stanza(gone));
  }
}
