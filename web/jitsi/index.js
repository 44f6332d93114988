/* A key handler for lib-jitsi-meet whose keys come from a Keyroom service (docs/jitsi-web.md). */
import {Meeting} from 'keyroom/page';
import {JitsiKeys} from './keys.js';
import {JitsiSeat} from './seat.js';

const USER_LEFT = 'conference.userLeft';
const random = (len) => crypto.getRandomValues(new Uint8Array(len));

/* What a meeting takes for its worker: frames pass Jitsi's own. */
function sink(keys) {
  return {
    postMessage({op, changes}) {
      if (op === 'changes')
        changes.forEach((change) => keys.apply(change));
    },
    terminate() {
      keys.silence();
    },
  };
}

/* KeyHandler: theirs. options: see index.d.ts. */
export function keyroomKeyHandler(KeyHandler, options) {
  return class KeyroomKeyHandler extends KeyHandler {
    constructor(conference) {
      super(conference);
      const connection = options.connection?.(conference) ?? conference.xmpp.connection._stropheConn;
      this.meeting = null;
      this.seat = new JitsiSeat(conference, connection);
      conference.on(USER_LEFT, (id) => this.e2eeCtx.cleanup(id));
    }

    /* Called by theirs, before it lets frames pass the worker. */
    async _setEnabled(enabled) {
      if (!enabled) {
        this.meeting?.close();
        this.meeting = null;
        return;
      }
      const {conference} = this, own = conference.myUserId();
      const keys = new JitsiKeys(this.e2eeCtx, own, random);
      try {
        this.meeting = await Meeting.open({
          ...options.meeting, room: conference.room.roomjid, nick: own, transport: this.seat, format: 'jframe', media: false,
          worker: sink(keys),
        });
      } catch (error) {
        /* Theirs would not switch its worker on, and send in clear. On it sends what nobody opens: keys.silence(). */
        options.failed?.(error);
        return;
      }
      options.opened?.(this.meeting);
      this.meeting.join();
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
