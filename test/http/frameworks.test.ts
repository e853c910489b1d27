import { describe, it } from 'vitest'
import { runAdapterContract } from '../../src/testing/index.ts'
import { express4Adapter, express5Adapter } from './adapters/express.ts'
import { fastifyAdapter } from './adapters/fastify.ts'
import { honoAdapter } from './adapters/hono.ts'
import { koaAdapter } from './adapters/koa.ts'
import { nestExpressAdapter, nestFastifyAdapter } from './adapters/nest.ts'

for (const adapter of [
  express4Adapter,
  express5Adapter,
  fastifyAdapter,
  honoAdapter,
  koaAdapter,
  nestExpressAdapter,
  nestFastifyAdapter,
])
  runAdapterContract({ describe, it }, adapter)
