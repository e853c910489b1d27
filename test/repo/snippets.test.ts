import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { codeSpecifiers, documents, manifest, readText, root } from '../support/repo.ts'
import { run } from '../support/run.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Snippet {
  /** `docs/guide.md:31`, where the snippet's first line stands. */
  readonly place: string
  readonly code: string
  /** The type declarations of the document's earlier snippets, which this one may use. */
  readonly declared: string
}

const isForPages = ({ code }: Snippet): boolean => code.includes(`'${manifest.name}/browser'`)
const services = { lib: ['es2024'], globals: ['snippet-globals.d.ts'] }
const pages = {
  lib: ['es2024', 'dom', 'dom.iterable'],
  globals: ['snippet-globals.d.ts', 'snippet-globals-pages.d.ts'],
}

it.for([
  ['services', services],
  ['pages', pages],
] as const)(
  'every TypeScript snippet of the documents for %s compiles against the sources',
  { timeout: 60_000 },
  async ([whose, types]) => {
    const snippets = documents()
      .flatMap(snippetsOf)
      .filter((snippet) => isForPages(snippet) === (whose === 'pages'))
    expect(snippets).not.toEqual([])
    const directory = temporaryDirectory()
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    mkdirSync(join(directory, 'snippets'))
    for (const snippet of snippets) writeFileSync(join(directory, fileOf(snippet.place)), textOf(snippet))
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(compilerConfiguration(types)))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const done = await run(process.execPath, [tsc, '--project', directory, '--pretty', 'false'], {
      cwd: directory,
    })
    expect(named(done.stdout, snippets)).toBe('')
  },
)

/** The fenced blocks whose language is exactly `ts` or `typescript`. */
function snippetsOf(document: string): Snippet[] {
  const text = readText(document)
  let declared = ''
  return [...text.matchAll(/^( *)```(?:ts|typescript)\n([\s\S]*?)^\1```/gm)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length + 1
    const snippet = { place: `${document}:${line}`, code: match[2] ?? '', declared }
    if (/^(interface|type) /.test(snippet.code.trimStart())) declared += snippet.code
    return snippet
  })
}

function textOf({ code, declared }: Snippet): string {
  return `${declared}${code}\nexport {}\n`
}

function compilerConfiguration({ lib, globals }: typeof services): object {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      lib,
      noUnusedLocals: false,
      noUnusedParameters: false,
      isolatedDeclarations: false,
      declaration: false,
      paths: Object.fromEntries(codeSpecifiers.map((specifier) => [specifier, sourceOf(specifier)])),
    },
    include: ['snippets', ...globals.map((name) => join(root, 'test', 'repo', name))],
  }
}

function sourceOf(specifier: string): string[] {
  const entry = manifest.exports[`.${specifier.slice(manifest.name.length)}`]
  if (typeof entry !== 'object') throw new Error(`package.json does not export ${specifier}`)
  return [join(root, entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))]
}

function fileOf(place: string): string {
  return join('snippets', `${place.replaceAll(/[^a-z0-9]+/gi, '-')}.ts`)
}

/** The compiler's output, with the document's own lines. */
function named(output: string, snippets: readonly Snippet[]): string {
  return snippets.reduce((text, { place, declared }) => {
    const [document = '', start] = place.split(':')
    const pattern = new RegExp(`${fileOf(place).replaceAll('.', '\\.')}\\((\\d+),`, 'g')
    const offset = Number(start) - declared.split('\n').length
    return text.replaceAll(pattern, (_, line: string) => `${document}:${offset + Number(line)} (`)
  }, output)
}
