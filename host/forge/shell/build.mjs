// Puts Atlassian's bridge and our half of it into one file: npm run build.
import { build } from 'esbuild-wasm';

await build({
  entryPoints: ['src/bridge.js'],
  outfile: 'static/ui/bridge.js',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
  legalComments: 'inline',
  logLevel: 'warning',
});
