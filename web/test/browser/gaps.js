/* Frames of epochs that were announced to a participant, and that it could not open for want of a key. */
export async function gapsOf(p) {
  const {received} = await p.counts();
  const told = new Set((await p.said('epoch', {phase: 'announced'})).map((e) => String(e.epoch)));
  let gaps = 0;
  for (const {lacking} of Object.values(received))
    for (const [epoch, n] of Object.entries(lacking))
      gaps += told.has(epoch) ? n : 0;
  return gaps;
}
