import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { longest } from '../support/longest-first.ts'
import { filesBelow, readText, root } from '../support/repo.ts'

const maxLines = 400
const sources = filesBelow('src', /\.ts$/).filter((path) => !/\.test(-d)?\.ts$/.test(path))

describe('the sources', () => {
  it(`have at most ${maxLines} lines each`, () => {
    const long = filesBelow('src', /\.ts$/).filter((path) => readText(path).split('\n').length - 1 > maxLines)
    expect(long).toEqual([])
  })

  it('have names in kebab-case', () => {
    expect(filesBelow('src', /\.ts$/).filter((path) => !/^[a-z0-9/.-]+$/.test(path))).toEqual([])
  })
})

describe('the repository', () => {
  it('has the test files that are begun first', () => {
    const files = new Set(['examples', 'src', 'test'].flatMap((folder) => filesBelow(folder, /\.test\.ts$/)))
    expect(longest.filter((path) => !files.has(path))).toEqual([])
  })

  it('holds text alone: what is not was made by a program, and a program can make it again', (context) => {
    const listed = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    if (listed.status !== 0) return context.skip('this is no git checkout')
    // Sources of example bundles are packed; that they are made again to the letter is tested beside them.
    const packed = /^examples\/incidents\/[\w-]+\/[\w-]+\.csv\.gz$/
    const paths = listed.stdout.split('\0').filter((path) => path !== '' && !packed.test(path))
    expect(paths.filter((path) => readText(path).includes('\0'))).toEqual([])
  })
})

/** A simulation drives kernel and ledger: time, chance and the process come in from outside, or not at all. */
describe('kernel and ledger take time, timers, chance and the process from outside', () => {
  const forbidden = [
    /\bDate\s*\.\s*now\b/,
    /\bnew\s+Date\s*\(\s*\)/,
    /(?<!new\s)(?<![.\w])Date\s*\(/,
    /(?<![.\w])performance\b/,
    /\b(setTimeout|setInterval|setImmediate)\b/,
    /\bMath\s*\.\s*random\b/,
    /\bAbortSignal\s*\.\s*timeout\b/,
    /\bcrypto\s*\.\s*(randomBytes|randomUUID|randomInt|getRandomValues)\b/,
    /\bimport\s*\{[^}]*\brandom\w+[^}]*\}\s*from\s*['"](node:)?crypto['"]/,
    /(?<![.\w])process\s*[.[]/,
    /['"](node:)?(timers|timers\/promises|perf_hooks|process)['"]/,
  ]
  const pure = sources.filter((path) => /^src\/(kernel|ledger)\//.test(path))

  it('and there is something to look at', () => {
    expect(pure.length).toBeGreaterThan(5)
  })

  it.each(pure)('%s', (path) => {
    const code = withoutComments(readText(path))
    const found = forbidden.flatMap((pattern) => code.match(pattern)?.[0] ?? [])
    expect(found).toEqual([])
  })
})

/** Rough, and right for this code: no string here holds what looks like the start of a comment but a URL's `://`. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '')
}
