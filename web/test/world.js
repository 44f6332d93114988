/* JavaScript participants in the world of the C tests (tests/unit/client/outside.c): the real core of the service, C
 * clients beside them, real Olm, virtual time. Nothing here waits. */
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {afterEach} from 'node:test';
import {createInterface} from 'node:readline';
import {FrameKeys} from '../keyroom/frame/keys.js';
import {Client} from '../keyroom/client/client.js';
import {make, NS_CLIENT, NS_MUC_USER, toXml} from '../keyroom/message/el.js';
import {toHex, utf8} from '../keyroom/protocol/bytes.js';
import {deviceId} from '../keyroom/protocol/signed.js';
import {part} from '../keyroom/verify/index.js';
import {newDevice, seeded} from './device.js';
import {hex} from './vectors.js';

export const ROOM = 'room@muc.example.org', SERVICE = 'keyroom.example.org';
export const SAID = utf8('what was said\0');

const running = new Set();

/* What a failed test has left. */
afterEach(() => running.forEach((child) => child.kill()));

/* A participant in JavaScript, and what it said. */
class One {
  constructor(nick, {label = '', ...config}) {
    this.nick = nick;
    this.jid = `${nick}@example.org/1`;
    const device = newDevice(`device${label} of ${nick}`);
    this.device = device;
    this.client = new Client({room: ROOM, nick, service: SERVICE, device, random: seeded(nick), ...config});
    this.keys = new FrameKeys();
    this.deadline = Infinity;
    this.reports = [];
  }

  said(kind, facts = {}) {
    return this.reports.filter((r) => r.kind === kind && Object.entries(facts).every(([k, v]) => r[k] === v));
  }

  view() {
    return this.client.look();
  }
}

export class World {
  static async start({format = 'sframe', suite = 4, source = 'participants', verifiedBy = null} = {}) {
    assert.ok(process.env.KR_OUTSIDE, 'KR_OUTSIDE names the program kr-outside');
    const w = new World();
    w.child = spawn(process.env.KR_OUTSIDE, [format, String(suite), source, ...(verifiedBy === null ? [] : [verifiedBy])],
                    {stdio: ['pipe', 'pipe', 'inherit'], env: {...process.env, ASAN_OPTIONS: 'detect_leaks=0'}});
    running.add(w.child);
    w.child.once('exit', () => running.delete(w.child));
    w.lines = createInterface({input: w.child.stdout})[Symbol.asyncIterator]();
    w.ones = [];
    w.heard = [];
    w.delivering = false;
    w.now = 1000000;
    w.wallAhead = Number(await w.command('wall')) - w.now;
    return w;
  }

  async end() {
    this.child.stdin.end();
    await new Promise((resolve) => this.child.once('exit', resolve));
    assert.equal(this.child.exitCode, 0);
  }

  /* One command; what it makes others hear is heard, in that order. Its answer. */
  async command(text) {
    this.child.stdin.write(text + '\n');
    for (;;) {
      const {value, done} = await this.lines.next();
      assert.ok(!done, `the world ended at: ${text}`);
      const to = /^> to (\S+) (.*)$/.exec(value), ok = /^> ok (\d+) (.*)$/.exec(value);
      if (to)
        this.heard.push([to[1], JSON.parse(to[2])]);
      if (ok) {
        this.now = Number(ok[1]);
        await this.deliver();
        return ok[2];
      }
    }
  }

  /* What somebody says while hearing something is heard after what was said before. */
  async deliver() {
    if (this.delivering)
      return;
    this.delivering = true;
    while (this.heard.length > 0) {
      const [nick, stanza] = this.heard.shift();
      await this.step(this.ones.find((o) => o.nick === nick), {kind: 'stanza', stanza});
    }
    this.delivering = false;
  }

  async step(o, event) {
    if (event.kind === 'stanza' && o.hear && !o.hear(event.stanza))
      return;
    const out = o.client.step({...event, now: this.now, wall: this.now + this.wallAhead});
    o.deadline = out.deadline;
    o.reports.push(...out.reports);
    o.wanted = out.passphrase ?? o.wanted;
    for (const change of out.frames)
      o.keys.apply(change);
    assert.ok(o.client.look().held <= 4);
    for (const stanza of out.stanzas)
      if (!o.say || o.say(stanza))
        await this.send(o, stanza);
    if (out.wantsPart) { /* as a page loads it */
      o.loaded = (o.loaded ?? 0) + 1;
      if (!o.loads)
        await this.load(o);
    }
  }

  /* What o wanted is there; with `o.loads` it takes until somebody says so. */
  load(o) {
    return this.step(o, {kind: 'part', part: o.partless ? null : o.part ?? part});
  }

  async send(o, stanza) {
    await this.command(`from ${o.nick} ${toXml(stanza)}`);
    if (stanza.name === 'presence' && stanza.attrs.type === 'unavailable') { /* the room's last word to who leaves */
      const x = make('x', NS_MUC_USER, {}, [make('status', NS_MUC_USER, {code: 110})]);
      await this.step(o, {kind: 'stanza', stanza: make('presence', NS_CLIENT, {from: stanza.attrs.to, type: 'unavailable'}, [x])});
    }
  }

  async wait(ms) {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      assert.ok(steps < 10000);
      const due = this.ones.reduce((a, b) => (b.deadline < (a?.deadline ?? Infinity) ? b : a), null);
      const to = Math.max(this.now, Math.min(end, due?.deadline ?? Infinity));
      await this.command(`wait ${to - this.now}`);
      if (this.now < to)
        continue;
      if (due !== null && due.deadline <= this.now)
        await this.step(due, {kind: 'time'});
      else if (this.now >= end)
        return;
    }
  }

  /* Somebody in JavaScript, with its link up, in the room or not. */
  async add(nick, config = {}) {
    const o = new One(nick, config);
    this.ones.push(o);
    await this.command(`outside ${nick} ${deviceId(o.device.ed25519, o.device.curve25519)}`);
    await this.step(o, {kind: 'up', jid: o.jid});
    return o;
  }

  async join(nick, config) {
    const o = await this.add(nick, config);
    await this.step(o, {kind: 'join'});
    return o;
  }

  /* All of these participants, ours by name, may send with this epoch, miss nothing, and open each other's frames. */
  async allHear(epoch, inC = []) {
    const frames = [];
    for (const o of this.ones.filter((x) => x.view().joined)) {
      assert.deepEqual(pick(o.view(), ['epoch', 'maySend', 'missing', 'mismatched']),
                       {epoch, maySend: true, missing: 0, mismatched: false}, o.nick);
      frames.push([o.nick, await o.keys.seal(SAID)]);
    }
    for (const nick of inC) {
      assert.equal(await this.command(`view ${nick}`), `${epoch} 1 0 0`, nick);
      frames.push([nick, hex(await this.command(`seal ${nick}`))]);
    }
    for (const [from, frame] of frames) {
      for (const o of this.ones.filter((x) => x.view().joined && x.nick !== from))
        assert.deepEqual(await o.keys.open(from, frame), {plain: SAID, epoch}, `${o.nick} of ${from}`);
      for (const nick of inC.filter((x) => x !== from))
        assert.equal(await this.command(`open ${nick} ${from} ${toHex(frame)}`), 'opened', `${nick} of ${from}`);
    }
  }
}

export function pick(o, names) {
  return Object.fromEntries(names.map((name) => [name, o[name]]));
}
