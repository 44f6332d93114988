/* The device of this browser, over reloads: the Olm account as it was made (identity keys only), sealed under an AES key
 * that WebCrypto does not give out, both in IndexedDB. A page that runs script of this origin can use the key, not copy
 * it; a copy of the disk's files has no use for the pickle.
 *
 * One tab, one device: a tab holds the lock of its slot as long as it lives, and takes the first free one, its own of
 * before a reload if it can. */
import {concat, utf8, wipe} from '../protocol/bytes.js';
import {OlmAccount} from '../olm/olm.js';

const STORE = 'devices', SLOTS = 16, PICKLE_KEY = 32, OWN_SLOT_MS = 2000;
const aad = utf8('keyroom:1:device');

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function openStore(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await settled(request);
  database.onversionchange = () => database.close();
  return database;
}

const get = (database, slot) => settled(database.transaction(STORE).objectStore(STORE).get(slot));

function put(database, slot, record) {
  return new Promise((resolve, reject) => {
    const change = database.transaction(STORE, 'readwrite', {durability: 'strict'});
    change.oncomplete = () => resolve();
    change.onabort = change.onerror = () => reject(change.error);
    change.objectStore(STORE).put(record, slot);
  });
}

/* The function that gives it back; null if another tab has it and keeps it for `ms`. */
function hold(lock, ms) {
  return new Promise((resolve) => {
    const giveUp = ms > 0 ? {signal: AbortSignal.timeout(ms)} : {ifAvailable: true};
    navigator.locks.request(lock, giveUp, (held) => {
      if (held === null)
        return resolve(null);
      return new Promise((release) => resolve(release));
    }).catch(() => resolve(null));
  });
}

/* {slot, release} */
async function takeSlot(name) {
  const mine = sessionStorage.getItem(name);
  for (let i = mine === null ? 0 : -1; i < SLOTS; i++) {
    const slot = i < 0 ? mine : String(i);
    const release = await hold(`${name}/${slot}`, i < 0 ? OWN_SLOT_MS : 0);
    if (release !== null) {
      sessionStorage.setItem(name, slot);
      return {slot, release};
    }
  }
  throw new Error('every slot is taken');
}

async function seal(account, random) {
  const key = await crypto.subtle.generateKey({name: 'AES-GCM', length: 256}, false, ['encrypt', 'decrypt']);
  const iv = random(12), pickleKey = random(PICKLE_KEY);
  const plain = concat(pickleKey, account.pickle(pickleKey));
  const sealed = await crypto.subtle.encrypt({name: 'AES-GCM', iv, additionalData: aad}, key, plain);
  wipe(plain);
  wipe(pickleKey);
  return {key, iv, sealed};
}

async function unseal(library, random, {key, iv, sealed}) {
  const plain = new Uint8Array(await crypto.subtle.decrypt({name: 'AES-GCM', iv, additionalData: aad}, key, sealed));
  try {
    return OlmAccount.unpickle(library, random, plain.slice(0, PICKLE_KEY), plain.slice(PICKLE_KEY));
  } finally {
    wipe(plain);
  }
}

/* {device, release, warning}: the device of this tab. `release` gives its slot to others. A browser that keeps nothing gives
 * a device for this page alone, with a warning: `no-store`, `store-full`, or `identity-lost` for one that was kept and is
 * damaged. name: of the database; null: nothing is to be kept. */
export async function keptDevice(library, random, name) {
  const fresh = (warning, release = () => {}) => ({device: OlmAccount.create(library, random), release, warning});
  if (name === null)
    return fresh(null);
  let database, slot, record;
  try {
    database = await openStore(name);
    slot = await takeSlot(name);
    record = await get(database, slot.slot);
  } catch {
    database?.close();
    return fresh('no-store', slot?.release);
  }
  let warning = null;
  try {
    if (record !== undefined)
      return {device: await unseal(library, random, record), release: slot.release, warning};
  } catch {
    warning = 'identity-lost';
  } finally {
    if (warning === null && record !== undefined)
      database.close();
  }
  const made = fresh(warning, slot.release);
  try {
    await put(database, slot.slot, await seal(made.device, random));
  } catch (error) {
    made.warning = error?.name === 'QuotaExceededError' ? 'store-full' : 'no-store';
  }
  database.close();
  return made;
}
