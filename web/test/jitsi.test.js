/* Keys for lib-jitsi-meet in their order: receivers first, the own id last, and never an own id without a key. */
import assert from 'node:assert/strict';
import {webcrypto} from 'node:crypto';
import {test} from 'node:test';
import {keyroomKeyHandler, tokenOwner} from '../jitsi/index.js';
import {JitsiKeys} from '../jitsi/keys.js';

globalThis.crypto ??= webcrypto; /* Node 18 */

/* A stand-in of E2EEContext: what it was told, and its rings. */
class Context {
  calls = [];
  rings = new Map();
  current = new Map();

  setKey(id, key, index) {
    this.calls.push([id, key === false ? false : key[0], index]);
    if (!this.rings.has(id))
      this.rings.set(id, Array(16).fill(undefined));
    this.rings.get(id)[index % 16] = key;
    this.current.set(id, index % 16);
  }
}

const random = (len) => new Uint8Array(len).fill(0xee);
const key = (n) => new Uint8Array(32).fill(n);

function epoch(keys, id, number, me, participants, keyed = participants.keys()) {
  keys.apply({op: 'epoch', id, epoch: number, participants, me});
  for (const index of keyed)
    keys.apply({op: 'key', id, index, baseKey: key(number * 10 + index)});
}

test('the own key goes in last, when the client says so', () => {
  const context = new Context(), keys = new JitsiKeys(context, 'me', random);
  assert.deepEqual(context.calls.splice(0), [['me', 0xee, 8]]); /* before there is any: one that nobody has */
  epoch(keys, 1, 1, 1, ['ann', 'me', 'zoe']);
  assert.deepEqual(context.calls.splice(0), [['ann', 10, 1], ['zoe', 12, 1]]);
  keys.apply({op: 'send', id: 1});
  assert.deepEqual(context.calls.splice(0), [['me', 11, 1]]);
  epoch(keys, 2, 17, 1, ['ann', 'me', 'zoe']);
  assert.deepEqual(context.calls.splice(0), [['ann', 170, 1], ['zoe', 172, 1]]);
  keys.apply({op: 'send', id: 2});
  assert.deepEqual(context.calls.splice(0), [['me', 171, 1]]);
});

test('nothing may be sent: a key that nobody has, at an index that nobody tries', () => {
  const context = new Context(), keys = new JitsiKeys(context, 'me', random);
  epoch(keys, 1, 3, 0, ['me', 'zoe']);
  keys.apply({op: 'send', id: 1});
  context.calls.length = 0;
  keys.apply({op: 'send', id: null});
  assert.deepEqual(context.calls, [['me', 0xee, 11]]);
});

test('what is over is forgotten, and the ring goes on from the newest key', () => {
  const context = new Context(), keys = new JitsiKeys(context, 'me', random);
  epoch(keys, 1, 1, 0, ['me', 'zoe']);
  epoch(keys, 2, 2, 0, ['me', 'zoe']);
  keys.apply({op: 'send', id: 2});
  keys.apply({op: 'erase', id: 1});
  assert.equal(context.rings.get('zoe')[1], false);
  assert.equal(context.rings.get('zoe')[2][0], 21);
  assert.equal(context.current.get('zoe'), 2);
  assert.equal(context.current.get('me'), 2);
  assert.ok(context.rings.get('me').every((k) => k !== false));
});

test('an index that has come round again is not cleared with the old epoch', () => {
  const context = new Context(), keys = new JitsiKeys(context, 'me', random);
  epoch(keys, 1, 1, 0, ['me', 'zoe']);
  epoch(keys, 2, 17, 0, ['me', 'zoe']);
  keys.apply({op: 'erase', id: 1});
  assert.equal(context.rings.get('zoe')[1][0], 171);
});

test('the bytes of a change are wiped', () => {
  const keys = new JitsiKeys(new Context(), 'me', random), baseKey = key(7);
  keys.apply({op: 'epoch', id: 1, epoch: 1, participants: ['me', 'zoe'], me: 0});
  keys.apply({op: 'key', id: 1, index: 1, baseKey});
  assert.deepEqual(baseKey, key(0));
});

test('the owner of a token is as the module and the service make it', () => {
  const jwt = (claims) => ['{}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
  const owner = (sub, id) => tokenOwner(jwt({sub, context: {user: {id, name: 'Zoë'}}}));
  assert.equal(owner('acme', 'zoë>?'), 'token:acme:zoë>?');
  assert.equal(owner('*', '4711'), 'token::4711');
  assert.equal(owner(undefined, 4711), 'token::4711');
  assert.equal(owner('acme', 'a:b'), 'token:acme:a:b');
  for (const [sub, id] of [['a:b', '1'], ['acme', ''], ['acme', undefined], ['acme', {}], [7, '1']])
    assert.equal(owner(sub, id), null);
  for (const text of ['', 'x', 'a.b.c', 'a.%.c', jwt(null), jwt({sub: 'acme'})])
    assert.equal(tokenOwner(text), null);
});

/* A handler that cannot open a meeting. */
function without(context, listeners) {
  class Theirs {
    constructor(conference) {
      Object.assign(this, {conference, e2eeCtx: context});
    }
  }
  const Handler = keyroomKeyHandler(Theirs, {meeting: {passphrase: ''}, connection: () => ({addHandler() {}}), ...listeners});
  return new Handler({myUserId: () => 'me', room: {roomjid: 'room@muc.example.org'}});
}

test('where no meeting can be opened, theirs goes on, with a key that nobody has', async () => {
  const context = new Context();
  let said;
  const failed = new Promise((resolve) => { said = resolve; });
  const handler = without(context, {
    opened: () => assert.fail('opened'),
    failed(error) {
      said(error.code);
      throw error; /* as listeners may */
    },
  });
  await handler._setEnabled(true); /* theirs switches its worker on after this; thrown, frames would pass in clear */
  assert.equal(await failed, 'bad-state');
  assert.deepEqual(context.calls.map(([id, , index]) => [id, index]), [['me', 8]]);
  assert.notEqual(context.rings.get('me')[8], false);
  await handler._setEnabled(false);
});

test('switched off while it opens: nothing is opened, nobody is told, and theirs never waits', async () => {
  const told = [], handler = without(new Context(), {opened: () => told.push('opened'), failed: () => told.push('failed')});
  for (const enabled of [true, false])
    await handler._setEnabled(enabled);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, []);
  assert.equal(handler.meeting, null);
});
