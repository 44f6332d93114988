/* Frames that are no RTP, over the lab's forwarder: how participants without a camera (keyroom-peer) are heard. */
const EVERY_MS = 100, FRAME_LEN = 160;

/* What keyroom-peer says in a frame, and wants to hear: LP(name) || instance || u64 epoch || u64 number || filling. */
function plainFrame(name, instance, epoch, n) {
  const frame = new Uint8Array(FRAME_LEN).fill(0x5a), view = new DataView(frame.buffer);
  view.setUint32(0, name.length);
  frame.set(name, 4);
  const at = 4 + name.length;
  frame.set(instance.match(/../g).map((hex) => parseInt(hex, 16)), at);
  view.setBigUint64(at + 16, BigInt(epoch));
  view.setBigUint64(at + 24, BigInt(n));
  return frame;
}

export class Relay {
  #socket;
  #timer;
  #sealed = new Map(); /* by instance and epoch */
  heard = new Map(); /* by participant: {opened, refused, epoch} */

  /* only(participant): is it to be heard? */
  constructor(meeting, name, only = () => true) {
    const id = new TextEncoder().encode(name), socket = this.#socket = new WebSocket(`ws://${location.host}/relay`);
    const message = (frame) => new Uint8Array([id.length, ...id, 0, ...frame]);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      socket.send(message([])); /* the first one names us */
      this.#timer = setInterval(() => {
        const {sending, instance, epoch} = meeting.state, key = `${instance}/${epoch}`, n = this.#sealed.get(key) ?? 0;
        if (!sending || socket.readyState !== WebSocket.OPEN)
          return;
        this.#sealed.set(key, n + 1);
        meeting.seal(plainFrame(id, instance, epoch, n)).then((frame) => socket.send(message(frame)), () => {});
      }, EVERY_MS);
    };
    socket.onmessage = async ({data}) => {
      const bytes = new Uint8Array(data), end = 1 + bytes[0], from = new TextDecoder().decode(bytes.subarray(1, end));
      if (!only(from))
        return;
      const of = this.heard.get(from) ?? {opened: 0, refused: 0, epoch: 0};
      this.heard.set(from, of);
      await meeting.open(from, bytes.slice(end + 1)).then(({epoch}) => {
        of.opened++;
        of.epoch = epoch;
      }, () => of.refused++);
    };
  }

  stop() {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}
