/* Real Chromium, real Prosody, a real keyroomd: a lab for one test file. KR_BIN: the folder of the programs; KR_WORK: of the
 * logs. Without a Chromium the tests are skipped, and say why. */
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {after} from 'node:test';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';
import {executablePath} from '../../demo/chromium.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const skip = executablePath ? false : 'there is no Chromium here (Debian: apt-get install chromium; or KR_CHROMIUM=PATH)';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=30',
  '--use-fake-ui-for-media-stream', '--host-resolver-rules=MAP insecure.example 127.0.0.1',
  '--autoplay-policy=no-user-gesture-required',
];

/* One for all tests of a file: profiles are apart all the same. */
let browser = null;
const launched = () => (browser ??= chromium.launch({executablePath, headless: true, args: ARGS, timeout: 120000}));
after(async () => (await browser)?.close());

/* Polls: what is waited for happens in other processes. */
export async function until(what, condition, seconds = 120) {
  const end = Date.now() + seconds * 1000;
  for (let last; ; await new Promise((r) => setTimeout(r, 100))) {
    try {
      last = await condition();
      if (last)
        return last;
    } catch (error) {
      last = error;
    }
    assert.ok(Date.now() < end, `not within ${seconds} s: ${what} (at last: ${String(last)})`);
  }
}

export class Lab {
  #answers = [];
  events = []; /* of participants in C */
  pages = [];

  static async start({options = {}, work = 'browser'} = {}) {
    const lab = new Lab();
    lab.folder = join(process.env.KR_WORK ?? join(root, 'build', 'browser'), work);
    const bin = process.env.KR_BIN ?? join(root, 'build', 'dev', 'bin');
    /* a page may stand still for seconds while Olm and its connections start: nobody goes on without it meanwhile */
    const all = {authorise: 'occupants', deadline: 30000, 'deadline-member': 10, ...options};
    lab.child = spawn('python3', ['-B', join(root, 'lab', 'web.py'), '--work', lab.folder, '--bin', bin, '--options', JSON.stringify(all)],
                      {stdio: ['pipe', 'pipe', 'inherit']});
    const ready = new Promise((resolve, reject) => {
      createInterface({input: lab.child.stdout}).on('line', (line) => lab.#take(JSON.parse(line), resolve));
      lab.child.once('exit', (code) => reject(new Error(`the lab ended with ${code}`)));
    });
    const [facts, shared] = await Promise.all([ready, launched()]);
    return Object.assign(lab, facts, {browser: shared});
  }

  #take(event, ready) {
    if (event.event === 'ready')
      ready({url: event.page, room: event.room, service: event.service});
    else if (event.event === 'done' || event.event === 'failed')
      this.#answers.shift()(event);
    else
      this.events.push(event);
  }

  async command(text) {
    const answer = new Promise((resolve) => this.#answers.push(resolve));
    this.child.stdin.write(text + '\n');
    const {event, why, result} = await answer;
    assert.equal(event, 'done', why);
    return result;
  }

  rotate() {
    return this.command(`ctl rotate ${this.room}`);
  }

  /* The last event of that kind of a participant in C. */
  said(peer, kind) {
    return this.events.filter((e) => e.peer === peer && e.event === kind).at(-1);
  }

  /* A page of its own browser profile (or of `context`), not in the room yet. */
  async page(name, {context, config = {}} = {}) {
    context ??= await this.browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(120000);
    const p = new One(this, name, page, config);
    page.on('pageerror', (error) => p.errors.push(String(error)));
    page.on('console', (m) => m.type() === 'error' && p.console.push(m.text()));
    this.pages.push(p);
    await p.load();
    return p;
  }

  /* In the room, keyed, and with media if it is wanted. */
  async join(name, {media, ...options} = {}) {
    const p = await this.page(name, options);
    await p.open();
    await p.do((kr) => kr.meeting.join());
    if (media !== undefined)
      await p.do((kr, m) => kr.start(m), media);
    return p;
  }

  /* All of these, and nobody else, are in one epoch, send with it, and hold all keys of it. */
  async keyed(pages, more = []) {
    const names = [...pages.map((p) => p.name), ...more].sort();
    return until(`${names.join(' ')} are keyed`, async () => {
      const states = await Promise.all(pages.map((p) => p.do((kr) => ({...kr.meeting.state, members: kr.meeting.members}))));
      const {epoch} = states[0];
      return epoch > 0 && states.every((s) => s.sending && s.epoch === epoch && s.members.every((m) => m.held && m.epoch === epoch) &&
        s.members.map((m) => m.participant).sort().join() === names.join()) ? epoch : false;
    }, 120);
  }

  async end() {
    for (const p of this.pages)
      assert.deepEqual(p.errors, [], `errors in the page of ${p.name}`);
    await this.stop();
  }

  async stop() {
    await Promise.all([...new Set(this.pages.map((p) => p.page.context()))].map((context) => context.close()));
    const ended = this.child.exitCode === null ? new Promise((resolve) => this.child.once('exit', resolve)) : null;
    this.child.stdin.end('quit\n');
    await ended;
  }
}

class One {
  errors = [];
  console = [];

  constructor(lab, name, page, config) {
    Object.assign(this, {lab, name, page, config});
  }

  async load(url = this.lab.url) {
    await this.page.goto(`${url}test/page.html`);
    await this.page.waitForFunction(() => window.kr?.ready);
  }

  open() {
    return this.do((kr, config) => kr.open(config), {name: this.name, ...this.config});
  }

  /* Runs in the page; what it is given and gives is plain data. */
  do(f, argument) {
    return this.page.evaluate(([text, a]) => (0, eval)(`(${text})`)(window.kr, a), [f.toString(), argument]);
  }

  state() {
    return this.do((kr) => kr.meeting.state);
  }

  said(type, facts) {
    return this.do((kr, [t, f]) => kr.said(t, f), [type, facts]);
  }

  counts() {
    return this.do((kr) => kr.meeting.counts());
  }

  decoded() {
    return this.do((kr) => kr.decoded());
  }
}

/* A test file's lab: made for each test, gone after it whatever happens. */
export function withLab(options, body) {
  return async (t) => {
    const work = t.name.replace(/[^a-z0-9]+/gi, '-').slice(0, 40);
    const lab = await Lab.start({...options, work});
    try {
      await body(lab, t);
      await lab.end();
    } catch (error) {
      for (const p of lab.pages)
        console.error(p.name, p.errors, p.console, await p.do((kr) => kr.events.slice(-6)).catch(() => 'no page'));
      throw error;
    } finally {
      await lab.stop().catch(() => {});
    }
  };
}
