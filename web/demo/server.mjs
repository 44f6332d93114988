/* Serves the demo on loopback: the page, its modules as they stand in the tree, the forwarding unit's signalling, and the lab's
 * frame forwarder as a WebSocket.
 *
 *   node server.mjs '{"port": 0, "websocket": "ws://…", "room": "…", "service": "…", "domain": "…", "forwarder": 1234}'
 *
 * prints `port N`, and serves until it is killed. */
import {createHash} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import {createServer} from 'node:http';
import {createRequire} from 'node:module';
import {connect} from 'node:net';
import {dirname, extname, join, normalize, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import {WebSocketServer} from 'ws';
import {Sfu} from './sfu.mjs';

const BODY_MAX = 200_000, MESSAGE_MAX = 1 << 20;
const here = dirname(fileURLToPath(import.meta.url)), web = dirname(here);
const config = JSON.parse(process.argv[2]);
const olm = dirname(createRequire(import.meta.url).resolve('@matrix-org/olm'));

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css',
  '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
};
/* URL prefix: folder */
const folders = {
  '/keyroom/': join(web, 'keyroom'), '/jitsi/': join(web, 'jitsi'), '/noble/ed25519/': join(web, 'node_modules/@noble/ed25519'),
  '/noble/hashes/': join(web, 'node_modules/@noble/hashes/esm'), '/strophe/': join(web, 'node_modules/strophe.js/dist'),
  '/olm/': olm, '/test/': join(web, 'test/browser'), '/': join(here, 'page'),
};
const headers = {'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store'};

/* Olm is WebAssembly; the one inline script is the import map, which is named by its hash. */
function policy(html) {
  const inline = /<script type="importmap">([^]*?)<\/script>/.exec(html);
  const hash = inline === null ? '' : ` 'sha256-${createHash('sha256').update(inline[1]).digest('base64')}'`;
  return `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'${hash}; style-src 'self'; img-src 'self' data:; ` +
    `connect-src 'self' ws://127.0.0.1:* http://127.0.0.1:*; media-src 'self' blob:`;
}

const sfu = new Sfu();

async function serveFile(path, response) {
  const [prefix, folder] = Object.entries(folders).find(([p]) => path.startsWith(p));
  const file = normalize(join(folder, path.slice(prefix.length) || 'index.html'));
  const info = file.startsWith(folder + sep) ? await stat(file).catch(() => null) : null;
  if (info === null || !info.isFile()) {
    response.writeHead(404, headers).end();
    return;
  }
  const bytes = await readFile(file), type = types[extname(file)] ?? 'application/octet-stream';
  const more = extname(file) === '.html' ? {'Content-Security-Policy': policy(bytes.toString())} : {};
  response.writeHead(200, {...headers, ...more, 'Content-Type': type});
  response.end(bytes);
}

async function body(request) {
  const parts = [];
  let len = 0;
  for await (const part of request) {
    len += part.length;
    if (len > BODY_MAX)
      throw new Error('too large');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

function json(response, value) {
  response.writeHead(value === null ? 404 : 200, {...headers, 'Content-Type': 'application/json'});
  response.end(JSON.stringify(value));
}

function events(room, response) {
  response.writeHead(200, {...headers, 'Content-Type': 'text/event-stream'});
  const end = sfu.watch(room, (names) => response.write(`data: ${JSON.stringify(names)}\n\n`));
  response.on('close', end);
}

async function signal(path, url, request, response) {
  const asked = request.method === 'POST' ? await body(request) : null;
  if (path === '/sfu/publish' && asked)
    json(response, {sdp: await sfu.publish(asked.room, asked.name, asked.sdp)});
  else if (path === '/sfu/subscribe' && asked)
    json(response, await sfu.subscribe(asked.room, asked.name, asked.sdp).then((sdp) => sdp && {sdp}));
  else if (path === '/sfu/leave' && asked)
    json(response, {left: sfu.leave(asked.room, asked.name) === undefined});
  else if (path === '/sfu/events')
    events(url.searchParams.get('room'), response);
  else if (path === '/sfu/tapped')
    json(response, sfu.tapped(url.searchParams.get('room'), url.searchParams.get('name'), url.searchParams.get('kind'))
      ?.map(({payload, marker}) => ({payload: payload.toString('base64'), marker})) ?? null);
  else
    json(response, null);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const {port: _, ...told} = config;
  const done = path === '/config' ? json(response, told) : path.startsWith('/sfu/') ? signal(path, url, request, response)
                                                         : serveFile(path, response);
  Promise.resolve(done).catch((error) => {
    console.error(error);
    response.destroy();
  });
});

/* Binary messages are those of the forwarder, without their length in front. */
const relay = new WebSocketServer({server, path: '/relay', maxPayload: MESSAGE_MAX});
relay.on('connection', (socket) => {
  const line = connect(config.forwarder, '127.0.0.1');
  let held = Buffer.alloc(0);
  line.setNoDelay(true);
  socket.on('message', (data) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    line.write(Buffer.concat([length, data]));
  });
  line.on('data', (data) => {
    held = Buffer.concat([held, data]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0);
      socket.send(held.subarray(4, end));
      held = held.subarray(end);
    }
  });
  socket.on('close', () => line.destroy());
  line.on('close', () => socket.close());
  line.on('error', () => socket.close());
});

server.listen(config.port ?? 0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
