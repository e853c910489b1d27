import { describe, expect, it } from 'vitest'
import type { Runtime } from '../../src/kernel/runtime.ts'
import type { Store } from '../../src/ledger/store.ts'
import { ledgerMutants } from '../../src/testing/mutants.ts'
import { filesBelow, readText } from '../support/repo.ts'

const files = filesBelow('test/rules', /rule-\d\d-.*\.test\.ts$/)

/** The sentences about rules whose scenarios are declared to catch a mutant. */
function testsOf(id: string): string[] {
  return files.filter((path) => readText(path).includes(`'${id}'`))
}

describe('the mutants of the ledger', () => {
  it('are known by ids that no two share', () => {
    const ids = ledgerMutants.map((mutant) => mutant.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(ledgerMutants.filter(({ store }) => store !== undefined))(
    'that wrap a store pass on the lineage that a write names: $id',
    async ({ store: wrap }) => {
      const lineage = { epoch: 7, nonce: 'n' }
      const named: unknown[] = []
      const answer = (_requests: unknown, given: unknown): Promise<never> => {
        named.push(given)
        return Promise.resolve({ nowMs: 0, results: [] } as never)
      }
      const read = (): Promise<never> => Promise.resolve({ nowMs: 0, results: [] } as never)
      const inner = { claim: answer, settle: answer, renew: answer, read } as unknown as Store
      const broken = wrap?.(inner, { wallMs: () => 0 } as Runtime) as Store
      for (const method of ['claim', 'settle', 'renew'] as const) await broken[method]([], lineage)
      expect(named.filter((one) => one !== lineage)).toEqual([])
    },
  )

  it('leave no rule without one', () => {
    const rules = new Set(ledgerMutants.map((mutant) => mutant.rule))
    expect([...rules]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  })

  it.each(ledgerMutants)('break something: $id', (mutant) => {
    expect(mutant.rules ?? mutant.store ?? mutant.runtime).toBeDefined()
    expect(mutant.breaks).not.toBe('')
  })

  it.each(ledgerMutants)('are caught by a test of the rule they break: $id', ({ id, rule }) => {
    const own = `test/rules/rule-${String(rule).padStart(2, '0')}-`
    expect(testsOf(id).filter((path) => path.startsWith(own))).not.toEqual([])
  })

  it('are listed in the README of this folder, with the tests that catch them', () => {
    const rows = ledgerMutants.map(({ id, rule, breaks }) => {
      const tests = testsOf(id).map((path) => {
        const name = path.replace('test/rules/', '')
        return `[${name.slice(5, 7)}](${name})`
      })
      return `| ${rule} | \`${id}\` | ${breaks} | ${tests.join(' ')} |`
    })
    const lines = readText('test/rules/README.md').split('\n')
    const listed = lines.filter((line) => /^\| \d/.test(line)).map((line) => line.replaceAll(/ +/g, ' '))
    expect(listed).toEqual(rows)
  })
})
