/* A participant of one keyed room in a page: the client (client/client.js) with a clock, a stream, a kept device and a worker
 * for its frames; and events of what there is to show. */
import {Client} from '../client/client.js';
import {attr, payloadOf} from '../message/el.js';
import {utf8} from '../protocol/bytes.js';
import {fail, KeyroomError} from '../protocol/err.js';
import {PASSPHRASE_MAX} from '../protocol/limit.js';
import {passphraseKey} from '../frame/passphrase.js';
import {loadOlm} from '../olm/olm.js';
import {keptDevice} from './identity.js';
import {rememberedLog, rememberLog} from './log_seen.js';
import {Media} from './media.js';
import {Members} from './members.js';
import {roomCode} from './room_code.js';
import {lacking, wordsFor} from './words.js';

const TIMER_MAX_MS = 0x7fffffff;
const ATTEST_FOR_S = 90 * 86400;
const ASLEEP_SHOWN_MS = 10000; /* so long a word about what is over is shown */
const random = (len) => crypto.getRandomValues(new Uint8Array(len));

/* Refusals that a person should hear of, by what was refused. */
const REFUSED = {join: 'not-in', challenge: 'not-admitted', attach: 'not-admitted', line: 'line'};

/* Of a log whose key is given: what this browser remembers of that one. */
const seenBy = ({origin, key}, log) => (log?.origin === origin && log.key === key ? log.seen : null);

function isPassphrase(text) {
  const len = typeof text === 'string' ? utf8(text).length : 0;
  return len >= 1 && len <= PASSPHRASE_MAX;
}

export class Meeting extends EventTarget {
  #client;
  #config;
  #release;
  #worker;
  #timer = 0;
  #due = Infinity;
  #calls = new Map();
  #nextCall = 1;
  #members = new Members();
  #state = {
    connected: false, joined: false, member: false, waiting: false, sending: false, epoch: 0, instance: null, reasons: [], source: null, leader: null,
    exposed: false, mismatched: false, warning: null,
  };

  /* config: see index.d.ts. `no-crypto`, `no-transform` (unless `media: false`); what Olm says. */
  static async open(config) {
    if (config.passphrase !== undefined && !isPassphrase(config.passphrase))
      throw new KeyroomError('bad-state');
    const missing = lacking().filter((code) => code !== 'no-transform' || config.media !== false);
    if (missing.length > 0)
      throw Object.assign(new KeyroomError(missing[0]), {words: wordsFor(missing[0])});
    const library = await loadOlm(config.olm, config.olmFile && (() => config.olmFile));
    const {device, release, warning} = await keptDevice(library, random, config.store === undefined ? 'keyroom' : config.store);
    const meeting = new Meeting(config, device, release);
    if (warning !== null)
      setTimeout(() => meeting.#warn(warning)); /* when the page has its listeners */
    return meeting;
  }

  constructor(config, device, release) {
    super();
    this.#config = config;
    this.#release = release;
    const log = config.store === null ? null : rememberedLog(config.service);
    this.#client = new Client({attestFor: ATTEST_FOR_S, ...config, log: config.log ? {...config.log, pinned: true, seen: seenBy(config.log, log)} : log, device, random});
    this.#worker = config.worker ?? new Worker(new URL('./worker.js', import.meta.url), {type: 'module'});
    this.#worker.onmessage = ({data}) => this.#heard(data);
    this.#worker.onerror = () => this.#warn('no-worker');
    this.media = new Media(this.#worker, {
      warn: (code) => this.#warn(code), passed: (stream) => this.#call({op: 'passed', stream}),
    });
    config.transport.start({
      up: (jid) => {
        this.#state.connected = true;
        this.#step({kind: 'up', jid});
      },
      down: (why) => {
        this.#state.connected = false;
        this.#step({kind: 'down'});
        this.#warn(why);
      },
      stanza: (el) => this.#stanza(el),
    });
  }

  /* --- what a page asks for --- */

  join() {
    this.#step({kind: 'join'});
  }

  leave() {
    this.#step({kind: 'leave'});
  }

  detach() {
    this.#step({kind: 'detach'});
  }

  get state() {
    return {...this.#state};
  }

  /* By participant, oneself included. */
  get members() {
    return this.#members.list();
  }

  /* Begins to verify that participant's device, or agrees to what it asked for; then what the person says of the code. */
  verify(participant) {
    this.#step({kind: 'verify', participant});
  }

  answer(participant, same) {
    this.#step({kind: 'verify-answer', participant, same});
  }

  cancelVerify(participant) {
    this.#step({kind: 'verify-cancel', participant});
  }

  /* Takes back that its device was verified. */
  distrust(participant) {
    this.#step({kind: 'unattest', participant});
  }

  /* {code, devices} of the present roster (docs/protocol.md 12.1); null before there is one. Takes a second or so. */
  roomCode() {
    return roomCode(this.#members);
  }

  /* Frames that travel by other means than WebRTC. */
  seal(frame, kind = 'audio') {
    return this.#call({op: 'seal', frame, kind});
  }

  open(participant, frame, kind = 'audio') {
    return this.#call({op: 'open', participant, frame, kind});
  }

  counts() {
    return this.#call({op: 'counts'});
  }

  /* Leaves, and forgets everything but the kept device. */
  close() {
    try {
      this.leave();
    } finally {
      this.#end();
    }
  }

  #end() {
    const {frames} = this.#client.free();
    this.#hand(frames);
    clearTimeout(this.#timer);
    this.#config.transport.stop();
    this.media.close();
    this.#worker.terminate();
    this.#calls.forEach(({reject}) => reject(new KeyroomError('bad-state')));
    this.#calls.clear();
    this.#release();
    this.#client = null;
  }

  /* --- the worker --- */

  #call(message) {
    const call = this.#nextCall++;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, {resolve, reject});
      this.#worker.postMessage({...message, call});
    });
  }

  #heard(data) {
    const call = this.#calls.get(data.call);
    this.#calls.delete(data.call);
    switch (data.op) {
    case 'call': /* a worker's clock is not slowed down in a page that nobody looks at */
      if (performance.now() >= this.#due)
        this.#step({kind: 'time'});
      this.#worker.postMessage({op: 'awake'}); /* after what was due: sending may have to stop */
      break;
    case 'awoke':
      if (this.#lasting() === null)
        this.#warn('asleep');
      setTimeout(() => this.#over('asleep'), ASLEEP_SHOWN_MS);
      break;
    case 'done':
      call?.resolve(data.result);
      break;
    case 'failed':
      call?.reject(new KeyroomError(data.code));
      break;
    }
  }

  #hand(changes) {
    if (changes.length > 0)
      this.#worker.postMessage({op: 'changes', changes}, changes.filter((c) => c.op === 'key').map((c) => c.baseKey.buffer));
  }

  /* --- the client --- */

  #step(event) {
    if (this.#client === null)
      fail('bad-state');
    const out = this.#client.step({...event, now: performance.now(), wall: Date.now()});
    this.#due = out.deadline;
    clearTimeout(this.#timer);
    if (out.deadline !== Infinity) {
      const wait = Math.min(TIMER_MAX_MS, Math.max(0, out.deadline - performance.now()));
      this.#timer = setTimeout(() => this.#step({kind: 'time'}), wait);
    }
    const told = out.frames.map((change) => this.#members.frame(change)); /* before their bytes are the worker's */
    this.#hand(out.frames);
    if (out.passphrase !== null)
      this.#derive(out.passphrase);
    if (out.wantsPart)
      this.#loadPart();
    out.stanzas.forEach((el) => this.#config.transport.send(el));
    this.#look();
    out.reports.forEach((report) => this.#report(report));
    for (const key of told.filter(Boolean))
      this.#tell('key', key);
  }

  async #derive({instance, salt, iterations}) {
    const key = await passphraseKey(this.#config.passphrase, salt, iterations, 32);
    if (this.#client !== null)
      this.#step({kind: 'passphrase', instance, key});
  }

  /* What verifies is loaded when it is wanted. */
  async #loadPart() {
    const {part} = await import('../verify/index.js').catch(() => ({part: null}));
    if (this.#client !== null)
      this.#step({kind: 'part', part});
    if (part === null)
      this.#warn('no-part');
  }

  #stanza(el) {
    if (this.#client === null)
      return;
    this.#step({kind: 'stanza', stanza: el});
    if (el.name === 'presence' && payloadOf(el) === null && attr(el, 'type') === 'unavailable')
      this.#look();
  }

  #look() {
    const view = this.#client.look();
    Object.assign(this.#state, {
      joined: view.joined, member: view.member, waiting: view.waiting, sending: view.maySend, epoch: view.epoch, instance: view.instance,
      exposed: view.exposed, mismatched: view.mismatched,
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, {detail}));
  }

  /* null: what was wrong is over. */
  #warn(code, who = []) {
    this.#state.warning = code;
    this.#tell('warning', {code, text: code === null ? '' : wordsFor(code), who});
  }

  #over(...codes) {
    if (codes.includes(this.#state.warning))
      this.#warn(this.#lasting());
  }

  /* What has to be shown for as long as it lasts (5.4, 5.12). */
  #lasting() {
    if (this.#state.mismatched)
      return 'mismatch';
    return this.#state.exposed ? 'exposed' : null;
  }

  #epoch(phase, report) {
    this.#tell('epoch', {
      phase, epoch: report.epoch, instance: report.instance, kind: report.epochKind, reasons: report.reasons, why: report.why,
      who: report.who, exposure: report.exposure,
    });
  }

  #report(r) {
    switch (r.kind) {
    case 'joined':
      this.#over('down', 'refused-login', 'not-in');
      break;
    case 'attached':
      if (r.waiting)
        this.#warn('waiting');
      else
        this.#over('waiting', 'not-admitted', 'below-floor', 'mismatch', 'detached', 'service-gone', 'down');
      break;
    case 'announce':
      Object.assign(this.#state, {reasons: r.reasons, source: r.source, leader: r.leader});
      for (const change of this.#members.roster(r))
        this.#tell('member', change);
      this.#epoch('announced', r);
      break;
    case 'commit':
      this.#epoch('committed', r);
      break;
    case 'switch':
      this.#epoch('switched', r);
      this.#over('unsealed', 'stopped', 'asleep', 'waiting');
      break;
    case 'stop':
      this.#epoch('stopped', r);
      this.#warn(r.why === 'unsealed' ? 'unsealed' : r.why === 'mismatched' ? 'mismatch' : 'stopped');
      break;
    case 'mismatch':
      this.#warn('mismatch', r.who);
      break;
    case 'alarm':
      this.#warn(r.what === 'log-silent' || r.what === 'log-begun-anew' ? r.what : 'log', r.who);
      break;
    case 'log':
      if (this.#config.store !== null)
        rememberLog(this.#config.service, r);
      break;
    case 'proved':
      this.#over('log-silent', 'log-begun-anew');
      break;
    case 'verify':
      this.#verify(r);
      break;
    case 'trust':
      this.#members.trust(r.who[0], r.device, r.trust);
      this.#tell('verified', {participant: r.who[0], device: r.device, verified: r.trust === 'verified', changed: r.trust === 'changed', name: r.name});
      if (r.trust === 'changed')
        this.#warn('changed', r.who);
      break;
    case 'exposed':
      this.#warn('exposed', r.who);
      break;
    case 'unexposed':
      this.#over('exposed');
      break;
    case 'detached':
      for (const change of this.#members.clear())
        this.#tell('member', change);
      this.#warn(r.why === 'revoked' ? 'revoked' : 'detached');
      break;
    case 'left':
      for (const change of this.#members.clear())
        this.#tell('member', change);
      break;
    case 'refused':
      this.#refused(r);
      break;
    }
    this.#tell('report', r);
  }

  #verify(r) {
    const {step, who: [participant], device, emoji, numbers, reason, why, byPeer} = r;
    this.#tell('verify', {step, participant, device, emoji, numbers, reason, why, byPeer});
    if (step === 'mismatch')
      this.#warn('codes-differ', [participant]);
  }

  #refused({what, why, who = []}) {
    if (why === 'below-floor' || why === 'revoked')
      this.#warn(why);
    else if (what === 'challenge' && why === 'no-answer')
      this.#warn('service-gone');
    else if (REFUSED[what] !== undefined)
      this.#warn(REFUSED[what], who);
  }
}
