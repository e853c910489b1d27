import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take ten seconds and more, wherever they stand in their folders. Begun last, one of them would go on alone
 * when all others are done. The order in the list does not matter; test/repo holds it to files that are there.
 */
export const longest: readonly string[] = [
  'examples/toy-store/toy-store.test.ts',
  'src/testing/embedded-postgres.test.ts',
  'src/testing/postgres-pair/pair.test.ts',
  'test/contract/checks.test.ts',
  'test/contract/cli.test.ts',
  'test/contract/express-idempotency.test.ts',
  'test/crash/each-await-postgres.test.ts',
  'test/crash/each-await-sqlite.test.ts',
  'test/crash/stop-each-await.test.ts',
  'test/drills/cli.test.ts',
  'test/drills/holds-postgres.test.ts',
  'test/drills/holds-sqlite.test.ts',
  'test/drills/mutants.test.ts',
  'test/e2e/cli-gateway.test.ts',
  'test/e2e/cli-run.test.ts',
  'test/e2e/demo-postgres.test.ts',
  'test/e2e/demo.test.ts',
  'test/http/engine-stores.test.ts',
  'test/model/postgres-model.test.ts',
  'test/model/store-model.test.ts',
  'test/package/package.test.ts',
  'test/simulation/cli.test.ts',
  'test/simulation/seeds.test.ts',
]

/**
 * The longest files first, on a fresh clone too, where vitest knows no times yet. Then the others as vitest has them,
 * and in the end, one after the other, those that share a worker and what it has loaded: they are short.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => turnOf(a) - turnOf(b))
  }
}

function turnOf({ moduleId, project }: TestSpecification): number {
  if (longest.some((path) => moduleId.endsWith(`/${path}`))) return 0
  return project.config.isolate ? 1 : 2
}
