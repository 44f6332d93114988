/* Where there is no Chromium, the tests in it are skipped and say so, in the words that CMakeLists.txt listens for; so does the demo. */
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = (...args) => spawnSync(process.execPath, args, {encoding: 'utf8', env: {...process.env, KR_CHROMIUM: 'none', NODE_TEST_CONTEXT: undefined}});
const [, listened] = /SKIP_REGULAR_EXPRESSION "([^"]+)"/.exec(readFileSync(here('../CMakeLists.txt'), 'utf8'));

test('without a Chromium all of them are skipped, and say why', () => {
  const {stdout, status} = run('--test', ...readdirSync(here('browser')).filter((name) => name.endsWith('.test.js')).map((name) => here(`browser/${name}`)));
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(listened));
  const [, tests] = /^# tests (\d+)$/m.exec(stdout), [, skipped] = /^# skipped (\d+)$/m.exec(stdout);
  assert.ok(Number(tests) > 30);
  assert.equal(skipped, tests);
});

test('the demo goes on without browsers, and says so', () => {
  const {stdout, status} = run(here('../demo/five.mjs'), 'http://localhost:1/', '/nowhere');
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), {event: 'none', why: 'there is no Chromium here'});
});
