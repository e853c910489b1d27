import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

/**
 * Files whose imports take longer than their tests: each worker loads them once. Nothing here changes anything of the
 * process as a whole, and no test knows which others ran before it.
 */
const sharing = [
  'src/kernel',
  'src/ledger',
  'test/bad-input',
  'test/browser',
  'test/grpc',
  'test/http/defects',
  'test/integrity',
  'test/outbound',
  'test/reconcile',
  'test/rules',
].map((folder) => `${folder}/**/*.test.ts`)

// Workers, and the processes that tests start, compile what they load once: that is most of what a short one costs.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled')

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          // Tests open databases, spawn and kill processes: each file gets a process of its own.
          name: 'own',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...sharing],
        },
      },
      { extends: true, test: { name: 'sharing', include: sharing, isolate: false } },
    ],
    pool: 'forks',
    // Half of their time is waiting, for leases, answers and processes that start: three files share two cores well.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One embedded PostgreSQL for the whole run, started when the first test asks for it.
    globalSetup: ['./test/support/global-setup.ts'],
    reporters: ['default', './scripts/skip-reporter.ts'],
  },
})

export default config
