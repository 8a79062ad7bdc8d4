import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The service's address is known only where it runs: assets find each other by relative addresses, and the page's
// template reads from the manifest what to load first.
export default defineConfig({
  base: "./",
  plugins: [react()],
  publicDir: false,
  build: {
    outDir: "../../../hub_extension/dotscience_hub/web/static/app",
    emptyOutDir: true,
    manifest: "manifest.json",
    rollupOptions: { input: "src/main.tsx" },
    // A strict Content-Security-Policy knows no data: addresses.
    assetsInlineLimit: 0,
  },
});
