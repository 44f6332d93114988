/* The demo's page: a meeting with its keys to be seen. The address says who and where: /?room=…&name=…[&media=camera] */
import {Meeting, StropheTransport} from 'keyroom/page';
import {Strophe} from 'strophe.js';
import {Call} from './call.js';
import {generated} from './picture.js';
import {Relay} from './relay.js';
import {Tiles} from './tiles.js';
import {Verify} from './verify.js';

const SHOW_MS = 250;
const at = (id) => document.getElementById(id);
const config = await (await fetch('/config')).json();
const address = new URLSearchParams(location.search);
const room = address.get('room') ?? config.room;

async function pictureOf(name, media) {
  if (media !== 'camera')
    return generated(name);
  const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 320, height: 240, frameRate: 15}});
  return {stream, stop: () => stream.getTracks().forEach((track) => track.stop())};
}

class Show {
  #timer;
  #lost = new Map(); /* by participant: frames refused when it was last keyed */
  tiles = new Tiles();

  constructor(name, meeting, picture) {
    Object.assign(this, {name, meeting, picture});
    this.call = new Call(meeting, room, name);
    this.relay = new Relay(meeting, name, (from) => !this.call.heard.has(from));
    meeting.addEventListener('warning', ({detail}) => banner(detail.code === null ? '' : detail.text));
    this.verify = new Verify(meeting);
    this.tiles.onVerify = (who) => this.verify.begin(who);
    this.#timer = setInterval(() => this.look(), SHOW_MS);
  }

  async start() {
    this.meeting.join();
    await this.call.publish(this.picture.stream);
    this.call.follow();
  }

  /* Frames of members that could not be opened, from when their key was here on. */
  #lostOf(m, received) {
    const refused = Object.values(received[m.participant]?.refused ?? {}).reduce((a, b) => a + b, 0);
    const opened = Object.keys(received[m.participant]?.opened ?? {}).length > 0;
    if (!this.#lost.has(m.participant) && opened)
      this.#lost.set(m.participant, refused);
    return opened ? refused - this.#lost.get(m.participant) : 0;
  }

  async look() {
    const {meeting} = this, s = meeting.state, {received} = await meeting.counts(), heard = this.call.heard;
    const why = s.reasons.join(', ');
    const tiles = [{
      name: this.name, self: true, stream: this.picture.stream, state: s.sending ? 'keyed' : s.joined && !s.member ? 'waiting' : 'off',
      epoch: s.epoch, why, lost: 0,
    }];
    const members = meeting.members.filter((m) => m.participant !== this.name).sort((a, b) => a.participant.localeCompare(b.participant));
    for (const m of members) {
      const of = this.relay.heard.get(m.participant), stream = heard.get(m.participant)?.stream;
      tiles.push({
        name: m.participant, self: false, stream, state: m.held ? 'keyed' : 'waiting', epoch: m.epoch, why: '',
        trust: m.trust,
        lost: this.#lostOf(m, received),
        still: stream || !of ? null : [['b', String(of.opened)], ['span', 'sealed frames opened'], ['span', 'a participant without a camera (keyroom-peer)']],
      });
    }
    for (const [name, {stream}] of heard)
      if (!members.some((m) => m.participant === name))
        tiles.push({name, self: false, stream, state: 'waiting', epoch: 0, why: '', lost: 0, still: null});
    this.tiles.show(tiles);
    const people = meeting.members.length;
    status(s.sending ? 'on' : s.mismatched || !s.connected ? 'bad' : 'wait',
           s.sending ? `epoch ${s.epoch} · ${people} ${people === 1 ? 'device' : 'devices'}` : !s.connected ? 'connecting' : s.waiting ? 'waiting to be let in' : 'waiting for keys');
  }

  async leave() {
    clearInterval(this.#timer);
    this.verify.close();
    this.relay.stop();
    this.picture.stop();
    await this.call.leave();
    this.meeting.close();
    this.tiles.show([]);
  }
}

function banner(text) {
  at('banner').hidden = text === '';
  at('banner').textContent = text;
}

function status(state, text) {
  at('status').dataset.state = state;
  at('status').lastElementChild.textContent = text;
}

let show = null;

async function enter(name, media) {
  at('door').hidden = at('over').hidden = true;
  history.replaceState(null, '', `?${new URLSearchParams({room, name, media})}`);
  document.title = `${name} · Keyroom`;
  status('wait', 'connecting');
  try {
    const picture = await pictureOf(name, media);
    const transport = new StropheTransport({Strophe, url: config.websocket, jid: config.domain});
    const meeting = await Meeting.open({room, nick: name, service: config.service, transport, olm: Olm, olmFile: '/olm/olm.wasm'});
    show = window.show = new Show(name, meeting, picture);
    at('bar').hidden = false;
    await show.start();
  } catch (error) {
    banner(error.words ?? (error.name === 'NotAllowedError' ? 'The camera and microphone were not allowed.' : `This did not work: ${error.message}`));
    status('bad', 'not in the room');
    at('door').hidden = show !== null;
  }
}

at('room').textContent = room.split('@')[0];
at('room').title = room;
at('door').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  enter(form.get('name').trim(), form.get('media'));
});
at('leave').addEventListener('click', async () => {
  at('bar').hidden = true;
  banner('');
  await show.leave();
  show = null;
  status('off', 'not in the room');
  at('over').hidden = false;
});
at('back').addEventListener('click', () => enter(address.get('name') ?? new URLSearchParams(location.search).get('name'), new URLSearchParams(location.search).get('media')));
at('mute').addEventListener('click', (event) => {
  const muted = event.target.getAttribute('aria-pressed') !== 'true';
  event.target.setAttribute('aria-pressed', String(muted));
  event.target.textContent = muted ? 'Unmute' : 'Mute';
  show.picture.stream.getAudioTracks().forEach((track) => { track.enabled = !muted; });
});
at('code').addEventListener('click', async () => {
  at('codeText').textContent = 'computing …';
  at('codeDevices').textContent = '';
  at('codeBox').showModal();
  const found = await show.meeting.roomCode();
  at('codeText').replaceChildren(...(found?.code ?? 'no keys yet').split(' ').map(
    (group) => Object.assign(document.createElement('span'), {textContent: group})));
  at('codeDevices').textContent = found === null ? '' : `${found.devices} devices. It changes when somebody comes or goes.`;
});
if (address.get('name'))
  enter(address.get('name'), address.get('media') ?? 'made');
else
  at('door').hidden = false;
