import { describe, it } from 'vitest'
import { runAdapterContract } from '../../src/testing/index.ts'
import { express4Adapter, express5Adapter } from './adapters/express.ts'

for (const adapter of [express4Adapter, express5Adapter]) runAdapterContract({ describe, it }, adapter)
