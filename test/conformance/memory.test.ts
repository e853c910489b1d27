import { describe, it } from 'vitest'
import { runStoreContract } from '../../src/testing/index.ts'
import { memoryUnderTest } from './subjects.ts'

runStoreContract({ describe, it }, memoryUnderTest)
