/* Media of a meeting over the demo's forwarding unit: one connection to send, one for each participant that is heard. Every
 * sender and receiver goes through the meeting's worker from its first moment. */
import {peerConfig} from 'keyroom/page';

async function post(path, body) {
  const response = await fetch(path, {method: 'POST', body: JSON.stringify(body)});
  return response.ok ? response.json() : null;
}

/* The forwarding unit wants all candidates at once. */
async function describe(pc) {
  await pc.setLocalDescription(await pc.createOffer());
  if (pc.iceGatheringState !== 'complete')
    await new Promise((resolve) => {
      pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve());
    });
  return pc.localDescription.sdp;
}

export class Call {
  #meeting;
  #room;
  #name;
  #events = null;
  #sending = null;
  #stream = null; /* what is published */
  #publishing = false;
  #heard = new Map(); /* by participant: {pc, stream} */
  #changed;

  /* changed(): somebody is heard or no longer. */
  constructor(meeting, room, name, changed = () => {}) {
    this.#meeting = meeting;
    this.#room = room;
    this.#name = name;
    this.#changed = changed;
  }

  /* By participant: {pc, stream}. */
  get heard() {
    return this.#heard;
  }

  get sending() {
    return this.#sending;
  }

  async publish(stream) {
    this.#stream = stream;
    this.#publishing = true;
    this.#sending?.close();
    const pc = this.#sending = new RTCPeerConnection(peerConfig());
    for (const track of stream.getTracks())
      this.#meeting.media.send(pc, track, {streams: [stream]});
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState === 'failed' && pc === this.#sending)
        this.publish(stream);
    });
    try {
      const answer = await post('/sfu/publish', {room: this.#room, name: this.#name, sdp: await describe(pc)});
      await pc.setRemoteDescription({type: 'answer', ...answer});
    } finally {
      this.#publishing = false;
    }
  }

  /* Hears whoever publishes, from now on. */
  follow() {
    this.#events = new EventSource(`/sfu/events?room=${encodeURIComponent(this.#room)}`);
    this.#events.onmessage = ({data}) => {
      const names = JSON.parse(data);
      this.#follow(names.filter((name) => name !== this.#name));
      if (this.#stream !== null && !this.#publishing && !names.includes(this.#name)) /* it has given us up */
        this.publish(this.#stream);
    };
  }

  #follow(names) {
    for (const name of [...this.#heard.keys()])
      if (!names.includes(name))
        this.#forget(name);
    for (const name of names)
      if (!this.#heard.has(name))
        this.#hear(name).catch(() => this.#forget(name));
  }

  async #hear(name) {
    const pc = new RTCPeerConnection(peerConfig()), stream = new MediaStream();
    this.#heard.set(name, {pc, stream});
    for (const kind of ['audio', 'video'])
      stream.addTrack(this.#meeting.media.receive(pc, kind, name).receiver.track);
    pc.addEventListener('connectionstatechange', () => {
      /* who was replaced by itself (a reload) comes again under its name */
      if (pc.connectionState === 'failed' && this.#heard.get(name)?.pc === pc)
        this.#again(name);
    });
    const answer = await post('/sfu/subscribe', {room: this.#room, name, sdp: await describe(pc)});
    if (pc.signalingState === 'closed')
      return;
    if (answer === null)
      return this.#forget(name);
    await pc.setRemoteDescription({type: 'answer', ...answer});
    this.#changed();
  }

  #again(name) {
    this.#forget(name);
    this.#hear(name).catch(() => this.#forget(name));
  }

  #forget(name) {
    this.#heard.get(name)?.pc.close();
    this.#heard.delete(name);
    this.#changed();
  }

  async leave() {
    this.#stream = null;
    this.#events?.close();
    this.#sending?.close();
    [...this.#heard.keys()].forEach((name) => this.#forget(name));
    await post('/sfu/leave', {room: this.#room, name: this.#name});
  }
}
