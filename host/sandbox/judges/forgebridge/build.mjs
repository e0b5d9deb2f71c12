// Bundles the app with Atlassian's package, as the build of an app does: node build.mjs FILE.
import { build } from 'esbuild-wasm';

await build({
  entryPoints: ['app.js'],
  outfile: process.argv[2],
  bundle: true,
  format: 'iife',
  target: 'es2020',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
  logLevel: 'warning',
});
