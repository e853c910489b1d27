import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Prints why each skipped test was skipped, and ends with one plain line of counts. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()])
    const skipped = cases.filter((test) => test.result().state === 'skipped')
    // Where a hook failed, the failure is the reason and has been printed.
    const chosen = skipped.filter((test) => test.module.errors().length === 0)
    for (const test of chosen)
      console.log(`skipped: ${test.module.relativeModuleId} > ${test.fullName}: ${reasonOf(test)}`)
    const passed = cases.filter((test) => test.result().state === 'passed').length
    const failedFiles = modules.filter((module) => module.errors().length > 0).length
    const failed = cases.filter((test) => test.result().state === 'failed').length + failedFiles
    if (skipped.length > 0) console.log(`${skipped.length} skipped`)
    console.log(`${passed} passed, ${failed} failed`)
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result()
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given'
}

// vitest loads a reporter by its default export.
export { SkipReporter as default }
