/* A participant whose strings the tests hold (browser.js): what it says is kept, and its worker's keys can be looked at. */
import {HandedIn, Meeting, StropheTransport, wordsFor, lacking} from 'keyroom/page';
import {Strophe} from 'strophe.js';
import {Call} from '/call.js';
import {generated} from '/picture.js';
import {Relay} from '/relay.js';

/* All sockets of this page, for tests that cut them. */
const sockets = [], RealWebSocket = WebSocket;
window.WebSocket = class extends RealWebSocket {
  constructor(...how) {
    super(...how);
    sockets.push(this);
  }
};

const kr = window.kr = {events: [], changes: [], words: wordsFor, lacking};
const config = await (await fetch('/config')).json();

/* The keys that go to the worker, copied; and, for `stock`, the order of steps that others have: the new key is used at once
 * and reaches the receivers later. */
function tapped(worker, stock) {
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message, transfer) => {
    if (message.op !== 'changes')
      return post(message, transfer);
    if (stock) {
      const own = kr.changes.concat(message.changes);
      message.changes = message.changes.flatMap((change) => {
        const epoch = own.find((c) => c.op === 'epoch' && c.id === change.id);
        return change.op === 'key' && epoch?.me === change.index ? [change, {op: 'send', id: change.id}] : [change];
      });
    }
    kr.changes.push(...structuredClone(message.changes));
    return post(message, transfer);
  };
  return worker;
}

kr.open = async ({name, stock = false, transport = {}, ...more}) => {
  kr.transport = transport.bosh
    ? new StropheTransport({Strophe, url: config.bosh, jid: config.domain})
    : new StropheTransport({Strophe, url: config.websocket, jid: config.domain});
  if (transport.handedIn) {
    const connection = new Strophe.Connection(config.websocket);
    kr.transport = new HandedIn(connection);
    connection.connect(config.domain, '', (status) => {
      if (status === Strophe.Status.CONNECTED)
        kr.transport.up();
      else if (status === Strophe.Status.DISCONNECTED)
        kr.transport.down();
    });
  }
  const {start} = kr.transport; /* what comes from the server may be altered, or lost (null) */
  kr.transport.start = (heard) => start.call(kr.transport, {...heard, stanza(el) {
    const altered = kr.alter === undefined ? el : kr.alter(el);
    if (altered !== null)
      heard.stanza(altered);
  }});
  const worker = tapped(new Worker('/keyroom/page/worker.js', {type: 'module'}), stock);
  kr.name = name;
  kr.meeting = await Meeting.open({
    room: config.room, nick: name, service: config.service, transport: kr.transport, olm: Olm, olmFile: '/olm/olm.wasm', worker,
    ...more,
  });
  for (const type of ['key', 'epoch', 'member', 'verified', 'verify', 'warning', 'report'])
    kr.meeting.addEventListener(type, ({detail}) => kr.events.push({t: performance.now(), type, ...detail}));
};

/* What nobody plays is not decoded. */
const playing = new Map();

function play() {
  for (const [name, {stream}] of kr.call.heard) {
    if (playing.get(name)?.srcObject === stream)
      continue;
    const video = Object.assign(document.createElement('video'), {srcObject: stream, autoplay: true, playsInline: true});
    playing.get(name)?.remove();
    playing.set(name, video);
    document.body.append(video);
    video.play().catch(() => {});
  }
}

/* As a program does that gets it wrong. protect: false sends in clear; 'late': the transform comes
 * `kr.lateness` ms after the track; 'removed': it was there. */
function misuse(media, how) {
  const right = media.send.bind(media);
  media.send = (pc, track, init) => {
    if (how === 'removed') {
      const transceiver = right(pc, track, init);
      transceiver.sender.transform = null;
      return transceiver;
    }
    const transceiver = pc.addTransceiver(track, {direction: 'sendonly', ...init});
    if (how === 'late')
      setTimeout(() => {
        try {
          media.protect(transceiver.sender);
        } catch (error) {
          kr.refused = error.code;
        }
      }, kr.lateness);
    return transceiver;
  };
}

kr.start = async ({protect = true} = {}) => {
  if (protect !== true)
    misuse(kr.meeting.media, protect);
  kr.call = new Call(kr.meeting, config.room, kr.name, play);
  kr.picture = generated(kr.name);
  await kr.call.publish(kr.picture.stream);
  kr.call.follow();
};

kr.cut = () => sockets.filter((s) => s.url.includes('xmpp')).forEach((s) => s.close());

kr.said = (type, facts = {}) => kr.events.filter(
  (e) => e.type === type && Object.entries(facts).every(([k, v]) => e[k] === v));

/* What is decoded of each participant. */
kr.decoded = async () => {
  const all = {};
  for (const [name, {pc}] of kr.call.heard ?? []) {
    const of = all[name] = {frames: 0, samples: 0, concealed: 0, packets: 0};
    for (const [, s] of await pc.getStats()) {
      if (s.type !== 'inbound-rtp')
        continue;
      of.packets += s.packetsReceived;
      if (s.kind === 'video')
        of.frames += s.framesDecoded ?? 0;
      else
        Object.assign(of, {samples: s.totalSamplesReceived ?? 0, concealed: s.concealedSamples ?? 0});
    }
  }
  return all;
};

/* Frames that are no RTP. */
kr.startRelay = () => { kr.relay = new Relay(kr.meeting, kr.name); };

/* The same through the adapter, in a stand-in of lib-jitsi-meet. */
kr.openJitsi = async (name) => {
  const {openStandIn} = await import('/test/stand_in.js');
  kr.name = name;
  Object.assign(kr, await openStandIn(config, name));
  kr.meeting.addEventListener('report', ({detail}) => kr.events.push({t: performance.now(), type: 'report', ...detail}));
};

kr.ready = true;
