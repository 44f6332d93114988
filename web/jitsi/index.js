/* A key handler for lib-jitsi-meet whose keys come from a Keyroom service (docs/jitsi-web.md). */
import {Meeting} from 'keyroom/page';
import {JitsiKeys} from './keys.js';
import {JitsiSeat} from './seat.js';

const random = (len) => crypto.getRandomValues(new Uint8Array(len));

/* What a meeting takes for its worker: frames pass Jitsi's own. One that was replaced before it was open has given no key. */
function sink(keys, isReplaced) {
  return {
    postMessage({op, changes}) {
      if (op === 'changes')
        changes.forEach((change) => keys.apply(change));
    },
    terminate() {
      if (!isReplaced())
        keys.silence();
    },
  };
}

/* What throws in there keeps nothing else from going on. */
function tell(listener, what) {
  try {
    listener?.(what);
  } catch (error) {
    console.error(error);
  }
}

/* KeyHandler: theirs. options: see index.d.ts. */
export function keyroomKeyHandler(KeyHandler, options) {
  return class KeyroomKeyHandler extends KeyHandler {
    #turn = 0; /* of switching on or off */
    #opening = Promise.resolve();

    constructor(conference) {
      super(conference);
      const connection = options.connection?.(conference) ?? conference.xmpp.connection._stropheConn;
      this.meeting = null;
      this.seat = new JitsiSeat(conference, connection);
    }

    /* Theirs lets frames pass its worker only when this has ended; before that, and if it throws, they go out in clear. So it waits
     * for nothing: from here on the own id has a key that nobody has. */
    async _setEnabled(enabled) {
      const {meeting} = this;
      this.meeting = null;
      tell(() => meeting?.close());
      const turn = ++this.#turn;
      if (!enabled)
        return;
      const keys = new JitsiKeys(this.e2eeCtx, this.conference.myUserId(), random);
      this.#opening = this.#opening.then(() => this.#open(keys, () => turn !== this.#turn)); /* one at a time sits on the seat */
    }

    async #open(keys, isReplaced) {
      if (isReplaced())
        return;
      try {
        const {conference} = this;
        const meeting = await Meeting.open({
          ...options.meeting, room: conference.room.roomjid, nick: conference.myUserId(), transport: this.seat, format: 'jframe',
          media: false, worker: sink(keys, isReplaced),
        });
        if (isReplaced()) {
          meeting.close();
          return;
        }
        this.meeting = meeting;
        tell(options.opened, meeting);
        meeting.join();
      } catch (error) {
        if (!isReplaced())
          tell(options.failed, error);
      }
    }

    /* The same under its name of before 2022. */
    setEnabledExtras(enabled) {
      return this._setEnabled(enabled);
    }
  };
}

/* Who a token (JWT) says that its bearer is, as the service will name it (protocol 3.2); null: nobody. It is read, not verified:
 * what the service names must be the same. */
export function tokenOwner(jwt) {
  let claims;
  try {
    const bytes = Uint8Array.from(atob(jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    claims = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
  } catch {
    return null;
  }
  const id = claims?.context?.user?.id, tenant = claims?.sub === '*' ? '' : claims?.sub ?? '';
  if (!['string', 'number', 'boolean'].includes(typeof id) || id === '' || typeof tenant !== 'string' || tenant.includes(':'))
    return null;
  return `token:${tenant}:${id}`;
}

export {JitsiKeys, JitsiSeat};
