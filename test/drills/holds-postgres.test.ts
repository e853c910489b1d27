import { describeHolds } from './holds.ts'

describeHolds('postgres', 4)
