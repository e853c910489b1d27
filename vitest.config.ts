import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Tests open databases, spawn and kill processes: each file gets a process of its own.
    pool: 'forks',
    // Much of their time is waiting for leases and for processes to start, so two files share two cores well.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One embedded PostgreSQL for the whole run, started when the first test asks for it.
    globalSetup: ['./test/support/global-setup.ts'],
    reporters: ['default', './scripts/skip-reporter.ts'],
  },
})

export default config
