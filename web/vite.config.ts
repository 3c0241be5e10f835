import { defineConfig } from 'vite';

// The address of a running Muster, for `npm run dev`.
const server = 'https://localhost:4443';

export default defineConfig({
  // The SDK was written for bundlers that provide Node's `global`.
  define: { global: 'globalThis' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The SDK alone is larger than the default warning limit, and the page needs all of it at once.
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: {
      '/call': { target: server, secure: false },
      '/openvidu': { target: server, secure: false, ws: true },
    },
  },
});
