/* Compiled, never run: the declarations say what the modules do. */
import * as protocol from 'keyroom/protocol';
import {Client} from 'keyroom/client';
import type {ClientOutput, Report} from 'keyroom/client';
import {FrameKeys, sframe} from 'keyroom/frame';
import {loadOlm, OlmAccount} from 'keyroom/olm';
import type {Device} from 'keyroom/olm';
import {HandedIn, Meeting, peerConfig, StropheTransport} from 'keyroom/page';
import type {Transport} from 'keyroom/page';
import {keyroomKeyHandler} from '../jitsi/index.js';
import type {Conference} from '../jitsi/index.js';
import type {Policy} from 'keyroom/protocol';

/* Every export is declared, and what is declared is exported: see declared.test.js. */
const policy: Policy = {
  authorise: 'members', approval: 'owners', source: 'participants', leaderAbove: 0, format: 'sframe', suite: 4, rotate: 900,
};
const roster = new protocol.Roster([
  {participant: 'a', owner: '', ed25519: '', curve25519: '', attach: '', isNew: true},
]);
const context: string = protocol.contextOf('room@muc.example', '', null, {
  epoch: 1, kind: 'fresh', source: policy.source, format: policy.format, suite: policy.suite,
  policy: protocol.policyHash(policy, 'room@muc.example'), roster: roster.digest,
});
const key: Uint8Array = protocol.baseKey(new Uint8Array(32), context, roster.line(0));
// @ts-expect-error: a suite is a number
protocol.policyText({...policy, suite: '4'}, 'room@muc.example');
// @ts-expect-error: rounds have names
protocol.roundHas(protocol.sealingOf(roster, {kind: 'fresh', source: 'participants'}), 1, 0, 1);

const keys = new FrameKeys();
keys.apply({op: 'key', id: 1, index: 0, baseKey: key});
// @ts-expect-error: no such change
keys.apply({op: 'forget', id: 1});
const frame: Promise<Uint8Array> = keys.seal(key, 'delta');
const sealed = sframe.sframeKey(4, 4096n, key).then((k) => sframe.sealFrame(k, 0n, new Uint8Array(0), key));
const device: Promise<Device> = loadOlm({}).then((library) => OlmAccount.create(library, (len) => new Uint8Array(len)));
export function meet(d: Device): Report[] {
  const client = new Client({room: 'r@muc.example', nick: 'a', service: 's.example', device: d, random: (n) => new Uint8Array(n)});
  const out: ClientOutput = client.step({kind: 'up', jid: 'a@example/1', now: 0});
  out.frames.forEach((change) => keys.apply(change));
  // @ts-expect-error: a link comes with its JID
  client.step({kind: 'up', now: 1});
  return out.reports.filter((r) => r.kind === 'refused' && r.why === 'revoked');
}
export async function show(pc: RTCPeerConnection, track: MediaStreamTrack, transport: Transport) {
  const meeting = await Meeting.open({room: 'r@muc.example', nick: 'a', service: 's.example', transport, olm: {}});
  meeting.addEventListener('warning', ({detail}) => { document.title = detail.text; });
  meeting.addEventListener('epoch', ({detail}) => { document.title = `${detail.phase} ${detail.epoch}`; });
  // @ts-expect-error: no such event
  meeting.addEventListener('rotated', () => {});
  meeting.media.send(pc, track).sender.replaceTrack(null);
  // @ts-expect-error: whose track it is must be said
  meeting.media.receive(pc, 'video');
}
export const connections = [
  new StropheTransport({Strophe: {}, url: 'wss://x.example/xmpp-websocket', jid: 'x.example'}), new HandedIn({}),
];
export const Handler = keyroomKeyHandler(
  class {
    e2eeCtx = {setKey() {}};
    constructor(public conference: Conference) {}
  }, {meeting: {service: 'keyroom.example', olm: {}}});
export const config: RTCConfiguration = peerConfig();
export {device, frame, sealed};
