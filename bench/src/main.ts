// npm run bench: see arguments.ts for what it can do.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Command, parseCommand, usage, UsageError } from './arguments.ts'
import { serverTable } from './control-room/result.ts'
import { runServerBench } from './control-room/run.ts'
import { filesTable } from './files/result.ts'
import { runFilesBench } from './files/run.ts'
import { allCells, cellId } from './cells.ts'
import { runLeak } from './leak.ts'
import { buildDir, measuresOtherSources, type ProductForm, rootDir } from './product.ts'
import { profile } from './profile.ts'
import { say } from './progress.ts'
import { render } from './render.ts'
import {
  filesFile,
  lastRunFile,
  readFiles,
  resultsFile,
  serverFile,
  readTriage,
  type Results,
  runsDir,
  triageFile,
  writeJson,
} from './results.ts'
import { runSuite } from './suite.ts'
import { tables } from './tables.ts'
import { isHeldOut } from './triage/generator.ts'
import { triageTable } from './triage/result.ts'
import { runTriageBench, showCases } from './triage/run.ts'

const full = { rounds: 3, window: { warmMs: 400, measureMs: 1200 } }
const quick = { rounds: 1, window: { warmMs: 100, measureMs: 250 } }

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(usage)
      return 0
    case 'list':
      for (const cell of allCells()) console.log(cellId(cell))
      return 0
    case 'render':
      render()
      return 0
    case 'leak':
      build(command.form)
      return (await runLeak(command)) ? 0 : 1
    case 'profile':
      build(command.form)
      await profile(command)
      return 0
    case 'files': {
      build(command.form)
      const result = await runFilesBench({ ...command, ...(command.isQuick ? quick : full) })
      console.log(filesTable([result]))
      if (command.isQuick || command.form !== 'build') return 0
      // One run of each size is kept.
      const others = readFiles().filter(({ rows }) => rows !== result.rows)
      writeJson(
        filesFile,
        [...others, result].toSorted((a, b) => a.rows - b.rows),
      )
      render()
      return 0
    }
    case 'server': {
      build(command.form)
      const result = await runServerBench({ ...command, ...(command.isQuick ? quick : full) })
      console.log(serverTable(result))
      if (command.isQuick || command.form !== 'build') return 0
      writeJson(serverFile, result)
      render()
      return 0
    }
    case 'triage':
      await scoreTriage(command)
      return 0
    case 'suite': {
      build(command.form)
      const results = await runSuite({ ...command, ...(command.isQuick ? quick : full) })
      const isKept = command.isWhole && !measuresOtherSources
      writeJson(isKept ? resultsFile : lastRunFile, results)
      print(results)
      if (isKept) render()
      return 0
    }
  }
}

async function scoreTriage(command: Extract<Command, { kind: 'triage' }>): Promise<void> {
  const { show, only } = command
  if (show !== undefined) {
    if (isHeldOut(show) && !command.isHeldOut)
      throw new UsageError(`${show} is a held-out seed: --held-out shows it, and then it is held out no more`)
    showCases(show, only, runsDir)
    return
  }
  const result = await runTriageBench(command)
  console.log(triageTable([result]))
  if (only.length > 0) {
    for (const line of result.missed) say(line)
    return
  }
  // One run of tuning seeds is kept, and one of those held out.
  const others = readTriage().filter((other) => other.isHeldOut !== result.isHeldOut)
  writeJson(
    triageFile,
    [...others, result].toSorted((a, b) => Number(b.isHeldOut) - Number(a.isHeldOut)),
  )
  render()
}

function build(form: ProductForm): void {
  if (form !== 'build') return
  say('building what is measured')
  const { status } = spawnSync(process.execPath, [join(rootDir, 'scripts', 'build.mjs'), buildDir], {
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('the build failed; --sources measures the sources instead')
}

function print(results: Results): void {
  const { leak: _leak, ...shown } = tables(results, [])
  const parts = Object.values(shown).filter((text) => text.split('\n').length > 2)
  console.log(`\n${parts.join('\n\n')}`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
try {
  process.exitCode = await run(parseCommand(process.argv.slice(2)))
} catch (error) {
  const isUsage = error instanceof UsageError
  say(
    `bench: ${isUsage ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  process.exitCode = isUsage ? 2 : 1
}
