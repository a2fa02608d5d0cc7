// Bundles the command into dist/: one entry, chunks for what a command loads late.
import { cpSync, mkdirSync } from 'node:fs';
import { build } from 'esbuild';

const out = process.argv[2] ?? 'dist';

await build({
  entryPoints: { httptrace: 'cli/main.ts' },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'lib/[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // WebAssembly that is read from beside its module.
  external: ['iced-x86'],
  // CommonJS packages inside an ES module still call require.
  banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
  logLevel: 'warning',
});

const iced = `${out}/node_modules/iced-x86`;
mkdirSync(iced, { recursive: true });
for (const file of ['package.json', 'iced_x86.js', 'iced_x86_bg.wasm', 'LICENSE.txt']) {
  cpSync(`node_modules/iced-x86/${file}`, `${iced}/${file}`);
}
