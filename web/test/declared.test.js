/* Each module exports what its declarations declare, no more and no less. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';

const root = new URL('../keyroom/', import.meta.url);
const {exports} = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

for (const [name, entry] of Object.entries(exports).filter(([, e]) => e.types)) {
  test(`the declarations of ${name}`, async () => {
    const text = readFileSync(new URL(entry.types, root), 'utf8');
    const declared = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map((m) => m[1]);
    const module = await import(new URL(entry.default, root));
    assert.deepEqual(Object.keys(module).sort(), [...new Set(declared)].sort());
  });
}
