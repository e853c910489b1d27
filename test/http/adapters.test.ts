import { describe, it } from 'vitest'
import { runAdapterContract } from '../../src/testing/index.ts'
import { fetchAdapter } from './adapters/fetch.ts'
import { nodeAdapter } from './adapters/node.ts'

for (const adapter of [nodeAdapter, fetchAdapter]) runAdapterContract({ describe, it }, adapter)
