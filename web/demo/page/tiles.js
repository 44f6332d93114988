/* A tile for each participant: picture, and how it stands with its key. */
import {hue} from './picture.js';

const WORDS = {keyed: 'keyed', waiting: 'waiting for the key', verified: 'verified', off: 'not sending'};

export class Tiles {
  #grid = document.getElementById('grid');
  #template = document.getElementById('tile');
  #tiles = new Map();
  onVerify = () => {}; /* (name) */

  #tile(name) {
    let t = this.#tiles.get(name);
    if (t !== undefined)
      return t;
    const root = this.#template.content.cloneNode(true).firstElementChild;
    const part = (selector) => root.querySelector(selector);
    t = {
      root, video: part('video'), still: part('.still'), veil: part('.veil span'), who: part('.who'), state: part('.state'),
      epoch: part('.epoch'), lost: part('.lost'), verify: part('.verify'), changed: part('.changed'),
    };
    root.style.setProperty('--hue', hue(name));
    t.who.textContent = name;
    t.verify.addEventListener('click', () => this.onVerify(name));
    this.#tiles.set(name, t);
    this.#grid.append(root);
    return t;
  }

  /* all: {name, self, stream, still, state, epoch, why, lost, trust}; in this order. */
  show(all) {
    for (const [name, t] of this.#tiles)
      if (!all.some((x) => x.name === name)) {
        t.root.remove();
        this.#tiles.delete(name);
      }
    for (const x of all)
      this.#one(this.#tile(x.name), x);
    this.#grid.classList.toggle('alone', all.length === 1);
  }

  #one(t, x) {
    if (x.stream && t.video.srcObject !== x.stream) {
      t.video.srcObject = x.stream;
      t.video.muted = x.self;
      t.video.play().catch(() => {});
    }
    if (!x.stream)
      t.video.srcObject = null;
    t.root.classList.toggle('self', x.self);
    t.root.classList.toggle('unkeyed', x.state === 'waiting' || x.state === 'off');
    t.still.hidden = !x.still;
    if (x.still) {
      t.still.replaceChildren(...x.still.map(([tag, text]) => Object.assign(document.createElement(tag), {textContent: text})));
    }
    t.who.textContent = x.self ? `${x.name} (you)` : x.name;
    t.veil.textContent = x.state === 'off' ? 'Nothing is sent' : WORDS[x.state];
    const state = x.state === 'keyed' && x.trust === 'verified' ? 'verified' : x.state;
    t.state.textContent = WORDS[state];
    t.state.dataset.state = state;
    const changed = x.trust === 'changed';
    t.root.classList.toggle('other', changed);
    t.changed.hidden = !changed;
    t.changed.textContent = changed ? `Not the device that you verified as ${x.name}` : '';
    t.verify.hidden = x.self || x.state !== 'keyed' || x.trust === 'verified';
    t.verify.textContent = changed ? 'Verify again' : 'Verify';
    const epoch = x.epoch > 0 ? `epoch ${x.epoch}${x.why ? ` · ${x.why}` : ''}` : '';
    if (t.epoch.textContent !== epoch && t.epoch.textContent !== '') {
      t.root.classList.remove('fresh');
      requestAnimationFrame(() => t.root.classList.add('fresh'));
    }
    t.epoch.textContent = epoch;
    t.epoch.hidden = epoch === '';
    t.lost.hidden = x.lost === 0;
    t.lost.textContent = `${x.lost} lost`;
  }
}
