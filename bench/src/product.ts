import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Express from '../../src/frameworks/express/index.ts'
import type * as Fastify from '../../src/frameworks/fastify/index.ts'
import type * as Root from '../../src/index.ts'
import type { Store } from '../../src/ledger/store.ts'
import type * as Outbound from '../../src/outbound/index.ts'
import type * as Memory from '../../src/stores/memory/index.ts'
import type * as Sqlite from '../../src/stores/sqlite/index.ts'
import type * as Embedded from '../../src/testing/embedded-postgres.ts'

export const benchDir: string = fileURLToPath(new URL('../', import.meta.url))
export const rootDir: string = fileURLToPath(new URL('../../', import.meta.url))

/** `build`: what `npm run build` makes, as users get it. `sources`: the TypeScript itself, its types stripped. */
export type ProductForm = 'build' | 'sources'

export const buildDir: string = join(benchDir, '.build')

export function loadRoot(form: ProductForm): Promise<typeof Root> {
  return load(form, 'index') as Promise<typeof Root>
}

export async function memoryStore(form: ProductForm): Promise<Store> {
  return ((await load(form, 'stores/memory/index')) as typeof Memory).memoryStore()
}

export async function sqliteStore(form: ProductForm, path: string): Promise<Store> {
  return ((await load(form, 'stores/sqlite/index')) as typeof Sqlite).sqliteStore({ path })
}

export function loadFastify(form: ProductForm): Promise<typeof Fastify> {
  return load(form, 'frameworks/fastify/index') as Promise<typeof Fastify>
}

export function loadExpress(form: ProductForm): Promise<typeof Express> {
  return load(form, 'frameworks/express/index') as Promise<typeof Express>
}

export function loadOutbound(form: ProductForm): Promise<typeof Outbound> {
  return load(form, 'outbound/index') as Promise<typeof Outbound>
}

interface PostgresModule {
  postgresStore(options: { readonly url: string }): Store
}

export async function postgresStore(form: ProductForm, url: string): Promise<Store> {
  return ((await load(form, 'stores/postgres/index')) as PostgresModule).postgresStore({ url })
}

export function hasPostgresStore(): boolean {
  return existsSync(join(rootDir, 'src/stores/postgres/index.ts'))
}

export function loadEmbeddedPostgres(form: ProductForm): Promise<typeof Embedded> {
  return load(form, 'testing/embedded-postgres') as Promise<typeof Embedded>
}

/** Another state of the sources than this checkout's, to compare two: a folder below it, so that packages are found. */
const otherSources = process.env['ONCEWARD_BENCH_SOURCES']
const sourcesDir = otherSources ?? join(rootDir, 'src')
export const measuresOtherSources: boolean = otherSources !== undefined

function load(form: ProductForm, name: string): Promise<unknown> {
  const file = form === 'build' ? join(buildDir, `${name}.js`) : join(sourcesDir, `${name}.ts`)
  return import(pathToFileURL(file).href)
}
