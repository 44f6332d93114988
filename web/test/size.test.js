/* What a page and its worker load, without what they bring themselves (Olm, strophe.js). */
import assert from 'node:assert/strict';
import {basename} from 'node:path';
import {test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const KB = 1024, BUDGET = 46 * KB;

/* What is loaded with the entry, and what only `import()` brings. */
async function sizeOf(entry) {
  const {outputFiles, metafile} = await build({
    entryPoints: [new URL(`../keyroom/page/${entry}.js`, import.meta.url).pathname], bundle: true, minify: true, format: 'esm', write: false,
    splitting: true, outdir: '/', metafile: true,
  });
  const outputs = Object.values(metafile.outputs);
  const later = new Set(outputs.flatMap((o) => o.imports).filter((i) => i.kind === 'dynamic-import').map((i) => basename(i.path)));
  const sum = (files) => files.map(({contents}) => [contents.length, gzipSync(contents, {level: 9}).length]).reduce(
    (all, [minified, compressed]) => ({minified: all.minified + minified, compressed: all.compressed + compressed}), {minified: 0, compressed: 0});
  const isLater = ({path}) => later.has(basename(path));
  return {...sum(outputFiles.filter((f) => !isLater(f))), later: sum(outputFiles.filter(isLater))};
}

test('a page loads less than 46 KB, compressed, worker included; what verifies is not among it', async (t) => {
  const page = await sizeOf('index'), worker = await sizeOf('worker');
  t.diagnostic(`page ${page.minified} bytes minified, ${page.compressed} compressed`);
  t.diagnostic(`worker ${worker.minified} bytes minified, ${worker.compressed} compressed`);
  t.diagnostic(`what verifies, loaded when it is wanted: ${page.later.minified} bytes minified, ${page.later.compressed} compressed`);
  assert.ok(page.later.minified > 5000);
  assert.ok(page.compressed + worker.compressed < BUDGET);
});

test('nothing is brought in that the page brings, and nothing of Node', async () => {
  for (const entry of ['index', 'worker']) {
    const {metafile} = await build({
      entryPoints: [new URL(`../keyroom/page/${entry}.js`, import.meta.url).pathname], bundle: true, format: 'esm', write: false,
      metafile: true,
    });
    const packages = new Set(Object.keys(metafile.inputs).flatMap((path) => /node_modules\/(@?[^/]+\/?[^/]*)/.exec(path)?.[1] ?? []));
    assert.deepEqual([...packages].sort(), entry === 'index' ? ['@noble/ed25519', '@noble/hashes'] : []);
  }
});
