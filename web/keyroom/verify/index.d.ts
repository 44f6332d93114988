/** The part of the client that verifies: given to it as the event `part`. `keyroom/page` loads it by itself. */
export const part: object;
