import { defineConfig } from 'vite';

// The script for pages of applications: one file, under a name that stays, beside the call page.
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    lib: {
      entry: 'src/reporter/script.ts',
      formats: ['iife'],
      name: 'MusterIceReporter',
      fileName: () => 'muster/ice-reporter.js',
    },
  },
});
