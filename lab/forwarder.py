"""Plays the video bridge on loopback: passes every frame to everybody else, in order, and drops none.

A message is a u32 length (big-endian, of what follows), a u8 length and the sender's name, a u8 track, and the frame. The
first message of a client names it and carries an empty frame; later ones are stamped with that name whatever they claim, as
a bridge knows whose track it is. It sees ciphertext only.

    forwarder.py [--port N] [--history N]      prints `port N`, then serves until it is killed
"""

import argparse
import asyncio
import collections
import struct

MESSAGE_MAX = 1 << 20
QUEUE_MAX = 4096  # messages held for one slow receiver; then its senders wait


class Client:
    def __init__(self, name):
        self.name = name
        self.queue = asyncio.Queue(QUEUE_MAX)


class Forwarder:
    def __init__(self, history):
        self.clients = set()
        self.history = collections.deque(maxlen=history)

    async def read(self, reader):
        """One message as (name, track and frame)."""
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if not 2 <= length <= MESSAGE_MAX:
            raise ValueError("length")
        body = await reader.readexactly(length)
        end = 1 + body[0]
        if end + 1 > length:
            raise ValueError("name")
        return body[1:end], body[end:]

    async def serve(self, reader, writer):
        client = pump = None
        try:
            name, _ = await self.read(reader)
            client = Client(name)
            for message in self.history:
                if client.queue.full():
                    break
                client.queue.put_nowait(message)
            self.clients.add(client)
            pump = asyncio.create_task(self.write(client, writer))
            stamp = bytes([len(name)]) + name
            while True:
                _, rest = await self.read(reader)
                message = struct.pack(">I", len(stamp) + len(rest)) + stamp + rest
                self.history.append(message)
                for other in list(self.clients):
                    # A receiver may go while we wait for room in its queue; its pump then empties it.
                    if other is not client and other in self.clients:
                        await other.queue.put(message)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            self.clients.discard(client)
            if pump is not None:
                pump.cancel()
                while not client.queue.empty():
                    client.queue.get_nowait()
            writer.close()

    async def write(self, client, writer):
        try:
            while True:
                writer.write(await client.queue.get())
                await writer.drain()
        except ConnectionError:
            self.clients.discard(client)
            while True:  # nobody may wait for a receiver that is gone
                await client.queue.get()


async def run(port, history):
    forwarder = Forwarder(history)
    server = await asyncio.start_server(forwarder.serve, "127.0.0.1", port)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description="Passes frames between participants on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--history", type=int, default=0, help="the last N messages are played to each newcomer")
    args = parser.parse_args()
    try:
        asyncio.run(run(args.port, args.history))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
