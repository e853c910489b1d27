import { describe, it } from 'vitest'
import { runStoreContract } from '../../src/testing/index.ts'
import { sqliteUnderTest } from './subjects.ts'

runStoreContract({ describe, it }, sqliteUnderTest)
