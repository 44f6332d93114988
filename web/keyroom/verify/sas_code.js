/* What two people compare (docs/protocol.md 12.2.4): seven pictures of Matrix's table of 64, or three numbers. */
const TABLE = [
  ['🐶', 'Dog'], ['🐱', 'Cat'], ['🦁', 'Lion'], ['🐎', 'Horse'], ['🦄', 'Unicorn'], ['🐷', 'Pig'], ['🐘', 'Elephant'],
  ['🐰', 'Rabbit'], ['🐼', 'Panda'], ['🐓', 'Rooster'], ['🐧', 'Penguin'], ['🐢', 'Turtle'], ['🐟', 'Fish'],
  ['🐙', 'Octopus'], ['🦋', 'Butterfly'], ['🌷', 'Flower'], ['🌳', 'Tree'], ['🌵', 'Cactus'], ['🍄', 'Mushroom'],
  ['🌏', 'Globe'], ['🌙', 'Moon'], ['☁️', 'Cloud'], ['🔥', 'Fire'], ['🍌', 'Banana'], ['🍎', 'Apple'],
  ['🍓', 'Strawberry'], ['🌽', 'Corn'], ['🍕', 'Pizza'], ['🎂', 'Cake'], ['❤️', 'Heart'], ['🙂', 'Smiley'],
  ['🤖', 'Robot'], ['🎩', 'Hat'], ['👓', 'Glasses'], ['🔧', 'Spanner'], ['🎅', 'Santa'], ['👍', 'Thumbs Up'],
  ['☂️', 'Umbrella'], ['⌛', 'Hourglass'], ['⏰', 'Clock'], ['🎁', 'Gift'], ['💡', 'Light Bulb'], ['📕', 'Book'],
  ['✏️', 'Pencil'], ['📎', 'Paperclip'], ['✂️', 'Scissors'], ['🔒', 'Lock'], ['🔑', 'Key'], ['🔨', 'Hammer'],
  ['☎️', 'Telephone'], ['🏁', 'Flag'], ['🚂', 'Train'], ['🚲', 'Bicycle'], ['✈️', 'Aeroplane'], ['🚀', 'Rocket'],
  ['🏆', 'Trophy'], ['⚽', 'Ball'], ['🎸', 'Guitar'], ['🎺', 'Trumpet'], ['🔔', 'Bell'], ['⚓', 'Anchor'],
  ['🎧', 'Headphones'], ['📁', 'Folder'], ['📌', 'Pin'],
];

/* Of 6 bytes: {emoji: 7 indices, numbers: 3}. */
export function sasCode(bytes) {
  const bits = bytes.reduce((n, b) => n * 256n + BigInt(b), 0n); /* 48: the first 42, the first 39 */
  const at = (shift, mask) => Number(bits >> BigInt(shift) & mask);
  return {
    emoji: [42, 36, 30, 24, 18, 12, 6].map((shift) => at(shift, 63n)),
    numbers: [35, 22, 9].map((shift) => at(shift, 8191n) + 1000),
  };
}

/* {picture, name} */
export function emojiOf(index) {
  const [picture, name] = TABLE[index];
  return {picture, name};
}
