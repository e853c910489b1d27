import { fileURLToPath } from 'node:url'

/** @type {import('next').NextConfig} */
const config = {
  // Only because this example imports the sources beside it: in a package of yours 'onceward' is installed, and this goes.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
}

export default config
