import { describeHolds } from './holds.ts'

describeHolds('sqlite', 2)
