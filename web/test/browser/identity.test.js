/* The device of a browser: kept over a reload, another one for a second tab, and none kept where a browser keeps nothing. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {skip, until, withLab} from './lab.js';

const deviceOf = async (p, name = p.name) => (await p.do((kr) => kr.meeting.members)).find((m) => m.participant === name)?.device;

test('a reload is the same device to everyone, a second tab another one', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann'), bob = await lab.join('bob');
  await lab.keyed([ann, bob]);
  const before = await deviceOf(bob, 'ann'), epoch = (await bob.state()).epoch;
  assert.match(before, /^[0-9a-f]{32}$/);
  await ann.load(); /* a page that goes without a word */
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await until('ann is back', async () => (await bob.state()).epoch > epoch && (await ann.state()).sending);
  await lab.keyed([ann, bob]);
  assert.equal(await deviceOf(bob, 'ann'), before);
  assert.equal(await deviceOf(ann), before);

  const tab = await lab.join('tab', {context: ann.page.context()});
  await lab.keyed([ann, bob, tab]);
  const second = await deviceOf(bob, 'tab');
  assert.notEqual(second, before);
  await tab.load(); /* each tab keeps its own */
  await tab.open();
  await tab.do((kr) => kr.meeting.join());
  await lab.keyed([ann, bob, tab]);
  assert.equal(await deviceOf(bob, 'tab'), second);
}));

test('what lies in the store is no key', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann');
  await lab.keyed([ann]);
  const kept = await ann.do(() => new Promise((resolve, reject) => {
    const request = indexedDB.open('keyroom');
    request.onsuccess = () => {
      const all = request.result.transaction('devices').objectStore('devices').getAll();
      all.onsuccess = async () => {
        const [{key, sealed}] = all.result;
        const out = await crypto.subtle.exportKey('raw', key).then(() => 'exported', (error) => error.name);
        resolve({count: all.result.length, extractable: key.extractable, out, sealed: sealed.byteLength});
      };
    };
    request.onerror = () => reject(request.error);
  }));
  assert.deepEqual({...kept, sealed: kept.sealed > 100},
                   {count: 1, extractable: false, out: 'InvalidAccessError', sealed: true});
}));

/* [what, what is done to the browser before it opens, the warning] */
const stores = [
  ['refused', () => { indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); }; }, 'no-store'],
  ['full', () => {
    IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };
  }, 'store-full'],
];
for (const [what, spoil, warning] of stores) {
  test(`a store that is ${what}: a device for this page, and a word about it`, {skip}, withLab({}, async (lab) => {
    const ann = await lab.page('ann');
    await ann.do(`(kr) => (${spoil})()`);
    await ann.open();
    await ann.do((kr) => kr.meeting.join());
    await lab.keyed([ann]);
    const [told] = await ann.said('warning');
    assert.equal(told.code, warning);
    assert.match(told.text, /new (device|one)/);
  }));
}

test('a store that was wiped or damaged: a new device, and a word about what was damaged', {skip}, withLab({}, async (lab) => {
  const ann = await lab.join('ann');
  await lab.keyed([ann]);
  const first = await deviceOf(ann);
  await ann.do(() => new Promise((resolve) => {
    const request = indexedDB.open('keyroom');
    request.onsuccess = () => {
      const store = request.result.transaction('devices', 'readwrite').objectStore('devices');
      const all = store.openCursor();
      all.onsuccess = () => {
        const cursor = all.result;
        new Uint8Array(cursor.value.sealed)[7] ^= 1;
        cursor.update(cursor.value);
        request.result.close();
        resolve();
      };
    };
  }));
  await ann.load();
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await lab.keyed([ann]);
  assert.equal((await ann.said('warning', {code: 'identity-lost'})).length, 1);
  const second = await deviceOf(ann);
  assert.notEqual(second, first);
  await ann.load();
  await ann.do(() => new Promise((resolve) => { indexedDB.deleteDatabase('keyroom').onsuccess = resolve; }));
  await ann.open();
  await ann.do((kr) => kr.meeting.join());
  await lab.keyed([ann]);
  assert.notEqual(await deviceOf(ann), second);
}));
