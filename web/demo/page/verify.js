/* Two people compare a code, in a dialog: who asks, the pictures and numbers, and what came of it. */
const at = (id) => document.getElementById(id);
const element = (tag, text, more = {}) => Object.assign(document.createElement(tag), {textContent: text, ...more});

const WORDS = {
  timeout: 'Nobody answered in time.', user: 'The other side did not want to go on.', gone: 'They have left.',
  tries: 'It was tried too often in this meeting.', busy: 'They are busy with another one.',
};

export class Verify {
  #meeting;
  #who = null;
  #box = at('verifyBox');

  constructor(meeting) {
    this.#meeting = meeting;
    meeting.addEventListener('verify', ({detail}) => this.#heard(detail));
    this.#box.oncancel = () => this.#cancel(); /* Escape */
  }

  begin(participant) {
    this.#who = participant;
    this.#show(`Verify ${participant}`, `Waiting for ${participant} to agree …`, [['Cancel', () => this.#cancel()]]);
    this.#meeting.verify(participant);
  }

  close() {
    this.#who = null;
    this.#box.close();
  }

  /* buttons: [text, what it does, class]; code: what to compare. tone: how it ended, good or bad. */
  #show(title, text, buttons, code = null, tone = '') {
    at('verifyTitle').textContent = title;
    at('verifyText').textContent = text;
    at('emoji').hidden = at('numbers').hidden = code === null;
    at('emoji').replaceChildren(...(code?.emoji ?? []).map(({picture, name}) => {
      const item = document.createElement('li');
      item.append(element('b', picture), element('span', name));
      return item;
    }));
    at('numbers').replaceChildren(...(code?.numbers ?? []).map((n) => element('span', String(n))));
    at('verifyButtons').replaceChildren(...buttons.map(([label, act, className = '']) => element('button', label, {className, onclick: act})));
    this.#box.dataset.tone = tone;
    if (!this.#box.open)
      this.#box.showModal();
  }

  #answer(same) {
    const who = this.#who;
    if (same)
      this.#show(`Verify ${who}`, `Waiting for ${who} to say the same …`, [['Cancel', () => this.#cancel()]]);
    this.#meeting.answer(who, same);
  }

  #cancel() {
    if (this.#who !== null)
      this.#meeting.cancelVerify(this.#who);
    this.close();
  }

  #heard({step, participant, emoji, numbers, reason}) {
    if (step === 'asked' && this.#who !== null && this.#who !== participant)
      return; /* it waits; one at a time is enough for a person */
    if (step !== 'asked' && participant !== this.#who)
      return;
    this.#who = participant;
    const over = [['Close', () => this.close(), 'primary']];
    switch (step) {
    case 'asked':
      this.#show(`${participant} wants to verify`, 'You will both see seven pictures, to be compared aloud.', [
        ['Not now', () => this.#cancel()], ['Compare', () => this.#meeting.verify(participant), 'primary'],
      ]);
      break;
    case 'code':
      this.#show(`Does ${participant} see the same?`, 'Read the pictures, or the numbers, to each other.', [
        ['They differ', () => this.#answer(false), 'danger'], ['They are the same', () => this.#answer(true), 'primary'],
      ], {emoji, numbers});
      break;
    case 'verified':
      this.#show(`${participant} is verified`, 'This device is theirs. It stays verified in later meetings.', over, null, 'good');
      break;
    case 'mismatch':
      this.#show('The codes differ', `Somebody between you and ${participant} may be reading along. Say nothing here that must stay between you.`,
                 over, null, 'bad');
      break;
    case 'ended':
      this.#show('Not verified', WORDS[reason] ?? `It was broken off (${reason}).`, over);
      break;
    }
  }
}
