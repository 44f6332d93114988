/* Frames by the key of their epoch and sender (docs/protocol.md 5.8, 5.9).
 *
 * The client says which keys there are and which one to send with, as plain changes that can cross to a worker; this
 * holds them, counts frames and drops replays. What it does not have the key of, it neither sends nor shows. */
import {OCCUPANTS_MAX} from '../protocol/limit.js';
import {concat, fromHex, wipe} from '../protocol/bytes.js';
import {KeyroomError, fail} from '../protocol/err.js';
import * as jframe from './jframe.js';
import * as sframe from './sframe.js';
import {ReplayWindow} from './window.js';

function clearOf(kind, bytes) {
  const len = sframe.clearLen(kind);
  return bytes.length >= len ? len : fail('bad-frame');
}

function readSframe(kind, frame) {
  const clear = clearOf(kind, frame);
  return {clear, header: sframe.readHeader(frame.subarray(clear))};
}

/* bytes, or null if it is not of the format */
function attempt(read) {
  try {
    return read();
  } catch {
    return null;
  }
}

/* epoch: the number that the frame names; null if its format does not. */
function noKey(s) {
  const error = new KeyroomError('no-key');
  error.epoch = s === null ? null : Number(s.header.kid / BigInt(OCCUPANTS_MAX));
  return error;
}

export class FrameKeys {
  #epochs = []; /* newest first: {id, epoch, format, suite, ssrc, participants, me, held, counter} */
  #sending = null;

  /* One change of the client's output:
   *   {op: 'epoch', id, epoch, format, suite, attach, participants, me}  a new epoch; participants in roster order
   *   {op: 'key', id, index, baseKey}   the key of a sender in it; the bytes are wiped here
   *   {op: 'send', id}                  frames go out with its key from now on; null: none goes out
   *   {op: 'erase', id}                 its keys are forgotten */
  apply(change) {
    switch (change.op) {
    case 'epoch':
      this.#epochs.unshift({
        id: change.id, epoch: change.epoch, format: change.format, suite: change.suite,
        ssrc: new DataView(fromHex(change.attach).buffer).getUint32(0),
        participants: [...change.participants], me: change.me, held: new Map(), counter: 0n,
      });
      break;
    case 'key':
      this.#hold(this.#find(change.id), change.index, change.baseKey);
      break;
    case 'send':
      this.#sending = change.id === null ? null : this.#find(change.id);
      break;
    case 'erase':
      if (this.#sending?.id === change.id)
        this.#sending = null;
      this.#epochs = this.#epochs.filter((e) => e.id !== change.id);
      break;
    default:
      fail('bad-state');
    }
  }

  #find(id) {
    return this.#epochs.find((e) => e.id === id) ?? fail('bad-state');
  }

  #hold(e, index, baseKey) {
    const key = e.format === 'sframe'
      ? sframe.sframeKey(e.suite, BigInt(e.epoch * OCCUPANTS_MAX + index), baseKey)
      : jframe.jframeKey(baseKey, e.epoch);
    wipe(baseKey); /* what was made of it is on its way already */
    key.catch(() => {}); /* told when it is used */
    e.held.set(index, {key, window: new ReplayWindow()});
  }

  /* May a frame go out now, and with the key of which epoch? {id, epoch, counter} or null. */
  get sending() {
    const e = this.#sending;
    return e !== null && e.held.has(e.me) ? {id: e.id, epoch: e.epoch, counter: e.counter} : null;
  }

  /* The frame; kind: 'audio', 'key' or 'delta', of what stays clear. `bad-frame` if it is shorter than that; `no-key` while the client may not send. One
   * counter for all streams: it is taken before anything is waited for, so no two frames have one. */
  async seal(plain, kind = 'audio') {
    const e = this.#sending;
    const held = e?.held.get(e.me) ?? fail('no-key');
    const counter = e.counter++;
    if (e.format === 'sframe') {
      const clear = plain.slice(0, clearOf(kind, plain));
      return concat(clear, await sframe.sealFrame(await held.key, counter, clear, plain.subarray(clear.length)));
    }
    const iv = {ssrc: e.ssrc, timestamp: Number(counter >> 32n), counter: Number(counter & 0xffffffffn)};
    return jframe.sealFrame(await held.key, kind, iv, plain);
  }

  async #openSframe(e, {header, clear}, participant, frame) {
    const index = Number(header.kid % BigInt(OCCUPANTS_MAX));
    if (index >= e.participants.length)
      fail('no-key');
    if (e.participants[index] !== participant)
      fail('wrong-sender');
    const held = e.held.get(index) ?? fail('no-key');
    held.window.check(header.ctr);
    const plain = await sframe.openFrame(await held.key, frame.slice(0, clear), frame.subarray(clear));
    held.window.mark(header.ctr); /* also refuses one that was opened meanwhile */
    return concat(frame.subarray(0, clear), plain);
  }

  async #openJframe(e, participant, kind, frame) {
    const held = e.held.get(e.participants.indexOf(participant)) ?? fail('no-key');
    return jframe.openFrame(await held.key, kind, frame);
  }

  /* {plain, epoch} of a frame that came on a track of `participant`. `bad-frame`: malformed, or the tag does not verify;
   * `no-key` (its `epoch`: the number that an SFrame names); `wrong-sender`: the key id is another participant's; `replay`.
   * The format may have changed with an epoch, and two instances may have an epoch of the same number: the newer one is
   * tried first. */
  async open(participant, frame, kind = 'audio') {
    const s = attempt(() => readSframe(kind, frame));
    const j = attempt(() => jframe.readTrailer(kind, frame));
    if (s === null && j === null)
      fail('bad-frame');
    let error = noKey(s);
    for (const e of [...this.#epochs]) {
      try {
        if (e.format === 'sframe') {
          if (s !== null && s.header.kid / BigInt(OCCUPANTS_MAX) === BigInt(e.epoch))
            return {plain: await this.#openSframe(e, s, participant, frame), epoch: e.epoch};
        } else if (j !== null && e.epoch % jframe.RING === j.index) {
          return {plain: await this.#openJframe(e, participant, kind, frame), epoch: e.epoch};
        }
      } catch (thrown) {
        if (!(thrown instanceof KeyroomError) || thrown.code !== 'no-key')
          error = thrown;
      }
    }
    throw error;
  }
}
