/* A picture and a tone that are made here, for machines without a camera and for meetings with oneself. */
const WIDTH = 320, HEIGHT = 240, FPS = 15;

export function hue(name) {
  return Array.from(name).reduce((h, c) => (h * 31 + c.codePointAt(0)) % 360, 7);
}

export function generated(name) {
  const canvas = Object.assign(document.createElement('canvas'), {width: WIDTH, height: HEIGHT});
  const c = canvas.getContext('2d'), h = hue(name);
  let n = 0;
  const draw = () => {
    n++;
    const back = c.createLinearGradient(0, 0, WIDTH, HEIGHT);
    back.addColorStop(0, `hsl(${h} 55% 32%)`);
    back.addColorStop(1, `hsl(${(h + 50) % 360} 60% 18%)`);
    c.fillStyle = back;
    c.fillRect(0, 0, WIDTH, HEIGHT);
    c.fillStyle = `hsl(${h} 80% 75% / 0.25)`;
    for (let i = 0; i < 5; i++) {
      const a = n / 25 + i * 1.257;
      c.beginPath();
      c.arc(WIDTH / 2 + 90 * Math.cos(a), HEIGHT / 2 + 55 * Math.sin(a * 1.3), 26 + 8 * Math.sin(a * 2), 0, 7);
      c.fill();
    }
    c.fillStyle = '#fff';
    c.font = '600 64px system-ui, sans-serif';
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.fillText((Array.from(name)[0] ?? '?').toUpperCase(), WIDTH / 2, HEIGHT / 2);
  };
  draw();
  const timer = setInterval(draw, 1000 / FPS);
  const audio = new AudioContext(), tone = audio.createOscillator(), quiet = audio.createGain();
  const out = audio.createMediaStreamDestination();
  tone.frequency.value = 180 + h;
  quiet.gain.value = 0.05;
  tone.connect(quiet).connect(out);
  tone.start();
  const stream = new MediaStream([...canvas.captureStream(FPS).getTracks(), ...out.stream.getTracks()]);
  return {
    stream,
    stop() {
      clearInterval(timer);
      stream.getTracks().forEach((track) => track.stop());
      audio.close();
    },
  };
}
